"""Mails to users."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimensions_emulator.domain import room
from dimensions_emulator.domain.calls import member_of, tenant_of
from dimensions_emulator.domain.change import MailRequest
from dimensions_emulator.domain.models import Mail

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dimensions_emulator.domain.calls import Call
    from dimensions_emulator.domain.models import User
    from dimensions_emulator.domain.rulebook import Rulebook
    from dimensions_emulator.domain.world import World


def request(world: World, book: Rulebook, call: Call, user_id: str, kind: str) -> World:
    """The world with a mail that the caller asked for (MAIL-PRIMARY)."""
    tenant = tenant_of(world, call)
    user = member_of(world, tenant, user_id)
    book.decide("mail", MailRequest(tenant, user))
    return send(world, call, user, (kind,))


def send(world: World, call: Call, user: User, kinds: Iterable[str]) -> World:
    """The world with a mail of each kind to the user, on behalf of the customer called.

    A mailbox that fails does so later than the call: its mails are kept with the reason. The oldest mails go
    where there are too many.
    """
    before = world
    for kind in kinds:
        world = world.with_mail(
            Mail(
                id=world.mail_count + 1,
                kind=kind,
                customer=call.customer_id,
                user_id=user.id,
                to=user.email,
                display_name=user.display_name,
                origin=call.origin(),
                token=call.ids.token(world.mail_count),
                sent=call.now,
                failure=call.mailbox(user.email),
            )
        )
    return world if world is before else _fitting(world, call.limits.mails)


def _fitting(world: World, limit: int) -> World:
    if surplus := room.surplus(len(world.mails), limit):
        world = world.without_oldest_mails(surplus)
    if surplus := room.surplus(len(world.activations), limit):
        world = world.without_oldest_links(surplus)
    return world
