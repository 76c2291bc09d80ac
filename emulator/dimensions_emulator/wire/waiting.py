"""Requests that wait for something: mail, events, time."""

from __future__ import annotations

from contextlib import nullcontext
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING

from werkzeug.exceptions import ServiceUnavailable

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from wsgiref.types import WSGIEnvironment

WAITING, STOPPING, GONE, AUTHORITY = (
    "dimensions.waiting",
    "dimensions.stopping",
    "dimensions.gone",
    "dimensions.authority",
)
LOOK = 0.25
"""Seconds between two looks whether a wait is over."""


class TooManyWaiting(ServiceUnavailable):
    """No room for one more request that waits; the answer says when to try again."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"{most} requests are waiting already, which is the most; try again, or start with a larger "
            "--max-waiting.",
            retry_after=1,
        )


def waiting(environ: WSGIEnvironment) -> AbstractContextManager[None]:
    """Keep a request that waits from taking others' turn; raises `TooManyWaiting` on entering.

    Requests that no server hands out need none of this.
    """
    room = environ.get(WAITING)
    return nullcontext() if room is None else room()


def over(environ: WSGIEnvironment) -> bool:
    """Whether nobody will hear the answer: the server stops, or the caller hung up."""
    stopping: Event | None = environ.get(STOPPING)
    return stopping is not None and (stopping.is_set() or environ[GONE]())


def pause(environ: WSGIEnvironment, seconds: float) -> None:
    """Let time pass while others are served, no longer than the wait makes sense."""
    stopping = environ.get(STOPPING) or Event()
    with waiting(environ):
        end = monotonic() + seconds
        while (left := end - monotonic()) > 0 and not over(environ):
            stopping.wait(min(left, LOOK))
