"""Parts of a world that can go back on their own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from immutables import Map

from dimensions_emulator.domain.tenant import populated
from dimensions_emulator.domain.world import World

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dimensions_emulator.domain.models import Caller

FIELDS = {
    "users": ("accounts", "tenants", "users", "created", "emails", "devices", "owned"),
    "mail": ("mails", "mail_count", "mails_dropped", "activations"),
    "charges": ("charges", "charge_count", "charges_dropped"),
}


def restored(world: World, origin: World, parts: Iterable[str]) -> World:
    """The world with some of its parts as they are in another one.

    What speaks of accounts and customers that the outcome does not have goes.
    """
    made = world._replace(**{name: getattr(origin, name) for part in parts for name in FIELDS[part]})
    if set(world.tenants) == set(origin.tenants) and set(world.accounts) == set(origin.accounts):
        return made
    return _fitting(made)


def joined(world: World, callers: Iterable[Caller]) -> World:
    """The world with these callers too, as far as they see something of it; those that it has stay."""
    known = world.callers
    return world._replace(callers=known.update(_seeing(world, (c for c in callers if c.token not in known))))


def emptied(world: World) -> World:
    """The tenants and callers of a world without anything else."""
    tenants = {tenant_id: populated(tenant.customer, ()) for tenant_id, tenant in world.tenants.items()}
    return World(accounts=world.accounts, tenants=Map(tenants), callers=world.callers)


def _fitting(world: World) -> World:
    """The world without what speaks of accounts and customers that it does not have."""
    mails = {number: mail for number, mail in world.mails.items() if mail.customer in world.tenants}
    lost = {mail.token for number, mail in world.mails.items() if number not in mails}
    return world._replace(
        mails=Map(mails),
        activations=Map({token: link for token, link in world.activations.items() if token not in lost}),
        charges=Map({n: charge for n, charge in world.charges.items() if charge.customer in world.tenants}),
        callers=Map(_seeing(world, world.callers.values())),
    )


def _seeing(world: World, callers: Iterable[Caller]) -> dict[str, Caller]:
    """What is left of callers where they see only what is there; those go that see nothing any longer."""
    left: dict[str, Caller] = {}
    for caller in callers:
        accounts = frozenset(filter(world.accounts.__contains__, caller.accounts))
        customers = frozenset(filter(world.tenants.__contains__, caller.customers))
        if accounts or customers or not (caller.accounts or caller.customers):
            left[caller.token] = replace(caller, accounts=accounts, customers=customers)
    return left
