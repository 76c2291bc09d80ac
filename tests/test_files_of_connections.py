import tempfile
import time
from contextlib import ExitStack

import pytest

from raw_http import connected, request
from stub_server import answering, stub_server

LONG = b"x" * (3 << 20)


@pytest.fixture
def files(monkeypatch):
    made, make = [], tempfile.TemporaryFile
    monkeypatch.setattr(
        tempfile, "TemporaryFile", lambda *args, **named: made.append(make(*args, **named)) or made[-1]
    )
    return made


def until(condition):
    deadline = time.monotonic() + 5
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert condition()


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
