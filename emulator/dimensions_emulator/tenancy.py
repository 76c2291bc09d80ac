"""What a client needs to begin with: a token, and a tenant that it opens."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dimensions_emulator.domain import ticks

if TYPE_CHECKING:
    from dimensions_emulator.domain.models import Caller
    from dimensions_emulator.domain.world import World


class Tenancy(NamedTuple):
    """A token that works, and the first customer that its holder sees, with its account."""

    token: str | None
    customer_id: str | None
    account_id: str | None

    def environment(self, url: str) -> dict[str, str]:
        """The variables that tell a program where to begin."""
        told = {
            "DIMENSIONS_URL": url,
            "DIMENSIONS_BASE_URL": f"{url}/api/v1.0",
            "DIMENSIONS_TOKEN": self.token,
            "DIMENSIONS_CUSTOMER_ID": self.customer_id,
            "DIMENSIONS_ACCOUNT_ID": self.account_id,
        }
        return {name: value for name, value in told.items() if value is not None}


def of(world: World) -> Tenancy:
    caller = best_caller(world)
    seen = {
        tenant.customer.id: tenant.customer.account
        for tenant in world.tenants.values()
        if caller and caller.sees(tenant.customer)
    }
    customer = min(seen, default=None)
    return Tenancy(caller.token if caller else None, customer, seen.get(customer or ""))


def best_caller(world: World) -> Caller | None:
    """The caller who sees most, of those whose token works."""
    working = [
        caller
        for caller in world.callers.values()
        if "onboarding" in caller.scopes and (caller.expires is None or caller.expires > ticks.now())
    ]
    seen = {
        caller.token: sum(caller.sees(tenant.customer) for tenant in world.tenants.values())
        for caller in working
    }
    return max(
        working, key=lambda caller: (seen[caller.token], len(caller.accounts), caller.token), default=None
    )
