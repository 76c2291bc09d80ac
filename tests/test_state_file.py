"""A state that outlives the server."""

import errno
import json
import os
import shutil
import signal
import sys
import threading

import pytest

from dimensions_emulator.domain import document
from dimensions_emulator.domain.calls import Limits
from dimensions_emulator.settings import SettingsInvalid
from dimensions_emulator.state_file import NotSaved, StateFile
from dimensions_emulator.store.base import DEFAULT_SESSION
from dimensions_emulator.store.memory import MemoryStore
from server_process import command, serving
from small_world import NOBODY, small_document

LIMITS = Limits(100, 100, 100)
USERS = "/api/v1.0/customers/cccccccc-0000-4000-8000-000000000001/users"
TOKEN = {"Authorization": "Bearer emulator-token-reseller"}


@pytest.fixture
def store():
    store = MemoryStore()
    store.put(DEFAULT_SESSION, document.load(small_document()))
    return store


def add(store, email):
    changed = document.dump(store.read(DEFAULT_SESSION))
    changed["users"][email] = {
        "displayName": "New",
        "memberships": {changed["customers"].copy().popitem()[0]: []},
    }
    store.put(DEFAULT_SESSION, document.load(changed))


def users(path):
    return sorted(json.loads(path.read_text("utf-8"))["users"])


def reasons(act, *arguments):
    with pytest.raises(SettingsInvalid) as caught:
        act(*arguments)
    return caught.value.args[0]


def beside(path):
    return sorted(file.name for file in path.parent.iterdir() if file.name != path.name)


def listed(server):
    return server.call("GET", USERS, **TOKEN)[2].decode()


def test_what_a_server_leaves_the_next_one_finds(tmp_path):
    path = tmp_path / "state.json"
    arguments = ("--port", "0", "--json", "--state", path, "--state-interval", "0")
    with serving(*arguments, cwd=tmp_path) as server:
        body = json.dumps({"email": "kept@example.com", "displayName": "New", "roles": []})
        assert server.call("POST", USERS, body, **TOKEN, Content_Type="application/json")[0] == 201
        health = json.loads(server.call("GET", "/_emulator/health")[2])
        assert health["data"]["state"]["file"] == str(path)
        assert server.stop(signal.SIGTERM)[0] == 0
    assert "kept@example.com" in users(path)
    with serving(*arguments, cwd=tmp_path) as server:
        assert "kept@example.com" in listed(server)
        server.call("POST", "/_emulator/reset")
        assert "kept@example.com" not in listed(server)


def test_the_state_is_saved_at_intervals_too(store, tmp_path):
    path = tmp_path / "state.json"
    state = StateFile(str(path))
    state.keep(store, 0.01)
    add(store, "later@example.com")
    for _ in range(500):
        if "later@example.com" in users(path):
            break
        threading.Event().wait(0.01)
    assert "later@example.com" in users(path)
    state.close()


def test_the_last_change_is_saved_on_close(store, tmp_path):
    path = tmp_path / "state.json"
    state = StateFile(str(path))
    state.keep(store, 0)
    assert "later@example.com" not in users(path)
    add(store, "later@example.com")
    state.close()

    assert "later@example.com" in users(path)


def test_a_state_that_did_not_change_is_not_written_again(store, tmp_path):
    path = tmp_path / "state.json"
    state = StateFile(str(path))
    state.keep(store, 0)
    before = path.stat().st_ino
    state.close()

    assert path.stat().st_ino == before


def test_the_file_is_readable_by_its_owner_alone(store, tmp_path):
    path = tmp_path / "state.json"
    state = StateFile(str(path))
    state.keep(store, 0)
    state.close()

    assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_to_the_file_stays_a_link(store, tmp_path):
    link, path = tmp_path / "link.json", tmp_path / "state.json"
    link.symlink_to(path)
    state = StateFile(str(link))
    state.keep(store, 0)
    state.close()

    assert link.is_symlink()
    assert users(path)


BROKEN = {
    "empty": "",
    "cut": '{"version": 1, "accounts": {',
    "other": '{"hello": "world"}',
    "list": "[]",
    "binary": "\x00\x01",
    "deep": "[" * 100_000,
    "unknown role": json.dumps(
        small_document({"a@example.com": {"displayName": "A", "memberships": {"us": ["king"]}}})
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_file_is_refused_with_a_reason_and_left_as_it_is(tmp_path, kind):
    path = tmp_path / "state.json"
    path.write_text(BROKEN[kind], "utf-8")
    state = StateFile(str(path))

    told = reasons(state.load, LIMITS)
    state.close()

    assert len(told) > 1
    assert f"--state {path} is not a state" in told[0]
    assert path.read_text("utf-8") == BROKEN[kind]


def test_a_newer_file_is_refused_with_the_versions_and_left_as_it_is(tmp_path):
    path = tmp_path / "state.json"
    path.write_text(text := json.dumps({**small_document(), "version": 2}), "utf-8")

    done = command("serve", "--port", "0", "--state", path, cwd=tmp_path)

    assert done.returncode == 2
    assert "has the version 2, this emulator reads version 1" in done.stderr
    assert "Traceback" not in done.stderr
    assert path.read_text("utf-8") == text


def test_a_file_that_another_server_keeps_is_refused(store, tmp_path):
    path = tmp_path / "state.json"
    first = StateFile(str(path))

    assert reasons(StateFile, str(path)) == [f"--state {path} is in use by another emulator"]
    first.close()
    StateFile(str(path)).close()


def test_a_place_that_is_not_there_is_refused_at_the_start(tmp_path):
    path = tmp_path / "missing" / "state.json"

    assert reasons(StateFile, str(path)) == [
        f"--state {path} cannot be kept there: No such file or directory"
    ]


def directory(path):
    path.mkdir()


def link_to_zero(path):
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("make", [directory, os.mkfifo, link_to_zero])
def test_what_is_no_regular_file_is_refused_without_reading_it(tmp_path, make):
    path = tmp_path / "state"
    make(path)

    assert reasons(StateFile, str(path)) == [
        f"--state {path.resolve()} is not a regular file; name one, or one to be made"
    ]
    assert beside(path) == []


@pytest.mark.parametrize("name", ["n" * 300, "a\0b"])
def test_a_name_that_no_file_can_have_is_refused(tmp_path, name):
    (told,) = reasons(StateFile, str(tmp_path / name))

    assert "cannot be kept there" in told


@pytest.mark.parametrize("name", ["world.yaml", "world.YML"])
def test_a_world_in_yaml_is_not_replaced_by_json(tmp_path, name):
    path = tmp_path / name
    path.write_text("version: 1", "utf-8")

    done = command("serve", "--port", "0", "--state", name, cwd=tmp_path)

    assert done.returncode == 2
    assert done.stderr == (
        f"dimensions-emulator: --state {path} would be replaced by JSON; name a .json file,"
        f" and start from a world in YAML with --world {name}\n"
    )
    assert path.read_text("utf-8") == "version: 1"
    assert beside(path) == []


@pytest.mark.parametrize("limit", ["users", "mails", "charges"])
def test_a_state_beyond_the_limits_is_refused_and_left_as_it_is(tmp_path, limit):
    path = tmp_path / "state.json"
    state = small_document()
    sent = {"customer": "us", "user": NOBODY, "sent": "2026-01-01T00:00:00Z"}
    told = {"to": "a@example.com", "displayName": "A", "origin": "http://localhost", "kind": "uc-welcome"}
    state["mails"] = [{"id": n, "token": f"t{n}", **sent, **told} for n in (1, 2)]
    charged = {"customer": "us", "user": NOBODY, "role": "customer.user.uc", "at": "2026-01-01T00:00:00Z"}
    state["charges"] = [{"id": n, **charged} for n in (1, 2)]
    path.write_text(text := json.dumps(state), "utf-8")

    done = command(
        "serve", "--port", "0", "--world", "empty", "--state", path, f"--max-{limit}", 1, cwd=tmp_path
    )

    assert done.returncode == 2
    assert done.stderr == (
        f"dimensions-emulator: --state {path} is too large, and was left as it is\n"
        f"dimensions-emulator: the world has 2 {limit}, and 1 is the most; start with a larger --max-{limit}\n"
    )
    assert path.read_text("utf-8") == text


def test_a_state_after_a_reset_of_its_users_can_be_started_from(tmp_path):
    path = tmp_path / "state.json"
    arguments = ("--port", "0", "--json", "--state", path, "--state-interval", "0")
    customer, other = USERS.split("/")[4], NOBODY
    with serving(*arguments, cwd=tmp_path) as server:
        state = server.call("GET", "/_emulator/state")[2].replace(customer.encode(), other.encode())
        assert server.call("PUT", "/_emulator/state", state, Content_Type="application/json")[0] == 200
        assert server.call("POST", "/_emulator/reset?part=users")[0] == 200
        assert server.stop(signal.SIGTERM)[0] == 0
    with serving(*arguments, cwd=tmp_path) as server:
        assert customer in server.call("GET", "/_emulator/state")[2].decode()


def test_a_last_save_that_fails_is_told_and_the_exit_status_is_1(tmp_path):
    path = tmp_path / "kept" / "state.json"
    path.parent.mkdir()
    arguments = ("--port", "0", "--json", "--state", path, "--state-interval", "0")
    with serving(*arguments, cwd=tmp_path) as server:
        body = json.dumps({"email": "kept@example.com", "displayName": "New", "roles": []})
        assert server.call("POST", USERS, body, **TOKEN, Content_Type="application/json")[0] == 201
        shutil.rmtree(path.parent)

        assert server.stop(signal.SIGTERM)[0] == 1

    told = f"dimensions-emulator: the state could not be saved to {path}: No such file or directory; what"
    last = server.errors.splitlines()[-1]
    assert last.startswith(f"{told} changed in the session 'default' since 20")
    assert last.endswith("Z is lost")
    assert "Traceback" not in server.errors


def test_a_last_save_that_fails_beside_a_command_is_told_too(tmp_path):
    path = tmp_path / "kept" / "state.json"
    path.parent.mkdir()
    act = (
        "import os, shutil, sys, urllib.request as u; shutil.rmtree(sys.argv[1]);"
        " headers = {'Content-Type': 'application/json'}; url = os.environ['DIMENSIONS_URL'];"
        " u.urlopen(u.Request(url + '/_emulator/tokens', b'{}', headers))"
    )

    done = command(
        "exec", "--state", path, "--", sys.executable, "-c", act, path.parent, cwd=tmp_path, NO_PROXY="*"
    )

    assert done.returncode == 1
    assert f"the state could not be saved to {path}: No such file" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_last_save_that_fails_gives_the_file_back_too(store, tmp_path, monkeypatch):
    path = tmp_path / "state.json"
    state = StateFile(str(path))
    state.keep(store, 0)
    add(store, "later@example.com")

    def full(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("dimensions_emulator.state_file.os.fsync", full)
        with pytest.raises(NotSaved, match="No space left on device"):
            state.close()
    StateFile(str(path)).close()


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there are no such terminals here")
def test_a_terminal_that_is_closed_stops_the_server_and_the_state_is_saved(tmp_path):
    path = tmp_path / "state.json"
    arguments = ("--port", "0", "--json", "--state", path, "--state-interval", "0")
    with serving(*arguments, cwd=tmp_path) as server:
        body = json.dumps({"email": "kept@example.com", "displayName": "New", "roles": []})
        assert server.call("POST", USERS, body, **TOKEN, Content_Type="application/json")[0] == 201

        assert server.stop(signal.SIGHUP)[0] == 0

    assert "kept@example.com" in users(path)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there are no such terminals here")
def test_a_server_that_is_to_outlive_its_terminal_does(tmp_path):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # what nohup does
    try:
        with serving("--json", cwd=tmp_path) as server:
            assert server.url
            server.process.send_signal(signal.SIGHUP)

            assert server.call("GET", "/_emulator/livez")[0] == 200
            assert server.stop(signal.SIGTERM)[0] == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def flock_fails(monkeypatch, number):
    def flock(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", flock)


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP])
def test_a_file_system_without_locks_is_taken_without(store, tmp_path, monkeypatch, number):
    flock_fails(monkeypatch, number)
    path = tmp_path / "state.json"
    half = tmp_path / ".state.json.ab12_xyz.tmp"
    half.touch()
    state = StateFile(str(path))
    state.keep(store, 0)
    state.close()

    assert users(path)
    assert half.exists()  # it may be another server's, which is just saving


def test_a_lock_that_fails_otherwise_is_refused_with_the_reason(tmp_path, monkeypatch):
    flock_fails(monkeypatch, errno.EIO)

    assert reasons(StateFile, str(tmp_path / "state.json")) == [
        f"--state {tmp_path / 'state.json'} cannot be locked: Input/output error"
    ]


def test_what_a_kill_in_mid_save_leaves_is_removed_at_the_next_start(store, tmp_path, monkeypatch):
    path, halves = tmp_path / "state.json", []
    state = StateFile(str(path))

    def replace(half, _):
        halves.append(half)

    with monkeypatch.context() as patch:
        patch.setattr("dimensions_emulator.state_file.Path.replace", replace)
        state.keep(store, 0)
    state.close()
    assert [half.exists() for half in halves] == [True]
    others = {".state.json.tmp", ".state.json.old", ".other.json.ab12_xyz.tmp", "xstate.json.ab12_xyz.tmp"}
    for other in others:
        (tmp_path / other).touch()

    StateFile(str(path)).close()

    assert set(beside(path)) == others | {".state.json.lock"}


def test_a_save_that_fails_is_logged_leaves_the_last_one_and_is_tried_again(
    store, tmp_path, monkeypatch, caplog
):
    path = tmp_path / "state.json"
    state = StateFile(str(path))
    state.keep(store, 0)
    before = path.read_text("utf-8")
    add(store, "later@example.com")

    def full(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("dimensions_emulator.state_file.os.fsync", full)
        state._try_to_save()
    assert path.read_text("utf-8") == before
    assert "No space left on device" in caplog.text
    assert beside(path) == [".state.json.lock"]
    state.close()
    assert "later@example.com" in users(path)


def test_a_file_that_cannot_be_written_is_refused_at_the_start(store, tmp_path, monkeypatch):
    path = tmp_path / "state.json"
    state = StateFile(str(path))

    def denied(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("dimensions_emulator.state_file.tempfile.mkstemp", denied)

    assert reasons(state.keep, store, 0) == [f"--state {path} cannot be written: Permission denied"]
    state.close()


def test_readers_never_see_half_a_file(store, tmp_path):
    path = tmp_path / "state.json"
    state = StateFile(str(path))
    state.keep(store, 0)
    done, seen = threading.Event(), []

    def read():
        while not done.is_set():
            seen.append(len(users(path)))

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(30):
        add(store, f"n{number}@example.com")
        state._try_to_save()
    done.set()
    reader.join()
    state.close()

    assert seen == sorted(seen)
    assert len(users(path)) == 32
