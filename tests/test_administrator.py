import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from dimensions_emulator.domain import users
from dimensions_emulator.store.memory import MemoryStore
from small_world import ADMIN, SETTINGS, UK, WEB, emulator, person, user_id

FIRST, SECOND, PLAIN = (user_id(n) for n in (1, 2, 3))
LAST = "There must be at least one user administrator."


def people(*admins):
    return {f"person{n}@example.com": person(n, WEB, *([ADMIN] if n in admins else [])) for n in (1, 2, 3)}


def refused(answer):
    return (answer.status, answer.code, answer.message, answer.rule) == (
        400,
        "LastUserAdministrator",
        LAST,
        "ADMIN-LAST",
    )


@pytest.mark.parametrize(
    "act",
    [
        lambda api: api.drop(FIRST, ADMIN),
        lambda api: api.replace(FIRST, WEB),
        lambda api: api.replace(FIRST),
        lambda api: api.patch(FIRST, {"op": "remove", "path": "/roles"}),
        lambda api: api.patch(FIRST, {"op": "replace", "path": "/roles/1", "value": SETTINGS}),
        lambda api: api.patch(FIRST, {"op": "move", "from": "/roles", "path": "/roles"}, {"op": "remove", "path": "/roles/1"}),
        lambda api: api.patch(FIRST, {"op": "copy", "from": "/roles/0", "path": "/roles/0"}, {"op": "remove", "path": "/roles/2"}),
        lambda api: api.delete(FIRST),
    ],
)  # fmt: skip
def test_the_last_administrator_stays(act):
    api = emulator(people(1))
    before = api.state()

    assert refused(act(api))
    assert api.state() == before


def test_removing_website_access_from_the_last_administrator_is_refused():
    api = emulator({"a@example.com": person(1, ADMIN, WEB)})

    assert refused(api.drop(FIRST, WEB))
    assert refused(api.replace(FIRST))
    assert refused(api.replace(FIRST, ADMIN))


def test_an_administrator_can_go_while_another_one_is_there():
    api = emulator(people(1, 2))

    assert api.drop(FIRST, ADMIN).status == 200
    assert refused(api.delete(SECOND))
    assert api.add(PLAIN, ADMIN).status == 200
    assert api.delete(SECOND).status == 200


def test_the_role_without_website_access_makes_no_administrator():
    api = emulator({"a@example.com": person(1, WEB, ADMIN), "b@example.com": person(2, ADMIN)})

    assert refused(api.delete(FIRST))
    assert api.delete(SECOND).status == 200


def test_a_customer_without_administrators_is_not_blocked():
    api = emulator(people())

    assert api.replace(FIRST, WEB, SETTINGS).status == 200
    assert api.delete(FIRST).status == 200


def test_an_administrator_can_change_everything_else():
    api = emulator(people(1))

    assert api.replace(FIRST, ADMIN, SETTINGS, WEB).status == 200
    assert api.patch(FIRST, {"op": "replace", "path": "/displayName", "value": "x"}).status == 200


def test_a_delete_in_the_primary_tenant_looks_at_the_administrators_of_all_tenants():
    both = person(1, WEB, ADMIN, primaryTenant="us")
    both["memberships"]["uk"] = [WEB, ADMIN]
    api = emulator({"both@example.com": both, "second@example.com": person(2, WEB, ADMIN)})
    before = api.state()

    assert refused(api.delete(FIRST))
    assert api.state() == before

    api.customer = UK
    assert refused(api.delete(FIRST))
    api.create(roles=[ADMIN])
    assert api.delete(FIRST).status == 200


class NoLock:
    def acquire(self):
        pass

    release = __enter__ = acquire

    def __exit__(self, *_):
        pass


class NoTurns(MemoryStore):
    """A store that lets writers in at the same time."""

    def put(self, session, world):
        super().put(session, world)
        self._sessions[session].lock = NoLock()


def race(store, monkeypatch, patience):
    """Two administrators take the role from each other, pausing between the read and the write."""
    api = emulator(people(1, 2), store=store)
    meeting = threading.Barrier(2)
    commit = users.commit

    def pausing(*args):
        with suppress(threading.BrokenBarrierError):
            meeting.wait(patience)
        return commit(*args)

    monkeypatch.setattr(users, "commit", pausing)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda who: api.drop(who, ADMIN), (FIRST, SECOND)))
    return sorted(answer.status for answer in answers), sum(
        ADMIN in api.roles(who) for who in (FIRST, SECOND)
    )


def test_two_administrators_taking_the_role_from_each_other_leave_one(monkeypatch):
    assert race(MemoryStore(), monkeypatch, 0.5) == ([200, 400], 1)


def test_without_turns_both_would_succeed(monkeypatch):
    assert race(NoTurns(), monkeypatch, 5)[0] == [200, 200]
