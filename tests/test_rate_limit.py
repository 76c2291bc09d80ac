import time
from collections import Counter, OrderedDict
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimensions_emulator.domain import ticks
from dimensions_emulator.sandbox import rate_limit
from dimensions_emulator.sandbox.rate_limit import RateLimit
from dimensions_emulator.settings import Settings
from small_world import ELSEWHERE, US, emulator, user_id

SECOND = ticks.SECOND
NONE = {"requests": None, "seconds": None}


class Clock:
    now = 15_750_433_639_251_680

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def api(clock):
    return emulator(clock=clock)


def limit(api, requests, seconds):
    answer = api.control("rate-limit", "PUT", json={"requests": requests, "seconds": seconds})
    assert answer.status == 200, answer.message
    return answer.data


def statuses(api, times, **how):
    return [api.call("GET", api.users, **how).status for _ in range(times)]


def test_there_is_no_limit_unless_one_is_wanted(api):
    assert api.control("rate-limit").data == NONE
    assert statuses(api, 50) == [200] * 50


def test_a_limit_is_shown_as_it_was_set(api):
    assert limit(api, 3, 60) == api.control("rate-limit").data == {"requests": 3, "seconds": 60}
    assert api.control("rate-limit", "PUT", json={"requests": 9}).data == {"requests": 9, "seconds": 1}
    assert api.control("rate-limit", "DELETE").data == api.control("rate-limit").data == NONE


def test_requests_above_the_limit_are_refused_until_the_time_is_over(api, clock):
    limit(api, 2, 10)
    assert statuses(api, 4) == [200, 200, 429, 429]

    clock.now += 10 * SECOND - 1
    assert statuses(api, 1) == [429]
    clock.now += 1
    assert statuses(api, 3) == [200, 200, 429]


def test_the_refusal_says_when_to_come_back(api, clock):
    limit(api, 1, 10)
    api.list()
    answer = api.list()

    assert answer.status == 429
    assert answer.headers["Retry-After"] == "10"
    assert list(answer.json) == ["error", "message", "status", "timestamp"]
    assert answer.json["error"] == 429
    assert answer.message == "The limit is 1 requests in 10 s; the next one is taken in 10 s."
    assert answer.json["timestamp"] == ticks.text(clock.now)
    assert answer.rule is None
    assert "X-Emulator-Fault" not in answer.headers


@pytest.mark.parametrize(
    ("passed", "told"),
    [(1, "10"), (SECOND, "9"), (SECOND + 1, "9"), (9 * SECOND, "1"), (10 * SECOND - 1, "1")],
)
def test_the_time_to_wait_is_told_in_whole_seconds_rounded_up(api, clock, passed, told):
    limit(api, 1, 10)
    api.list()
    clock.now += passed

    assert api.list().headers["Retry-After"] == told


def test_who_waits_as_long_as_told_is_let_in(api, clock):
    limit(api, 1, 7)
    api.list()
    clock.now += 12_345_678
    clock.now += int(api.list().headers["Retry-After"]) * SECOND

    assert api.list().status == 200


def test_the_time_begins_with_the_first_request(api, clock):
    limit(api, 2, 10)
    clock.now += 9 * SECOND
    api.list()
    clock.now += 9 * SECOND
    assert statuses(api, 2) == [200, 429]
    clock.now += SECOND

    assert statuses(api, 3) == [200, 200, 429]


def test_a_refusal_does_not_put_the_time_off(api, clock):
    limit(api, 1, 10)
    api.list()
    for _ in range(10):
        assert api.list().status == 429
        clock.now += SECOND

    assert api.list().status == 200


def test_a_refused_request_does_nothing(api):
    limit(api, 1, 10)
    before = api.state()
    api.list()

    assert api.create().status == 429
    assert api.state() == before


def test_each_caller_has_a_limit_of_its_own(api):
    limit(api, 1, 10)

    assert statuses(api, 2) == [200, 429]
    assert statuses(api, 2, token="customer") == [200, 429]
    assert statuses(api, 2, token="scopeless") == [403, 429]
    assert api.call("GET", f"/api/v1.0/customers/{ELSEWHERE}/users", token="other").status == 200


def test_callers_that_nobody_knows_share_one_limit(api):
    limit(api, 3, 10)
    tokens = ("a", "b", "c", "d", "e")

    assert [api.call("GET", api.users, token=token).status for token in tokens] == [401, 401, 401, 429, 429]
    assert api.call("GET", api.users, headers={"Authorization": ""}).status == 429
    assert api.list().status == 200


def test_every_operation_counts_and_what_is_none_does_not(api):
    limit(api, 3, 10)
    for _ in range(5):
        assert api.call("GET", "/api/v1.0/nothing").status == 404
        assert api.call("PATCH", api.users).status == 405
        assert api.control("health").status == 200

    assert [api.list().status, api.get(user_id(1)).status, api.create().status, api.list().status] == [
        200,
        200,
        201,
        429,
    ]


def test_a_stopped_clock_keeps_the_limit_until_it_is_moved(api, clock):
    limit(api, 1, 60)
    api.control("clock/freeze", "POST", json={})
    api.list()
    clock.now += 3600 * SECOND
    assert api.list().status == 429

    api.control("clock/advance", "POST", json={"seconds": 60})

    assert statuses(api, 2) == [200, 429]


def test_a_clock_that_is_set_back_locks_nobody_out(api):
    limit(api, 1, 60)
    api.list()
    api.control("clock", "PUT", json={"now": "2001-01-01T00:00:00Z"})

    assert statuses(api, 2) == [200, 429]


def test_a_new_limit_begins_anew(api):
    limit(api, 1, 60)
    assert statuses(api, 2) == [200, 429]

    limit(api, 2, 60)

    assert statuses(api, 3) == [200, 200, 429]


def test_without_a_limit_again_everyone_is_let_in(api):
    limit(api, 1, 60)
    assert statuses(api, 2) == [200, 429]

    api.control("rate-limit", "DELETE")

    assert statuses(api, 5) == [200] * 5


def test_a_limit_is_of_its_session_alone(api):
    api.control("rate-limit", "PUT", json={"requests": 1}, headers={"X-Emulator-Session": "one"})

    assert statuses(api, 2, headers={"X-Emulator-Session": "one"}) == [200, 429]
    assert statuses(api, 2, headers={"X-Emulator-Session": "two"}) == [200, 200]
    assert statuses(api, 2) == [200, 200]


@pytest.mark.parametrize("reset", ["reset", "reset?to=empty"])
def test_the_setting_holds_from_the_beginning_and_after_a_reset(clock, reset):
    api = emulator(clock=clock, settings=Settings(rate_limit=(2, 30)))
    assert api.control("rate-limit").data == {"requests": 2, "seconds": 30}
    assert statuses(api, 3) == [200, 200, 429]
    assert statuses(api, 3, headers={"X-Emulator-Session": "one"}) == [200, 200, 429]
    limit(api, 9, 9)

    api.control(reset, "POST")

    assert api.control("rate-limit").data == {"requests": 2, "seconds": 30}
    assert statuses(api, 3) == [200, 200, 429]


def test_a_request_above_the_limit_is_not_struck_by_faults_and_a_struck_one_counts(api):
    limit(api, 2, 10)
    api.control("faults", "POST", json={"answer": {"status": 503}})

    assert statuses(api, 4) == [503, 503, 429, 429]
    assert api.control("faults").data[0]["struck"] == 2


@pytest.mark.parametrize(("token", "caller"), [("good", "reseller"), ("expired", "late"), ("stranger", None)])
def test_who_was_refused_is_told(api, token, caller):
    limit(api, 1, 10)
    met = []
    application = api.app.wsgi_app
    api.app.wsgi_app = lambda environ, start: [met.append(environ), application(environ, start)][1]
    statuses(api, 2, token=token)

    last = met[-1]["dimensions.met"]
    assert (last.operation, last.customer, last.caller) == ("listUsers", US, caller)
    assert (last.refused, last.fault) == (None, None)


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({}, "requests is a whole number from 1 to 1000000."),
        ({"seconds": 1}, "requests is a whole number"),
        ({"requests": 1, "second": 1}, "The body has no member 'second'; there are: requests, seconds."),
        *[
            ({"requests": value}, "requests is a whole number from 1 to 1000000.")
            for value in (0, -1, 1_000_001, 10**30, 1.0, "1", True, None, [], {})
        ],
        *[
            ({"requests": 1, "seconds": value}, "seconds is a whole number from 1 to 86400.")
            for value in (0, -1, 86_401, 10**30, 0.5, "1", True, None, [], {})
        ],
    ],
)
def test_a_limit_that_does_not_fit_is_refused_and_leaves_the_old_one(api, wanted, told):
    limit(api, 5, 5)
    answer = api.control("rate-limit", "PUT", json=wanted)

    assert (answer.status, list(answer.json)) == (400, ["error", "message", "status", "timestamp"])
    assert told in answer.message
    assert api.control("rate-limit").data == {"requests": 5, "seconds": 5}


def test_a_body_that_is_no_object_is_refused(api):
    assert api.control("rate-limit", "PUT", json=[]).status == 400
    assert api.control("rate-limit", "PUT", data="{}", content_type="text/plain").status == 415


@given(
    st.integers(1, 5),
    st.integers(1, 10),
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 3 * SECOND)), max_size=60),
)
def test_no_caller_ever_gets_more_than_its_share_nor_less(requests, seconds, steps):
    limiter, now = RateLimit((requests, seconds)), 0
    taken = {"a": [], "b": []}
    for caller, later in steps:
        now += later
        began = taken[caller][-1] if taken[caller] else None
        wait = limiter.wait(caller, now)
        fresh = began is None or now >= began[0] + seconds * SECOND
        room = fresh or len(began) < requests
        assert (wait == 0) == room
        if fresh:
            taken[caller].append([now])
        elif room:
            began.append(now)
        else:
            assert wait == began[0] + seconds * SECOND - now


def test_the_limit_is_exact_when_requests_come_at_once():
    class Slow(OrderedDict):
        def __setitem__(self, key, value):
            time.sleep(0.001)
            super().__setitem__(key, value)

    limiter = RateLimit((20, 1))
    limiter._callers = Slow()

    with ThreadPoolExecutor(16) as pool:
        waits = list(pool.map(lambda _: limiter.wait("a", 5), range(60)))

    assert Counter(waits) == {0: 20, SECOND: 40}


def test_a_million_callers_take_no_more_room_than_some_thousand():
    limiter = RateLimit((1, 86_400))
    for number in range(1_000_000):
        assert limiter.wait(str(number), number) == 0

    assert len(limiter._callers) == rate_limit.REMEMBERED
    assert limiter.wait("999999", 1_000_000) > 0


def test_of_too_many_callers_the_one_that_was_silent_longest_is_forgotten(monkeypatch):
    monkeypatch.setattr(rate_limit, "REMEMBERED", 2)
    limiter = RateLimit((2, 10))
    for caller in ("a", "b", "a", "c"):
        assert limiter.wait(caller, 0) == 0

    assert limiter.wait("a", 0) > 0
    assert list(limiter._callers) == ["a", "c"]
