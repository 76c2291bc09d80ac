"""A reference model of what becomes of the roles that a caller wants for a user.

It knows the catalogue and the open decisions, no implementation: what it predicts is what an
implementation is compared with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from dimensions_contracts.conformance.model_rules import CHECKS, EFFECTS, Draft, administers
from dimensions_contracts.conformance.places import ESSENTIAL, PBX, UK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dimensions_contracts.catalog import Catalog
    from dimensions_contracts.conformance.model_rules import Roles
    from dimensions_contracts.profile import Profile

    Told: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """The customer and its other users, as far as the rules on roles ask about them.

    `levels` are the supervisor roles that other users hold, `administered` tells that another user holds
    both roles of an administrator.
    """

    country: str = "US"
    agent_feature: int = 1
    new_user_mail: bool = True
    welcome_mail: bool = True
    levels: frozenset[str] = frozenset()
    administered: bool = False

    @property
    def pbx(self) -> str:
        """The PBX user role of the country."""
        return ESSENTIAL if self.country.upper() in UK else PBX


@dataclass(frozen=True, slots=True)
class Refused:
    """The rule that wins among those broken, its error, and what the error's message tells."""

    rule: str
    error: str
    facts: Told = ()


@dataclass(frozen=True, slots=True)
class Accepted:
    """The resulting roles, the kinds of mail sent, and the licensed roles that were given.

    `spreads` tells that all other PBX users of the customer get the Real-Time Add-On.
    """

    roles: Roles
    mails: tuple[str, ...] = ()
    charges: Roles = ()
    spreads: bool = False


Outcome: TypeAlias = Refused | Accepted


def outcome(
    catalog: Catalog,
    profile: Profile,
    facts: Facts,
    before: Roles | None,
    wanted: Iterable[str],
    *,
    accepts_charges: bool = False,
    replaced: bool = False,
) -> Outcome:
    """What becomes of the wanted roles of a user; `before` is None where the user is to be created.

    `replaced` tells that the whole list was replaced rather than single roles. Rules that the catalogue
    does not have do not hold; of several broken ones the catalogue's first is answered.
    """
    keys = _keys(catalog)
    spelled = tuple(dict.fromkeys(wanted))
    draft = Draft(
        catalog,
        profile.decisions,
        facts,
        created=before is None,
        replaced=replaced,
        accepts_charges=accepts_charges,
        before=before or (),
        roles=tuple(dict.fromkeys(keys[role] for role in spelled if role in keys)),
        unknown=tuple(role for role in spelled if role not in keys),
    )
    for rule in catalog.rules:
        draft = EFFECTS[rule](draft) if rule in EFFECTS else draft
    for rule in catalog.rules:
        broken = CHECKS[rule](draft) if rule in CHECKS else None
        if broken:
            return Refused(rule, broken[0], tuple(broken[1].items()))
    charges = tuple(role for role in draft.given if catalog.roles[role].licensed)
    return Accepted(draft.roles, draft.mails, charges, draft.spreads)


def deletion(catalog: Catalog, profile: Profile, facts: Facts, roles: Roles) -> Refused | None:
    """Why a user with these roles is not deleted, or None."""
    last = administers(roles) and not facts.administered and "ADMIN-LAST" in catalog.rules
    if last and profile.decisions["last-administrator"] == "refuse":
        return Refused("ADMIN-LAST", "LastUserAdministrator")
    return None


def _keys(catalog: Catalog) -> dict[str, str]:
    spellings = ((spelling, key) for key, role in catalog.roles.items() for spelling in (key, *role.aliases))
    return dict(spellings)
