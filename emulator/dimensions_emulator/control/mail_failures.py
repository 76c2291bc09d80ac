"""Mailboxes that fail on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import abort

from dimensions_emulator.control import members
from dimensions_emulator.sandbox.mailboxes import MOST, MailboxesFull
from dimensions_emulator.wire import body, envelope

if TYPE_CHECKING:
    from flask import Blueprint, Response

    from dimensions_emulator.control.desk import Desk
    from dimensions_emulator.sandbox.mailboxes import Failure

MEMBERS = ("to", "reason")
REASON = "550 5.1.1 No such mailbox"
LONGEST = 200


def register(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get("/mail/failures")
    def failures() -> Response:
        return envelope.many(list(map(_shown, desk.session.mailboxes.failures)), desk.clock())

    @blueprint.post("/mail/failures")
    def fail() -> Response:
        """Let mail to matching addresses fail; calls of the API do not notice, as with real mailboxes."""
        wanted = members.known(desk.settings.max_body, MEMBERS)
        to, reason = _text(wanted, "to"), _text(wanted, "reason", REASON)
        try:
            failure = desk.session.mailboxes.fail(to, reason)
        except MailboxesFull:
            abort(409, f"There are {MOST} patterns, which is the most; delete some.")
        return envelope.one(_shown(failure), desk.clock(), 201)

    @blueprint.delete("/mail/failures")
    def mend_all() -> Response:
        """Let all mailboxes work again."""
        desk.session.mailboxes.clear()
        return envelope.done(desk.clock())

    @blueprint.delete("/mail/failures/<number>")
    def mend(number: str) -> Response:
        if not any(str(failure.id) == number for failure in desk.session.mailboxes.failures):
            there = ", ".join(str(failure.id) for failure in desk.session.mailboxes.failures) or "none"
            abort(404, f"There is no pattern '{number[:LONGEST]}'; there are: {there}.")
        desk.session.mailboxes.mend(int(number))
        return envelope.done(desk.clock())


def _text(wanted: dict[str, Any], name: str, default: str = "") -> str:
    text = body.text(wanted, name)
    text = default if text is None else text
    if not text.strip() or len(text) > LONGEST or not text.isprintable():
        hint = "an address such as *@bounce.example, with * and ? as wildcards" if name == "to" else "a text"
        abort(400, f"{name} is {hint}, of 1 to {LONGEST} printable characters.")
    return text


def _shown(failure: Failure) -> dict[str, Any]:
    return {"id": failure.id, "to": failure.to, "reason": failure.reason}
