"""How often faults strike, and how long they delay."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from math import exp
from random import Random
from statistics import NormalDist
from threading import Event

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dimensions_emulator.sandbox import faults
from dimensions_emulator.sandbox.faults import (
    Answer,
    Asked,
    Faults,
    FaultsFull,
    Fixed,
    LogNormal,
    Match,
    Plan,
    Uniform,
)
from dimensions_emulator.settings import Settings
from dimensions_emulator.wire import faulted
from small_world import emulator, user_id

ASKED = Asked("listUsers", "c", (), ("token",), "GET", "/")
ANSWER = Answer(503)


class Slow(Random):
    """Chance that lets other threads go between what is read and what is written."""

    def random(self):
        time.sleep(0.001)
        return 0.0


def with_plans(*plans):
    made = Faults()
    for plan in plans:
        made.add(plan)
    return made


def strikes(made, times, chance=None):
    chance = chance or Random(1)
    return [made.strike(ASKED, chance) for _ in range(times)]


def ids(found):
    return [strike and strike.fault.id for strike in found]


def add(api, **fault):
    answer = api.control("faults", "POST", json=fault)
    assert answer.status == 201, answer.message
    return answer.data


@pytest.fixture
def pauses(monkeypatch):
    """The pauses that requests make, which take no time."""
    seen = []
    monkeypatch.setattr(faulted, "pause", lambda _, seconds: seen.append(seconds))
    return seen


@pytest.mark.parametrize(
    ("fault", "statuses"),
    [
        ({}, [503] * 6),
        ({"count": 2}, [503, 503, 200, 200, 200, 200]),
        ({"after": 2}, [200, 200, 503, 503, 503, 503]),
        ({"after": 1, "count": 3}, [200, 503, 503, 503, 200, 200]),
        ({"after": 6}, [200] * 6),
        ({"probability": 0}, [200] * 6),
        ({"probability": 1}, [503] * 6),
    ],
)
def test_a_fault_strikes_as_often_as_it_says(api, fault, statuses):
    add(api, answer={"status": 503}, **fault)

    assert [api.list().status for _ in range(6)] == statuses
    assert api.control("faults").data[0]["struck"] == statuses.count(503)


def test_requests_that_do_not_match_are_not_counted(api):
    add(api, match={"operation": "getUser"}, answer={"status": 503}, after=1, count=1)

    assert [api.list().status for _ in range(3)] == [200] * 3
    assert [api.get(user_id(1)).status for _ in range(3)] == [200, 503, 200]


def test_the_first_fault_that_strikes_wins_and_the_others_do_not_count():
    made = with_plans(Plan(answer=ANSWER, count=2), Plan(breaks="reset", after=1))

    assert ids(strikes(made, 5)) == [1, 1, None, 2, 2]
    assert [(fault.fitted, fault.struck) for fault in made.all()] == [(2, 2), (3, 2)]


def test_an_unlucky_draw_leaves_the_request_to_the_next_fault():
    made = with_plans(Plan(answer=ANSWER, probability=0.0), Plan(breaks="reset"))

    assert ids(strikes(made, 3)) == [2, 2, 2]
    assert made.all()[0].fitted == 3


def test_delays_add_up_until_a_fault_decides():
    made = with_plans(
        Plan(latency=Fixed(100)),
        Plan(latency=Fixed(20), when="after"),
        Plan(latency=Fixed(3), answer=ANSWER),
        Plan(latency=Fixed(5000)),
    )

    strike = made.strike(ASKED, Random(1))

    assert strike.fault.id == 3
    assert (strike.before, strike.after) == (pytest.approx(0.103), pytest.approx(0.02))
    assert [fault.struck for fault in made.all()] == [1, 1, 1, 0]


def test_of_delays_alone_the_first_is_told():
    made = with_plans(
        Plan(match=Match(method="PUT"), answer=ANSWER), Plan(latency=Fixed(1)), Plan(latency=Fixed(1))
    )

    assert made.strike(ASKED, Random(1)) == (made.get(2), 0.002, 0.0)


def test_no_request_is_delayed_by_more_than_a_minute_altogether():
    plans = [Plan(latency=Fixed(50_000), when=when) for when in ("before", "after", "after")]

    assert with_plans(*plans).strike(ASKED, Random(1))[1:] == (50, 10)
    assert with_plans(*plans[:1] * 2).strike(ASKED, Random(1))[1:] == (60, 0)


def test_a_delay_lies_before_or_after_the_change(api, monkeypatch):
    seen = []
    monkeypatch.setattr(faulted, "pause", lambda _, seconds: seen.append((seconds, size(api))))
    before = size(api)

    add(api, match={"operation": "createUser"}, latency={"type": "fixed", "milliseconds": 1500}, count=1)
    api.create("a@example.com")
    assert seen == [(1.5, before)]

    seen.clear()
    add(api, match={"operation": "createUser"}, latency={"type": "fixed", "milliseconds": 500}, when="after")
    api.create("b@example.com")
    assert seen == [(0.5, before + 2)]


def size(api):
    return len(api.app.test_client().get("/_emulator/state").json["data"]["users"])


def test_a_late_answer_is_the_real_one(api, pauses):
    add(api, latency={"type": "fixed", "milliseconds": 250})
    answer = api.list()

    assert answer.status == 200
    assert answer.headers["X-Emulator-Fault"] == "1"
    assert sum(pauses) == 0.25


def test_a_request_that_is_not_struck_does_not_pause(api, pauses):
    add(api, match={"operation": "getUser"}, latency={"type": "fixed", "milliseconds": 250})
    api.list()

    assert pauses == []


def test_the_time_really_passes(api):
    add(api, latency={"type": "fixed", "milliseconds": 30})
    began = time.monotonic()
    api.list()

    assert time.monotonic() - began >= 0.03


def test_the_same_seed_gives_the_same_chances_and_a_reset_begins_anew(pauses):
    def course(api):
        add(api, answer={"status": 503}, probability=0.5)
        add(api, latency={"type": "lognormal", "median": 100, "sigma": 1})
        pauses.clear()
        return [api.list().status for _ in range(40)], list(pauses)

    api = emulator(settings=Settings(seed=7))
    first = course(api)
    api.control("reset", "POST")

    assert course(api) == first == course(emulator(settings=Settings(seed=7)))
    assert course(emulator(settings=Settings(seed=8))) != first
    assert {200, 503} == set(first[0])


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9])
def test_a_probability_is_the_share_that_is_struck(share):
    made = with_plans(Plan(answer=ANSWER, probability=share))
    hit = sum(strike is not None for strike in strikes(made, 20_000))

    assert made.get(1).struck == hit
    assert abs(hit - 20_000 * share) < 5 * (20_000 * share * (1 - share)) ** 0.5


def test_a_certain_fault_uses_up_no_chance():
    chance = Random(3)
    strikes(with_plans(Plan(answer=ANSWER)), 5, chance)

    assert chance.random() == Random(3).random()


@given(st.integers(), st.floats(0, 60_000), st.floats(0, 60_000))
def test_a_uniform_delay_is_within_its_bounds(seed, one, other):
    lower, upper = sorted((one, other))
    drawn = Uniform(lower, upper).draw(Random(seed))

    assert lower <= drawn <= upper or drawn == pytest.approx(lower) or drawn == pytest.approx(upper)


def test_a_uniform_delay_is_spread_evenly():
    chance = Random(5)
    bins = Counter(int(Uniform(100, 200).draw(chance) // 10) for _ in range(20_000))

    assert set(bins) == set(range(10, 20))
    assert all(abs(count - 2000) < 250 for count in bins.values())


@given(st.integers(0, 2**32), st.floats(0.001, 60_000), st.floats(0, 10))
def test_a_lognormal_delay_is_never_negative_and_never_above_a_minute(seed, median, sigma):
    made = with_plans(Plan(latency=LogNormal(median, sigma)))

    assert 0 <= made.strike(ASKED, Random(seed)).before <= 60


@given(st.floats(0.001, 60_000))
def test_a_lognormal_delay_without_a_tail_is_its_median(median):
    assert LogNormal(median, 0).draw(Random(1)) == pytest.approx(median)


def test_a_lognormal_delay_has_its_median_and_its_tail():
    chance = Random(11)
    drawn = sorted(LogNormal(90, 0.4).draw(chance) for _ in range(20_000))

    for share in (0.05, 0.5, 0.95, 0.99):
        expected = 90 * exp(0.4 * NormalDist().inv_cdf(share))
        assert drawn[int(20_000 * share)] == pytest.approx(expected, rel=0.04)


@pytest.mark.parametrize(("after", "number"), [(0, 7), (5, 7), (20, 30)])
def test_counts_are_exact_when_requests_come_at_once(after, number):
    made = with_plans(Plan(answer=ANSWER, after=after, count=number, probability=0.999))
    chance = Slow()

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: made.strike(ASKED, chance), range(after + number + 20)))

    assert sum(strike is not None for strike in found) == number
    fault = made.get(1)
    assert (fault.fitted, fault.struck) == (after + number, number)
    assert {strike.fault.struck for strike in found if strike} == set(range(1, number + 1))


def test_a_change_made_at_once_loses_no_count():
    made = with_plans(Plan(answer=ANSWER, probability=0.999))
    chance = Slow()

    def slowly(plan):
        time.sleep(0.001)
        return plan

    with ThreadPoolExecutor(8) as pool:
        work = [pool.submit(made.strike, ASKED, chance) for _ in range(30)]
        work += [pool.submit(made.change, 1, slowly) for _ in range(30)]
        assert all(one.result() for one in work)

    assert made.get(1).struck == 30


def test_a_fault_deleted_while_it_strikes_stays_deleted():
    made = with_plans(Plan(answer=ANSWER, probability=0.999))
    striking = Event()

    class Held(Random):
        def random(self):
            striking.set()
            time.sleep(0.02)
            return 0.0

    with ThreadPoolExecutor() as pool:
        strike = pool.submit(made.strike, ASKED, Held())
        striking.wait(5)
        made.clear()
        assert strike.result()

    assert made.all() == ()


def test_requests_at_once_are_struck_exactly_over_the_wire(api):
    add(api, answer={"status": 503}, after=3, count=9)

    def status(_):
        return api.app.test_client().get(api.users, headers={"Authorization": "Bearer good"}).status_code

    with ThreadPoolExecutor(8) as pool:
        assert Counter(pool.map(status, range(40))) == {200: 31, 503: 9}


def test_a_session_has_no_more_faults_than_it_may_have(api):
    for _ in range(faults.LIMIT):
        add(api, answer={"status": 503}, match={"method": "PUT"})

    answer = api.control("faults", "POST", json={"answer": {"status": 503}})

    assert (answer.status, answer.message) == (
        409,
        "This session has 100 faults, which is the most; delete some.",
    )
    assert len(api.control("faults").data) == 100
    api.control("faults/50", "DELETE")
    add(api, answer={"status": 503})


def test_a_million_faults_take_no_more_room_than_a_hundred():
    made, plan, refused = Faults(), Plan(answer=ANSWER), 0
    for _ in range(1_000_000):
        try:
            made.add(plan)
        except FaultsFull:
            refused += 1

    assert (len(made.all()), refused) == (faults.LIMIT, 1_000_000 - faults.LIMIT)


def test_faults_that_are_there_are_cleared():
    made = with_plans(Plan(answer=ANSWER))
    assert made
    made.clear()

    assert not made
    assert strikes(made, 1) == [None]


@given(st.text(), st.text())
def test_a_path_without_signs_matches_itself_alone(path, other):
    assume(not set(path) & set("*?["))

    assert Match(path=path).fits(ASKED._replace(path=path))
    assert Match(path=path).fits(ASKED._replace(path=other)) == (path == other)
