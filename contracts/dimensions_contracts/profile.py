"""A profile: one choice for each open decision."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dimensions_contracts import catalog as catalogue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dimensions_contracts.catalog import Catalog


class ProfileInvalid(ValueError):
    """A profile with mistakes; `args[0]` lists every one of them in a sentence of its own."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A name and, for every decision key, the choice made."""

    name: str
    decisions: Mapping[str, str]

    def allows(self, when: Mapping[str, str]) -> bool:
        """Tell whether every decision named in `when` was made that way."""
        return all(self.decisions[key] == choice for key, choice in when.items())


def default(catalog: Catalog) -> Profile:
    """The profile that ships with this package."""
    return parse(catalogue.read("profiles/default.json"), catalog)


def parse(data: Any, catalog: Catalog) -> Profile:
    """Build a profile from parsed JSON; decisions it leaves out keep their default.

    Raises `ProfileInvalid`, naming every unknown decision or choice with what is allowed.
    """
    decisions = data.get("decisions") if isinstance(data, dict) else None
    if not isinstance(decisions, dict):
        raise ProfileInvalid(['a profile is an object {"name": …, "decisions": {decision: choice}}'])
    mistakes = [_mistake(key, choice, catalog) for key, choice in decisions.items()]
    mistakes += [f"a profile has no member {name!r}" for name in data if name not in {"name", "decisions"}]
    if not isinstance(data.get("name", ""), str):
        mistakes.append(f"the name of a profile is text, not {data['name']!r}")
    if found := [mistake for mistake in mistakes if mistake]:
        raise ProfileInvalid(found)
    chosen = {key: decisions.get(key, decision.choices[0]) for key, decision in catalog.decisions.items()}
    return Profile(data.get("name", "unnamed"), MappingProxyType(chosen))


def _mistake(key: str, choice: Any, catalog: Catalog) -> str | None:
    decision = catalog.decisions.get(key)
    if decision is None:
        return f"decision {key!r} is not known; there are: {', '.join(catalog.decisions)}"
    if choice not in decision.choices:
        return f"decision {key!r} cannot be {choice!r}; choose one of: {', '.join(decision.choices)}"
    return None
