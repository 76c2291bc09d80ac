"""The mails of the world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response, abort

from dimensions_emulator.control import mail_filter, pages
from dimensions_emulator.domain import ticks
from dimensions_emulator.wire import envelope

if TYPE_CHECKING:
    from flask import Blueprint

    from dimensions_emulator.control.desk import Desk
    from dimensions_emulator.domain.models import Mail
    from dimensions_emulator.domain.world import World
    from dimensions_emulator.post.rendering import Rendered

DROPPED = "X-Emulator-Dropped"
LONGEST_NUMBER = 16


def register(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get("/mail/messages")
    def messages() -> Response:
        """The mails that match, the oldest first; a header counts those that made room."""
        world, wanted = desk.world(), mail_filter.wanted(desk.renderer)
        found = wanted.among(world, sorted(world.mails))
        answer = envelope.many([shown(desk, world, mail) for mail in found], desk.clock())
        answer.headers[DROPPED] = str(world.mails_dropped)
        return answer

    @blueprint.delete("/mail/messages")
    def delete() -> Response:
        """Forget the mails that match."""
        wanted = mail_filter.wanted(desk.renderer)
        with desk.turn() as turn:
            gone = [mail.id for mail in wanted.among(turn.world, turn.world.mails)]
            turn.world = turn.world.without_mails(gone)
        return envelope.done(desk.clock())

    _register_one(blueprint, desk)


def _register_one(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get("/mail/messages/<number>")
    def message(number: str) -> Response:
        world = desk.world()
        return envelope.one(shown(desk, world, _found(world, number)), desk.clock())

    @blueprint.delete("/mail/messages/<number>")
    def delete_one(number: str) -> Response:
        with desk.turn() as turn:
            turn.world = turn.world.without_mails([_found(turn.world, number).id])
        return envelope.done(desk.clock())

    @blueprint.get("/mail/messages/<number>/links")
    def links(number: str) -> Response:
        """What the reader is asked to open."""
        world = desk.world()
        return envelope.many(list(_rendered(desk, world, _found(world, number)).links), desk.clock())

    @blueprint.get("/mail/messages/<number>.html")
    def html(number: str) -> Response:
        """The mail as a page."""
        world = desk.world()
        return pages.page(_rendered(desk, world, _found(world, number)).html)

    @blueprint.get("/mail/messages/<number>.eml")
    def source(number: str) -> Response:
        """The mail as it travels, in the Internet message format."""
        from dimensions_emulator.post.message import to_message  # noqa: PLC0415  slow to import

        world = desk.world()
        mail = _found(world, number)
        raw = to_message(_rendered(desk, world, mail), mail).as_bytes()
        return Response(raw, 200, {"X-Content-Type-Options": "nosniff"}, content_type="message/rfc822")


def shown(desk: Desk, world: World, mail: Mail) -> dict[str, Any]:
    """A mail as the control plane tells it."""
    rendered = _rendered(desk, world, mail)
    reason = {"reason": mail.failure} if mail.failure else {}
    return {
        "id": mail.id,
        "kind": mail.kind,
        "customer": mail.customer,
        "user": mail.user_id,
        "from": rendered.sender,
        "to": mail.to,
        "subject": rendered.subject,
        "sent": ticks.text(mail.sent),
        "delivery": {"status": mail_filter.delivery(mail), **reason},
        "links": list(rendered.links),
        "text": rendered.text,
        "html": rendered.html,
    }


def _found(world: World, number: str) -> Mail:
    if not (number.isascii() and number.isdigit() and len(number) <= LONGEST_NUMBER):
        abort(404, f"A mail has a number, which '{number[:LONGEST_NUMBER]}' is not.")
    mail = world.mails.get(int(number))
    if mail is None:
        latest = max(world.mails, default=None)
        there = "there is none at all" if latest is None else f"the latest is {latest}"
        abort(404, f"There is no mail {int(number)}; {there}.")
    return mail


def _rendered(desk: Desk, world: World, mail: Mail) -> Rendered:
    return desk.renderer.render(mail, world.tenants[mail.customer].customer.name)
