"""Brings what webhooks are told of to their receivers."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dimensions_emulator.sandbox.posting import Posting
    from dimensions_emulator.sandbox.webhooks import Webhook

TIMEOUT = 10.0


class Courier:
    """Delivers for all sessions of a server, in one thread that begins with the first delivery.

    `pause` lets seconds pass between attempts; `timeout` is the seconds that a whole attempt may take.
    """

    def __init__(
        self, *, pause: Callable[[float], Awaitable[None]] | None = None, timeout: float = TIMEOUT
    ) -> None:
        self._pause = pause
        self._timeout = timeout
        self._lock = Lock()
        self._posting: Posting | None = None
        self._closed = False

    def work(self, webhook: Webhook) -> None:
        """Deliver what waits for a webhook, from now on; nothing once the courier is closed."""
        with self._lock:
            if self._closed:
                return
            if self._posting is None:
                from dimensions_emulator.sandbox.posting import Posting  # noqa: PLC0415  slow to import

                self._posting = Posting(self._pause, self._timeout)
                self._posting.start()
            self._posting.begin(webhook)

    def end(self, webhook: Webhook) -> None:
        """Break off the delivery to a webhook."""
        with self._lock:
            if self._posting is not None and not self._closed:
                self._posting.end(webhook)

    def close(self, timeout: float = 2.0) -> None:
        """Break off all deliveries, and wait so many seconds for the thread to end."""
        with self._lock:
            first, self._closed = not self._closed, True
        if self._posting is not None and first:
            self._posting.stop(timeout)
