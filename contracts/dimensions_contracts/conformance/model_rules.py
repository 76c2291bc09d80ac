"""The rules on roles as a reference model has them: effects that repair a change, checks that refuse it.

A decision is asked for only where it matters, so that who listens knows which ones do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from dimensions_contracts.catalog import Catalog
    from dimensions_contracts.conformance.model import Facts

    Broken: TypeAlias = tuple[str, Mapping[str, str]] | None

Roles: TypeAlias = tuple[str, ...]

WEBSITE, ADMINISTRATOR, UC = "customer.user", "user.admin", "customer.user.uc"
AGENT, REALTIME = "customer.user.acd", "customer.user.pbx.realtime"
ACTIVATION, WELCOME = "activation", "uc-welcome"
TWO = 2


@dataclass(frozen=True, slots=True)
class Draft:
    """A change on its way through the rules; `before` is empty for a user to be created."""

    catalog: Catalog
    decisions: Mapping[str, str]
    facts: Facts
    created: bool
    replaced: bool
    accepts_charges: bool
    before: Roles
    roles: Roles
    unknown: Roles
    mails: tuple[str, ...] = ()
    spreads: bool = False

    @property
    def given(self) -> Roles:
        return tuple(role for role in self.roles if role not in self.before)

    @property
    def changed(self) -> bool:
        return self.roles != self.before

    def having(self, roles: Iterable[str]) -> Draft:
        return replace(self, roles=tuple(dict.fromkeys((*self.roles, *roles))))

    def lacking(self, roles: Iterable[str]) -> Draft:
        gone = set(roles)
        return replace(self, roles=tuple(role for role in self.roles if role not in gone))

    def posting(self, kind: str) -> Draft:
        return replace(self, mails=(*self.mails, kind))


def administers(roles: Iterable[str]) -> bool:
    """Tell whether these roles make a user administrator who can sign in (ADMIN-LAST)."""
    return {WEBSITE, ADMINISTRATOR} <= set(roles)


def platform_roles(catalog: Catalog) -> Roles:
    """The PBX user roles of all countries."""
    return tuple(key for key, role in catalog.roles.items() if role.platform)


def requirements(catalog: Catalog, key: str) -> Roles:
    """Every role that a role needs, and what those need, each before what needs it."""
    own = catalog.roles[key].prerequisites
    deep = (role for wanted in own for role in (*requirements(catalog, wanted), wanted))
    return tuple(dict.fromkeys(deep))


def _lacks(catalog: Catalog, roles: Roles) -> Iterator[tuple[str, str]]:
    """Each role with a prerequisite that is not held; the PBX user roles stand in for each other."""
    platform = platform_roles(catalog)
    held = {*roles, *platform} if not set(platform).isdisjoint(roles) else set(roles)
    return (
        (role, wanted) for role in roles for wanted in catalog.roles[role].prerequisites if wanted not in held
    )


def _triggers(decisions: Mapping[str, str]) -> frozenset[str]:
    return frozenset(f"customer.user.supervisor{level}" for level in decisions["realtime-trigger"].split("-"))


def _supervisors(draft: Draft) -> list[str]:
    return [role for role in draft.roles if role in draft.catalog.groups["supervisor"]]


def _read_only_roles(draft: Draft) -> list[str]:
    return [key for key, role in draft.catalog.roles.items() if role.read_only]


def _touched(draft: Draft) -> list[str]:
    """The read-only roles that this change gives or takes."""
    return [role for role in _read_only_roles(draft) if (role in draft.before) != (role in draft.roles)]


def _website(draft: Draft) -> Draft:
    return draft.having([WEBSITE]) if draft.created else draft


def _pbx_kept(draft: Draft) -> Draft:
    kept = [role for role in platform_roles(draft.catalog) if role in draft.before]
    return draft.having(kept) if draft.replaced else draft


def _read_only_kept(draft: Draft) -> Draft:
    held = [role for role in _read_only_roles(draft) if role in draft.before]
    draft = draft.having(held) if draft.replaced else draft
    touched = _touched(draft)
    if touched and draft.decisions["read-only-role"] == "ignore":
        return draft.having(held).lacking(role for role in touched if role not in held)
    return draft


def _prerequisites_added(draft: Draft) -> Draft:
    while lack := next(_lacks(draft.catalog, draft.roles), None):
        if draft.decisions["prerequisite-missing"] != "add":
            return draft
        platform = draft.catalog.roles[lack[1]].platform
        draft = draft.having([draft.facts.pbx if platform else lack[1]])
    return draft


def _last_supervisor(draft: Draft) -> Draft:
    held = _supervisors(draft)
    if len(held) < TWO or draft.decisions["supervisor-clash"] != "last-wins":
        return draft
    new = held if draft.replaced else [role for role in held if role not in draft.before]
    last = (new or held)[-1]
    return draft.lacking(role for role in held if role != last)


def _spread(draft: Draft) -> Draft:
    if not _supervisors(draft) and not draft.facts.levels:
        return draft
    triggers, platform = _triggers(draft.decisions), set(platform_roles(draft.catalog))
    triggered = not triggers.isdisjoint(draft.roles)
    elsewhere = not triggers.isdisjoint(draft.facts.levels)
    first = triggered and not elsewhere and triggers.isdisjoint(draft.before)
    gains = not platform.isdisjoint(draft.given)
    if not platform.isdisjoint(draft.roles) and (first or (gains and (triggered or elsewhere))):
        draft = draft.having([REALTIME])
    return replace(draft, spreads=first)


def _activation_mail(draft: Draft) -> Draft:
    return draft.posting(ACTIVATION) if draft.created and draft.facts.new_user_mail else draft


def _welcome_mail(draft: Draft) -> Draft:
    return draft.posting(WELCOME) if UC in draft.given and draft.facts.welcome_mail else draft


def _unknown(draft: Draft) -> Broken:
    if not draft.unknown or draft.decisions["role-unknown"] == "ignore":
        return None
    return "RoleUnknown", {"role": draft.unknown[0]}


def _read_only(draft: Draft) -> Broken:
    touched = _touched(draft)
    return ("RoleReadOnly", {"role": touched[0]}) if touched else None


def _administrator(draft: Draft) -> Broken:
    kept = draft.facts.administered or not administers(draft.before) or administers(draft.roles)
    if kept or draft.decisions["last-administrator"] == "allow":
        return None
    return "LastUserAdministrator", {}


def _prerequisite(draft: Draft) -> Broken:
    lack = next(_lacks(draft.catalog, draft.roles), None) if draft.changed else None
    if lack is None or draft.decisions["prerequisite-missing"] != "refuse":
        return None
    return "RolePrerequisiteMissing", {"role": lack[0], "missing": lack[1]}


def _exclusive(draft: Draft) -> Broken:
    held = _supervisors(draft)
    if not draft.changed or len(held) < TWO or draft.decisions["supervisor-clash"] != "refuse":
        return None
    return "SupervisorRolesExclusive", {"roles": " and ".join(held)}


def _country(draft: Draft) -> Broken:
    right = draft.facts.pbx
    wrong = next((role for role in draft.given if draft.catalog.roles[role].platform and role != right), None)
    if wrong is None or draft.decisions["uk-essential"] == "allow":
        return None
    return "RoleNotAvailable", {"role": wrong, "instead": right}


def _agent_feature(draft: Draft) -> Broken:
    if AGENT not in draft.given or draft.facts.agent_feature:
        return None
    return "FeatureNotLicensed", {"role": AGENT, "feature": "agent"}


def _charges(draft: Draft) -> Broken:
    licensed = [role for role in draft.given if draft.catalog.roles[role].licensed]
    if not licensed or draft.accepts_charges or draft.decisions["charges-missing"] == "ignore":
        return None
    payment = draft.decisions["charges-missing"] == "refuse-402"
    error = "ChargesNotAcceptedPayment" if payment else "ChargesNotAccepted"
    return error, {"roles": " and ".join(licensed)}


EFFECTS: Mapping[str, Callable[[Draft], Draft]] = MappingProxyType(
    {
        "ROLE-WEBSITE": _website,
        "ROLE-PBX-KEPT": _pbx_kept,
        "ROLE-READ-ONLY": _read_only_kept,
        "ROLE-PREREQUISITE": _prerequisites_added,
        "ROLE-SUPERVISOR-EXCLUSIVE": _last_supervisor,
        "ROLE-REALTIME-SPREAD": _spread,
        "MAIL-ON-CREATE": _activation_mail,
        "MAIL-ON-UC": _welcome_mail,
    }
)
CHECKS: Mapping[str, Callable[[Draft], Broken]] = MappingProxyType(
    {
        "ROLE-KNOWN": _unknown,
        "ROLE-READ-ONLY": _read_only,
        "ADMIN-LAST": _administrator,
        "ROLE-PREREQUISITE": _prerequisite,
        "ROLE-SUPERVISOR-EXCLUSIVE": _exclusive,
        "ROLE-UK-ESSENTIAL": _country,
        "ROLE-ACD-FEATURE": _agent_feature,
        "CHARGES-ACCEPTED": _charges,
    }
)
