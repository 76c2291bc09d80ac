"""The verbs of checks: each answers None when the rule holds, or else the facts of its breach.

Every verb has the catalogue as its first argument and the rule's parameters by name. A breach with
more than one text names its error under the fact `error`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

from dimensions_contracts import catalog as catalogue
from dimensions_emulator.domain.prerequisites import missing
from dimensions_emulator.domain.tenant import administers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dimensions_contracts.catalog import Catalog
    from dimensions_emulator.domain.change import Deletion, DeviceChange, MailRequest, UserChange

Facts: TypeAlias = "dict[str, Any] | None"
ADDRESS = re.compile(catalogue.read("schemas/email-address.json")["pattern"])


def fields_fit(_: Catalog, change: UserChange, **limits: int) -> Facts:
    """Text of the printed lengths, and an address that is one (USER-FIELDS)."""
    before = change.user
    if before is None or before.email != change.email:
        breach = _field("Email", change.email, limits["email"])
        if breach:
            return breach
        if not ADDRESS.fullmatch(change.email or ""):
            return {"error": "AddressInvalid", "field": "Email"}
    if before is None or before.display_name != change.display_name:
        return _field("DisplayName", change.display_name, limits["displayName"])
    return None


def address_is_free(_: Catalog, change: UserChange, *, elsewhere: bool = False) -> Facts:
    """No other account has the address; `elsewhere` lets one of other tenants pass (USER-UNIQUE-EMAIL)."""
    if change.user is not None and change.user.email == change.email:
        return None
    found = change.world.user_by_email(change.email or "")
    if found is None or found is change.user:
        return None
    if elsewhere and change.tenant.customer.id not in found.tenants:
        return None
    return {"email": change.email}


def only_known_roles(_: Catalog, change: UserChange) -> Facts:
    """Every wanted role is in the catalogue (ROLE-KNOWN)."""
    return {"role": change.unknown[0]} if change.unknown else None


def prerequisites_held(catalog: Catalog, change: UserChange) -> Facts:
    """The resulting roles have all their prerequisites (ROLE-PREREQUISITE)."""
    if change.roles == change.before:
        return None
    lack = next(missing(catalog, change.roles), None)
    return {"role": lack[0], "missing": lack[1]} if lack else None


def at_most_one_of(catalog: Catalog, change: UserChange, *, group: str) -> Facts:
    """The resulting roles have at most one of the group (ROLE-SUPERVISOR-EXCLUSIVE)."""
    if change.roles == change.before:
        return None
    members = catalog.groups[group]
    held = [role for role in change.roles if role in members]
    return {"roles": _and(held)} if len(held) > 1 else None


def role_unchanged(_: Catalog, change: UserChange, *, role: str) -> Facts:
    """The role is neither given nor taken (ROLE-READ-ONLY)."""
    return {"role": role} if (role in change.before) != (role in change.roles) else None


def platform_role_of_country(_: Catalog, change: UserChange, *, uk: str, elsewhere: str) -> Facts:
    """No PBX user role of another country is given (ROLE-UK-ESSENTIAL)."""
    right, wrong = (uk, elsewhere) if change.tenant.customer.in_uk else (elsewhere, uk)
    return {"role": wrong, "instead": right} if change.gives(wrong) else None


def feature_licensed(_: Catalog, change: UserChange, *, role: str, feature: str) -> Facts:
    """The role is not given where the customer's feature is 0 (ROLE-ACD-FEATURE)."""
    if change.gives(role) and getattr(change.tenant.customer, feature) == 0:
        return {"role": role, "feature": feature}
    return None


def administrator_remains(_: Catalog, change: UserChange | Deletion) -> Facts:
    """Every tenant that had a user administrator keeps one (ADMIN-LAST)."""
    for tenant, before, after in change.losses():
        if tenant.administrators == 1 and administers(before) and not administers(after):
            return {"tenant": tenant.customer.id}
    return None


def charges_accepted(catalog: Catalog, change: UserChange) -> Facts:
    """Given licensed roles are accepted to cost money (CHARGES-ACCEPTED)."""
    if change.charges_accepted:
        return None
    licensed = [role for role in change.added if catalog.roles[role].licensed]
    return {"roles": _and(licensed)} if licensed else None


def tenant_is_primary(_: Catalog, change: MailRequest) -> Facts:
    """The tenant is the user's primary one (MAIL-PRIMARY)."""
    primary = change.user.primary_tenant
    return {"primary": primary} if primary != change.tenant.customer.id else None


def device_is_owned(_: Catalog, change: DeviceChange) -> Facts:
    """The device is this user's on the phone platform (DEVICE-OWNED)."""
    return {"device": change.device.id} if change.device.owner != change.user.id else None


def roles_held(_: Catalog, change: DeviceChange, *, roles: Sequence[str]) -> Facts:
    """The user holds all of the roles (DEVICE-ROLES)."""
    lack = next((role for role in roles if role not in change.roles), None)
    return {"missing": lack} if lack else None


def client_type_matches(_: Catalog, change: DeviceChange) -> Facts:
    """The device is tied to the client type (DEVICE-CLIENT)."""
    if change.device.client_type == change.client_type:
        return None
    return {"device": change.device.id, "client": change.client_type}


def _field(name: str, value: str | None, limit: int) -> Facts:
    if not value:
        return {"error": "FieldRequired", "field": name}
    if len(value) > limit:
        return {"error": "FieldTooLong", "field": name, "limit": limit}
    return None


def _and(words: Sequence[str]) -> str:
    return " and ".join(words)
