"""The mails of the world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import abort

from dimensions_emulator.control import filters
from dimensions_emulator.domain import addresses, ticks
from dimensions_emulator.store.base import DEFAULT_SESSION
from dimensions_emulator.wire import envelope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Blueprint, Response

    from dimensions_emulator.control.desk import Desk
    from dimensions_emulator.domain.models import Mail
    from dimensions_emulator.domain.world import World

KINDS = ("activation", "uc-welcome")


def register(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get("/mail/messages")
    def messages() -> Response:
        """The mails that match, the oldest first."""
        world = desk.store.read(DEFAULT_SESSION)
        return envelope.many([_shown(desk, world, mail) for mail in _matching(world)], desk.clock())

    @blueprint.delete("/mail/messages")
    def delete() -> Response:
        """Forget the mails that match."""
        with desk.store.transaction(DEFAULT_SESSION) as turn:
            turn.world = turn.world.without_mails([mail.id for mail in _matching(turn.world)])
        return envelope.done(desk.clock())


def _matching(world: World) -> Iterator[Mail]:
    wanted = filters.known("to", "kind", "customer")
    kind, to = wanted.get("kind"), addresses.key(wanted.get("to", ""))
    if kind is not None and kind not in KINDS:
        abort(400, f"There is no mail of the kind '{kind}'; there are: {', '.join(KINDS)}.")
    for number in sorted(world.mails):
        mail = world.mails[number]
        if (
            to in {"", addresses.key(mail.to)}
            and kind in {None, mail.kind}
            and wanted.get("customer") in {None, mail.customer}
        ):
            yield mail


def _shown(desk: Desk, world: World, mail: Mail) -> dict[str, Any]:
    rendered = desk.renderer.render(mail, world.tenants[mail.customer].customer.name)
    return {
        "id": mail.id,
        "kind": mail.kind,
        "customer": mail.customer,
        "user": mail.user_id,
        "from": rendered.sender,
        "to": mail.to,
        "subject": rendered.subject,
        "sent": ticks.text(mail.sent),
        "links": list(rendered.links),
        "text": rendered.text,
        "html": rendered.html,
    }
