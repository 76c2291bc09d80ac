"""A session: a name, and everything that its name is good for."""

from __future__ import annotations

from itertools import count
from random import Random
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from dimensions_emulator.ids import RandomIds, SeededIds
from dimensions_emulator.sandbox.clock import Clock, Reading
from dimensions_emulator.sandbox.courier import Courier
from dimensions_emulator.sandbox.coverage import Coverage
from dimensions_emulator.sandbox.events import Events
from dimensions_emulator.sandbox.faults import Faults
from dimensions_emulator.sandbox.journal import Budget, Journal
from dimensions_emulator.sandbox.mailboxes import Mailboxes
from dimensions_emulator.sandbox.rate_limit import RateLimit
from dimensions_emulator.sandbox.refusals import Refusals

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from dimensions_emulator.domain.calls import Ids
    from dimensions_emulator.domain.world import World
    from dimensions_emulator.store.base import Store


class Origin(NamedTuple):
    """What a session begins with, and goes back to; `world_name` is what it was asked for by."""

    world: World
    world_name: str
    seed: int | None


class Terms(NamedTuple):
    """What the sessions of a server have in common.

    `clock` gives the real time in ticks of 100 ns, `journal` is in entries, `rate` in requests and seconds,
    `courier` delivers to webhooks.
    """

    clock: Callable[[], int]
    journal: int
    budget: Budget
    rate: tuple[int, int] | None = None
    courier: Courier | None = None


class Snapshot(NamedTuple):
    """A world, and the session's clock at that moment: its time in ticks, and whether it stood still."""

    world: World
    created: int
    frozen: bool


class Session:
    """One world's surroundings: its clock, ids, chance, journal, faults and what else tests steer by.

    `key` is the name of the world in the `store`, another one each time a name comes to life. `origin` is
    what a reset goes back to. `used` is in monotonic seconds, `at_work` has the numbers of the requests that
    are being answered, `created` is in ticks of the real time.
    """

    __slots__ = (
        "at_work",
        "chance",
        "clock",
        "coverage",
        "created",
        "events",
        "faults",
        "ids",
        "journal",
        "key",
        "limiter",
        "mailboxes",
        "name",
        "numbers",
        "origin",
        "refusals",
        "snapshots",
        "store",
        "used",
    )

    def __init__(self, name: str, key: str, origin: Origin, terms: Terms, store: Store) -> None:
        self.name = name
        self.key = key
        self.store = store
        self.origin = origin
        self.ids: Ids = RandomIds() if origin.seed is None else SeededIds(origin.seed)
        self.chance = Random(origin.seed)
        self.clock = Clock(terms.clock)
        self.journal = Journal(terms.journal, terms.budget)
        self.faults = Faults()
        self.limiter = RateLimit(terms.rate)
        self.coverage = Coverage()
        self.mailboxes = Mailboxes()
        self.events = Events(name, self.clock, terms.courier or Courier())
        self.refusals = Refusals()
        self.snapshots: dict[str, Snapshot] = {}
        self.numbers = count(1)
        self.created = terms.clock()
        self.used = monotonic()
        self.at_work: set[int] = set()

    def rewind(self, parts: Collection[str]) -> None:
        """Take `journal`, `faults` or `clock` back to how they began."""
        if "journal" in parts:
            self.journal.clear()
            self.refusals.clear()
        if "faults" in parts:
            self.faults.clear()
            self.mailboxes.clear()
            self.limiter.reset()
            self.chance.seed(self.origin.seed)
        if "clock" in parts:
            self.clock.reading = Reading()

    def close(self) -> None:
        """End what would outlive the session."""
        self.journal.close()
        self.events.close()
