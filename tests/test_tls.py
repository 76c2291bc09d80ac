import http.client
import json
import shutil
import socket
import ssl
import struct
import subprocess
import time
from contextlib import ExitStack, closing
from http.client import HTTPSConnection, IncompleteRead, RemoteDisconnected
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dimensions_emulator import tls
from dimensions_emulator.wire.broken import Broken
from dimensions_emulator.wire.waiting import pause
from server_process import command, environment, serving
from stub_server import answering, stub_server

BIG = bytes(range(256)) * 4096


@pytest.fixture(scope="module")
def identity():
    return tls.identity("127.0.0.1", ("emulator.test",), None)


@pytest.fixture(scope="module")
def trusting(identity):
    return ssl.create_default_context(cadata=identity.authority.decode())


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    home = tmp_path_factory.mktemp("tls")
    with serving("--tls", "--tls-name", "emulator.test", "--tls-directory", "keys", cwd=home) as server:
        assert server.url
        server.until(lambda: any(line.startswith("  curl ") for line in server.output))
        yield server


def ca(server):
    """The certificate, asked for as a client does that trusts nobody yet."""
    port = urlsplit(server.url).port
    with closing(
        HTTPSConnection("127.0.0.1", port, timeout=10, context=ssl._create_unverified_context())
    ) as unsafe:
        unsafe.request("GET", "/_emulator/ca.pem")
        answer = unsafe.getresponse()
        assert (answer.status, answer.headers["Content-Type"]) == (200, "application/pem-certificate-chain")
        return answer.read().decode()


def secure(port, context, host="127.0.0.1", **options):
    return closing(HTTPSConnection(host, port, timeout=10, context=context, **options))


def ask(connection, path="/", method="GET", body=None, **headers):
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


def shaken(port, context, name):
    """The connection of a client that calls the server by a name."""
    raw = socket.create_connection(("127.0.0.1", port), timeout=10)
    try:
        return context.wrap_socket(raw, server_hostname=name)
    except BaseException:
        raw.close()
        raise


def ends_below_tls(connection):
    """Read to the end without TLS, whose older versions take a reset for an end."""
    while socket.socket.recv(connection, 4096):
        pass


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", "emulator.test"])
def test_who_trusts_the_served_certificate_trusts_the_server_by_all_its_names(name, office):
    context = ssl.create_default_context(cadata=ca(office))

    with shaken(urlsplit(office.url).port, context, name) as connection:
        assert connection.version() in {"TLSv1.2", "TLSv1.3"}


def test_by_another_name_it_is_not_trusted(office):
    context = ssl.create_default_context(cadata=ca(office))

    with pytest.raises(ssl.SSLCertVerificationError, match=r"not valid for 'elsewhere\.test'"):
        shaken(urlsplit(office.url).port, context, "elsewhere.test")


def test_who_does_not_have_the_certificate_does_not_trust_it(office):
    with pytest.raises(ssl.SSLCertVerificationError):
        shaken(urlsplit(office.url).port, ssl.create_default_context(), "localhost")


def test_links_are_https_at_the_port_outside(office):
    line = next(line for line in office.output if line.startswith("  curl "))
    users = urlsplit(line.split()[-1])
    body = json.dumps({"email": "tls@mail.example", "displayName": "New", "roles": []})
    token = line.partition("Bearer ")[2].partition("'")[0]
    with secure(users.port, ssl.create_default_context(cadata=ca(office))) as connection:
        status, headers, _ = ask(
            connection,
            users.path,
            "POST",
            body,
            Authorization=f"Bearer {token}",
            **{"Content-Type": "application/json"},
        )

    assert status == 201
    assert headers["Location"].startswith(f"https://127.0.0.1:{users.port}/api/v1.0/")


def test_the_control_plane_answers_by_the_given_names(office):
    port = urlsplit(office.url).port
    with secure(port, ssl.create_default_context(cadata=ca(office))) as connection:
        status, _, _ = ask(connection, "/_emulator/health", Host=f"emulator.test:{port}")

    assert status == 200


def test_the_banner_says_where_the_certificate_is(office):
    shown = next(line for line in office.output if line.startswith("  CA "))

    assert Path(shown.removeprefix("  CA").strip()).read_text("utf-8") == ca(office)


@pytest.mark.skipif(not shutil.which("curl") or not shutil.which("bash"), reason="needs curl and bash")
@pytest.mark.parametrize("directory", [("--tls-directory", "my keys"), ()])
def test_the_curl_line_works_when_pasted(directory, tmp_path):
    with serving("--tls", *directory, cwd=tmp_path) as server:
        server.until(lambda: any(line.startswith("  curl ") for line in server.output))
        line = next(line for line in server.output if line.startswith("  curl "))
        pasted = subprocess.run(
            ["bash", "-c", line + " -sS --noproxy '*'"],
            capture_output=True,
            env=environment(),
            cwd=tmp_path,
            check=True,
        )

    assert json.loads(pasted.stdout)["data"]
    assert ("--insecure" in line) is not bool(directory)


def test_the_line_of_json_names_the_certificate_and_the_command_that_waits_takes_it(tmp_path):
    with serving("--tls", "--json", "--tls-directory", "keys", cwd=tmp_path) as server:
        line = json.loads(server.output[0]) if server.url else None
        trusted = command("wait", line["url"], cwd=tmp_path, SSL_CERT_FILE=line["caCertificate"])
        unknown = command("wait", line["url"], "--timeout", "0.2", cwd=tmp_path)

    assert trusted.returncode == 0, trusted.stderr
    assert unknown.returncode == 1
    assert "CERTIFICATE_VERIFY_FAILED" in unknown.stderr


def test_without_tls_there_is_no_certificate(api):
    answer = api.control("ca.pem")

    assert answer.status == 404
    assert "--tls" in answer.message


def test_many_requests_on_one_connection_and_large_bodies_come_through_whole(identity, trusting):
    def echo(environ, start_response):
        body = environ["wsgi.input"].read()
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    with stub_server(echo, tls=identity) as server, secure(server.port, trusting) as connection:
        for size in (0, 1, 16384, 16385, 100_000, len(BIG)):
            assert ask(connection, method="POST", body=BIG[:size])[2] == BIG[:size]


def test_requests_sent_at_once_are_all_answered(identity, trusting):
    with (
        stub_server(answering(), tls=identity) as server,
        shaken(server.port, trusting, "localhost") as connection,
    ):
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 300)
        received = b""
        while received.count(b"fine") < 300:
            received += connection.recv(65536)

    assert received.count(b"HTTP/1.1 200") == 300


def test_a_slow_reader_gets_a_large_answer_whole(identity, trusting):
    with (
        stub_server(answering(BIG * 4), tls=identity) as server,
        shaken(server.port, trusting, "localhost") as connection,
    ):
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        time.sleep(0.2)
        received = b""
        while part := connection.recv(65536):
            received += part

    assert received.endswith(b"\r\n\r\n" + BIG * 4)


def test_clients_that_do_not_shake_hands_keep_nobody_out(identity, trusting):
    with ExitStack() as stack:
        with stub_server(answering(), tls=identity) as server:
            silent = [
                stack.enter_context(socket.create_connection(("127.0.0.1", server.port))) for _ in range(50)
            ]
            for number, connection in enumerate(silent):
                connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[: number % 12])
            start = time.monotonic()
            with secure(server.port, trusting) as connection:
                assert ask(connection)[2] == b"fine"
            between = time.monotonic()
        stopped = time.monotonic()

    assert between - start < 2
    assert stopped - between < 3


def test_a_client_without_tls_is_told_so_and_let_go_whatever_it_sends(identity, trusting):
    with stub_server(answering(), tls=identity) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain:
            plain.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500000\r\n\r\n")
            plain.recv(1, socket.MSG_PEEK)
            for _ in range(5):
                plain.sendall(b"x" * 100_000)
                time.sleep(0.02)
            answer = http.client.HTTPResponse(plain)
            answer.begin()
            body = json.loads(answer.read())
            assert plain.recv(1) == b""
        with secure(server.port, trusting) as connection:
            assert ask(connection)[2] == b"fine"

    assert (answer.status, body["message"]) == (400, "This port speaks HTTPS; call it with https://.")


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00" * 100,
        b"220 mail ESMTP\r\n",
        b"\x16\x03\x01\xff\xff" + b"x" * 70_000,
        b"DELETE / HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_tls_is_hung_up_on(sent, identity, trusting, capfd):
    with stub_server(answering(), tls=identity) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as rude:
            rude.sendall(sent)
            try:
                while rude.recv(4096):
                    pass
            except ConnectionResetError:
                pass
        with secure(server.port, trusting) as connection:
            assert ask(connection)[2] == b"fine"

    assert capfd.readouterr().err == ""


def test_clients_that_hang_up_at_any_time_are_no_trouble(identity, trusting, capfd):
    with stub_server(answering(BIG), tls=identity) as server:
        for pause in (0, 0, 0.001, 0.005) * 5:
            rude = shaken(server.port, trusting, "localhost")
            rude.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            time.sleep(pause)
            rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            rude.close()
        with secure(server.port, trusting) as connection:
            assert ask(connection)[2] == BIG

    assert capfd.readouterr().err == ""


def broken(kind):
    def application(environ, start_response):
        start_response("200 OK", [("Content-Length", "8")])
        return Broken(kind, 0.1, b"12345678")

    return application


def test_a_reset_is_seen_as_one_through_tls(identity, trusting):
    with (
        stub_server(broken("reset"), tls=identity) as server,
        shaken(server.port, trusting, "localhost") as raw,
    ):
        raw.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")

        with pytest.raises(ConnectionResetError):
            ends_below_tls(raw)
    with (
        stub_server(broken("reset"), tls=identity) as server,
        secure(server.port, trusting) as connection,
        pytest.raises(ConnectionResetError),
    ):
        ask(connection)


def test_a_hang_hangs_up_without_a_word_through_tls(identity, trusting):
    with (
        stub_server(broken("hang"), tls=identity) as server,
        secure(server.port, trusting) as connection,
        pytest.raises(RemoteDisconnected),
    ):
        ask(connection)


def test_a_truncated_answer_is_seen_as_one_through_tls(identity, trusting):
    with (
        stub_server(broken("truncate"), tls=identity) as server,
        secure(server.port, trusting) as connection,
        pytest.raises(IncompleteRead) as seen,
    ):
        ask(connection)

    assert seen.value.partial == b"1234"


def test_a_connection_is_closed_with_a_good_bye(identity, trusting):
    with stub_server(answering(), tls=identity) as server:
        raw = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        with trusting.wrap_socket(raw, server_hostname="localhost", suppress_ragged_eofs=False) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            received = b""
            while part := connection.recv(4096):
                received += part

    assert received.endswith(b"fine")


def test_a_hundred_requests_wait_over_tls_too(identity, trusting):
    def application(environ, start_response):
        if environ["PATH_INFO"] == "/wait":
            pause(environ, 60)
        return answering()(environ, start_response)

    with ExitStack() as stack:
        with stub_server(application, tls=identity) as server:
            for _ in range(100):
                stack.enter_context(secure(server.port, trusting)).request("GET", "/wait")
            start = time.monotonic()
            with secure(server.port, trusting) as connection:
                assert ask(connection)[2] == b"fine"
            between = time.monotonic()
        stopped = time.monotonic()

    assert between - start < 2
    assert stopped - between < 3
