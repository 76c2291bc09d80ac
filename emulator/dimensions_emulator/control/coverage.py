"""What the application under test has met, and what it never has."""

from __future__ import annotations

from textwrap import shorten
from typing import TYPE_CHECKING, Any

from flask import Response, abort, request

from dimensions_emulator.control import coverage_parts, filters
from dimensions_emulator.sandbox.coverage import total
from dimensions_emulator.wire import envelope

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flask import Blueprint

    from dimensions_emulator.control.coverage_parts import Part
    from dimensions_emulator.control.desk import Desk
    from dimensions_emulator.sandbox.coverage import Coverage
    from dimensions_emulator.sandbox.session import Session

WIDTH = 100


def register(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get("/coverage")
    def coverage() -> Response:
        """Everything that can be met with how often it was, by the whole server or by the session named."""
        session = _session(desk)
        met = _met(desk, session)
        parts = coverage_parts.parts(desk.book.catalog, desk.book.profile, met)
        return envelope.one(_shown(session, met, parts), desk.clock())

    @blueprint.get("/coverage.txt")
    def table() -> Response:
        """The same for people: what was never met, and what that is."""
        session = _session(desk)
        parts = coverage_parts.parts(desk.book.catalog, desk.book.profile, _met(desk, session))
        return Response(_table(session, parts), content_type="text/plain; charset=utf-8")

    @blueprint.delete("/coverage")
    def clear() -> Response:
        """Begin anew, for the whole server or for the session named."""
        session = _session(desk)
        for counted in _all(desk) if session is None else [session.coverage]:
            desk.sessions.forgotten.take(counted)
        return envelope.done(desk.clock())


def _session(desk: Desk) -> Session | None:
    """The session that the request names by query, header or prefix; None for the whole server."""
    name, environ = filters.known("session").get("session"), request.environ
    own = desk.session
    named = "HTTP_X_EMULATOR_SESSION" in environ or environ.get("SCRIPT_NAME", "").endswith(f"/s/{own.name}")
    if name is None:
        return own if named else None
    if named and name != own.name:
        abort(400, f"The query names the session '{name}', the request '{own.name}'; name one of them.")
    return desk.sessions.look(name)


def _all(desk: Desk) -> Iterable[Coverage]:
    return [desk.sessions.past, *(session.coverage for session in desk.sessions.live())]


def _met(desk: Desk, session: Session | None) -> Coverage:
    return total(_all(desk) if session is None else [session.coverage])


def _shown(session: Session | None, met: Coverage, parts: tuple[Part, ...]) -> dict[str, Any]:
    lists = {part.name: part.listed() for part in parts}
    for one in lists["operations"]:
        one["statuses"] = coverage_parts.statuses(met, one["id"])
    return {
        "session": session and session.name,
        "percent": coverage_parts.percent(parts),
        "parts": {
            part.name: {"percent": coverage_parts.percent([part]), "met": part.met, "of": len(part.words)}
            for part in parts
        },
        **lists,
        "never": {part.name: part.never for part in parts},
    }


def _table(session: Session | None, parts: tuple[Part, ...]) -> str:
    met, of = sum(part.met for part in parts), sum(len(part.words) for part in parts)
    who = f"in the session {session.name}" if session else "in all sessions"
    lines = [f"{coverage_parts.percent(parts):g} % met {who}: {met} of {of}."]
    width = max(len(name) for part in parts for name in part.words)
    for part in parts:
        share = coverage_parts.percent([part])
        lines += ["", f"{part.name}: {share:g} %, {part.met} of {len(part.words)}"]
        lines += [f"  never  {name:<{width}}  {shorten(part.words[name], WIDTH)}" for name in part.never]
    return "\n".join([*lines, ""])
