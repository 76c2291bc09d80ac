"""However many sessions and snapshots clients ask for, the memory stays bounded."""

import contextlib
import gc
import resource

import pytest

from dimensions_emulator.domain import document
from dimensions_emulator.sandbox import sessions as registry
from dimensions_emulator.sandbox.journal import Budget
from dimensions_emulator.sandbox.session import Origin, Terms
from dimensions_emulator.sandbox.sessions import SessionRefused, Sessions
from dimensions_emulator.settings import Settings
from dimensions_emulator.store.memory import MemoryStore
from small_world import emulator, small_document

MILLION = 1_000_000
MIB = 1024


def made(limit, idle=0):
    store, budget = MemoryStore(), Budget(1 << 20)
    origin = Origin(document.load(small_document()), "small", 1)
    return Sessions(store, origin, Terms(lambda: 0, 10, budget), limit=limit, idle=idle), store, budget


def growth(act):
    """How many KiB the memory of this process at most grows by while it acts."""
    act(1000)  # what is made once is made before
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    act(None)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before


def test_a_million_sessions_that_there_is_no_room_for_take_none():
    sessions, store, _ = made(10)

    def ask(times):
        for number in range(times or MILLION):
            with contextlib.suppress(SessionRefused):
                sessions.open(f"n{number}")

    assert growth(ask) < 2 * MIB
    assert len(store._sessions) == 10


def test_sessions_that_make_room_for_others_leave_but_a_bounded_memory_of_their_names(monkeypatch):
    sessions, store, budget = made(10)
    monkeypatch.setattr(registry, "IN_USE", -1.0)
    monkeypatch.setattr(registry, "REMEMBERED", 1000)

    def ask(times):
        for number in range(times or 50_000):
            sessions.open(f"m{number}" if times else f"n{number}")

    assert growth(ask) < 2 * MIB
    assert len(store._sessions) == len(sessions.live()) == len(budget.journals) == 10
    assert len(sessions._gone) == 1000


def test_deleted_sessions_give_everything_back():
    sessions, store, budget = made(10)

    def churn(times):
        for _ in range(times or 50_000):
            sessions.create("one")
            sessions.tokens["token"] = "one"
            sessions.drop("one")

    assert growth(churn) < 2 * MIB
    assert (len(store._sessions), len(budget.journals), budget.used, sessions.tokens) == (1, 1, 0, {})


@pytest.mark.parametrize("act", ["snapshots/n{}", "snapshots/same"])
def test_snapshots_are_bounded_however_many_are_taken(act):
    api = emulator()
    for number in range(2000):
        api.control(act.format(number), "POST")

    assert len(api.control("snapshots").data) <= 100


def test_users_are_bounded():
    api = emulator(settings=Settings(max_users=4))
    statuses = [api.create(f"n{number}@example.com").status for number in range(4)]

    assert statuses == [201, 201, 507, 507]
    assert "--max-users" in api.create("more@example.com").message
    assert len(api.list().data) == 4
