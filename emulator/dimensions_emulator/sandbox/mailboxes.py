"""Mailboxes: which take no mail, and who waits for mail in them."""

from __future__ import annotations

import re
from fnmatch import translate
from itertools import count
from threading import Condition
from typing import TYPE_CHECKING, NamedTuple

from dimensions_emulator.domain import addresses

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 100


class MailboxesFull(Exception):
    """As many patterns as there may be."""


class Failure(NamedTuple):
    """Why mail to the addresses fails that match a pattern with the wildcards of the shell."""

    id: int
    to: str
    reason: str
    fits: Callable[[str], object]


class Mailboxes:
    """The mailboxes of a session; all work but those that match a pattern."""

    __slots__ = ("_arrived", "_failures", "_numbers", "_waiting")

    def __init__(self) -> None:
        self._failures: tuple[Failure, ...] = ()
        self._numbers = count(1)
        self._arrived = Condition()
        self._waiting = 0

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The patterns, the oldest first, which goes before the others."""
        return self._failures

    def failure(self, address: str) -> str:
        """Why mail to this address fails, empty if it does not."""
        if not self._failures:
            return ""
        key = addresses.key(address)
        return next((failure.reason for failure in self._failures if failure.fits(key)), "")

    def fail(self, to: str, reason: str) -> Failure:
        """Let mail to matching addresses fail from now on; raises `MailboxesFull`."""
        with self._arrived:
            if len(self._failures) >= MOST:
                raise MailboxesFull
            fits = re.compile(translate(addresses.key(to))).match
            failure = Failure(next(self._numbers), to, reason, fits)
            self._failures = (*self._failures, failure)
        return failure

    def mend(self, number: int) -> bool:
        """Forget a pattern; tells whether it was there."""
        with self._arrived:
            left = tuple(failure for failure in self._failures if failure.id != number)
            found = len(left) < len(self._failures)
            self._failures = left
        return found

    def clear(self) -> None:
        """Let all mailboxes work again."""
        with self._arrived:
            self._failures = ()

    def wake(self) -> None:
        """Let those look again who wait for mail; call it once the mail can be seen."""
        if self._waiting:
            with self._arrived:
                self._arrived.notify_all()

    def wait(self, look: Callable[[], bool], seconds: float) -> bool:
        """Wait until `look` finds something, which is tried now and whenever mail has arrived."""
        with self._arrived:
            self._waiting += 1
            try:
                return self._arrived.wait_for(look, seconds)
            finally:
                self._waiting -= 1
