import http.client
import json
import os
import shutil
import socket
import stat
import subprocess

import pytest

from dimensions_emulator import listening
from dimensions_emulator.wire.broken import Broken
from server_process import COMMAND, command, environment, serving
from stub_server import answering, stub_server

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs Unix sockets")


def connect(path):
    connection = http.client.HTTPConnection("localhost", timeout=10)
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.sock.connect(str(path))
    return connection


def ask(path, target="/_emulator/readyz", method="GET", body=None, **headers):
    connection = connect(path)
    try:
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def refused(path, cwd):
    done = command("serve", "--unix-socket", path, cwd=cwd)
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr.removeprefix("dimensions-emulator: ").rstrip("\n")


def test_it_serves_on_the_socket_for_this_user_alone_and_takes_it_away_in_the_end(tmp_path):
    path = tmp_path / "emulator.sock"
    with serving("--unix-socket", path, port=None, cwd=tmp_path) as server:
        assert server.url == "http://localhost"
        seen, mode = ask(path), path.lstat().st_mode
        status, _ = server.stop()

    assert seen[0] == 200
    assert (stat.S_ISSOCK(mode), stat.S_IMODE(mode)) == (True, 0o600)
    assert (status, path.exists(), server.errors.count("Traceback")) == (0, False, 0)
    assert f"  Socket    {path}" in server.output


@pytest.mark.skipif(not shutil.which("curl") or not shutil.which("bash"), reason="needs curl and bash")
def test_the_curl_line_works_when_pasted(tmp_path):
    path = tmp_path / "my emulator.sock"
    with serving("--unix-socket", path, port=None, cwd=tmp_path) as server:
        server.until(lambda: any(line.startswith("  curl ") for line in server.output))
        line = next(line for line in server.output if line.startswith("  curl "))
        pasted = subprocess.run(
            ["bash", "-c", line + " -sS"], capture_output=True, env=environment(), check=True
        )

    assert json.loads(pasted.stdout)["data"]


def test_waiting_for_a_socket_ends_when_the_server_behind_it_is_ready(tmp_path):
    path = tmp_path / "emulator.sock"
    waiting = subprocess.Popen(
        [*COMMAND, "wait", "--unix-socket", path], env=environment(), cwd=tmp_path, stderr=subprocess.PIPE
    )
    with waiting, serving("--unix-socket", path, port=None, cwd=tmp_path) as server:
        assert server.url
        assert waiting.wait(10) == 0


def test_waiting_for_a_socket_in_vain_says_why(tmp_path):
    path = tmp_path / "emulator.sock"

    missing = command("wait", "--unix-socket", path, "--timeout", "0", cwd=tmp_path)
    with stub_server(answering(), unix_socket=str(path)):
        other = command("wait", "--unix-socket", path, "--timeout", "0", cwd=tmp_path)

    told = f"dimensions-emulator: the socket '{path}' was not ready within 0 s: "
    assert missing.stderr == f"{told}[Errno 2] No such file or directory\n"
    assert other.stderr == f"{told}something else answers there\n"
    assert missing.returncode == other.returncode == 1


def test_the_line_of_json_names_the_socket(tmp_path):
    path = tmp_path / "emulator.sock"
    with serving("--json", "--unix-socket", path, port=None, cwd=tmp_path) as server:
        line = json.loads(server.output[0]) if server.url else None

    assert (line["url"], line["unixSocket"]) == ("http://localhost", str(path))


def test_links_follow_the_host_of_the_request(tmp_path):
    path = tmp_path / "emulator.sock"
    body = json.dumps({"email": "new@mail.example", "displayName": "New", "roles": []})
    with serving("--json", "--unix-socket", path, port=None, cwd=tmp_path) as server:
        line = json.loads(server.output[0]) if server.url else None
        customer = next(tenant["id"] for tenant in line["tenants"] if tenant["kind"] == "customer")
        token = {"Authorization": f"Bearer {line['token']}", "Content-Type": "application/json"}
        _, headers, _ = ask(path, f"/v1.0/customers/{customer}/users", "POST", body, **token)
        with connect(path).sock as raw:
            lines = [f"POST /v1.0/customers/{customer}/users HTTP/1.0", f"Content-Length: {len(body)}"]
            lines += [f"{name}: {value}" for name, value in token.items()]
            raw.sendall(("\r\n".join([*lines, "", ""]) + body.replace("new@", "old@")).encode())
            old = raw.recv(65536).decode()

    assert headers["Location"].startswith("http://localhost/v1.0/customers/")
    assert "Location: http://localhost:80/v1.0/customers/" in old


def test_a_socket_that_a_dead_server_left_gives_way(tmp_path):
    path = tmp_path / "emulator.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(path))

    with stub_server(answering(), unix_socket=str(path)):
        assert ask(path)[2] == b"fine"


def test_a_socket_on_which_another_server_listens_is_left_to_it(tmp_path):
    path = tmp_path / "emulator.sock"
    with stub_server(answering(), unix_socket=str(path)):
        assert refused(path, tmp_path) == f"{path} is in use; name another path with --unix-socket"
        assert ask(path)[2] == b"fine"


def test_a_file_that_is_no_socket_is_left_alone(tmp_path):
    path = tmp_path / "precious.txt"
    path.write_text("precious", "utf-8")

    assert refused(path, tmp_path) == f"{path} exists and is no socket; name another path with --unix-socket"
    assert path.read_text("utf-8") == "precious"


@pytest.mark.parametrize("path", ["missing/emulator.sock", "x" * 200, ".", "a\nb"])
def test_a_path_that_can_be_no_socket_is_one_line(path, tmp_path):
    told = refused(path, tmp_path)

    assert path in told or repr(path) in told
    assert "\n" not in told
    assert list(tmp_path.iterdir()) == []


def test_a_socket_that_another_server_put_there_meanwhile_stays(tmp_path):
    path = tmp_path / "emulator.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
        with stub_server(answering(), unix_socket=str(path)):
            path.unlink()
            other.bind(str(path))

        assert path.exists()


def test_the_mask_of_the_process_is_as_it_was(tmp_path):
    before = os.umask(0o022)
    try:
        listening.at_path(str(tmp_path / "emulator.sock")).close()
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)


@pytest.mark.parametrize("kind", ["reset", "hang"])
def test_a_broken_answer_ends_the_connection(kind, tmp_path):
    path = tmp_path / "emulator.sock"

    def application(environ, start_response):
        start_response("200 OK", [])
        return Broken(kind, 0.1)

    with stub_server(application, unix_socket=str(path)), pytest.raises(http.client.RemoteDisconnected):
        ask(path)
