"""The clock of a session."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from dimensions_emulator.testing.records import Reading, text_of

if TYPE_CHECKING:
    from dimensions_emulator.testing.line import Line


class Clock:
    """Time, where timestamps, tokens and links follow it; every call gives what the clock shows then."""

    def __init__(self, line: Line) -> None:
        self._line = line

    @property
    def now(self) -> datetime:
        return self.read().now

    def read(self) -> Reading:
        return Reading.of(self._line.control("GET", "clock"))

    def set(self, now: datetime) -> Reading:
        return Reading.of(self._line.control("PUT", "clock", {"now": text_of(now)}))

    def advance(
        self, *, seconds: float = 0, minutes: float = 0, hours: float = 0, days: float = 0
    ) -> Reading:
        """Let time pass."""
        by = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        return Reading.of(self._line.control("POST", "clock/advance", {"seconds": by.total_seconds()}))

    def freeze(self, at: datetime | None = None) -> Reading:
        """Stop the clock, at another time if one is given."""
        body = {} if at is None else {"at": text_of(at)}
        return Reading.of(self._line.control("POST", "clock/freeze", body))

    def resume(self) -> Reading:
        """Let the clock go on from where it stands."""
        return Reading.of(self._line.control("POST", "clock/resume"))
