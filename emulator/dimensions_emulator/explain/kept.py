"""Refusals as the journal keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimensions_emulator.explain.explainer import Refusal
from dimensions_emulator.sandbox.dry_run import Request

if TYPE_CHECKING:
    from dimensions_emulator.domain.errors import Refused
    from dimensions_emulator.domain.world import World
    from dimensions_emulator.explain.explainer import Explainer
    from dimensions_emulator.sandbox.journal import Entry
    from dimensions_emulator.sandbox.session import Session


def refusal(
    session: Session, entry: Entry, no: Refused, world: World, at: int | None = None, origin: str = ""
) -> Refusal:
    """The refusal of a request on a world, at the time of the request if no other is given."""
    headers = tuple((_name(name), value) for name, value in sorted(entry.headers))
    request = Request(entry.method, entry.path, entry.query, headers, entry.body, entry.mount, entry.scheme)
    whole = entry.sent.strip().lstrip("0") in {"", str(len(entry.body))}
    return Refusal(session, request, no, world, entry.at if at is None else at, whole, origin)


def line(explainer: Explainer, session: Session, entry: Entry, world: World) -> str:
    """What there is to say of a refusal in one line."""
    no = entry.met.refused
    return explainer.line(refusal(session, entry, no, world)) if no is not None else ""


def _name(of_wsgi: str) -> str:
    return of_wsgi.removeprefix("HTTP_").replace("_", "-").title()
