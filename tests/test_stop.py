import http.client
import json
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dimensions_emulator.serving import Leave
from mail_server import free_port
from server_process import COMMAND, ServerProcess, environment, listening, serving

SIGNALS = [signal.SIGINT, signal.SIGTERM]
REQUEST = b"GET /_emulator/livez HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_stops_the_server_at_once_with_exit_status_0(number, tmp_path):
    with serving(cwd=tmp_path) as server:
        port = int(server.url.rpartition(":")[2])

        status, seconds = server.stop(number)

    assert status == 0
    assert seconds < 3
    assert server.errors == ""
    assert not listening(port)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_stops_a_server_that_is_still_making_its_world(number, tmp_path):
    port = free_port()
    with serving("--world", "crowd", "--users", "200000", port=port, cwd=tmp_path) as server:
        server.until(lambda: listening(port))
        time.sleep(0.3)

        status, seconds = server.stop(number)

    assert (status, server.output, server.errors) == (0, [], "")
    assert seconds < 3


def test_a_signal_right_after_the_start_leaves_no_traceback(tmp_path):
    for pause in (0.05, 0.15, 0.25, 0.35):
        server = ServerProcess(["--port", "0"], tmp_path, {})
        try:
            time.sleep(pause)
            status, _ = server.stop()
        finally:
            server.close()
        assert status in {0, -signal.SIGTERM}
        assert "Traceback" not in server.errors


def test_a_connection_kept_open_does_not_keep_the_server(tmp_path):
    with serving(cwd=tmp_path) as server:
        port = int(server.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as idle:
            idle.sendall(REQUEST)
            received = b""
            while not received.endswith(b"}"):
                received += idle.recv(65536)

            status, seconds = server.stop()

            assert idle.recv(65536) == b""
    assert status == 0
    assert seconds < 3


def test_an_answer_on_its_way_arrives_whole_however_often_the_server_is_asked_to_stop(tmp_path):
    with serving("--world", "crowd", "--users", "15000", cwd=tmp_path) as server:
        port = int(server.url.rpartition(":")[2])
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.settimeout(10)
            slow.connect(("127.0.0.1", port))
            slow.sendall(b"GET /_emulator/state HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            answer = slow.recv(1024)
            for number in SIGNALS:
                server.process.send_signal(number)
                time.sleep(0.2)
            while part := slow.recv(1 << 20):
                answer += part

            status, _ = server.stop()

    head, _, body = answer.partition(b"\r\n\r\n")
    assert status == 0
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert f"Content-Length: {len(body)}".encode() in head


def test_a_half_sent_request_does_not_keep_the_server(tmp_path):
    with serving(cwd=tmp_path) as server:
        port = int(server.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as half:
            half.sendall(
                b"POST /_emulator/reset HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc"
            )
            time.sleep(0.1)

            status, seconds = server.stop()

    assert status == 0
    assert seconds < 8


def test_a_second_signal_does_not_spoil_the_stop(tmp_path):
    with serving(cwd=tmp_path) as server:
        assert server.url
        server.process.send_signal(signal.SIGINT)
        server.process.send_signal(signal.SIGTERM)

        status, _ = server.stop(signal.SIGINT)

    assert (status, server.errors) == (0, "")


def test_a_signal_raises_nothing_in_the_making_of_a_world_which_ends_at_its_next_look(monkeypatch):
    monkeypatch.setattr("dimensions_emulator.serving.signal.signal", lambda *_: None)
    leave, heard = Leave(), []
    advance = leave.heard_by(lambda *progress: heard.append(progress))
    with leave.looked_for():
        advance(1, 9)

        leave()

        assert leave.wished
        with pytest.raises(SystemExit):
            advance(2, 9)
        leave.wished = False
    assert heard == [(1, 9)]


def test_a_signal_in_a_start_holds_at_its_end(monkeypatch):
    monkeypatch.setattr("dimensions_emulator.serving.signal.signal", lambda *_: None)
    leave, made = Leave(), []

    def start():
        with leave.looked_for():
            leave()
            made.append("whole")

    with pytest.raises(SystemExit):
        start()
    assert made == ["whole"]


@pytest.mark.parametrize("started", [False, True], ids=["before", "after"])
def test_a_signal_ends_at_once_where_nobody_looks_for_it(started, monkeypatch):
    monkeypatch.setattr("dimensions_emulator.serving.signal.signal", lambda *_: None)
    leave = Leave()
    if started:
        with leave.looked_for():
            pass

    with pytest.raises(SystemExit):
        leave()


def test_a_signal_whose_exception_is_lost_still_ends_the_last_look(monkeypatch):
    monkeypatch.setattr("dimensions_emulator.serving.signal.signal", lambda *_: None)
    leave = Leave()
    with suppress(SystemExit):
        leave()

    assert leave.wished
    with pytest.raises(SystemExit):
        leave.heard_by(None)(9, 9)


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_log_that_nobody_reads_does_not_keep_the_server(style, tmp_path):
    with subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", "--json", "--log-format", style],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as server:
        where = urlsplit(json.loads(server.stdout.readline())["url"])
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=10)
        for _ in range(1500):  # whose lines are longer than what a pipe holds
            connection.request("GET", "/_emulator/livez")
            assert connection.getresponse().read()
        connection.close()
        began = time.monotonic()
        server.terminate()
        status, seconds = server.wait(20), time.monotonic() - began

    assert status == 0
    assert seconds < 5


def test_a_server_runs_without_standard_error(tmp_path):
    with subprocess.Popen(
        ["bash", "-c", 'exec "$@" 2>&-', "bash", *COMMAND, "serve", "--port", "0", "--json"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
    ) as server:
        where = urlsplit(json.loads(server.stdout.readline())["url"])
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=10)
        connection.request("GET", "/nothing")
        assert connection.getresponse().status == 404
        connection.close()
        server.terminate()
        assert server.wait(20) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full device")
def test_a_server_that_cannot_tell_how_to_call_it_says_so(tmp_path):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, "serve", "--port", "0"],
            cwd=tmp_path,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )

    told = "dimensions-emulator: standard output takes nothing: No space left on device\n"
    assert (done.returncode, done.stderr) == (2, told)


def test_a_signal_in_a_start_leaves_no_socket_behind(tmp_path):
    path = tmp_path / "emulator.sock"
    for _ in range(3):
        with subprocess.Popen(
            [*COMMAND, "serve", "--unix-socket", path],
            cwd=tmp_path,
            env=environment(),
            stderr=subprocess.PIPE,
        ) as server:
            while not path.exists():
                time.sleep(0.001)
            server.terminate()
            told = server.stderr.read()
        assert (server.returncode, told, path.exists()) == (0, b"", False)
