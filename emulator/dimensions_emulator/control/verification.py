"""Whether requests came, and which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import abort

from dimensions_emulator.control import journal, members
from dimensions_emulator.sandbox import verification
from dimensions_emulator.sandbox.value_patterns import PatternInvalid
from dimensions_emulator.wire import body, envelope

if TYPE_CHECKING:
    from flask import Blueprint, Response

    from dimensions_emulator.control.desk import Desk
    from dimensions_emulator.sandbox.exchange import Exchange
    from dimensions_emulator.sandbox.verification import Verdict

LONGEST_SEQUENCE = 100
UNVERIFIED = 406


def register(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.post("/requests/count")
    def count() -> Response:
        """How many requests fit a pattern."""
        found = {"count": len(_found(desk)), "dropped": desk.session.journal.dropped}
        return envelope.one({**found, "requestJournalDisabled": False}, desk.clock())

    @blueprint.post("/requests/find")
    def find() -> Response:
        """The requests that fit a pattern, the oldest first."""
        return envelope.one(journal.listed(desk, _found(desk)), desk.clock())

    @blueprint.post("/requests/verify")
    def verify() -> Response:
        """Whether so many requests fit a pattern, or some fit a sequence of patterns."""
        given = _body(desk)
        members.check(given, ("match", "times", "sequence"))
        try:
            verdict = _verdict(desk, given)
        except PatternInvalid as no:
            abort(400, no.args[0])
        return _answer(desk, verdict)


def _body(desk: Desk) -> dict[str, Any]:
    given = body.json_object(desk.settings.max_body)
    if desk.session.journal.disabled:
        abort(
            409,
            "The journal is off (--journal 0), so nothing can be told; start with --journal 1000.",
        )
    return given


def _found(desk: Desk) -> list[Exchange]:
    given = _body(desk)
    try:
        pattern = journal.pattern(desk, given, "pattern")
        return [exchange for exchange in journal.exchanges(desk) if pattern.fits(exchange)]
    except PatternInvalid as no:
        abort(400, no.args[0])


def _verdict(desk: Desk, given: dict[str, Any]) -> Verdict:
    if "sequence" not in given:
        if "match" not in given:
            raise PatternInvalid(
                "The body has a match, with times if more than one is too many, or a sequence."
            )
        pattern = journal.pattern(desk, given["match"], "match")
        wanted = verification.read_times(given.get("times"))
        return verification.times(journal.exchanges(desk), pattern, wanted)
    steps = given["sequence"]
    if len(given) > 1:
        raise PatternInvalid("The body has a match with times, or a sequence, not both.")
    if not isinstance(steps, list) or not 1 <= len(steps) <= LONGEST_SEQUENCE:
        raise PatternInvalid(f"sequence is an array of 1 to {LONGEST_SEQUENCE} patterns.")
    patterns = [journal.pattern(desk, step, f"sequence[{number}]") for number, step in enumerate(steps)]
    return verification.sequence(journal.exchanges(desk), patterns)


def _answer(desk: Desk, verdict: Verdict) -> Response:
    dropped = desk.session.journal.dropped
    data: dict[str, Any] = {
        "verified": not verdict.reason,
        "count": verdict.count,
        "expected": verdict.expected,
        "dropped": dropped,
    }
    if not verdict.reason:
        return envelope.one(data, desk.clock())
    data["closest"] = [
        {**journal.shown(desk, exchange), "mismatches": [misfit._asdict() for misfit in misfits]}
        for exchange, misfits in verdict.near
    ]
    gone = f"\n{dropped} older requests had to go from the journal." if dropped else ""
    return envelope.error(UNVERIFIED, None, verdict.reason + gone, desk.clock(), {}, data)
