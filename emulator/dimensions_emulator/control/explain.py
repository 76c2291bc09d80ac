"""Why a request was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import abort

from dimensions_emulator.control import filters
from dimensions_emulator.explain import kept
from dimensions_emulator.wire import envelope, urls

if TYPE_CHECKING:
    from flask import Blueprint, Response

    from dimensions_emulator.control.desk import Desk
    from dimensions_emulator.sandbox.journal import Entry
    from dimensions_emulator.sandbox.session import Session


def register(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get("/explain/<request_id>")
    def explain(request_id: str) -> Response:
        """Explain a refused request of the journal."""
        filters.known()
        return envelope.one(_explained(desk, _entry(desk, request_id)), desk.clock())


def _entry(desk: Desk, request_id: str) -> Entry:
    session = desk.session
    entries = session.journal.entries()
    found = next((entry for entry in reversed(entries) if entry.id == request_id), None)
    if found is None:
        there = _there(session, entries)
        abort(
            404,
            f"The journal of the session '{session.name}' has no request '{request_id}'; {there}. "
            "Requests with X-Emulator-Journal: off are in no journal.",
        )
    return found


def _there(session: Session, entries: tuple[Entry, ...]) -> str:
    if session.journal.disabled:
        return "it keeps none, start with a --journal above 0"
    if not entries:
        return "it is empty"
    dropped = session.journal.dropped
    return f"it keeps {len(entries)}, {entries[0].id} to {entries[-1].id}, and has dropped {dropped}"


def _explained(desk: Desk, entry: Entry) -> dict[str, Any]:
    no, fault = entry.met.refused, entry.met.fault
    about: dict[str, Any] = {"request": entry.id, "status": entry.status, "refused": no is not None}
    if no is None:
        told = (
            "a fault of this session (GET /_emulator/faults) decided on its answer"
            if fault
            else "no rule refused it"
        )
        return {**about, "reason": f"There is nothing to explain: {told}."}
    session = desk.session
    world = session.refusals.world(entry.number)
    origin = urls.server_origin()
    if world is not None:
        refusal = kept.refusal(session, entry, no, world, origin=origin)
    else:
        refusal = kept.refusal(session, entry, no, desk.world(), desk.clock(), origin)
    return {**about, "world": "now" if world is None else "refusal", **desk.explainer.explain(refusal)}
