import errno
import gc
import os
import socket
import tempfile
import time
from contextlib import ExitStack, contextmanager, suppress

import pytest

from dimensions_emulator import server as server_module
from raw_http import connected, request
from receiver import until
from stub_server import answering, stub_server

LONG = b"x" * (3 << 20)


@pytest.fixture
def files(monkeypatch):
    made, make = [], tempfile.TemporaryFile
    monkeypatch.setattr(
        tempfile, "TemporaryFile", lambda *args, **named: made.append(make(*args, **named)) or made[-1]
    )
    return made


def test_a_stop_closes_the_files_of_answers_on_connections_kept_open(files):
    with ExitStack() as kept:
        with stub_server(answering(LONG)) as server:
            wire = kept.enter_context(connected(server))
            assert wire.send(request()).answer()[2] == LONG
        assert files
        assert all(file.closed for file in files)


def test_a_stop_closes_the_file_of_a_body_half_read(files):
    with ExitStack() as kept:
        with stub_server(answering()) as server:
            wire = kept.enter_context(connected(server))
            wire.send(request("POST", Content_Length=2 * len(LONG)), LONG)
            until(lambda: files)
        assert all(file.closed for file in files)


def test_a_caller_who_hangs_up_halfway_leaves_no_open_file(files):
    with stub_server(answering()) as server:
        with connected(server) as wire:
            wire.send(request("POST", Content_Length=2 * len(LONG)), LONG)
            until(lambda: files)
        until(lambda: all(file.closed for file in files))


@contextmanager
def no_more_files():
    """Have this process open no file beside those it has."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    gc.collect()  # a file closed later would be one more to open
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_caller_for_whom_there_is_no_file_is_taken_later_and_the_log_says_so_once(caplog, monkeypatch):
    monkeypatch.setattr(server_module, "REST", 0.2)
    with stub_server(answering()) as server, ExitStack() as kept:
        early = kept.enter_context(connected(server))
        assert early.send(request()).answer()[2] == b"fine"
        late = kept.enter_context(socket.socket())
        late.settimeout(10)
        with no_more_files():
            late.connect(("127.0.0.1", server.port))
            until(lambda: caplog.records)
            time.sleep(0.5)
            assert early.send(request()).answer()[2] == b"fine"
            told = [record.getMessage() for record in caplog.records]
        late.sendall(request())

        assert late.recv(4096).endswith(b"fine")
    assert told == [f"Takes no connections for now: {os.strerror(errno.EMFILE)}"]


def test_a_body_for_which_there_is_no_file_ends_its_connection_with_one_line(caplog):
    with stub_server(answering()) as server, connected(server) as wire, connected(server) as other:
        assert other.send(request()).answer()[2] == b"fine"
        with no_more_files():
            with suppress(ConnectionError):
                wire.send(request("POST", Content_Length=len(LONG)), LONG)
            assert wire.closed()
        assert other.send(request()).answer()[2] == b"fine"
    assert [record.getMessage() for record in caplog.records] == [
        f"Closed a connection: {os.strerror(errno.EMFILE)}"
    ]
