import json
import select
import threading
import time
from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from dimensions_emulator import server as server_module
from dimensions_emulator.wire import waiting
from raw_http import connected, request
from server_process import serving
from small_world import emulator
from stub_server import answering, stub_server


class Waits:
    """Waits under /wait until it is let go, streams under /events, and answers everything else at once."""

    def __init__(self):
        self.free, self.ended = threading.Event(), []

    def __call__(self, environ, start_response):
        kind = environ["PATH_INFO"]
        if kind == "/wait":
            with waiting.waiting(environ):
                while not self.free.is_set() and not waiting.over(environ):
                    self.free.wait(0.02)
            self.ended.append("wait")
        if kind == "/deaf":
            self.free.wait(30)
        if kind == "/pause":
            waiting.pause(environ, 30)
            self.ended.append("pause")
        if kind == "/events":
            start_response("200 OK", [("Content-Type", "text/event-stream")])
            return self.events(environ)
        return answering()(environ, start_response)

    def events(self, environ):
        with waiting.waiting(environ):
            yield b": hello\n\n"
            while not waiting.over(environ):
                self.free.wait(0.02)
        self.ended.append("events")


@pytest.fixture
def waits():
    made = Waits()
    yield made
    made.free.set()


def ask(stack, server, path):
    return stack.enter_context(connected(server)).send(request(target=path))


def quick(server):
    """How long an ordinary request takes, on a connection of its own."""
    start = time.monotonic()
    with connected(server) as wire:
        assert wire.send(request()).answer()[2] == b"fine"
    return time.monotonic() - start


def workers(server):
    return len(server._server.task_dispatcher.threads)


def until(fact):
    deadline = time.monotonic() + 10
    while not fact():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_hundred_requests_wait_while_others_are_answered_and_one_more_is_refused(waits):
    with stub_server(waits) as server, ExitStack() as stack:
        waiters = [ask(stack, server, "/wait") for _ in range(100)]
        until(lambda: workers(server) == server_module.THREADS + 100)

        slowest = max(quick(server) for _ in range(50))
        status, headers, body = ask(stack, server, "/wait").answer()
        waits.free.set()
        answers = [waiter.answer() for waiter in waiters]
        until(lambda: workers(server) == server_module.THREADS)

    assert slowest < 1
    assert (status, headers["retry-after"], headers["connection"]) == (503, "1", "close")
    assert json.loads(body)["message"].startswith("100 requests are waiting already")
    assert {answer[0] for answer in answers} == {200}


def test_a_place_to_wait_is_free_again_after_the_wait(waits):
    with stub_server(waits, max_waiting=1) as server, ExitStack() as stack:
        first = ask(stack, server, "/wait")
        until(lambda: workers(server) == server_module.THREADS + 1)
        refused = ask(stack, server, "/wait").answer()[0]
        waits.free.set()

        assert (refused, first.answer()[0], ask(stack, server, "/wait").answer()[0]) == (503, 200, 200)


def test_the_command_line_says_how_many_may_wait(tmp_path):
    target = "/_emulator/mail/wait?to=nobody@mail.example&timeout=30"
    with serving("--max-waiting", "1", cwd=tmp_path) as server, ExitStack() as stack:
        place = SimpleNamespace(port=int(server.url.rpartition(":")[2]))
        first, second = (ask(stack, place, target) for _ in range(2))
        seen, _, _ = select.select([first.connection, second.connection], [], [], 10)
        refused = next(wire for wire in (first, second) if wire.connection in seen)
        status, headers, _ = refused.answer()
        stopped, seconds = server.stop()

    assert (status, headers["retry-after"]) == (503, "1")
    assert (stopped, seconds < 3, server.errors.count("Traceback")) == (0, True, 0)


def test_an_application_that_finds_no_room_says_so_in_its_own_envelope():
    api = emulator()

    def full():
        raise waiting.TooManyWaiting(7)

    def view():
        with waiting.waiting({waiting.WAITING: full}):
            return "waited"

    api.app.add_url_rule("/wait", "wait", view)
    answer = api.call("GET", "/wait")

    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert answer.message.startswith("7 requests are waiting already")


@pytest.mark.parametrize("path", ["/wait", "/pause", "/events"])
def test_who_hangs_up_waits_no_longer(path, waits):
    with stub_server(waits) as server:
        with connected(server) as wire:
            wire.send(request(target=path))
            until(lambda: workers(server) == server_module.THREADS + 1)

        until(lambda: waits.ended)

    assert waits.ended == [path[1:]]


@pytest.mark.parametrize("path", ["/wait", "/pause"])
def test_requests_that_wait_are_answered_when_the_server_stops(path, waits):
    with ExitStack() as stack:
        with stub_server(waits) as server:
            waiters = [ask(stack, server, path) for _ in range(20)]
            until(lambda: workers(server) == server_module.THREADS + 20)
            start = time.monotonic()
        seconds = time.monotonic() - start
        answers = [waiter.answer() for waiter in waiters]

    assert seconds < 2
    assert {(status, headers["connection"], body) for status, headers, body in answers} == {
        (200, "close", b"fine")
    }


def test_a_stream_of_events_ends_when_the_server_stops(waits):
    with ExitStack() as stack:
        with stub_server(waits) as server:
            stream = ask(stack, server, "/events")
            while b"hello" not in stream.stream.readline():
                pass
            start = time.monotonic()
        seconds = time.monotonic() - start
        rest = stream.stream.read()

    assert seconds < 2
    assert rest.endswith(b"0\r\n\r\n")
    assert waits.ended == ["events"]


def test_a_request_that_does_not_hear_of_the_stop_holds_it_no_longer_than_the_grace_time(waits, monkeypatch):
    monkeypatch.setattr(server_module, "GRACE", 0.5)
    with ExitStack() as stack:
        with stub_server(waits) as server:
            deaf = ask(stack, server, "/deaf")
            until(lambda: server._busy())
            start = time.monotonic()
        seconds = time.monotonic() - start

        assert 0.4 < seconds < 3
        assert deaf.closed()


def test_nothing_begins_to_wait_once_the_server_stops(waits):
    with stub_server(waits) as server:
        server._stopping.set()
        with connected(server) as wire:
            status, headers, _ = wire.send(request(target="/wait")).answer()

    assert (status, headers["connection"]) == (200, "close")


def test_without_a_server_there_is_room_for_everybody_and_no_end_but_time():
    start = time.monotonic()

    with waiting.waiting({}):
        waiting.pause({}, 0.05)

    assert 0.05 <= time.monotonic() - start < 1
    assert not waiting.over({})
