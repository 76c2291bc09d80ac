"""Starts of the server that meet another, or break off."""

import os
import socket
import stat
import threading
import time
from pathlib import Path

import pytest

from dimensions_emulator import listening
from dimensions_emulator import server as server_module
from dimensions_emulator.listening import ListenFailed
from server_process import command
from server_process import listening as answered
from stub_server import answering, stub_server

fcntl = pytest.importorskip("fcntl")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "emulator.sock"


def reaches(path, listener):
    """Whether callers of the path come to this listener."""
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(5)
        caller.connect(str(path))
        listener.settimeout(5)
        accepted, _ = listener.accept()
        accepted.close()
    return True


def dead(path):
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))


def test_a_port_is_in_use_from_the_moment_it_is_given():
    with listening.at_port("127.0.0.1", 0) as first:
        port = first.getsockname()[1]

        assert answered(port)
        with pytest.raises(ListenFailed, match=f"port {port} on 127.0.0.1 is in use"):
            listening.at_port("127.0.0.1", port)


def test_a_port_on_which_another_begins_to_listen_at_the_last_moment_is_in_use(monkeypatch):
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]

        class Overtaken(socket.socket):
            def bind(self, address):
                super().bind(address)
                other.listen()

        monkeypatch.setattr(socket, "socket", Overtaken)
        with pytest.raises(ListenFailed, match=f"port {port} on 127.0.0.1 is in use"):
            listening.at_port("127.0.0.1", port)


def test_the_command_says_that_a_port_is_in_use_before_anybody_is_served_there(tmp_path):
    with listening.at_port("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        done = command("serve", "--port", port, cwd=tmp_path)

    assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (2, "", False)
    assert f"port {port} on 127.0.0.1 is in use" in done.stderr


def test_a_path_is_in_use_from_the_moment_it_is_given(path):
    with listening.at_path(str(path)) as first:
        with pytest.raises(ListenFailed, match="is in use"):
            listening.at_path(str(path))

        assert reaches(path, first)


def test_a_socket_to_which_another_bound_and_on_which_it_does_not_listen_gives_way(path):
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        with listening.at_path(str(path)) as listener:
            assert reaches(path, listener)


def test_of_two_who_find_what_a_dead_server_left_the_second_leaves_the_path_to_the_first(path, monkeypatch):
    dead(path)
    unlink, told, seconds = Path.unlink, [], []

    def start():
        try:
            listening.at_path(str(path))
        except ListenFailed as fault:
            told.append(fault.args[0])

    def unlinked(self, *rest):
        if not seconds:  # the first is about to take away what it found dead; now comes the second
            seconds.append(threading.Thread(target=start))
            seconds[0].start()
            seconds[0].join(0.3)
        unlink(self, *rest)

    monkeypatch.setattr(Path, "unlink", unlinked)
    first = listening.at_path(str(path))
    seconds[0].join(10)

    with first:
        assert told == [f"{path} is in use; name another path with --unix-socket"]
        assert reaches(path, first)


def test_a_directory_that_somebody_keeps_locked_is_no_obstacle(path, monkeypatch):
    monkeypatch.setattr(listening, "PATIENCE", 0.1)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        with listening.at_path(str(path)) as listener:
            assert reaches(path, listener)
    finally:
        os.close(directory)


def test_a_listener_takes_its_file_along_and_no_other(path):
    listening.at_path(str(path)).close()
    assert not path.exists()

    first = listening.at_path(str(path))
    path.unlink()
    with listening.at_path(str(path)) as second:
        first.close()
        first.close()
        assert reaches(path, second)


def test_a_start_that_breaks_off_between_the_making_of_the_file_and_its_use_leaves_no_file(path, monkeypatch):
    def interrupted(self, backlog):
        assert stat.S_ISSOCK(path.lstat().st_mode)
        raise SystemExit

    monkeypatch.setattr(listening.UnixListener, "listen", interrupted, raising=False)
    mask = os.umask(0o022)
    try:
        with pytest.raises(SystemExit):
            listening.at_path(str(path))
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(mask)

    assert not path.exists()


@pytest.mark.parametrize("fault", [SystemExit, RuntimeError])
@pytest.mark.parametrize("step", ["create_server", "Room", "Thread"])
def test_a_server_whose_start_breaks_off_leaves_neither_file_nor_port_nor_worker(
    step, fault, path, monkeypatch
):
    whole, tried, before = getattr(server_module, step), [], threading.active_count()

    def interrupted(*_, **named):
        tried.append(step)
        raise fault

    class Started(whole if step == "Thread" else object):
        def start(self):
            super().start()
            interrupted()

    monkeypatch.setattr(server_module, step, Started if step == "Thread" else interrupted)
    with pytest.raises(fault), stub_server(answering(), unix_socket=str(path)):
        pass
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(fault):
        server_module.Server("127.0.0.1", port, max_body=4096)

    assert tried == [step] * 2
    assert not path.exists()
    assert not answered(port)
    deadline = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= before
