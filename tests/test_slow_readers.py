import socket
import time
from contextlib import ExitStack, closing, contextmanager

import pytest

from dimensions_emulator.server import THREADS
from dimensions_emulator.wire import waiting
from raw_http import Wire, connected, request
from receiver import until
from stub_server import answering, stub_server

LONG = b"x" * (8 << 20)
PIECES = 16


def application(environ, start_response):
    """Long answers, streams that wait from their begin to their end, and short answers."""
    kind = environ["PATH_INFO"]
    if kind == "/events":
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        return stream(environ)
    return answering(LONG if kind == "/long" else b"fine")(environ, start_response)


def stream(environ):
    with waiting.waiting(environ):
        for _ in range(PIECES):
            yield LONG


@contextmanager
def slow(server):
    """A caller whose system takes little for it."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(10)
        connection.connect(("127.0.0.1", server.port))
        with closing(Wire(connection).stream):
            yield Wire(connection)


def pipeline(stack, server, count):
    """Callers who each want three long answers, and read none of them; give them once all have a worker."""
    wires = [stack.enter_context(slow(server)).send(*[request(target="/long")] * 3) for _ in range(count)]
    until(lambda: len(held(server)) == count)
    return wires


def held(server):
    mark = server._server.adj.outbuf_high_watermark
    return [
        channel
        for channel in list(server._server.active_channels.values())
        if channel.total_outbufs_len > mark and channel.requests
    ]


def fine(server):
    with connected(server) as wire:
        return wire.send(request()).answer()[2] == b"fine"


def workers(server):
    return len(server._server.task_dispatcher.threads)


def test_callers_who_do_not_read_take_no_turn_of_others():
    with stub_server(application) as server, ExitStack() as stack:
        pipeline(stack, server, THREADS + 4)

        assert fine(server)
        until(lambda: workers(server) == THREADS + THREADS + 4)
        assert fine(server)


def test_a_caller_who_reads_late_gets_every_answer_whole_and_its_worker_is_no_longer_there():
    with stub_server(application) as server, ExitStack() as stack:
        (wire,) = pipeline(stack, server, 1)
        until(lambda: workers(server) == THREADS + 1)

        assert [wire.answer()[2] == LONG for _ in range(3)] == [True] * 3
        until(lambda: workers(server) == THREADS)


def test_a_caller_who_does_not_read_loses_the_connection_where_no_more_can_wait(caplog):
    with stub_server(application, max_waiting=2) as server, ExitStack() as stack:
        pipeline(stack, server, 2)
        until(lambda: workers(server) == THREADS + 2)
        wire = stack.enter_context(slow(server)).send(*[request(target="/long")] * 3)
        until(lambda: caplog.records)

        assert fine(server)
        assert broken_off(wire)
        assert (len(held(server)), workers(server)) == (2, THREADS + 2)
    (record,) = caplog.records[:1]
    assert record.getMessage().startswith(
        "Closed a connection with an answer half sent: 2 requests are waiting"
    )
    assert not any(record.exc_info for record in caplog.records)


@pytest.mark.parametrize("target", ["/long", "/events"])
def test_a_caller_who_reads_nothing_for_long_loses_the_connection(target, caplog):
    with stub_server(application) as server, ExitStack() as stack:
        server._server.adj.channel_timeout = 0.2
        wire = stack.enter_context(slow(server)).send(*[request(target=target)] * 3)
        until(lambda: caplog.records)

        assert broken_off(wire)
        until(lambda: workers(server) == THREADS and not server._server.active_channels)
        assert fine(server)
    assert [record.getMessage() for record in caplog.records] == [
        "Closed a connection with an answer half sent: the caller read nothing for 0.2 s."
    ]


def test_a_stream_with_a_slow_reader_takes_one_place_and_not_two():
    with stub_server(application, max_waiting=1) as server, slow(server) as wire:
        wire.send(request(target="/events", Connection="close"))
        until(lambda: held(server))
        time.sleep(0.2)
        read = 0
        while part := wire.connection.recv(1 << 20):
            read += len(part)

    assert read > PIECES * len(LONG)


def test_the_stop_ends_the_wait_for_a_slow_reader(monkeypatch, caplog):
    monkeypatch.setattr("dimensions_emulator.server.GRACE", 0.3)
    with ExitStack() as stack:
        with stub_server(application) as server:
            wires = pipeline(stack, server, 3)
            threads = server._server.task_dispatcher.threads
        until(lambda: not threads)

        assert all(broken_off(wire) for wire in wires)
    assert not any(record.exc_info for record in caplog.records)


def broken_off(wire):
    """Whether the connection ended before three long answers came."""
    read = 0
    try:
        while part := wire.connection.recv(1 << 20):
            read += len(part)
    except ConnectionError:
        return True
    return read < 3 * len(LONG)
