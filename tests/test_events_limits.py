"""However much happens, and however slow those are who hear of it, the memory stays bounded."""

import gc
import threading
import tracemalloc
from contextlib import ExitStack
from dataclasses import replace
from time import perf_counter

import pytest

from dimensions_emulator.domain import document, ticks
from dimensions_emulator.sandbox import webhooks as sandbox_webhooks
from dimensions_emulator.sandbox.clock import Clock
from dimensions_emulator.sandbox.courier import Courier
from dimensions_emulator.sandbox.events import HEARD, KEPT, LISTENERS, Events, TooManyListeners
from dimensions_emulator.sandbox.webhooks import LOG, QUEUE, WEBHOOKS, TooManyWebhooks, Wanted
from receiver import hanging, receiving, until
from small_world import SETTINGS, US, WEB, person, small_document, user_id

MILLION = 1_000_000
KIB, MIB = 1 << 10, 1 << 20


@pytest.fixture
def events():
    courier = Courier(timeout=1000)
    yield Events("mine", Clock(ticks.now), courier)
    courier.close()


@pytest.fixture(scope="module")
def commit():
    """The worlds before and after a commit that updates a user."""
    world = document.load(small_document())
    return world, world.with_user(replace(world.users[user_id(2)], display_name="x" * 100))


def memory(act):
    """How many bytes an act leaves allocated, how many more when it is done again, and the peak of that."""
    tracemalloc.start()
    try:
        act()
        once = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        act()
        twice, peak = tracemalloc.get_traced_memory()
        return once, twice - once, peak - once
    finally:
        tracemalloc.stop()


def test_a_million_events_that_nobody_hears_leave_the_latest_ones(events, commit):
    for _ in range(MILLION):
        events.commit(*commit)

    assert events.last == MILLION
    assert [event.id for event in events.since(0, MILLION)[0]] == list(range(MILLION - KEPT + 1, MILLION + 1))


def test_a_million_events_before_a_stuck_listener_and_a_stuck_receiver_leave_a_bounded_memory(events, commit):
    with receiving(hanging) as receiver, events.listening():
        webhook = events.webhooks.add(Wanted(receiver.url))
        events.commit(*commit)
        receiver.until(1)

        def fill():
            for _ in range(2 * HEARD):
                events.commit(*commit)

        left, more, peak = memory(fill)
        for _ in range(MILLION - 4 * HEARD):
            events.commit(*commit)
        found, lost = events.since(0, MILLION)

        assert (len(found), lost) == (HEARD, events.last - HEARD)
        assert (webhook.waiting, webhook.dropped) == (QUEUE, events.last - QUEUE)
        assert len(events.webhooks.deliveries()) == LOG
        assert left < 4 * MIB
        assert more < 100 * KIB
        assert peak < 200 * KIB
        states = [delivery.state for delivery in events.webhooks.deliveries()]
        assert states == ["waiting"] * LOG


def test_the_delivery_under_way_is_not_dropped(events, commit, monkeypatch):
    monkeypatch.setattr(sandbox_webhooks, "QUEUE", 3)
    with receiving(hanging) as receiver:
        webhook = events.webhooks.add(Wanted(receiver.url))
        events.commit(*commit)
        receiver.until(1)
        for _ in range(5):
            events.commit(*commit)
        states = [delivery.state for delivery in events.webhooks.deliveries()]

    assert states == ["waiting", "dropped", "dropped", "dropped", "waiting", "waiting"]
    assert (webhook.waiting, webhook.dropped) == (3, 3)


def test_a_million_listeners_find_no_place_and_leave_nothing(events):
    with ExitStack() as stack:
        for _ in range(LISTENERS):
            stack.enter_context(events.listening())

        def ask(times):
            refused = 0
            for _ in range(times):
                try:
                    events.listening().__enter__()
                except TooManyListeners:
                    refused += 1
            assert refused == times

        ask(MILLION)
        assert memory(lambda: ask(10_000))[1] < 20 * KIB
        assert len(events._listeners) == LISTENERS


def test_listeners_who_come_and_go_leave_nothing(events):
    def visit(times):
        for _ in range(times):
            with events.listening():
                pass

    visit(100_000)
    assert memory(lambda: visit(10_000))[1] < 20 * KIB
    assert events._listeners == ()


def test_a_million_webhooks_find_no_place_and_leave_nothing(events):
    for _ in range(WEBHOOKS):
        events.webhooks.add(Wanted("http://127.0.0.1:9/"))

    def ask(times):
        refused = 0
        for _ in range(times):
            try:
                events.webhooks.add(Wanted("http://127.0.0.1:9/"))
            except TooManyWebhooks:
                refused += 1
        assert refused == times

    ask(MILLION)
    assert memory(lambda: ask(10_000))[1] < 20 * KIB
    assert len(events.webhooks.all) == WEBHOOKS


def test_webhooks_that_come_and_go_leave_nothing(events, commit):
    def visit(times):
        for _ in range(times):
            webhook = events.webhooks.add(Wanted("http://127.0.0.1:9/", retries=0))
            events.commit(*commit)
            assert events.webhooks.remove(webhook.id)
        until(lambda: not events.webhooks._courier._posting._tasks)
        gc.collect()

    visit(100)  # what is made once is made before
    assert memory(lambda: visit(3_000))[1] < 400 * KIB
    assert events.webhooks.all == ()


def test_what_was_kept_for_listeners_goes_with_the_last_of_them(events, commit):
    with events.listening():
        with events.listening():
            for _ in range(1000):
                events.commit(*commit)
        assert len(events.since(0, MILLION)[0]) == 1000
    assert len(events.since(0, MILLION)[0]) == KEPT


def test_a_change_of_thousands_of_users_keeps_the_latest_of_them():
    users = {f"p{number}@example.com": person(number, WEB) for number in range(20_000)}
    world = document.load(small_document(users))
    changed = world.with_roles(US, dict.fromkeys(world.users, (WEB, SETTINGS)))
    events = Events("mine", Clock(ticks.now), Courier())

    _, _, peak = memory(lambda: events.commit(world, changed))

    assert events.last == 40_000
    assert len(events.since(0, MILLION)[0]) == KEPT
    assert peak < 2 * MIB


def test_events_of_many_threads_have_each_a_number_of_their_own(events, commit):
    seen = []

    def write():
        for _ in range(5_000):
            events.commit(*commit)

    def read():
        number = 0
        with events.listening() as wake:
            while number < 40_000:
                wake.wait(1)
                wake.clear()
                found, lost = events.since(number, 1000)
                number = found[-1].id if found else number
                seen.append(sum(1 for _ in found) + lost)

    threads = [threading.Thread(target=act) for act in (write,) * 8 + (read,) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert events.last == 40_000
    assert sum(seen) == 4 * 40_000


def test_a_write_pays_next_to_nothing_for_events_that_nobody_hears(events, commit):
    """The bar is 3 µs; ten times as much leaves room for a busy machine."""

    def once():
        started = perf_counter()
        for _ in range(1000):
            events.commit(*commit)
        return (perf_counter() - started) / 1000

    assert min(once() for _ in range(20)) < 30e-6
