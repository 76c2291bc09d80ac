"""What the application under test has met."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dimensions_emulator.domain.world import World
    from dimensions_emulator.sandbox.met import Met

BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds of the classes in which answers are counted; the last class has none."""


TOGETHER = 64
"""So many answers are counted at once: one by one it would cost a GET one percent more."""


class Answers:
    """Answers of one kind: all their seconds, and how many took how long by the classes of `BOUNDS`."""

    __slots__ = ("classes", "seconds")

    def __init__(self) -> None:
        self.seconds = 0.0
        self.classes = [0] * (len(BOUNDS) + 1)

    @property
    def count(self) -> int:
        return sum(self.classes)

    def add(self, other: Answers) -> None:
        self.seconds += other.seconds
        self.classes = [own + more for own, more in zip(self.classes, other.classes, strict=True)]


class Coverage:
    """Counts of answers by operation and status, of refusals by rule and error, of mails by kind, of charges.

    The operation is None where no route matched, the status 0 where the answer was broken. `struck` counts
    the requests that a fault has struck, `codes` the error codes that faults have answered with.
    """

    __slots__ = ("_lock", "_pending", "answers", "charges", "codes", "mails", "refusals", "struck")

    def __init__(self) -> None:
        self._lock = Lock()
        self._pending: list[tuple[str | None, int, float]] = []
        self._begin()

    def _begin(self) -> None:
        self.answers: dict[tuple[str | None, int], Answers] = {}
        self.refusals: Counter[tuple[str, str]] = Counter()
        self.mails: Counter[str] = Counter()
        self.codes: Counter[str] = Counter()
        self.charges = 0
        self.struck = 0

    def count(self, met: Met, status: int, seconds: float) -> None:
        """Count an answered request, at the latest when somebody asks."""
        pending = self._pending
        if met.refused is None and met.fault is None:
            pending.append((met.operation, status, seconds))
        else:
            with self._lock:  # so that nobody sees the answer without what led to it
                pending.append((met.operation, status, seconds))
                self._count(met)
        if len(pending) >= TOGETHER:
            with self._lock:
                self._settle()

    def _count(self, met: Met) -> None:
        if met.refused is not None:
            self.refusals[met.refused.rule, met.refused.error] += 1
        if met.fault is not None:
            self.struck += 1
            answer = met.fault.plan.answer
            if answer is not None and answer.code is not None:
                self.codes[answer.code] += 1

    def _settle(self) -> None:
        """Count the answers that are pending, those that come meanwhile too. Call it under the lock."""
        while self._pending:
            operation, status, seconds = self._pending.pop()
            answers = self.answers.get((operation, status))
            if answers is None:
                answers = self.answers[operation, status] = Answers()
            answers.seconds += seconds
            answers.classes[bisect_left(BOUNDS, seconds)] += 1

    def commit(self, before: World, after: World) -> None:
        """Count the mails and charges that a commit has brought."""
        if after.mail_count == before.mail_count and after.charge_count == before.charge_count:
            return
        numbers = range(before.mail_count + 1, after.mail_count + 1)
        mails = [after.mails[number].kind for number in numbers if number in after.mails]
        with self._lock:
            self.mails.update(mails)
            self.charges += after.charge_count - before.charge_count

    def take(self, other: Coverage) -> None:
        """Count what another one has counted, which begins anew."""
        with self._lock, other._lock:
            self._add(other)
            other._begin()

    def take_in(self, other: Coverage) -> None:
        """Count what another one has counted, which keeps it."""
        with self._lock, other._lock:
            self._add(other)

    def _add(self, other: Coverage) -> None:
        other._settle()
        for key, answers in other.answers.items():
            self.answers.setdefault(key, Answers()).add(answers)
        self.refusals.update(other.refusals)
        self.mails.update(other.mails)
        self.codes.update(other.codes)
        self.charges += other.charges
        self.struck += other.struck


def total(parts: Iterable[Coverage]) -> Coverage:
    """What all of them have counted together, as it is now."""
    whole = Coverage()
    for part in parts:
        whole.take_in(part)
    return whole
