"""What happens in the session, as it happens."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any

import orjson
from flask import Response, abort, request

from dimensions_emulator.control import filters
from dimensions_emulator.control.event_documents import document
from dimensions_emulator.sandbox.events import LISTENERS, TYPES, TooManyListeners
from dimensions_emulator.wire.waiting import LOOK, over, waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from wsgiref.types import WSGIEnvironment

    from flask import Blueprint

    from dimensions_emulator.control.desk import Desk
    from dimensions_emulator.sandbox.events import Event
    from dimensions_emulator.sandbox.session import Session

HEARTBEAT = 15.0
RETRY = 2_000
"""Milliseconds after which a client that lost its connection shall come back."""
BATCH = 100
LONGEST_NUMBER = 18
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a listener wants: events of some types, after one of them, no more than so many."""

    types: frozenset[str]
    after: int | None
    limit: int | None


def register(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get("/events")
    def events() -> Response:
        """The session's events as server-sent events, from now on or after one that was."""
        wanted, session = filters.known("types", "after", "limit"), desk.session
        wish = Wish(_types(wanted), _after(wanted), _limit(wanted))
        try:
            stream = Stream(
                session, request.environ, wish, lambda event: document(event, session.name, desk.book)
            )
        except TooManyListeners:
            abort(
                503,
                f"{LISTENERS} listen to the session '{session.name}' already, which is the most; end one.",
                retry_after=1,
            )
        return Response(stream, content_type="text/event-stream", headers=HEADERS)


class Stream:
    """The body of an answer that goes on until the session, the server or the listener goes away.

    It holds a place among the waiting requests and one among the listeners, from its making to `close`.
    """

    def __init__(
        self,
        session: Session,
        environ: WSGIEnvironment,
        wish: Wish,
        shown: Callable[[Event], dict[str, Any]],
    ) -> None:
        """Raises `TooManyListeners`, and `TooManyWaiting` where the server has no room."""
        with ExitStack() as stack:
            stack.enter_context(waiting(environ))
            self._wake = stack.enter_context(session.events.listening())
            self._places = stack.pop_all()
        self._session = session
        self._environ = environ
        self._wish = wish
        self._shown = shown
        self._beat = monotonic() + HEARTBEAT
        self._left = wish.limit
        self._seen = session.events.last if wish.after is None else wish.after

    def __iter__(self) -> Iterator[bytes]:
        yield self._opening()
        while (reason := self._reason()) is None:
            if pieces := self._next():
                self._beat = monotonic() + HEARTBEAT
                yield pieces
        yield _block("end", {"reason": reason})

    def close(self) -> None:
        """Give the places back."""
        self._places.close()

    def _opening(self) -> bytes:
        """What lets a client come back to where it was, even before the first event."""
        opening, last = b"retry: %d\n" % RETRY, self._session.events.last
        if self._seen <= last:
            return opening + b"id: %d\n\n" % self._seen
        reason = f"Event {self._seen} is not of this session, which has had {last}; these are its own."
        self._seen = 0
        return opening + b"id: 0\n\n" + _block("dropped", {"count": None, "reason": reason})

    def _reason(self) -> str | None:
        """Why the stream is at its end, None if it is not."""
        events = self._session.events
        if self._left == 0:
            return "These were as many events as were asked for."
        if self._seen < events.last:
            return None
        if events.closed:
            return "The session was ended."
        return "The server stops." if over(self._environ) else None

    def _next(self) -> bytes:
        """What happened since the last time; waits a little if nothing did."""
        self._session.used = monotonic()
        self._wake.clear()
        found, lost = self._session.events.since(self._seen, BATCH)
        told = [event for event in found if event.type in self._wish.types][: self._left]
        pieces = []
        if lost:
            number = self._seen + lost
            reason = "They made room for later ones."
            pieces.append(b"id: %d\n" % number + _block("dropped", {"count": lost, "reason": reason}))
        pieces += [b"id: %d\n" % event.id + _block(event.type, self._shown(event)) for event in told]
        if self._left is not None:
            self._left -= len(told)
        if found:
            self._seen = found[-1].id if self._left != 0 else told[-1].id
        elif monotonic() >= self._beat:
            pieces.append(b": still here\nid: %d\n\n" % self._seen)
        else:
            self._wake.wait(LOOK)
        return b"".join(pieces)


def _block(event: str, data: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (event.encode(), orjson.dumps(data))


def _types(wanted: dict[str, str]) -> frozenset[str]:
    types = frozenset(wanted.get("types", ",".join(TYPES)).split(","))
    if unknown := types.difference(TYPES):
        abort(400, f"There are no events of the type '{min(unknown)}'; there are: {', '.join(TYPES)}.")
    return types


def _after(wanted: dict[str, str]) -> int | None:
    """Where to go on; a client that comes back names it in a header, beside the query of its first call."""
    came_back = request.headers.get("Last-Event-ID")
    given = came_back or wanted.get("after")
    name = "Last-Event-ID" if came_back else "after"
    return None if given is None else _number(given, f"{name} is the id of an event, a whole number")


def _limit(wanted: dict[str, str]) -> int | None:
    given = wanted.get("limit")
    return None if given is None else _number(given, "limit is a whole number")


def _number(given: str, what: str) -> int:
    if not given.isdecimal() or len(given) > LONGEST_NUMBER:
        abort(400, f"{what}; '{given[:100]}' is none.")
    return int(given)
