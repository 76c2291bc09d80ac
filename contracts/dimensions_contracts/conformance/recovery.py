"""Finishing what a killed run left, by its ledger."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dimensions_contracts.conformance import cleanup, stage
from dimensions_contracts.conformance.guard import Guard
from dimensions_contracts.conformance.ledger import Ledger, NotALedger
from dimensions_contracts.conformance.messages import Fault, Request
from dimensions_contracts.conformance.options import CannotRun
from dimensions_contracts.conformance.places import Place
from dimensions_contracts.conformance.transport import GuardedSession

if TYPE_CHECKING:
    from dimensions_contracts.conformance.cleanup import Left
    from dimensions_contracts.conformance.given import Cleaning
    from dimensions_contracts.conformance.ledger import Staged

UNAUTHORISED = 401


def recover(asked: Cleaning) -> Left:
    """Remove what the ledger tells of; raises `CannotRun` when that cannot even be tried."""
    ledger = _ledger(asked)
    items, book = ledger.open_items(), ledger.book
    if not items and book.closed:
        return cleanup.Left(0)
    if book.url != asked.url:
        raise CannotRun(f"{asked.ledger} is of a run against {book.url}, not {asked.url}; name that address.")
    places = {customer: Place(customer, customer, alone=False) for customer in book.customers}
    staged = items.stage is not None
    guard = Guard("full" if staged else "own-data", places, book.run_id, control=staged)
    for entry in items.created:  # before an answer tells of them
        guard.own(entry.id)
    callers = {"main": asked.token, "other": asked.other_token, "none": None}
    session = GuardedSession(asked.url, callers, guard, ledger, timeout=asked.timeout, ca_file=asked.ca_file)
    try:
        _check(session, book.customers[0])
        removed = cleanup.clean(session, items, places, lambda staged: _unstage(session, staged))
    finally:
        session.close()
    if not removed.left:
        ledger.close()
    return removed


def _ledger(asked: Cleaning) -> Ledger:
    if not asked.ledger.exists():
        raise CannotRun(
            f"there is no ledger {asked.ledger}; check writes it into the folder it is started in."
        )
    try:
        return Ledger(asked.ledger)
    except NotALedger as fault:
        raise CannotRun(f"{fault}") from None
    except OSError as fault:
        raise CannotRun(f"the ledger {asked.ledger} cannot be read: {fault.strerror}.") from None


def _check(session: GuardedSession, customer: str) -> None:
    try:
        answer = session.send(Request("GET", f"/api/v1.0/customers/{customer}/users", (), None))
    except Fault as fault:
        raise CannotRun(f"{fault}") from None
    if answer.status == UNAUTHORISED:
        raise CannotRun("the token of --token is not accepted (401): it is wrong, or expired; get a new one.")


def _unstage(session: GuardedSession, staged: Staged) -> None:
    document, created = stage.state(session), _ever_created(session.ledger)
    stage.put(
        session, stage.removed(document, staged.accounts, staged.customers, session.guard.run_id, created)
    )


def _ever_created(ledger: Ledger) -> list[str]:
    """The users of the run, those deleted included: their charges and activations are still there."""
    lines = ledger.path.read_text("utf-8").splitlines() if ledger.path else []
    return [entry["id"] for entry in map(json.loads, lines) if entry["event"] == "created"]
