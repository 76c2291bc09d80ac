"""What a caller may see of a world."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dimensions_emulator.domain.models import Caller, Customer
    from dimensions_emulator.explain.case import Case

LOOKED_AT = 1000


def customers(case: Case) -> list[Customer]:
    """The customers the caller sees, first those with the user of the path, then those of its account."""
    caller, user, account = case.caller, case.user, case.id_of("account")
    if caller is None:
        return []
    seen = [
        tenant.customer
        for tenant in islice(case.world.tenants.values(), LOOKED_AT)
        if caller.sees(tenant.customer)
    ]
    return sorted(
        seen,
        key=lambda customer: (
            user is None or customer.id not in user.tenants,
            customer.account != account,
            customer.id,
        ),
    )


def callers(case: Case) -> list[Caller]:
    """The callers whose tokens are valid, those first that see the customer of the path."""
    tenant, account = case.tenant, case.id_of("account")

    def blind(caller: Caller) -> tuple[bool, bool, str]:
        sees = tenant is None or caller.sees(tenant.customer)
        return not sees, account is not None and account not in caller.accounts, caller.name

    return sorted((caller for caller in case.world.callers.values() if case.valid(caller)), key=blind)


def accounts(case: Case) -> list[str]:
    """The accounts that the caller has, that of the customer of the path first."""
    caller, tenant = case.caller, case.tenant
    own = tenant.customer.account if tenant else None
    held = [key for key in (caller.accounts if caller else ()) if key in case.world.accounts]
    return sorted(held, key=lambda key: (key != own, key))


def members(case: Case) -> Iterator[str]:
    """Some users of the customer of the path."""
    return islice(case.tenant.user_ids(), LOOKED_AT) if case.tenant else iter(())
