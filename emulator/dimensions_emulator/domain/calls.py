"""What a use case needs to know of the call it serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from dimensions_emulator.domain.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from dimensions_emulator.domain.models import Caller, User
    from dimensions_emulator.domain.tenant import Tenant
    from dimensions_emulator.domain.world import World


class Ids(Protocol):
    """A source of ids and of secrets; a seeded one gives the same for the same number."""

    def guid(self, number: int) -> str:
        """A GUID, lower case with hyphens."""

    def token(self, number: int) -> str:
        """A secret of URL-safe characters."""


def _works(_: str) -> str:
    return ""


class Limits(NamedTuple):
    """How much a world may hold; the oldest mails and charges go, more users are refused."""

    users: int = 200_000
    mails: int = 10_000
    charges: int = 100_000


class Call(NamedTuple):
    """Who calls which customer, by which prefix, when and with what consent.

    `account_id` is set behind the enterprise prefix. `origin` tells the base of links in mails, `now` is
    in ticks of 100 ns, `charges_accepted` the header accept-charges. `mailbox` tells why mail to an address
    fails, empty where it does not.
    """

    caller: Caller
    customer_id: str
    account_id: str | None
    origin: Callable[[], str]
    now: int
    ids: Ids
    charges_accepted: bool = False
    limits: Limits = Limits()
    mailbox: Callable[[str], str] = _works


def tenant_of(world: World, call: Call) -> Tenant:
    """The customer called; raises `Refused` with 404 where it is unknown, elsewhere or not the caller's."""
    tenant = world.tenants.get(call.customer_id)
    if tenant is None:
        raise Refused("TENANT-UNKNOWN", "NotFound")
    if not call.caller.sees(tenant.customer):
        raise Refused("TENANT-ISOLATION", "NotFound")
    if call.account_id is None:
        return tenant
    if call.account_id not in world.accounts:
        raise Refused("TENANT-UNKNOWN", "NotFound")
    if tenant.customer.account != call.account_id:
        raise Refused("WIRE-PREFIXES", "NotFound")
    if call.account_id not in call.caller.accounts:
        raise Refused("TENANT-ISOLATION", "NotFound")
    return tenant


def member_of(world: World, tenant: Tenant, user_id: str) -> User:
    """A user of this tenant; raises `Refused` with 404, as if users of other tenants did not exist."""
    if user_id in tenant.members:
        return world.users[user_id]
    raise Refused("TENANT-ISOLATION" if user_id in world.users else "USER-UNKNOWN", "NotFound")


def new_user_id(world: World, ids: Ids) -> str:
    """An id that no user of this world has."""
    number = world.created
    while (user_id := ids.guid(number)) in world.users:
        number += 1
    return user_id
