"""The journal of the session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from flask import Response, abort

from dimensions_contracts.operations import OPERATIONS
from dimensions_emulator.control import filters, har
from dimensions_emulator.sandbox import curl, matching
from dimensions_emulator.sandbox.exchange import Exchange
from dimensions_emulator.sandbox.value_patterns import PatternInvalid
from dimensions_emulator.wire import envelope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Blueprint

    from dimensions_emulator.control.desk import Desk
    from dimensions_emulator.sandbox.journal import Entry
    from dimensions_emulator.sandbox.matching import Pattern

FACTS = ("operation", "status", "rule", "caller", "user", "customer", "method")
LONGEST_NUMBER = 9


def register(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get("/requests")
    def requests() -> Response:
        """The requests that the filters let through, the oldest first."""
        return envelope.one(listed(desk, *_filtered(desk)), desk.clock())

    @blueprint.get("/requests.har")
    def archive() -> Response:
        """The same as an HTTP archive, for tools that read them."""
        found = har.archive(_filtered(desk)[0], desk.version, desk.session.journal.dropped)
        return Response(orjson.dumps(found), content_type="application/json")

    @blueprint.get("/requests/<request_id>")
    def request(request_id: str) -> Response:
        filters.known()
        return envelope.one(_one(desk, request_id), desk.clock())

    @blueprint.delete("/requests")
    def clear() -> Response:
        """Forget all requests of the session, and on what worlds they were refused."""
        filters.known()
        desk.session.journal.clear()
        desk.session.refusals.clear()
        return envelope.done(desk.clock())


def exchanges(desk: Desk, entries: Sequence[Entry] | None = None) -> list[Exchange]:
    """The requests of the session, the oldest first."""
    found, own = desk.session.journal.entries() if entries is None else entries, desk.settings.secrets
    return [Exchange(entry, own) for entry in found]


def shown(desk: Desk, exchange: Exchange) -> dict[str, Any]:
    """A request as JSON has it."""
    return {**exchange.shown(desk.session.name), "curl": curl.line(exchange)}


def listed(desk: Desk, found: list[Exchange], total: int | None = None) -> dict[str, Any]:
    """Some requests, with how many there are of their kind and how many are gone."""
    journal = desk.session.journal
    return {
        "requests": [shown(desk, exchange) for exchange in found],
        "meta": {"total": len(found) if total is None else total},
        "dropped": journal.dropped,
        "requestJournalDisabled": journal.disabled,
    }


def pattern(desk: Desk, given: Any, field: str) -> Pattern:
    """A pattern out of a request's body."""
    known = {
        "operation": [operation.id for operation in OPERATIONS],
        "rule": list(desk.book.catalog.rules),
    }
    return matching.read(given, known, field)


def _filtered(desk: Desk) -> tuple[list[Exchange], int]:
    """The requests that the filters let through, the newest of them if there is a limit, and their number."""
    given = filters.known(*FACTS, "after", "limit")
    wanted: dict[str, Any] = {name: given[name] for name in FACTS if name in given}
    if "status" in wanted:
        wanted["status"] = _number(wanted["status"], "status")
    limit = _number(given["limit"], "limit") if "limit" in given else None
    try:
        fitting = pattern(desk, wanted, "query")
    except PatternInvalid as no:
        abort(400, no.args[0])
    entries = desk.session.journal.entries()
    if "after" in given:
        entries = _after(desk, entries, given["after"])
    found = [exchange for exchange in exchanges(desk, entries) if fitting.fits(exchange)]
    return found if limit is None else found[max(len(found) - limit, 0) :], len(found)


def _number(text: str, name: str) -> int:
    if not text.isdecimal() or not text.isascii() or len(text) > LONGEST_NUMBER:
        abort(400, f"{name} is a whole number, not '{text}'.")
    return int(text)


def _after(desk: Desk, entries: tuple[Entry, ...], request_id: str) -> tuple[Entry, ...]:
    """The entries that came after one; if that is not kept, those whose requests came after its."""
    place = next((at for at, entry in enumerate(entries) if entry.id == request_id), None)
    if place is not None:
        return entries[place + 1 :]
    name, _, number = request_id.rpartition(".")
    if name != desk.session.name:
        abort(400, f"after is the id of a request of the session '{desk.session.name}', not '{request_id}'.")
    last = _number(number, "The number in after")
    return tuple(entry for entry in entries if entry.number > last)


def _one(desk: Desk, request_id: str) -> dict[str, Any]:
    journal = desk.session.journal
    entry = next((entry for entry in reversed(journal.entries()) if entry.id == request_id), None)
    if entry is None:
        name, why = desk.session.name, _why(desk, request_id)
        abort(404, f"The journal of the session '{name}' has no request '{request_id}'; {why}.")
    return shown(desk, exchanges(desk, (entry,))[0])


def _why(desk: Desk, request_id: str) -> str:
    session, name = desk.session, request_id.rpartition(".")[0]
    if session.journal.disabled:
        return "it is off (--journal 0)"
    if name and name != session.name:
        return f"if it is one of the session '{name}', name that in X-Emulator-Session"
    return f"it keeps {len(session.journal)}, and {session.journal.dropped} had to go"
