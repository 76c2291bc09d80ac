"""The rules that hold under a profile, bound to their verbs and sorted by occasion."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from dimensions_emulator.domain import role_checks, role_effects
from dimensions_emulator.domain.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from dimensions_contracts.catalog import Catalog, Rule, Step
    from dimensions_contracts.profile import Profile

Change = TypeVar("Change")


class Rulebook:
    """Decides changes by the catalogue: effects first, then checks, each in catalogue order.

    `without` names rules that are left out. The role keys of the wire are translated here: aliases
    on the way in, the administrator's key of the profile on the way out.
    """

    def __init__(self, catalog: Catalog, profile: Profile, without: Collection[str] = ()) -> None:
        self.catalog = catalog
        self.profile = profile
        self.aliases = profile.decisions["aliases"] == "accept"
        administrator = profile.decisions["admin-role-key"]
        self._wire = {} if administrator in catalog.roles else {"user.admin": administrator}
        self._keys = self._spellings()
        self._effects: dict[str, list[Callable[[Any], Any]]] = {}
        self._checks: dict[str, list[tuple[Callable[[Any], Any], str, str]]] = {}
        for rule in catalog.rules.values():
            for step in rule.steps:
                if rule.id not in without and profile.allows(step.when):
                    self._bind(rule, step)

    def decide(self, occasion: str, change: Change) -> Change:
        """The change as the effects of this occasion leave it; raises `Refused` at the first broken check."""
        for effect in self._effects.get(occasion, ()):
            change = effect(change)
        for check, rule, error in self._checks.get(occasion, ()):
            facts = check(change)
            if facts is not None:
                told = {name: self._wire.get(fact, fact) for name, fact in facts.items()}
                raise Refused(rule, told.pop("error", error), **told)
        return change

    def read_roles(self, spellings: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The catalogue's keys of these spellings, each once, and the spellings that have none."""
        known: dict[str, None] = {}
        unknown = []
        for spelling in spellings:
            key = self._keys.get(spelling)
            if key is None:
                unknown.append(spelling)
            else:
                known[key] = None
        return tuple(known), tuple(unknown)

    def wire_roles(self, roles: Sequence[str]) -> list[str]:
        """Role keys as the wire shows them."""
        return [self._wire.get(role, role) for role in roles] if self._wire else list(roles)

    def _spellings(self) -> Mapping[str, str]:
        roles = self.catalog.roles
        own = {self._wire.get(key, key): key for key in roles}
        others = {alias: role.key for role in roles.values() for alias in (role.key, *role.aliases)}
        return {**(self.catalog.spellings() if self.aliases else {}), **others, **own}

    def _bind(self, rule: Rule, step: Step) -> None:
        effect = getattr(role_effects, step.verb, None)
        verb = partial(effect or getattr(role_checks, step.verb), self.catalog, **step.params)
        for occasion in step.on:
            if effect is not None:
                self._effects.setdefault(occasion, []).append(verb)
            else:
                self._checks.setdefault(occasion, []).append((verb, rule.id, step.refuse or rule.refuses[0]))
