"""How many requests a caller may send."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from dimensions_emulator.domain import ticks

REMEMBERED = 10_000


class RateLimit:
    """A limit for each caller, by the clock of the session; `rate` is requests and seconds, None for none.

    The seconds of a caller begin with its first request, and again with the first one after they have
    passed. Those are forgotten that have sent nothing for longest when there are too many.
    """

    __slots__ = ("_callers", "_lock", "_setting", "rate")

    def __init__(self, rate: tuple[int, int] | None) -> None:
        self._setting = self.rate = rate
        self._callers: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._lock = Lock()

    def __bool__(self) -> bool:
        return self.rate is not None

    def set(self, rate: tuple[int, int] | None) -> None:
        """Another limit from now on, for callers who have sent nothing yet."""
        with self._lock:
            self.rate = rate
            self._callers.clear()

    def reset(self) -> None:
        """The limit of the beginning."""
        self.set(self._setting)

    def wait(self, caller: str, now: int) -> int:
        """Count a request, or tell without counting it in how many ticks the next one is taken; 0 is now."""
        with self._lock:
            if self.rate is None:
                return 0
            requests, seconds = self.rate
            began, sent = self._callers.get(caller, (now, 0))
            ends = began + seconds * ticks.SECOND
            if not began <= now < ends:  # a clock can also be set back
                began, sent, ends = now, 0, now
            if sent >= requests:
                return ends - now
            self._callers[caller] = began, sent + 1
            self._callers.move_to_end(caller)
            if len(self._callers) > REMEMBERED:
                self._callers.popitem(last=False)
            return 0
