"""Another administrator before the last one goes."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from dimensions_emulator.domain.tenant import ADMINISTRATOR
from dimensions_emulator.explain import bodies, places
from dimensions_emulator.explain.repairs.fields import free

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dimensions_emulator.domain.tenant import Tenant
    from dimensions_emulator.explain.case import Case, Plan
    from dimensions_emulator.sandbox.dry_run import Request

LOOKED_AT = 200
TRIED = 3


def another(case: Case) -> Iterator[Plan]:
    """ADMIN-LAST: somebody else is made administrator first, a new user where there is nobody."""
    tenant = case.world.tenants[str(case.no.facts["tenant"])]
    path = _users(case, tenant.customer.id)
    for user_id in _likely(case, tenant):
        user, held = case.world.users[user_id], tenant.roles_of(user_id)
        steps = [
            {"op": "add", "path": "/roles/-", "value": role}
            for role in case.book.wire_roles([role for role in reversed(ADMINISTRATOR) if role not in held])
        ]
        sent = bodies.written(_sent(case, "PATCH", f"{path}/{user_id}"), steps)
        yield case.plan.after(sent, f"make {user.display_name} <{user.email}> a user administrator")
    body = {
        "email": free(case.world, "new.administrator@example.com"),
        "displayName": "New Administrator",
        "roles": case.book.wire_roles(ADMINISTRATOR[:1]),
    }
    yield case.plan.after(
        bodies.written(_sent(case, "POST", path), body), "create another user administrator"
    )


def _likely(case: Case, tenant: Tenant) -> list[str]:
    """Members who can become administrators, those with a part of the roles first."""
    asked = case.user
    others = [key for key in islice(tenant.user_ids(), LOOKED_AT) if asked is None or key != asked.id]
    return sorted(others, key=lambda key: not set(ADMINISTRATOR) & set(tenant.roles_of(key)))[:TRIED]


def _users(case: Case, tenant_id: str) -> str:
    """The path of the users of a customer, by the prefix of the request."""
    moved = places.with_id(case.request, "customer", tenant_id).path
    return places.of_user(moved, "").rstrip("/")


def _sent(case: Case, method: str, path: str) -> Request:
    return case.request._replace(method=method, path=path, query="", body=b"")
