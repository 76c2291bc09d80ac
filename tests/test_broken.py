import socket
import time
from contextlib import ExitStack, closing, suppress
from http.client import HTTPConnection, IncompleteRead

import pytest

from dimensions_emulator.wire.broken import Broken
from raw_http import connected, request
from stub_server import stub_server

BODY = b'{"status":"success"}'


def broken(kind, seconds=0.0, body=BODY, length=True):
    def application(environ, start_response):
        if environ["PATH_INFO"] == "/fine":
            start_response("200 OK", [("Content-Length", "4")])
            return [b"fine"]
        start_response("201 Created", [("Content-Length", str(len(body)))] if length else [])
        return Broken(kind, seconds, body)

    return application


def ask(server, path="/"):
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", path)
    return closing(connection)


@pytest.mark.parametrize("kind", ["reset", "hang", "truncate"])
def test_other_requests_are_answered_after_a_broken_one(kind):
    with stub_server(broken(kind)) as server:
        for _ in range(3):
            with connected(server) as wire:
                wire.send(request(target="/"))
            with connected(server) as wire:
                assert wire.send(request(target="/fine")).answer()[2] == b"fine"


def test_a_reset_is_seen_as_one():
    with stub_server(broken("reset")) as server, socket.create_connection(("127.0.0.1", server.port)) as raw:
        raw.sendall(request())

        with pytest.raises(ConnectionResetError):
            raw.recv(1)


def test_what_was_answered_before_a_reset_on_the_same_connection_arrived():
    with stub_server(broken("reset")) as server, connected(server) as wire:
        assert wire.send(request(target="/fine")).answer()[2] == b"fine"

        with pytest.raises(ConnectionResetError):
            wire.send(request(target="/")).stream.read()


def test_a_truncated_answer_says_how_long_it_would_be_and_stops_in_the_middle():
    with stub_server(broken("truncate")) as server, ask(server) as connection:
        answer = connection.getresponse()
        with pytest.raises(IncompleteRead) as seen:
            answer.read()

    assert (answer.status, int(answer.headers["Content-Length"])) == (201, len(BODY))
    assert seen.value.partial == BODY[: len(BODY) // 2]
    assert answer.headers["Connection"] is None


def test_a_truncated_answer_in_chunks_lacks_its_end():
    with stub_server(broken("truncate", length=False)) as server, ask(server) as connection:
        answer = connection.getresponse()
        with pytest.raises(IncompleteRead) as seen:
            answer.read()

    assert seen.value.partial == BODY[: len(BODY) // 2]


@pytest.mark.parametrize("body", [b"", b"1"])
def test_an_answer_too_short_to_be_truncated_does_not_come(body):
    with stub_server(broken("truncate", body=body)) as server, connected(server) as wire:
        assert wire.send(request(target="/")).stream.read() == b""


def test_a_hang_gives_nothing_and_then_hangs_up():
    with stub_server(broken("hang", 0.4)) as server, connected(server) as wire:
        start = time.monotonic()
        received = wire.send(request(target="/")).stream.read()
        seconds = time.monotonic() - start

    assert received == b""
    assert 0.4 <= seconds < 2


def test_hangs_take_nobodys_turn_and_end_with_the_server():
    with ExitStack() as stack:
        with stub_server(broken("hang", 60)) as server:
            for _ in range(20):
                stack.enter_context(ask(server))
            start = time.monotonic()
            with connected(server) as wire:
                assert wire.send(request(target="/fine")).answer()[2] == b"fine"
            between = time.monotonic()
        stopped = time.monotonic()

    assert between - start < 2
    assert stopped - between < 3


def test_more_hangs_than_may_wait_are_refused():
    with stub_server(broken("hang", 60), max_waiting=1) as server, ask(server):
        refused = None
        while refused != 503:
            with connected(server) as wire:
                wire.connection.settimeout(0.3)
                with suppress(TimeoutError):  # one may come before the first
                    refused = wire.send(request(target="/")).answer()[0]

    assert refused == 503


def test_a_server_that_does_not_know_it_sees_an_empty_body():
    assert list(Broken("truncate", body=BODY)) == []
