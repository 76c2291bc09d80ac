"""Time that can be moved."""

from contextlib import suppress
from threading import Event, Thread

import pytest

from dimensions_emulator.domain import ticks
from dimensions_emulator.sandbox.clock import LATEST, Clock, OutOfRange
from small_world import UC, WEB, emulator, user_id

START = ticks.parse("2026-05-05T12:00:00Z")


class Base:
    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now


@pytest.fixture
def base():
    return Base()


@pytest.fixture
def api(base):
    return emulator(clock=base)


def clock(api, act="", method="POST", **body):
    return api.control(f"clock{act}", method, json=body)


def text(seconds):
    return ticks.text(START + round(seconds * ticks.SECOND))


def test_the_clock_runs_with_the_real_one(api, base):
    base.now += 5 * ticks.SECOND

    assert api.control("clock").data == {"now": text(5), "frozen": False, "offsetSeconds": 0}


def test_an_advanced_clock_runs_on_ahead(api, base):
    assert clock(api, "/advance", seconds=90.5).data == {
        "now": text(90.5),
        "frozen": False,
        "offsetSeconds": 90.5,
    }
    base.now += ticks.SECOND
    assert api.control("clock").data["now"] == text(91.5)


def test_a_frozen_clock_stands_still_and_can_be_advanced(api, base):
    clock(api, "/freeze")
    base.now += 10 * ticks.SECOND
    assert api.control("clock").data == {"now": text(0), "frozen": True, "offsetSeconds": -10}
    assert clock(api, "/advance", seconds=3).data["now"] == text(3)
    assert api.control("clock").data["frozen"]


def test_a_resumed_clock_goes_on_from_where_it_stood(api, base):
    clock(api, "/freeze")
    base.now += 10 * ticks.SECOND
    assert clock(api, "/resume").data == {"now": text(0), "frozen": False, "offsetSeconds": -10}
    base.now += ticks.SECOND
    assert api.control("clock").data["now"] == text(1)


def test_a_clock_that_runs_is_resumed_in_vain(api, base):
    clock(api, "/advance", seconds=7)

    assert clock(api, "/resume").data["now"] == text(7)


def test_a_clock_is_set_forwards_and_back_and_frozen_at_a_time(api, base):
    assert (
        clock(api, method="PUT", now="2031-01-01T01:00:00+01:00").data["now"]
        == "2031-01-01T00:00:00.0000000Z"
    )
    base.now += ticks.SECOND
    assert api.control("clock").data["now"] == "2031-01-01T00:00:01.0000000Z"
    assert (
        clock(api, method="PUT", now="1999-12-31T23:59:59.5Z").data["now"] == "1999-12-31T23:59:59.5000000Z"
    )
    assert clock(api, "/freeze", at="2000-01-01T00:00:00Z").data["frozen"]
    base.now += ticks.SECOND
    assert api.control("clock").data["now"] == "2000-01-01T00:00:00.0000000Z"
    assert clock(api, method="PUT", now="2000-01-02T00:00:00Z").data["frozen"]


def test_answers_mails_charges_and_tokens_follow_the_clock(api):
    token = api.control("tokens", "POST", json={"lifetimeSeconds": 60}).data["token"]
    clock(api, "/freeze", at="2040-01-01T00:00:00Z")
    clock(api, method="PUT", now=ticks.text(START + 59 * ticks.SECOND))
    assert api.call("GET", api.users, token=token).status == 200
    api.create("a@example.com", [WEB, UC])
    clock(api, "/advance", seconds=1)

    assert api.call("GET", api.users, token=token).status == 401
    assert api.get(user_id(1)).json["timestamp"] == text(60)
    assert api.mails()[0]["sent"] == text(59)
    assert api.control("charges").data[0]["at"] == text(59)
    assert api.get("nonsense").json["timestamp"] == text(60)


def test_each_session_has_a_clock_of_its_own(api):
    other = {"X-Emulator-Session": "other"}
    api.control("clock/advance", "POST", json={"seconds": 60}, headers=other)

    assert api.control("clock").data["offsetSeconds"] == 0
    assert api.control("clock", headers=other).data["offsetSeconds"] == 60
    assert api.call("GET", api.users, headers=other).json["timestamp"] == text(60)


@pytest.mark.parametrize("reset", ["reset", "reset?part=clock"])
def test_a_reset_brings_the_clock_back(api, reset):
    clock(api, "/freeze", at="2040-01-01T00:00:00Z")
    api.control(reset, "POST")

    assert api.control("clock").data == {"now": text(0), "frozen": False, "offsetSeconds": 0}


@pytest.mark.parametrize(
    ("act", "method", "body"),
    [
        ("/advance", "POST", {}),
        ("/advance", "POST", {"seconds": 0}),
        ("/advance", "POST", {"seconds": -1}),
        ("/advance", "POST", {"seconds": True}),
        ("/advance", "POST", {"seconds": "1"}),
        ("/advance", "POST", {"seconds": 1e300}),
        ("/advance", "POST", {"seconds": 10**400}),
        ("/advance", "POST", {"hours": 1}),
        ("", "PUT", {}),
        ("", "PUT", {"now": ""}),
        ("", "PUT", {"now": "tomorrow"}),
        ("", "PUT", {"now": "9999-12-31T23:59:59Z"}),
        ("", "PUT", {"now": "1969-12-31T23:59:59Z"}),
        ("", "PUT", {"now": "0001-01-01T00:00:00+23:59"}),
        ("", "PUT", {"now": 5}),
        ("", "PUT", {"now": "2026-01-31T09:00:00Z", "then": 1}),
        ("/freeze", "POST", {"at": "noon"}),
        ("/resume", "POST", {"at": "2026-01-31T09:00:00Z"}),
    ],
)
def test_a_time_that_is_none_is_refused_and_the_clock_goes_on(api, act, method, body):
    answer = clock(api, act, method, **body)

    assert answer.status == 400
    assert answer.message
    assert api.control("clock").data == {"now": text(0), "frozen": False, "offsetSeconds": 0}


def test_an_advance_may_not_lead_past_what_can_be_written(api):
    clock(api, "/freeze", at="8999-12-31T23:59:59Z")

    assert clock(api, "/advance", seconds=1).status == 200
    refused = clock(api, "/advance", seconds=1)
    assert (refused.status, refused.message) == (
        400,
        "seconds would lead past 9000-01-01T00:00:00.0000000Z, the latest time here.",
    )
    assert api.control("clock").data["now"] == "9000-01-01T00:00:00.0000000Z"


def test_a_clock_that_runs_stands_still_at_the_latest_time(api, base):
    clock(api, method="PUT", now="8999-12-31T23:59:59Z")
    base.now += 2000 * 365 * 86_400 * ticks.SECOND

    assert api.control("clock").data["now"] == "9000-01-01T00:00:00.0000000Z"
    assert api.get(user_id(1)).json["timestamp"] == "9000-01-01T00:00:00.0000000Z"
    assert api.create().status == 201
    assert clock(api, "/advance", seconds=1).status == 400
    assert clock(api, method="PUT", now="2030-01-01T00:00:00Z").status == 200


@pytest.mark.parametrize("act", [lambda clock: clock.set(LATEST + 1), lambda clock: clock.freeze(-1)])
def test_a_time_out_of_range_is_refused_by_the_clock_itself(base, act):
    clock = Clock(base)

    with pytest.raises(OutOfRange):
        act(clock)
    assert clock.now() == START


class Slow(Clock):
    """Lets others in between reading and writing."""

    def now(self):
        now = super().now()
        Event().wait(0.001)
        return now


def at_once(count, act):
    threads = [Thread(target=act) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_no_advance_is_lost_where_many_come_at_once():
    clock = Slow(lambda: START)
    clock.freeze(START)
    at_once(20, lambda: clock.advance(1))

    assert clock.reading.frozen == START + 20


def test_advances_at_once_do_not_pass_the_latest_time_together():
    clock = Slow(lambda: START)
    clock.freeze(LATEST - 10)

    def advance():
        with suppress(OutOfRange):
            clock.advance(4)

    at_once(20, advance)

    assert clock.now() == LATEST - 2
