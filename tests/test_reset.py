import json
import threading
import time

import pytest

from dimensions_emulator.domain.world import World
from dimensions_emulator.sandbox.journal import Budget
from dimensions_emulator.sandbox.session import Origin, Session, Terms
from dimensions_emulator.store.memory import MemoryStore
from small_world import PBX, SOFTPHONE, UC, US, WEB, emulator, person, user_id

SEEDED = ("accounts", "customers", "callers")


@pytest.fixture
def api():
    devices = [{"id": "mine", "customer": "us", "owner": "me@example.com"}]
    return emulator({"me@example.com": person(3, WEB, UC, SOFTPHONE)}, devices=devices)


def used(api):
    """The API with a trace of every kind in its world, and a minted token."""
    api.create(roles=[PBX, UC])
    api.device(user_id(3), "mine")
    api.control(
        f"platform/{US}/import", "POST", json={"users": [{"email": "p@example.com", "displayName": "P"}]}
    )
    return api.control("tokens", "POST", json={}).data["token"]


@pytest.mark.parametrize("query", ["", "?to=seed"])
def test_a_reset_leads_back_to_the_very_beginning(api, query):
    before = json.dumps(api.state())
    token = used(api)
    assert json.dumps(api.state()) != before

    answer = api.control("reset" + query, "POST")

    assert (answer.status, list(answer.json)) == (200, ["status", "timestamp"])
    assert json.dumps(api.state()) == before
    assert api.mails() == []
    assert api.charges() == []
    assert api.control("licences").data[0]["roles"][PBX] == 0
    assert api.call("GET", api.users, token=token).status == 401
    assert api.call("GET", api.users).status == 200


def test_a_reset_can_be_repeated_and_nothing_of_the_time_before_comes_back(api):
    answers = []
    for _ in range(3):
        api.control("reset", "POST")
        link = (
            api.create().status,
            [mail["id"] for mail in api.mails()],
            [user["email"] for user in api.list().data],
        )
        answers.append(link)

    assert answers == [(201, [1], ["me@example.com", "new@example.com"])] * 3


def test_a_link_in_a_mail_from_before_leads_nowhere(api):
    api.create()
    link = api.mails()[0]["links"][0].removeprefix("http://localhost")
    api.control("reset", "POST")

    assert api.call("GET", link).status == 404


def test_a_reset_after_an_import_leads_to_the_world_of_the_start(api):
    before = json.dumps(api.state())
    smallest = json.dumps({"version": 1, "accounts": {}, "customers": {}})
    assert api.control("state", "PUT", data=smallest, content_type="application/json").status == 200
    assert api.call("GET", api.users).status == 401

    api.control("reset", "POST")

    assert json.dumps(api.state()) == before


def test_an_emptied_world_keeps_its_tenants_and_the_callers_of_the_start(api):
    before = api.state()
    token = used(api)

    assert api.control("reset?to=empty", "POST").status == 200

    state = api.state()
    assert {name: state[name] for name in SEEDED} == {name: before[name] for name in SEEDED}
    assert [name for name in state if state[name]] == ["version", "ever", *SEEDED]
    assert set(state["ever"].values()) == {0}
    assert api.list().data == []
    assert api.call("GET", api.users, token=token).status == 401
    assert api.create("me@example.com", [PBX, UC]).status == 201
    assert len(api.charges()) == 2
    assert api.device(user_id(3), "mine").status == 404


@pytest.mark.parametrize("to", ["nonsense", "", "SEED", "seed ", "%ff", "empty,seed"])
def test_a_reset_to_anything_else_is_refused_and_changes_nothing(api, to):
    used(api)
    before = json.dumps(api.state())

    answer = api.control(f"reset?to={to}", "POST")

    assert answer.status == 400
    assert "seed or empty" in answer.message
    assert json.dumps(api.state()) == before


def test_a_reset_is_not_done_by_reading(api):
    api.create()
    before = json.dumps(api.state())

    assert api.control("reset").status == 405
    assert json.dumps(api.state()) == before


def emulator_of(api):
    return type(api)(api.app)


def test_no_reader_sees_a_half_reset_world(api):
    stop, seen = threading.Event(), set()

    def write():
        mine = emulator_of(api)
        while not stop.is_set():
            mine.create("one@example.com", [UC])
            mine.create("two@example.com", [UC])
            mine.control("reset", "POST")

    def read():
        mine = emulator_of(api)
        while not stop.is_set():
            state = mine.state()
            seen.add((len(state["users"]), len(state["mails"]), len(state["charges"])))
            holds = mine.control("health").data["holds"]
            seen.add((holds["users"], holds["mails"], holds["charges"]))

    threads = [threading.Thread(target=target) for target in (write, read, read)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 5.0
    while len(seen) < 3 and time.monotonic() < deadline:
        stop.wait(0.02)
    stop.set()
    for thread in threads:
        thread.join(10)

    assert seen <= {(1, 0, 0), (2, 2, 1), (3, 4, 2)}
    assert len(seen) > 1


def test_the_worlds_of_refusals_go_with_the_journal():
    terms = Terms(lambda: 0, 10, Budget(1 << 20))
    session = Session("one", "one", Origin(World(), "empty", None), terms, MemoryStore())
    session.refusals.keep(1, World())

    session.rewind(("faults", "clock"))
    assert session.refusals.world(1) is not None
    session.rewind(("journal",))
    assert session.refusals.world(1) is None


def test_a_reset_leaves_snapshots_webhooks_events_and_coverage(api):
    hook = {"url": "http://127.0.0.1:9/", "entity": "User", "events": ["created"]}
    assert api.control("webhooks", "POST", json=hook).status == 201
    api.control("snapshots/kept", "POST")
    met = api.list() and api.control("coverage").data["percent"]
    api.control("reset", "POST")

    assert [one["name"] for one in api.control("snapshots").data] == ["kept"]
    assert len(api.control("webhooks").data) == 1
    assert api.control("coverage").data["percent"] >= met > 0
