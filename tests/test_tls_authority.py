import socket
import ssl
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import trustme

from dimensions_emulator import tls
from server_process import command, serving
from stub_server import answering, stub_server


def made(directory, *names, host="127.0.0.1"):
    return tls.identity(host, names, str(directory))


def files(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def refused(directory):
    before = files(directory)
    with pytest.raises(tls.TlsUnusable) as seen:
        made(directory)
    assert files(directory) == before
    return seen.value.args[0]


def other():
    ca = trustme.CA()
    return ca.private_key_pem.bytes(), ca.cert_pem.bytes()


def test_the_authority_outlives_the_server_in_its_directory(tmp_path):
    first, second = made(tmp_path / "new" / "keys"), made(tmp_path / "new" / "keys", "other.test")

    assert first.authority == second.authority
    assert first.path == second.path == tmp_path / "new" / "keys" / "ca.pem"
    assert first.path.read_bytes() == first.authority


def test_without_a_directory_each_server_has_an_authority_of_its_own():
    first, second = (tls.identity("127.0.0.1", (), None) for _ in range(2))

    assert first.authority != second.authority
    assert first.path is None


def test_the_private_key_is_for_this_user_alone_and_nothing_else_is_left(tmp_path):
    made(tmp_path)

    assert set(files(tmp_path)) == {"ca.pem", "ca-key.pem"}
    assert stat.S_IMODE((tmp_path / "ca-key.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "ca.pem").stat().st_mode) == 0o644
    assert b"PRIVATE" not in (tmp_path / "ca.pem").read_bytes()


def test_servers_that_start_at_once_share_one_authority(tmp_path):
    with ThreadPoolExecutor(8) as starts:
        authorities = {one.authority for one in starts.map(made, [tmp_path] * 8)}

    assert authorities == {(tmp_path / "ca.pem").read_bytes()}
    assert set(files(tmp_path)) == {"ca.pem", "ca-key.pem"}


def test_the_certificate_is_written_again_where_it_is_gone(tmp_path):
    first = made(tmp_path)
    first.path.unlink()

    assert made(tmp_path).authority == first.path.read_bytes() == first.authority


@pytest.mark.parametrize(
    "content",
    [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", b"\xff" * 100],
)
def test_a_broken_authority_is_refused_and_left_alone(content, tmp_path):
    (tmp_path / "ca-key.pem").write_bytes(content)

    told = refused(tmp_path)

    assert told.startswith(f"the certificate authority in {tmp_path / 'ca-key.pem'} cannot be read: ")
    assert told.endswith("move it away for a new one")


def test_a_truncated_key_is_refused(tmp_path):
    key, certificate = other()
    (tmp_path / "ca-key.pem").write_bytes(key.replace(b"\nM", b"\nX", 1) + certificate)

    assert "cannot be" in refused(tmp_path)


def test_a_key_that_is_not_that_of_the_certificate_is_refused(tmp_path):
    (key, _), (_, certificate) = other(), other()
    (tmp_path / "ca-key.pem").write_bytes(key + certificate)
    (tmp_path / "ca.pem").write_bytes(certificate)

    assert "cannot be used" in refused(tmp_path)


def test_a_certificate_that_is_no_authority_is_refused(tmp_path):
    leaf = trustme.CA().issue_cert("localhost")
    certificate = leaf.cert_chain_pems[0].bytes()
    (tmp_path / "ca-key.pem").write_bytes(leaf.private_key_pem.bytes() + certificate)
    (tmp_path / "ca.pem").write_bytes(certificate)

    assert "cannot be used" in refused(tmp_path)


def test_another_certificate_beside_the_key_is_refused(tmp_path):
    made(tmp_path).path.write_bytes(other()[1])

    assert refused(tmp_path).endswith("ca.pem is not the certificate of ca-key.pem beside it; move it away")


def test_a_certificate_without_its_key_is_refused(tmp_path):
    made(tmp_path)
    (tmp_path / "ca-key.pem").unlink()

    assert "without its ca-key.pem" in refused(tmp_path)


def test_a_place_that_can_be_no_directory_is_told(tmp_path):
    (tmp_path / "file").write_text("precious", "utf-8")

    with pytest.raises(tls.TlsUnusable, match="cannot keep a certificate authority: "):
        made(tmp_path / "file")


@pytest.mark.parametrize(
    "name", ["", "a b", "a@b.test", "10.0.0.0/8", "-a.test", "a..b", "x" * 64, "*", "a\nb", "é!"]
)
def test_a_name_that_no_certificate_can_have_is_refused(name):
    with pytest.raises(tls.TlsUnusable):
        tls.identity("127.0.0.1", (name,), None)


@pytest.mark.parametrize(
    "name", ["emulator", "a.b.test", "*.test", "192.0.2.1", "2001:db8::1", "[::1]", "bücher.test"]
)
def test_names_and_addresses_of_all_kinds_are_covered(name):
    assert tls.identity("0.0.0.0", (name,), None).authority


def test_the_certificate_of_the_server_is_short_lived_enough_for_browsers(tmp_path):
    identity = made(tmp_path)
    context = ssl.create_default_context(cafile=identity.path)
    with (
        stub_server(answering(), tls=identity) as server,
        socket.create_connection(("127.0.0.1", server.port)) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as connection,
    ):
        shown = connection.getpeercert()

    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(shown["notAfter"]), UTC)
    assert 300 < (ends - datetime.now(UTC)).days < 398


def told(*arguments, cwd, **variables):
    done = command("serve", "--port", "0", *arguments, cwd=cwd, **variables)
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr


def test_the_command_tells_in_one_line_why_there_can_be_no_tls(tmp_path):
    (tmp_path / "ca-key.pem").write_text("broken", "utf-8")

    line = told("--tls", "--tls-directory", ".", cwd=tmp_path)

    assert line.startswith("dimensions-emulator: the certificate authority in ca-key.pem cannot be read")
    assert line.count("\n") == 1


def test_without_trustme_the_command_says_what_to_install(tmp_path):
    (tmp_path / "trustme.py").write_text("raise ImportError", "utf-8")
    path = ":".join(filter(None, [str(tmp_path), *sys.path]))

    line = told("--tls", cwd=tmp_path, PYTHONPATH=path)

    assert line == "dimensions-emulator: --tls needs trustme; pip install 'dimensions-emulator[tls]'\n"


def test_a_server_without_tls_does_not_need_it(tmp_path):
    (tmp_path / "trustme.py").write_text("raise ImportError", "utf-8")

    with serving(cwd=tmp_path, PYTHONPATH=":".join(filter(None, [str(tmp_path), *sys.path]))) as server:
        assert server.url.startswith("http://")
