"""The clock of a session."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from dimensions_emulator.domain import ticks

if TYPE_CHECKING:
    from collections.abc import Callable

EARLIEST, LATEST = ticks.parse("1970-01-01T00:00:00Z"), ticks.parse("9000-01-01T00:00:00Z")
"""What fits into a timestamp with room to spare, for moments that are reckoned from a clock."""


class OutOfRange(ValueError):
    """A time before the earliest or past the latest one that a clock may show."""


class Reading(NamedTuple):
    """How a clock stands against the real one: `offset` ahead of it, or still at `frozen`; in ticks."""

    offset: int = 0
    frozen: int | None = None


class Clock:
    """A clock that can be moved and stopped; all times are in ticks of 100 ns.

    It stands still at `LATEST` when it gets there. Moving it out of range raises `OutOfRange`.
    """

    __slots__ = ("_base", "_moving", "reading")

    def __init__(self, base: Callable[[], int]) -> None:
        self._base = base
        self._moving = Lock()
        self.reading = Reading()

    def now(self) -> int:
        """The time of this session."""
        return self._at(self.reading)

    def stand(self) -> tuple[int, bool]:
        """The time, and whether it stands still."""
        reading = self.reading
        return self._at(reading), reading.frozen is not None

    def set(self, now: int) -> None:
        """Move to a time; a stopped clock stays stopped there."""
        with self._moving:
            self._move(now)

    def advance(self, by: int) -> None:
        """Move on by some ticks."""
        with self._moving:
            self._move(self.now() + by)

    def freeze(self, at: int | None = None) -> None:
        """Stop at a time, now if none is given."""
        with self._moving:
            self.reading = Reading(self.reading.offset, self.now() if at is None else _within(at))

    def resume(self) -> None:
        """Go on from where the clock stands."""
        with self._moving:
            if self.reading.frozen is not None:
                self.reading = Reading(self.reading.frozen - self._base())

    def restore(self, now: int, *, frozen: bool) -> None:
        """Stand still at a time, or run on from it."""
        with self._moving:
            self.reading = Reading(frozen=now) if frozen else Reading(now - self._base())

    def _at(self, reading: Reading) -> int:
        offset, frozen = reading
        return min(self._base() + offset, LATEST) if frozen is None else frozen

    def _move(self, now: int) -> None:
        _within(now)
        if self.reading.frozen is None:
            self.reading = Reading(now - self._base())
        else:
            self.reading = Reading(self.reading.offset, now)


def _within(now: int) -> int:
    if not EARLIEST <= now <= LATEST:
        raise OutOfRange
    return now
