"""The catalogue of roles, rules, errors and decisions as frozen values."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Role:
    """One role key; `prerequisites` are keys held with it, `platform` marks the PBX user roles."""

    key: str
    name: str
    group: str
    description: str
    prerequisites: tuple[str, ...]
    licensed: bool
    read_only: bool
    platform: bool
    marks: Mapping[str, str]
    seed_spelling: str
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """What a rule does on some occasions: a verb with its parameters, and its error if it refuses.

    `when` names the choices of decisions under which the step applies.
    """

    on: tuple[str, ...]
    verb: str
    params: Mapping[str, Any]
    refuse: str | None
    when: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, with the mark of its statement and, where they differ, the marks of its parts."""

    id: str
    mark: str
    source: str
    statement: str
    marks: Mapping[str, str]
    steps: tuple[Step, ...]
    refuses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """How a refusal looks on the wire; without a `message` the body is empty."""

    key: str
    status: int
    code: str | None
    message: str | None
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Decision:
    """An open question of the documentation and its choices, the default first."""

    key: str
    question: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything the emulator evaluates and the conformance suite checks."""

    roles: Mapping[str, Role]
    rules: Mapping[str, Rule]
    errors: Mapping[str, ErrorAnswer]
    decisions: Mapping[str, Decision]
    groups: Mapping[str, frozenset[str]]

    def spellings(self) -> dict[str, str]:
        """The key that each key, alias and seed spelling of a role stands for."""
        roles = self.roles.values()
        others = {spelling: role.key for role in roles for spelling in (role.seed_spelling, *role.aliases)}
        return {**others, **{key: key for key in self.roles}}


def read(name: str) -> Any:
    """The parsed JSON of a catalogue file, by its path inside this package."""
    return json.loads((HERE / name).read_text("utf-8"))


def load() -> Catalog:
    """Read the catalogue that ships with this package."""
    roles = {entry["key"]: _role(entry) for entry in read("roles.json")["roles"]}
    rules = {entry["id"]: _rule(entry) for entry in read("rules.json")["rules"]}
    errors = {key: _error(key, entry) for key, entry in read("errors.json")["errors"].items()}
    decisions = {
        entry["key"]: Decision(entry["key"], entry["question"], tuple(entry["choices"]))
        for entry in read("decisions.json")["decisions"]
    }
    names = {role.group for role in roles.values()}
    groups = {name: frozenset(key for key, role in roles.items() if role.group == name) for name in names}
    return Catalog(
        MappingProxyType(roles),
        MappingProxyType(rules),
        MappingProxyType(errors),
        MappingProxyType(decisions),
        MappingProxyType(groups),
    )


def _role(entry: Mapping[str, Any]) -> Role:
    return Role(
        key=entry["key"],
        name=entry["name"],
        group=entry["group"],
        description=entry["description"],
        prerequisites=tuple(entry["prerequisites"]),
        licensed=entry["licensed"],
        read_only=entry["readOnly"],
        platform=entry["platform"],
        marks=entry["marks"],
        seed_spelling=entry["seedSpelling"],
        aliases=tuple(entry["aliases"]),
    )


def _rule(entry: Mapping[str, Any]) -> Rule:
    steps = tuple(
        Step(tuple(step["on"]), step["verb"], step.get("with", {}), step.get("refuse"), step.get("when", {}))
        for step in entry.get("do", ())
    )
    own = (step.refuse for step in steps if step.refuse)
    return Rule(
        id=entry["id"],
        mark=entry["mark"],
        source=entry["source"],
        statement=entry["statement"],
        marks=entry.get("marks", {}),
        steps=steps,
        refuses=tuple(dict.fromkeys((*entry.get("refuses", ()), *own))),
    )


def _error(key: str, entry: Mapping[str, Any]) -> ErrorAnswer:
    return ErrorAnswer(
        key, entry["status"], entry.get("errorCode"), entry.get("message"), entry.get("headers", {})
    )
