"""The verbs of effects: each takes a change and gives it back, repaired or spread.

Every verb has the catalogue as its first argument and the rule's parameters by name.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dimensions_emulator.domain.prerequisites import missing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dimensions_contracts.catalog import Catalog
    from dimensions_emulator.domain.change import Deletion, DeviceChange, UserChange
    from dimensions_emulator.domain.models import Roles


def grant(_: Catalog, change: UserChange, *, role: str) -> UserChange:
    """Give the role (ROLE-WEBSITE)."""
    return _with(change, role)


def grant_platform_role(_: Catalog, change: UserChange, *, uk: str, elsewhere: str) -> UserChange:
    """Give the country's PBX user role unless either key is held (ROLE-PBX-AUTO)."""
    if uk in change.roles or elsewhere in change.roles:
        return change
    return _with(change, uk if change.tenant.customer.in_uk else elsewhere)


def grant_to_agents(_: Catalog, change: UserChange, *, role: str, feature: str) -> UserChange:
    """Give the role to a reported agent where the customer's switch and feature are on (ROLE-ACD-AUTO)."""
    customer = change.tenant.customer
    on = customer.sync_acd_agent_with_pbx and getattr(customer, feature) > 0
    return _with(change, role) if change.agent and on else change


def keep_on_replace(_: Catalog, change: UserChange, *, roles: Sequence[str]) -> UserChange:
    """Keep held roles of this list when the whole list is replaced (ROLE-PBX-KEPT, ROLE-READ-ONLY)."""
    if not change.replaced:
        return change
    return _with(change, *(role for role in roles if role in change.before))


def leave_as_it_was(_: Catalog, change: UserChange, *, role: str) -> UserChange:
    """Undo what the caller did to the role (ROLE-READ-ONLY)."""
    if role in change.before:
        return _with(change, role)
    return _without(change, (role,))


def add_prerequisites(catalog: Catalog, change: UserChange, *, uk: str, elsewhere: str) -> UserChange:
    """Give every prerequisite that is missing, and theirs (ROLE-PREREQUISITE)."""
    platform = (uk, elsewhere)
    while lack := next(missing(catalog, change.roles), None):
        wanted = lack[1]
        if wanted in platform:
            wanted = uk if change.tenant.customer.in_uk else elsewhere
        change = _with(change, wanted)
    return change


def keep_newest_of(catalog: Catalog, change: UserChange, *, group: str) -> UserChange:
    """Keep the group's last role: of a replaced list, else of those given (ROLE-SUPERVISOR-EXCLUSIVE)."""
    held = [role for role in change.roles if role in catalog.groups[group]]
    if not held:
        return change
    given = [role for role in held if change.replaced or role not in change.before]
    newest = (given or held)[-1]
    return _without(change, tuple(role for role in held if role != newest))


def spread(
    _: Catalog, change: UserChange, *, role: str, holders: Sequence[str], triggers: Sequence[str]
) -> UserChange:
    """Give the role to all PBX users with the first trigger, and to later ones (ROLE-REALTIME-SPREAD)."""
    triggered = any(trigger in change.roles for trigger in triggers)
    gains = any(change.gives(holder) for holder in holders)
    if not triggered and not gains:
        return change
    had = sum(trigger in change.before for trigger in triggers)
    others = change.tenant.holders(triggers) - had
    first = triggered and not others and not had
    holds = any(holder in change.roles for holder in holders)
    if holds and (first or (gains and (triggered or others))):
        change = _with(change, role)
    return change._replace(spread=role) if first else change


def mail_to_new_user(_: Catalog, change: UserChange, *, kind: str, switch: str) -> UserChange:
    """Send the mail to an account that did not exist before (MAIL-ON-CREATE)."""
    is_new = change.user is None and change.world.user_by_email(change.email or "") is None
    if is_new and getattr(change.tenant.customer, switch):
        return change._replace(mails=(*change.mails, kind))
    return change


def mail_on_gain(_: Catalog, change: UserChange, *, role: str, kind: str, switch: str) -> UserChange:
    """Send the mail to a user who gains the role in the primary tenant (MAIL-ON-UC)."""
    account = change.user or change.world.user_by_email(change.email or "")
    primary = account is None or account.primary_tenant == change.tenant.customer.id
    if primary and change.gives(role) and getattr(change.tenant.customer, switch):
        return change._replace(mails=(*change.mails, kind))
    return change


def move_to_client(_: Catalog, change: DeviceChange) -> DeviceChange:
    """Tie the device to the client type, whatever it was tied to (DEVICE-MOVES)."""
    return change._replace(device=replace(change.device, client_type=change.client_type))


def leave_every_tenant(_: Catalog, change: Deletion) -> Deletion:
    """Remove the user everywhere when this is the primary tenant (DELETE-PRIMARY)."""
    if change.user.primary_tenant != change.tenant.customer.id:
        return change
    return change._replace(leaves=change.user.tenants)


def _with(change: UserChange, *roles: str) -> UserChange:
    new = tuple(role for role in roles if role not in change.roles)
    return change._replace(roles=(*change.roles, *new)) if new else change


def _without(change: UserChange, roles: Roles) -> UserChange:
    rest = tuple(role for role in change.roles if role not in roles)
    return change._replace(roles=rest) if len(rest) < len(change.roles) else change
