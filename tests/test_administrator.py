import threading

import pytest
from small_world import ADMIN, SETTINGS, UK, WEB, emulator, person, user_id

from dimensions_emulator.domain import users
from dimensions_emulator.store.memory import MemoryStore

FIRST, SECOND, PLAIN = (user_id(n) for n in (1, 2, 3))
LAST = "There must be at least one user administrator."


def people(*admins):
    return {f"person{n}@example.com": person(n, WEB, *([ADMIN] if n in admins else [])) for n in (1, 2, 3)}


def refused(answer):
    return (answer.status, answer.code, answer.message, answer.rule) == (400, "LastUserAdministrator", LAST, "ADMIN-LAST")


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

    assert api.drop(FIRST, WEB).rule == "ROLE-PREREQUISITE"
    assert api.patch(FIRST, {"op": "replace", "path": "/roles", "value": []}).rule == "ADMIN-LAST"


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


def test_two_administrators_taking_the_role_from_each_other_leave_one(monkeypatch):
    """Each writer pauses between its read and its write; without turns both would succeed."""
    api = emulator(people(1, 2))
    gate = threading.Barrier(2, timeout=0.5)
    commit = users.commit

    def pausing(*args):
        try:
            gate.wait()
        except threading.BrokenBarrierError:
            pass
        return commit(*args)

    monkeypatch.setattr(users, "commit", pausing)
    answers = []
    threads = [threading.Thread(target=lambda who=who: answers.append(api.drop(who, ADMIN))) for who in (FIRST, SECOND)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answer.status for answer in answers) == [200, 400]
    assert sum(ADMIN in api.roles(who) for who in (FIRST, SECOND)) == 1


def test_the_race_is_lost_without_turns(monkeypatch):
    """The same race over a store that gives no turns, to see that the test above can fail."""

    class NoTurns(MemoryStore):
        def put(self, session, world):
            super().put(session, world)
            self._sessions[session].lock = NoLock()

    class NoLock:
        def acquire(self):
            pass

        release = acquire

        def __enter__(self):
            pass

        def __exit__(self, *_):
            pass

    api = emulator(people(1, 2), store=NoTurns())
    gate = threading.Barrier(2, timeout=5)
    commit = users.commit

    def pausing(*args):
        gate.wait()
        return commit(*args)

    monkeypatch.setattr(users, "commit", pausing)
    answers = []
    threads = [threading.Thread(target=lambda who=who: answers.append(api.drop(who, ADMIN))) for who in (FIRST, SECOND)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [answer.status for answer in answers] == [200, 200]
