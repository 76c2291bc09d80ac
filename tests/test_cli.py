import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from dimensions_contracts import catalog
from dimensions_emulator import __version__
from mail_server import free_port
from server_process import COMMAND, command, environment, serving


@contextmanager
def other_server(status):
    """A server that is not ours."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def waited(*arguments, cwd, **variables):
    done = command("wait", *arguments, cwd=cwd, **variables)
    return done.returncode, done.stderr.removeprefix("dimensions-emulator: ").rstrip("\n")


def test_waiting_ends_when_the_server_is_ready_and_not_before(tmp_path):
    port = free_port()
    waiting = subprocess.Popen(
        [*COMMAND, "wait", f"http://127.0.0.1:{port}/"], env=environment(), cwd=tmp_path
    )
    try:
        with serving("--world", "crowd", "--users", "10000", port=port, cwd=tmp_path) as server:
            early = waiting.poll()
            assert server.url
            assert (early, waiting.wait(10)) == (None, 0)
    finally:
        waiting.kill()
        waiting.wait()


def test_waiting_needs_no_proxy(tmp_path):
    with serving(cwd=tmp_path) as server:
        assert (
            waited(
                server.url, cwd=tmp_path, http_proxy="http://127.0.0.1:1", HTTP_PROXY="http://127.0.0.1:1"
            )[0]
            == 0
        )


def test_waiting_in_vain_ends_with_status_1_and_the_reason(tmp_path):
    url = f"http://127.0.0.1:{free_port()}"

    status, told = waited(url, "--timeout", "0.2", cwd=tmp_path)

    assert status == 1
    assert told == f"{url} was not ready within 0.2 s: [Errno 111] Connection refused"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(200, "something else answers there"), (404, "it answers 404"), (503, "it answers 503")],
)
def test_another_server_is_not_taken_for_this_one(answer, reason, tmp_path):
    with other_server(answer) as url:
        assert waited(url, "--timeout", "0.2", cwd=tmp_path) == (
            1,
            f"{url} was not ready within 0.2 s: {reason}",
        )


def test_a_server_that_never_answers_ends_the_waiting_in_time(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        status, told = waited(
            f"http://127.0.0.1:{listener.getsockname()[1]}", "--timeout", "0.3", cwd=tmp_path
        )

    assert (status, told.rpartition(": ")[2]) == (1, "timed out")


def test_a_server_that_answers_byte_by_byte_does_not_prolong_the_waiting(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=drip, args=(listener,), daemon=True).start()
        start = time.monotonic()
        status, told = waited(
            f"http://127.0.0.1:{listener.getsockname()[1]}", "--timeout", "0.5", cwd=tmp_path
        )
        took = time.monotonic() - start

    assert (status, told.rpartition(": ")[2]) == (1, "timed out")
    assert took < 6


def drip(listener):
    connection, _ = listener.accept()
    with connection, suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for _ in range(100):
            connection.sendall(b"x")
            time.sleep(0.1)


def test_a_wait_without_end_is_one(tmp_path):
    with serving(cwd=tmp_path) as server:
        assert waited(server.url, "--timeout", "inf", cwd=tmp_path) == (0, "")
        assert waited(server.url, "--timeout", "1e300", cwd=tmp_path) == (0, "")


def test_a_server_that_speaks_another_protocol_is_told_without_a_traceback(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=greet, args=(listener,), daemon=True).start()
        status, told = waited(
            f"http://127.0.0.1:{listener.getsockname()[1]}", "--timeout", "0.3", cwd=tmp_path
        )

    assert status == 1
    assert len(told.splitlines()) == 1


def greet(listener):
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            connection.sendall(b"220 mail.example ESMTP\r\n")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost",
        "localhost:4020",
        "http://",
        "http://[::1",
        "http://a b",
        "http://a\nb",
        "ftp://x",
        "file:///etc",
        "http://127.0.0.1:port",
        "http://127.0.0.1:99999",
        "http://a..b:80",
        "http://.:80",
        f"http://{'a' * 64}:80",
        "http://127.0.0.1:4/é",
        "http://é:80",
    ],
)
def test_what_is_no_url_is_told_at_once(url, tmp_path):
    assert waited(url, cwd=tmp_path) == (2, f"'{url}' is not a URL such as http://127.0.0.1:4020")


@pytest.mark.parametrize("url", ["http://%ff:80", "http://%00:80", "http://a%0ab:80", "http://a%2e%2eb:80"])
def test_a_host_that_no_server_can_have_is_waited_for_in_vain(url, tmp_path):
    status, told = waited(url, "--timeout", "0.1", cwd=tmp_path)

    assert status == 1
    assert told.startswith(f"{url} was not ready within 0.1 s: ")
    assert len(told.splitlines()) == 1


def test_a_url_and_a_socket_are_not_both_waited_for(tmp_path):
    assert waited("http://127.0.0.1:4020", "--unix-socket", "a.sock", cwd=tmp_path) == (
        2,
        "URL does not go with --unix-socket",
    )


def test_waiting_looks_at_the_usual_port(tmp_path):
    told = command("wait", "--timeout", "0", cwd=tmp_path).stderr

    assert "http://127.0.0.1:4020 " in told or not told


def test_a_time_below_zero_is_refused(tmp_path):
    assert waited("--timeout", "-1", cwd=tmp_path)[0] == 2
    assert waited("--timeout", "nan", cwd=tmp_path)[0] == 2


def test_an_interrupt_while_the_command_line_is_loaded_ends_it_without_a_word(tmp_path):
    script = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, *_):
        if name in ("click", "dimensions_emulator.serving"):
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
from dimensions_emulator.start import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", script, "serve", "--port", "0"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


def test_the_installed_command_starts_where_interrupts_are_met():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"]

    assert project["scripts"]["dimensions-emulator"] == "dimensions_emulator.start:main"


def test_the_roles_are_a_table_with_a_row_each(tmp_path):
    done = command("roles", cwd=tmp_path)

    header, *rows = done.stdout.splitlines()
    assert (done.returncode, done.stderr, len(rows)) == (0, "", 29)
    assert header.split() == ["Key", "Name", "Group", "Prerequisites", "Licensed", "Read-only"]
    assert [row.split()[0] for row in rows] == list(catalog.load().roles)


def test_the_roles_say_what_each_role_needs(tmp_path):
    rows = command("roles", cwd=tmp_path, COLUMNS="20").stdout.splitlines()

    for row, role in zip(rows[1:], catalog.load().roles.values(), strict=True):
        assert all(text in row for text in (role.key, role.name, role.group, *role.prerequisites))


def test_a_reader_who_stops_reading_causes_no_traceback(tmp_path):
    writing = subprocess.Popen(
        [*COMMAND, "roles"], env=environment(), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    writing.stdout.close()

    assert b"Traceback" not in writing.stderr.read()
    writing.stderr.close()
    writing.wait(10)


def test_a_starter_world_is_written_and_starts_a_server(tmp_path):
    done = command("init", cwd=tmp_path)
    line = next(line for line in done.stdout.splitlines() if "serve" in line)

    with serving(*line.rpartition("serve ")[2].split(), cwd=tmp_path) as server:
        assert server.call("GET", "/_emulator/readyz")[0] == 200
    assert (done.returncode, done.stderr) == (0, "")
    assert "#" in (tmp_path / "world.yaml").read_text("utf-8")


def test_a_starter_world_is_never_written_over_a_file(tmp_path):
    (tmp_path / "mine.yaml").write_text("mine", "utf-8")

    done = command("init", "mine.yaml", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "dimensions-emulator: mine.yaml exists already; name another file\n"
    assert (tmp_path / "mine.yaml").read_text("utf-8") == "mine"


def test_a_starter_world_that_cannot_be_written_is_told(tmp_path):
    done = command("init", "none/world.yaml", cwd=tmp_path)

    assert done.returncode == 2
    assert (
        done.stderr == "dimensions-emulator: none/world.yaml cannot be written: No such file or directory\n"
    )


@pytest.mark.parametrize("arguments", [("serve",), ("wait",), ("roles",), ("init",), ()])
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_has_help(arguments, flag, tmp_path):
    done = command(*arguments, flag, cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(" ".join(("Usage: dimensions-emulator", *arguments)))


def test_the_version_is_told(tmp_path):
    assert command("--version", cwd=tmp_path).stdout == f"dimensions-emulator, version {__version__}\n"


@pytest.mark.parametrize(
    "arguments", [("sevre",), ("serve", "--prot", "1"), ("serve", "office"), ("roles", "all")]
)
def test_a_command_that_does_not_exist_is_refused(arguments, tmp_path):
    done = command(*arguments, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert "--help" in done.stderr
