import gc
import os
import threading
import tracemalloc
from pathlib import Path

import pytest

from dimensions_emulator.domain.errors import Refused
from dimensions_emulator.sandbox.coverage import total
from dimensions_emulator.sandbox.journal import KEPT_BODY, Budget, Entry, Journal
from dimensions_emulator.sandbox.met import Met
from dimensions_emulator.settings import Settings
from dimensions_emulator.wire.picking import KEYS, LONGEST, MOST, Picks
from small_world import NOBODY, emulator, user_id

MILLION, MIB = 1_000_000, 1 << 20
ANSWER = b"x" * 300
TYPICAL = {
    "REQUEST_METHOD": "GET",
    "wsgi.url_scheme": "http",
    "SCRIPT_NAME": "",
    "QUERY_STRING": "",
    "HTTP_HOST": "127.0.0.1:4020",
    "HTTP_ACCEPT": "application/json",
    "HTTP_USER_AGENT": "test",
    "HTTP_AUTHORIZATION": "Bearer emulator-token-reseller",
}
PICKS = Picks()


def entry(number, body=b"", refused=None):
    met = Met()
    met.refused = refused
    environ = {
        **TYPICAL,
        "PATH_INFO": f"/api/v1.0/customers/x/users/{number}",
        "CONTENT_LENGTH": str(len(body)),
    }
    names, values, size = PICKS[tuple(environ)]
    facts = 0 if refused is None else sum(map(len, refused.facts.values()))
    return Entry(
        number,
        f"default.{number}",
        0,
        names,
        values(environ),
        body,
        200,
        [("Content-Length", "300")],
        ANSWER,
        len(ANSWER),
        0.001,
        met,
        size + 2 * len("".join(values(environ))) + len(body) + len(ANSWER) + facts,
    )


def twice(name):
    """A JSON object with the same member twice."""
    return f'{{"{name}": 1, "{name}": 2}}'.encode()


def struck(api, headers):
    """A request whose answer is of a fault of its own."""
    api.control("faults", "POST", json={"answer": {"status": 503, "headers": headers}, "count": 1})
    assert api.list().status == 503
    api.control("faults", "DELETE")


def memory():
    """The resident memory of this process in bytes."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def summed(journals):
    return sum(one.size for journal in journals for one in journal.entries())


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="tells the memory on Linux alone")
def test_a_million_requests_of_one_session_take_no_more_than_the_limits():
    budget = Budget(64 * MIB)
    journal = Journal(1000, budget)
    before = memory()

    for number in range(1, MILLION + 1):
        journal.add(entry(number))
        if number % 100_000 == 0:
            assert len(journal) == 1000
            assert budget.used == journal.size <= budget.limit

    assert journal.dropped == MILLION - 1000
    assert journal.entries()[0].number == MILLION - 999
    assert journal.size == summed([journal])
    assert memory() - before < 16 * MIB


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="tells the memory on Linux alone")
def test_a_million_requests_of_a_thousand_sessions_take_no_more_than_the_limits():
    budget = Budget(16 * MIB)
    journals = [Journal(1000, budget) for _ in range(1000)]
    before = memory()

    for number in range(MILLION):
        journals[number % 1000].add(entry(number))
        if number % 100_000 == 0:
            assert budget.used == sum(journal.size for journal in journals) <= budget.limit

    kept = sum(map(len, journals))
    assert sum(journal.dropped for journal in journals) == MILLION - kept
    assert all(len(journal) > 0 for journal in journals)
    assert budget.used == summed(journals) > budget.limit / 2
    assert memory() - before < 2 * budget.limit + 8 * MIB


def test_large_bodies_take_no_more_than_the_bytes_allowed():
    budget = Budget(MIB)
    journal = Journal(1000, budget)

    for number in range(1000):
        journal.add(entry(number, bytes(KEPT_BODY)))
        assert budget.used <= budget.limit

    assert 20 < len(journal) < 70


def test_an_entry_larger_than_all_that_is_allowed_is_not_kept():
    journal = Journal(1000, Budget(1 << 16))

    journal.add(entry(1, refused=Refused("X", "Y", value="x" * (1 << 20))))

    assert (len(journal), journal.size, journal.dropped) == (0, 0, 1)


def test_the_largest_session_makes_room_for_the_others():
    budget = Budget(MIB)
    large, small = Journal(100_000, budget), Journal(100_000, budget)
    small.add(entry(1))
    for number in range(10_000):
        large.add(entry(number))

    assert (len(small), small.dropped) == (1, 0)
    assert large.dropped > 0


def test_a_session_that_goes_gives_its_memory_back():
    budget = Budget(64 * MIB)
    gone, other = Journal(1000, budget), Journal(1000, budget)
    for number in range(100):
        gone.add(entry(number))
    other.add(entry(1))
    gone.close()
    gone.add(entry(101))  # a request that was still on its way

    assert budget.used == other.size == other.entries()[0].size
    assert budget.journals == {other}


def test_a_limit_of_none_keeps_nothing():
    journal = Journal(0, Budget(MIB))
    journal.add(entry(1))

    assert (len(journal), journal.size, journal.disabled) == (0, 0, True)


@pytest.mark.parametrize(
    "call",
    [
        lambda api, _: api.list(),
        lambda api, _: api.get(user_id(1)),
        lambda api, _: api.get(NOBODY),
        lambda api, number: api.call("GET", f"/nothing/{number}"),
        lambda api, number: api.call("POST", api.users, json={"email": "x" * 3000, "displayName": str(number)}),
        lambda api, number: api.call("POST", api.users, data=f"[{'1' * 10000}{number}", content_type="application/json"),
        lambda api, number: api.call("GET", f"{api.users}?{'q' * 5000}{number}"),
        lambda api, number: api.call("GET", f"{api.users}/{'u' * 5000}{number}"),
        lambda api, number: api.call("GET", api.users, headers={f"X-{name}": f"{number}" for name in range(50)}),
        lambda api, number: api.call("GET", api.users, headers={"X-Large": "v" * 5000 + str(number)}),
        lambda api, number: api.call("PATCH", f"{api.users}/{user_id(1)}", json=[{"op": "test", "path": "/displayName", "value": "y" * 20000 + str(number)}]),
        lambda api, number: api.call("POST", api.users, data=twice(f"😀{'A' * 20000}{number}"), content_type="application/json"),
        lambda api, number: struck(api, {f"X-{name}": f"{'v' * 900}{number}" for name in range(20)}),
    ],
    ids=["list", "get", "404", "route", "body", "large body", "query", "path", "headers", "header", "fact", "wide", "fault"],
)  # fmt: skip
def test_the_size_of_an_entry_is_about_the_memory_that_it_takes(call):
    api = emulator(settings=Settings(journal=100_000))
    journal = default_session(api).journal
    for number in range(220):  # what else is kept of requests reaches its limits
        call(api, number)
    journal.clear()
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(200):
        call(api, 1000 + number)
    gc.collect()
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()

    assert journal.size / 2 < taken < journal.size * 2


def default_session(api):
    entrance = api.app.wsgi_app
    while not hasattr(entrance, "_sessions"):
        entrance = entrance._application
    return entrance._sessions.default


def test_the_names_that_are_remembered_are_bounded():
    picks = Picks()
    for number in range(2 * MOST):
        environ = {"PATH_INFO": "/", f"HTTP_X_{number}": "a", "CONTENT_TYPE": "b", "wsgi.input": None}
        keys = tuple(environ)
        names = ("PATH_INFO", f"HTTP_X_{number}", "CONTENT_TYPE")
        assert picks[keys].names == names
        assert picks[keys].values(environ) == ("/", "a", "b")
        assert len(picks) <= MOST
    remembered = next(iter(picks.values()))
    assert len(picks) == MOST
    assert picks[keys].size > remembered.size + sum(map(len, names))


def test_names_that_are_long_or_many_are_not_remembered():
    picks = Picks()

    pick = picks["PATH_INFO", f"HTTP_{'X' * LONGEST}"]

    assert pick.size > LONGEST
    assert picks["PATH_INFO", *map(str, range(KEYS))].names == ("PATH_INFO",)
    assert picks == {}


def test_threads_that_add_read_and_clear_leave_it_consistent():
    budget = Budget(2 * MIB)
    journals = [Journal(300, budget) for _ in range(4)]
    failures = []

    def work(place):
        try:
            for number in range(3000):
                journal = journals[(place + number) % len(journals)]
                journal.add(entry(number))
                if number % 100 == place:
                    journal.clear()
                if number % 50 == place:
                    assert len(journal.entries()) <= 300
                    assert budget.used <= budget.limit
        except BaseException as fault:  # noqa: BLE001  told below
            failures.append(fault)

    threads = [threading.Thread(target=work, args=(place,)) for place in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert budget.used == sum(journal.size for journal in journals) == summed(journals)


def test_threads_lose_no_count():
    api = emulator()
    session = default_session(api)

    def work():
        met = Met()
        met.operation = "getUser"
        met.refused = Refused("RULE", "Error")
        for _ in range(2000):
            session.coverage.count(met, 200, 0.01)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    counted = total([session.coverage])
    assert counted.answers["getUser", 200].count == 16_000
    assert counted.refusals["RULE", "Error"] == 16_000
