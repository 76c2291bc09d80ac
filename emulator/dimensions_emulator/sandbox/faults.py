"""Faults that strike requests on purpose."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from fnmatch import translate
from itertools import count
from math import log
from threading import Lock
from typing import TYPE_CHECKING, Literal, NamedTuple

from dimensions_emulator.domain import addresses

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

LIMIT = 100
LONGEST_DELAY = 60.0
"""Seconds for which a request may be delayed, by all faults together."""

Break = Literal["reset", "hang", "truncate", "malformed"]
When = Literal["before", "after"]


class FaultsFull(Exception):
    """A session has as many faults as it may have."""


class Asked(NamedTuple):
    """What a request is recognised by; `users` are id and folded address, `callers` token and name."""

    operation: str
    customer: str | None
    users: tuple[str, ...]
    callers: tuple[str, ...]
    method: str
    path: str


@dataclass(frozen=True, slots=True)
class Match:
    """The requests that a fault can strike: those that have everything that is given here.

    `customer` is a GUID in its usual spelling, `user` one or an address, `caller` a name or a token. `path`
    is a glob in which * goes across slashes.
    """

    operation: str | None = None
    customer: str | None = None
    user: str | None = None
    caller: str | None = None
    method: str | None = None
    path: str | None = None
    _path: re.Pattern[str] | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        pattern = None if self.path is None else re.compile(translate(self.path))
        object.__setattr__(self, "_path", pattern)

    def fits(self, asked: Asked) -> bool:
        return (
            self.operation in {None, asked.operation}
            and self.customer in {None, asked.customer}
            and (self.user is None or addresses.key(self.user) in asked.users)
            and (self.caller is None or self.caller in asked.callers)
            and self.method in {None, asked.method}
            and (self._path is None or self._path.match(asked.path) is not None)
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in place of the real one; what is None is left to the catalogue of errors.

    `body` is what is sent, text or JSON as `text` tells. `retry_after` is in seconds.
    """

    status: int | None = None
    code: str | None = None
    message: str | None = None
    body: bytes | None = None
    text: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class Fixed:
    """Always the same delay."""

    milliseconds: float

    def draw(self, _: Random) -> float:
        return self.milliseconds


@dataclass(frozen=True, slots=True)
class Uniform:
    """A delay anywhere between two bounds, in milliseconds."""

    lower: float
    upper: float

    def draw(self, chance: Random) -> float:
        return chance.uniform(self.lower, self.upper)


@dataclass(frozen=True, slots=True)
class LogNormal:
    """A delay with a long tail: half of them are above `median` milliseconds, `sigma` stretches the tail."""

    median: float
    sigma: float

    def draw(self, chance: Random) -> float:
        return chance.lognormvariate(log(self.median), self.sigma)


@dataclass(frozen=True, slots=True)
class Plan:
    """Whom a fault strikes, how, and how often.

    `hang` is in seconds. `count` is how often it strikes at most, `after` how many requests it lets pass
    first. `when` tells whether the state changes: `after` means that the change is done and its answer is
    not what it should be.
    """

    match: Match = Match()
    answer: Answer | None = None
    breaks: Break | None = None
    hang: float | None = None
    latency: Fixed | Uniform | LogNormal | None = None
    count: int | None = None
    after: int = 0
    probability: float = 1.0
    when: When = "before"

    @property
    def decides(self) -> bool:
        """Whether it takes the answer's place, and not only time."""
        return self.answer is not None or self.breaks is not None


@dataclass(frozen=True, slots=True)
class Fault:
    """A plan, how many requests it fitted, and how many of them it has `struck`."""

    id: int
    plan: Plan
    fitted: int = 0
    struck: int = 0

    @property
    def spent(self) -> bool:
        return self.plan.count is not None and self.struck >= self.plan.count


class Strike(NamedTuple):
    """What strikes a request: the fault that decides its answer, or else the first that delays it.

    `before` and `after` are the seconds to let pass before and after the state changes.
    """

    fault: Fault
    before: float
    after: float


class Faults:
    """The faults of a session, tried in the order of their making."""

    __slots__ = ("_all", "_lock", "_numbers")

    def __init__(self) -> None:
        self._all: dict[int, Fault] = {}
        self._lock = Lock()
        self._numbers = count(1)

    def __bool__(self) -> bool:
        return bool(self._all)

    def all(self) -> tuple[Fault, ...]:
        """The faults of now, spent ones too."""
        with self._lock:
            return tuple(self._all.values())

    def get(self, number: int) -> Fault | None:
        return self._all.get(number)

    def add(self, plan: Plan) -> Fault:
        """A new fault; raises `FaultsFull`."""
        with self._lock:
            if len(self._all) >= LIMIT:
                raise FaultsFull
            fault = Fault(next(self._numbers), plan)
            self._all[fault.id] = fault
            return fault

    def change(self, number: int, edit: Callable[[Plan], Plan]) -> Fault | None:
        """A fault with another plan and its counts; None if it is not there."""
        with self._lock:
            fault = self._all.get(number)
            if fault is not None:
                fault = self._all[number] = replace(fault, plan=edit(fault.plan))
            return fault

    def remove(self, number: int) -> bool:
        """Forget a fault; False if it is not there."""
        with self._lock:
            return self._all.pop(number, None) is not None

    def clear(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._all.clear()

    def strike(self, asked: Asked, chance: Random) -> Strike | None:
        """Let the faults strike a request.

        Those that only delay add up; the first that decides the answer ends the search. What is not struck
        by one, as it is early, spent or lucky, is left to the next.
        """
        struck: Fault | None = None
        delays = {"before": 0.0, "after": 0.0}
        with self._lock:
            for fault in tuple(self._all.values()):
                if fault.spent or not fault.plan.match.fits(asked) or not self._hits(fault, chance):
                    continue
                plan, hit = fault.plan, self._all[fault.id]
                if plan.latency is not None:
                    delays[plan.when] += plan.latency.draw(chance) / 1000
                if plan.decides:
                    struck = hit
                    break
                struck = struck or hit
        if struck is None:
            return None
        before = min(delays["before"], LONGEST_DELAY)
        return Strike(struck, before, min(delays["after"], LONGEST_DELAY - before))

    def _hits(self, fault: Fault, chance: Random) -> bool:
        """Count a request that fits, and tell whether it is struck. Call it under the lock."""
        plan = fault.plan
        hit = fault.fitted >= plan.after and (plan.probability >= 1 or chance.random() < plan.probability)
        self._all[fault.id] = replace(fault, fitted=fault.fitted + 1, struck=fault.struck + hit)
        return hit
