"""Points to go back to."""

import pytest

from dimensions_emulator.control.snapshots import LIMIT
from dimensions_emulator.domain import room, ticks
from dimensions_emulator.settings import Settings
from small_world import UC, US, WEB, emulator, user_id

HEADER = {"X-Emulator-Session": "one"}
BODY = {"email": "a@example.com", "displayName": "A", "roles": []}


def snapshot(api, name, act="", method="POST", headers=None):
    return api.control(f"snapshots/{name}{act}", method, headers=headers)


def holds(api):
    return api.control("health").data["holds"]


def test_a_restored_snapshot_brings_users_mails_charges_and_devices_back(api):
    api.create("before@example.com", [WEB, UC])
    taken, state = snapshot(api, "before"), api.state()
    api.delete(user_id(2))
    api.create("after@example.com", [WEB, UC])
    api.control("mail/messages", "DELETE")

    assert taken.status == 201
    assert api.state() != state
    assert snapshot(api, "before", "/restore").data == taken.data
    assert api.state() == state


def test_a_snapshot_can_be_restored_again_and_again(api):
    snapshot(api, "start")
    for _ in range(3):
        api.create()
        assert holds(api)["users"] == 3
        snapshot(api, "start", "/restore")
        assert holds(api)["users"] == 2


def test_the_clock_goes_back_too(api):
    api.control("clock/freeze", "POST", json={"at": "2026-01-31T09:00:00Z"})
    snapshot(api, "nine")
    api.control("clock/advance", "POST", json={"seconds": 3600})
    api.control("clock/resume", "POST")
    snapshot(api, "nine", "/restore")

    assert api.control("clock").data["now"] == "2026-01-31T09:00:00.0000000Z"
    assert api.control("clock").data["frozen"]


def test_a_clock_that_ran_runs_on_from_the_time_of_the_snapshot():
    start = ticks.parse("2026-05-05T12:00:00Z")
    real = [start]
    api = emulator(clock=lambda: real[0])
    api.control("clock/advance", "POST", json={"seconds": 60})
    taken = snapshot(api, "here").data["created"]
    assert taken == ticks.text(start + 60 * ticks.SECOND)
    real[0] += 300 * ticks.SECOND
    api.control("clock/freeze", "POST")
    snapshot(api, "here", "/restore")

    assert api.control("clock").data == {"now": taken, "frozen": False, "offsetSeconds": -240}
    real[0] += ticks.SECOND
    assert api.control("clock").data["now"] == ticks.text(start + 61 * ticks.SECOND)


def test_a_clock_that_stood_stands_again_and_goes_on_from_there():
    real = [ticks.parse("2026-05-05T12:00:00Z")]
    api = emulator(clock=lambda: real[0])
    api.control("clock/freeze", "POST")
    snapshot(api, "noon")
    api.control("clock/resume", "POST")
    real[0] += 300 * ticks.SECOND
    snapshot(api, "noon", "/restore")

    assert api.control("clock").data["frozen"]
    resumed = api.control("clock/resume", "POST").data
    assert (resumed["now"], resumed["frozen"]) == ("2026-05-05T12:00:00.0000000Z", False)


def test_a_restore_keeps_the_tokens_that_name_the_session(api):
    snapshot(api, "before", headers=HEADER)
    minted = api.control("tokens", "POST", json={"session": "one"}).data["token"]
    other = api.control("tokens", "POST", json={}, headers=HEADER).data["token"]
    snapshot(api, "before", "/restore", headers=HEADER)

    kept = api.call("GET", api.users, token=minted)
    assert (kept.status, kept.headers["X-Emulator-Session"]) == (200, "one")
    assert api.call("GET", api.users, token=other, headers=HEADER).status == 401


def test_a_restore_with_which_there_were_too_many_tokens_is_refused(api, monkeypatch):
    monkeypatch.setattr(room, "CALLERS", 6)
    api.control("tokens", "POST", json={}, headers=HEADER)
    snapshot(api, "full", headers=HEADER)
    api.control("reset", "POST", headers=HEADER)
    api.control("tokens", "POST", json={"session": "one"})
    before = api.control("state", headers=HEADER).data

    answer = snapshot(api, "full", "/restore", headers=HEADER)

    assert (answer.status, answer.message) == (507, "The world has 7 callers, and 6 is the most.")
    assert api.control("state", headers=HEADER).data == before


def test_ids_repeat_after_a_restore_where_they_are_seeded(api):
    api.control("sessions", "POST", json={"name": "one", "seed": 1})
    snapshot(api, "start", headers=HEADER)

    def made():
        return api.call("POST", api.users, json=BODY, headers=HEADER).data["id"]

    first = made()
    snapshot(api, "start", "/restore", headers=HEADER)

    assert made() == first


def test_snapshots_are_listed_replaced_and_deleted(api):
    snapshot(api, "b")
    snapshot(api, "a")
    api.create()
    snapshot(api, "b")

    listed = api.control("snapshots").data
    assert [(one["name"], one["users"]) for one in listed] == [("a", 2), ("b", 3)]
    assert snapshot(api, "b", method="DELETE").status == 200
    assert [one["name"] for one in api.control("snapshots").data] == ["a"]


@pytest.mark.parametrize(("act", "method"), [("/restore", "POST"), ("", "DELETE")])
def test_a_snapshot_that_is_not_there_is_named_with_those_that_are(api, act, method):
    snapshot(api, "there")

    answer = snapshot(api, "missing", act, method)

    assert answer.status == 404
    assert answer.message == "There is no snapshot 'missing' in the session 'default'; there are: there."


def test_each_session_has_snapshots_of_its_own(api):
    snapshot(api, "mine")

    assert api.control("snapshots", headers=HEADER).data == []
    assert snapshot(api, "mine", "/restore", headers=HEADER).status == 404


def test_a_reset_keeps_snapshots(api):
    api.create()
    snapshot(api, "three")
    api.control("reset", "POST")
    snapshot(api, "three", "/restore")

    assert holds(api)["users"] == 3


@pytest.mark.parametrize("name", ["a b", "ü", "x" * 65, "-a", "%2e%2e"])
def test_a_name_that_is_none_is_refused(api, name):
    refused = snapshot(api, name)

    assert (refused.status, refused.message) == (
        400,
        (
            "A snapshot's name has up to 64 letters, digits, dots, hyphens and underscores,"
            " and begins with a letter or digit."
        ),
    )
    assert api.control("snapshots").data == []


def test_there_are_only_so_many(api):
    for number in range(LIMIT):
        assert snapshot(api, f"n{number}").status == 201

    refused = snapshot(api, "more")

    assert (refused.status, refused.message) == (
        409,
        "This session has 100 snapshots, which is the most; delete some.",
    )
    assert snapshot(api, "n1").status == 201


def taken(api, count):
    """The statuses of that many snapshots, each of a world with one more user."""
    statuses = []
    for number in range(count):
        api.create(f"n{number}@example.com", charges="false")
        statuses.append(snapshot(api, f"n{number}").status)
    return statuses


@pytest.fixture
def narrow():
    """The snapshots keep 3, 4, 5, 6 … users with a mail and a link of 2 x 9 things."""
    return emulator(settings=Settings(max_users=7, max_mails=1, max_charges=1), send_new_user_email=False)


def test_snapshots_keep_only_so_much_that_is_in_no_other(narrow):
    assert taken(narrow, 4) == [201, 201, 201, 507]
    refused = snapshot(narrow, "more")

    assert (refused.status, refused.message) == (
        507,
        (
            "With this one the snapshots of the session would keep 26 users, devices, mails, links, charges"
            " and tokens of their own, and 18 is the most. Delete some, or start with a larger --max-users."
        ),
    )
    assert [one["name"] for one in narrow.control("snapshots").data] == ["n0", "n1", "n2"]


def test_there_is_room_again_once_snapshots_are_deleted_or_replaced(narrow):
    taken(narrow, 4)
    snapshot(narrow, "n0", method="DELETE")
    assert snapshot(narrow, "n3").status == 507
    assert snapshot(narrow, "n2").status == 201
    narrow.create("more@example.com")
    assert snapshot(narrow, "n3").status == 507
    snapshot(narrow, "n1", method="DELETE")

    assert snapshot(narrow, "n3").status == 201


def test_snapshots_of_a_world_that_did_not_change_cost_nothing(narrow):
    taken(narrow, 3)

    assert {snapshot(narrow, f"same{number}").status for number in range(20)} == {201}
    narrow.control("reset", "POST")
    assert {snapshot(narrow, f"seed{number}").status for number in range(20)} == {201}


def test_a_single_snapshot_always_fits():
    devices = [{"id": f"d{number}", "customer": US} for number in range(8)]
    api = emulator(settings=Settings(max_users=2, max_mails=1, max_charges=1))
    document = {**api.state(), "devices": devices}
    assert api.control("state", "PUT", json=document).status == 200

    assert snapshot(api, "first").status == 201
    api.control("state", "PUT", json=document)
    assert snapshot(api, "first").status == 201
    api.control("state", "PUT", json=document)
    assert snapshot(api, "second").status == 507
    api.control("reset", "POST")
    assert snapshot(api, "second").status == 201
