import threading
from collections import Counter

import pytest

from dimensions_emulator.domain.models import Caller
from dimensions_emulator.domain.world import World
from dimensions_emulator.store.base import DEFAULT_SESSION, SessionGone
from dimensions_emulator.store.memory import MemoryStore

STORES = [MemoryStore]
HOME, OTHER = DEFAULT_SESSION, "other"
PAUSE = 0.02


@pytest.fixture(params=STORES, ids=lambda kind: kind.__name__)
def store(request):
    made = request.param()
    made.put(HOME, World())
    return made


def size(world):
    """The one thing that these tests change."""
    return len(world.callers)


def grown(world, by=1):
    for number in range(size(world), size(world) + by):
        world = world.with_caller(Caller(str(number), f"token-{number}"))
    return world


def sized(number):
    return grown(World(), number)


def counted(store, session=HOME):
    return size(store.read(session))


def count(store, session=HOME, by=1):
    with store.transaction(session) as turn:
        turn.world = grown(turn.world, by)


def together(*acts):
    """Run the acts in threads that start at the same moment; the names of faults, counted."""
    start, faults = threading.Barrier(len(acts)), Counter()

    def run(act):
        start.wait(5)
        try:
            act()
        except Exception as fault:  # noqa: BLE001  the test looks at it
            faults[type(fault).__name__] += 1

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)
    return faults


def test_a_session_has_the_world_it_was_given_last(store):
    world = sized(7)
    store.put(OTHER, world)

    assert store.read(OTHER) == world
    with store.transaction(OTHER) as turn:
        assert turn.world == world
    store.put(OTHER, sized(3))
    assert counted(store, OTHER) == 3


def test_a_turn_is_committed_at_its_end(store):
    with store.transaction(HOME) as turn:
        turn.world = grown(turn.world)
        turn.world = grown(turn.world)

    assert counted(store) == 2


def test_what_was_read_stays_as_it_was(store):
    before = store.read(HOME)
    count(store)
    store.put(HOME, sized(9))

    assert size(before) == 0


def test_a_reader_sees_nothing_of_a_turn_before_its_end_and_does_not_wait_for_it(store):
    seen = []
    with store.transaction(HOME) as turn:
        turn.world = grown(turn.world)
        assert not together(lambda: seen.append(counted(store)))
        assert seen == [0]

    assert counted(store) == 1


@pytest.mark.parametrize("fault", [RuntimeError, KeyError, KeyboardInterrupt])
def test_a_turn_that_ends_with_an_exception_leaves_no_trace(store, fault):
    heard = []
    store.watch(lambda *commit: heard.append(commit))

    def fail():
        with store.transaction(HOME) as turn:
            turn.world = grown(turn.world)
            raise fault

    with pytest.raises(fault):
        fail()

    assert counted(store) == len(heard) == 0
    count(store)
    assert counted(store) == 1


def in_turn(store):
    with store.transaction(HOME) as turn:
        found = turn.world
        threading.Event().wait(PAUSE)
        turn.world = grown(found)


def by_the_way(store):
    found = store.read(HOME)
    threading.Event().wait(PAUSE)
    store.put(HOME, grown(found))


def test_writers_of_a_session_take_turns(store):
    assert not together(*[lambda: in_turn(store)] * 8)

    assert counted(store) == 8


def test_writers_that_take_no_turns_lose_what_others_wrote(store):
    assert not together(*[lambda: by_the_way(store)] * 8)

    assert counted(store) < 8


def test_a_world_is_not_given_to_a_session_in_the_middle_of_a_turn(store):
    begun = threading.Event()

    def slowly():
        with store.transaction(HOME) as turn:
            begun.set()
            threading.Event().wait(PAUSE)
            turn.world = grown(turn.world)

    def give():
        assert begun.wait(5)
        store.put(HOME, sized(40))

    assert not together(slowly, give)

    assert counted(store) == 40


def test_writers_of_different_sessions_do_not_wait_for_each_other(store):
    store.put(OTHER, World())
    with store.transaction(HOME):
        assert not together(lambda: count(store, OTHER))
        assert counted(store, OTHER) == 1


def test_sessions_know_nothing_of_each_other(store):
    store.put(OTHER, store.read(HOME))
    count(store, OTHER, by=5)
    assert (counted(store), counted(store, OTHER)) == (0, 5)

    count(store)
    store.put(OTHER, World())
    assert (counted(store), counted(store, OTHER)) == (1, 0)


def test_a_session_given_by_many_at_once_is_one_session(store):
    def arrive():
        store.put(OTHER, World())
        count(store, OTHER)

    assert not together(*[arrive] * 8)

    assert 1 <= counted(store, OTHER) <= 8
    count(store, OTHER, by=100)
    assert counted(store, OTHER) > 100


@pytest.mark.parametrize("name", ["unknown", "", "DEFAULT"])
def test_an_unknown_session_is_an_error(store, name):
    with pytest.raises(KeyError):
        store.read(name)
    with pytest.raises(KeyError), store.transaction(name):
        pytest.fail("there is no such session")
    with pytest.raises(KeyError):
        store.read(name)


def test_watchers_hear_of_each_commit_once(store):
    heard, also = [], []
    store.watch(
        lambda name, before, after: heard.append((name, size(before), size(after), counted(store, name)))
    )
    store.watch(lambda *commit: also.append(commit))
    store.put(OTHER, sized(10))

    count(store)
    count(store, OTHER)
    count(store, by=2)

    assert heard == [(HOME, 0, 1, 1), (OTHER, 10, 11, 11), (HOME, 1, 3, 3)]
    assert len(also) == len(heard)


def test_watchers_hear_of_commits_in_their_order(store):
    heard = []
    store.watch(lambda _, before, after: heard.append((size(before), size(after))))

    assert not together(*[lambda: [count(store) for _ in range(20)]] * 4)

    assert heard == [(number, number + 1) for number in range(80)]


def test_watchers_hear_nothing_of_a_turn_that_changed_nothing(store):
    heard = []
    store.watch(lambda *commit: heard.append(commit))
    with store.transaction(HOME):
        pass
    with store.transaction(HOME) as turn:
        turn.world = turn.world
    with store.transaction(HOME) as turn:
        before = turn.world
        turn.world = grown(before)
        turn.world = before

    assert heard == []


def test_watchers_hear_nothing_of_a_world_that_was_given(store):
    heard = []
    store.watch(lambda *commit: heard.append(commit))
    store.put(HOME, sized(3))
    store.put(OTHER, sized(4))

    assert heard == []


def test_a_world_is_not_rewritten_that_is_dropped_while_its_turn_is_awaited():
    class Dropping:
        def __enter__(self):
            store.drop("one")

        def __exit__(self, *_):
            pass

    store = MemoryStore()
    store.put("one", World())
    store._sessions["one"].lock = Dropping()

    with pytest.raises(SessionGone):
        store.rewrite("one", lambda world: world)
