"""What stood around a refusal: who called, about whom, and what the rule looks at."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from dimensions_emulator.domain import ticks
from dimensions_emulator.explain import bodies, places, seen, wanted
from dimensions_emulator.explain.repairs import roles as role_repairs

if TYPE_CHECKING:
    from collections.abc import Callable

    from dimensions_emulator.domain.models import Caller, Customer, User
    from dimensions_emulator.explain.case import Case

SHOWN = 20
WITH_ROLES = ("ROLE-", "CHARGES-", "ADMIN-")


def of(case: Case) -> dict[str, Any]:
    """The facts around a refusal that its rule does not state itself."""
    found: dict[str, Any] = {}
    if case.caller is not None:
        found["caller"] = _caller(case, case.caller)
    if case.tenant is not None:
        found["customer"] = _customer(case.tenant.customer)
    if case.user is not None:
        found["user"] = _user(case, case.user)
    if case.no.rule.startswith(WITH_ROLES) and _wants(case):
        found["rolesBefore"] = case.book.wire_roles(case.roles)
        found["rolesWanted"] = wanted.spelled(case)
        found["rolesResulting"] = case.book.wire_roles(role_repairs.outcome(case))
    more = MORE.get(case.no.rule)
    return found | (more(case) if more else {})


def _wants(case: Case) -> bool:
    """Whether the request has a body that tells what it wants, and that is known as a whole."""
    return case.request.method in {"POST", "PATCH"} and bodies.read(case.request) is not bodies.NONE


def _administrator(case: Case) -> dict[str, Any]:
    user = case.user  # the rule refuses what would take the roles of the last one
    if user is None:
        return {}
    customer = str(case.no.facts["tenant"])
    return {"lastAdministrator": {"id": user.id, "email": user.email, "customer": customer}}


def _holder(case: Case) -> dict[str, Any]:
    user = case.world.user_by_email(str(case.no.facts["email"]))
    return {"holder": _user(case, user)} if user else {}


def _lacking(case: Case) -> dict[str, Any]:
    resulting = role_repairs.outcome(case)
    needed = case.book.catalog.roles[case.book.read_roles([str(case.no.facts["role"])])[0][0]].prerequisites
    more = {"missingAltogether": case.book.wire_roles(role_repairs.lacks(case, resulting))}
    return {"prerequisites": case.book.wire_roles(needed), **(more if _wants(case) else {})}


def _visible(case: Case) -> dict[str, Any]:
    return {"customersOfCaller": [_customer(customer) for customer in seen.customers(case)[:SHOWN]]}


def _members(case: Case) -> dict[str, Any]:
    users = [case.world.users[key] for key in islice(seen.members(case), SHOWN)]
    return {"someUsersHere": [{"id": user.id, "email": user.email} for user in users]}


def _callers(case: Case) -> dict[str, Any]:
    return {"callersWhoMay": [caller.name for caller in seen.callers(case)[:SHOWN]]}


def _device(case: Case) -> dict[str, Any]:
    named = places.device(case.request.path) or ""
    customer = case.id_of("customer") or ""
    device = case.world.devices.get((customer, named))
    owned = case.world.owned.get(case.user.id, ()) if case.user else ()
    shown: dict[str, Any] = {"id": named, "onPlatform": device is not None}
    if device is not None:
        shown |= {"owner": device.owner, "clientType": device.client_type}
    return {
        "device": {name: value for name, value in shown.items() if value is not None},
        "devicesOfUser": [key[1] for key in owned if key[0] == customer][:SHOWN],
        "rolesBefore": case.book.wire_roles(case.roles),
    }


MORE: dict[str, Callable[[Case], dict[str, Any]]] = {
    "ADMIN-LAST": _administrator,
    "USER-UNIQUE-EMAIL": _holder,
    "ROLE-PREREQUISITE": _lacking,
    "TENANT-ISOLATION": _visible,
    "TENANT-UNKNOWN": _visible,
    "WIRE-PREFIXES": _visible,
    "ID-FORMAT": _visible,
    "USER-UNKNOWN": _members,
    "AUTH-REQUIRED": _callers,
    "AUTH-SCOPE": _callers,
    "DEVICE-OWNED": _device,
    "DEVICE-ROLES": _device,
    "DEVICE-CLIENT": _device,
}


def _caller(case: Case, caller: Caller) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "name": caller.name,
        "accounts": sorted(caller.accounts)[:SHOWN],
        "customers": sorted(caller.customers)[:SHOWN],
        "scopes": sorted(caller.scopes),
    }
    if caller.expires is not None:
        shown |= {"expires": ticks.text(caller.expires), "expired": caller.expires <= case.now}
    return shown


def _customer(customer: Customer) -> dict[str, Any]:
    return {
        "id": customer.id,
        "name": customer.name,
        "account": customer.account,
        "countryCode": customer.country_code,
        "features": {"agent": customer.agent, "device": customer.device},
    }


def _user(case: Case, user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "displayName": user.display_name,
        "email": user.email,
        "primaryTenant": user.primary_tenant,
        "isParent": case.world.is_parent(user),
        "customers": list(user.tenants),
    }
