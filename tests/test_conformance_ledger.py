import json
import os
import signal
import stat
import subprocess
import sys

import pytest

from dimensions_contracts.conformance.cleanup import clean
from dimensions_contracts.conformance.guard import Guard
from dimensions_contracts.conformance.ledger import Intent, Ledger, NotALedger, Staged, Unfinished
from dimensions_contracts.conformance.places import Place
from dimensions_contracts.conformance.transport import GuardedSession
from raw_http import raw_server
from server_process import call, environment
from small_world import UK, US

RUN = "k3v9q2xw7p"
URL = "https://api.example"
ADA, BOB = f"ada.{RUN}@mail.example", f"bob.{RUN}@mail.example"
ONE, TWO = "bbbbbbbb-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.jsonl"


def opened(path=None):
    ledger = Ledger(path)
    ledger.open(RUN, URL, "2026-11-25T10:00:00Z", [US])
    return ledger


def entries(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("in_file", [True, False])
def test_what_was_created_is_open_until_it_is_deleted(path, in_file):
    ledger = opened(path if in_file else None)
    first, second = ledger.intent(US, "main", ADA), ledger.intent(US, "main", BOB)
    ledger.created(first, ONE)
    ledger.created(second, TWO)
    ledger.deleted(ONE)

    (left,) = ledger.open_items().created
    assert (left.id, left.intent) == (TWO, Intent(2, US, "main", BOB))
    assert (ledger.book.created_count, ledger.book.deleted_count) == (2, 1)
    assert (ledger.home(TWO), ledger.home(ONE)) == (US, None)
    assert path.exists() == in_file


def test_an_intent_is_open_until_it_is_answered():
    ledger = opened()
    refused, created = ledger.intent(US, "main", ADA), ledger.intent(US, "other", None)
    waiting = ledger.intent(UK, "main", BOB)
    ledger.answered(refused, 400)
    ledger.created(created, ONE)

    assert ledger.open_items().intents == (Intent(waiting, UK, "main", BOB),)


def test_a_stage_is_open_until_it_is_gone():
    ledger = opened()
    ledger.stage(["a"], [US, UK], ["conformance main"])
    assert ledger.open_items().stage == Staged(("a",), (US, UK), ("conformance main",))

    ledger.unstaged()
    assert not ledger.open_items()


def test_one_call_may_create_many_users_and_nobody_is_deleted_twice():
    ledger = opened()
    n = ledger.intent(US, "none", None)
    for user in (ONE, TWO, ONE):
        ledger.created(n, user)
    for user in (ONE, ONE, "somebody else"):
        ledger.deleted(user)

    assert (ledger.book.created_count, ledger.book.deleted_count) == (2, 1)


def test_the_ledger_is_read_back(path):
    ledger = opened(path)
    n = ledger.intent(US, "main", ADA)
    ledger.created(n, ONE)
    ledger.intent(UK, "other", "jürgen.☃@mail.example")
    ledger.stage([], [UK], ["name"])
    ledger.close()

    again = Ledger(path)
    assert again.book == ledger.book
    assert (again.book.run_id, again.book.url, again.book.customers, again.book.closed) == (
        RUN,
        URL,
        (US,),
        True,
    )
    assert again.intent(US, "main", BOB) == 3


def test_every_entry_is_a_line_of_json(path):
    ledger = opened(path)
    ledger.created(ledger.intent(US, "main", ADA), ONE)
    ledger.close()

    assert entries(path) == [
        {"event": "open", "run": RUN, "url": URL, "started": "2026-11-25T10:00:00Z", "customers": [US]},
        {"event": "intent", "n": 1, "customer": US, "caller": "main", "email": ADA},
        {"event": "created", "n": 1, "id": ONE},
        {"event": "close"},
    ]


@pytest.mark.skipif(os.name != "posix", reason="other systems have other permissions")
def test_nobody_else_can_read_the_file(path):
    opened(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_must_last_is_on_the_disk_before_the_run_goes_on(path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda _: synced.append(entries(path)[-1]["event"]))
    ledger = opened(path)
    n = ledger.intent(US, "main", ADA)
    ledger.created(n, ONE)
    ledger.deleted(ONE)
    ledger.stage([], [UK], [])
    ledger.close()

    assert synced == ["open", "intent", "stage", "close"]


def test_a_line_that_was_torn_is_as_if_never_written(path):
    ledger = opened(path)
    ledger.created(ledger.intent(US, "main", ADA), ONE)
    whole = path.read_bytes()
    last = whole.splitlines()[-1]
    for size in range(1, len(last)):
        path.write_bytes(whole[: -len(last) - 1] + last[:size])
        torn = Ledger(path)
        assert torn.open_items().intents == (Intent(1, US, "main", ADA),)
        torn.answered(1, 400)
        assert not Ledger(path).open_items()


def test_a_ledger_that_was_torn_at_once_is_begun_again(path):
    path.write_bytes(b'{"event":"op')

    with pytest.raises(NotALedger):
        Ledger(path)


@pytest.mark.parametrize(
    "text",
    [
        "hello\n",
        "{}\n",
        '{"event":"intent"}\n',
        "[1]\n",
        '{"event":"nothing"}\n',
        "\n",
        "\xff\n",
        '{"event":[]}\n',
    ],
)
def test_another_file_is_not_taken_for_a_ledger(path, text):
    path.write_bytes(text.encode("latin-1"))

    with pytest.raises(NotALedger, match="is not a ledger"):
        Ledger(path)
    assert path.read_bytes() == text.encode("latin-1")


def test_a_ledger_with_open_items_is_not_written_over(path):
    opened(path).intent(US, "main", ADA)
    before = path.read_bytes()

    with pytest.raises(Unfinished, match=f"cleanup --ledger {path} {URL}"):
        opened(path)
    assert path.read_bytes() == before


def test_a_ledger_without_open_items_is_written_over(path):
    ledger = opened(path)
    ledger.created(ledger.intent(US, "main", ADA), ONE)
    ledger.deleted(ONE)
    ledger.close()

    again = opened(path)
    assert (again.book.created_count, len(entries(path))) == (0, 1)


VICTIM = """
import os, signal, sys
from pathlib import Path
from dimensions_contracts.conformance import ledger as ledgers
from dimensions_contracts.conformance.guard import Guard
from dimensions_contracts.conformance.messages import Request
from dimensions_contracts.conformance.places import Place
from dimensions_contracts.conformance.transport import GuardedSession

url, path, run, moment, *customers = sys.argv[1:]
places = {f"p{n}": Place(f"p{n}", customer) for n, customer in enumerate(customers)}
ledger = ledgers.Ledger(Path(path))
ledger.open(run, url, "now", customers)
session = GuardedSession(url, {"main": "good"}, Guard("own-data", places, run), ledger)
written = ledgers._append

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def append(path, line, *, lasting):
    last = b'"n": 5' in line
    if last and moment == "torn" and b"created" in line:
        written(path, line[:20], lasting=False)
        die()
    if last and moment == "answered" and b"created" in line:
        die()
    written(path, line, lasting=lasting)
    if last and moment == "intent":
        die()
    if last and moment == "created" and b"created" in line:
        die()

ledgers._append = append
for n in range(8):
    customer = customers[n % len(customers)]
    body = f'{{"email":"user{n}.{run}@mail.example","displayName":"User {n}"}}'
    session.send(Request("POST", f"/api/v1.0/customers/{customer}/users", (("Content-Type", "application/json"),), body.encode()))
"""


def exported(server):
    _, _, body = call(server.port, "GET", "/_emulator/state")
    return json.loads(body)["data"]


@pytest.mark.parametrize(("moment", "users"), [("intent", 4), ("answered", 5), ("created", 5), ("torn", 5)])
def test_what_a_killed_run_left_is_removed_and_nothing_else(path, moment, users):
    with raw_server() as server:
        url = f"http://127.0.0.1:{server.port}"
        call(server.port, "POST", "/_emulator/reset")
        before = exported(server)
        killed = subprocess.run(
            [sys.executable, "-c", VICTIM, url, path, RUN, moment, US, UK],
            env=environment(),
            check=False,
            timeout=60,
        )
        assert killed.returncode == -signal.SIGKILL
        assert len(exported(server)["users"]) == len(before["users"]) + users

        ledger = Ledger(path)
        places = {"main": Place("main", US), "sibling": Place("sibling", UK)}
        guard = Guard("own-data", places, ledger.book.run_id)
        session = GuardedSession(url, {"main": "good"}, guard, ledger)
        done = clean(session, ledger.open_items(), places)
        again = clean(session, ledger.open_items(), places)
        session.close()
        after = exported(server)

    assert (done.deleted, done.left) == (users, ())
    assert (again.deleted, again.left) == (0, ())
    assert not Ledger(path).open_items()
    for kept in ("users", "customers", "devices", "accounts"):
        assert json.dumps(after[kept]) == json.dumps(before[kept])
