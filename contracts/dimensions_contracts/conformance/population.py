"""The users of a customer as the reference model has them after a sequence of calls."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from dimensions_contracts.conformance import model
from dimensions_contracts.conformance.model import Accepted, Facts, Outcome, Refused
from dimensions_contracts.conformance.model_rules import ACTIVATION, REALTIME, administers, platform_roles

if TYPE_CHECKING:
    from dimensions_contracts.catalog import Catalog
    from dimensions_contracts.conformance.model_rules import Roles
    from dimensions_contracts.profile import Profile

CREATE, PATCH, DELETE, MAIL, LOOK, LIST = "create", "patch", "delete", "mail", "look", "list"
NAME, ROLES = "/displayName", "/roles"


class Operation(NamedTuple):
    """An operation of a JSON Patch on the name, the roles or one role; `move` takes from `source`."""

    op: str
    path: str
    value: str | Roles | None = None
    source: str | None = None

    def written(self) -> dict[str, Any]:
        """The operation as JSON."""
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        members = {"op": self.op, "path": self.path, "from": self.source, "value": value}
        return {name: member for name, member in members.items() if member is not None}


@dataclass(frozen=True, slots=True)
class Call:
    """A call about one user, or about all; `roles` are those to create with, `charges` the header's value."""

    kind: str
    user: str = ""
    roles: Roles = ()
    operations: tuple[Operation, ...] = ()
    charges: str | None = None

    @property
    def replaces(self) -> bool:
        """Whether the whole list of roles is replaced."""
        return any(one.path == ROLES for one in self.operations)


@dataclass(frozen=True, slots=True)
class Member:
    """A user; `mails` are the kinds of mail sent to it, the oldest first."""

    user: str
    name: str
    roles: Roles
    mails: tuple[str, ...] = ()


Population: TypeAlias = tuple[Member, ...]


class _Unpatchable(Exception):
    """The patch does not fit; `args[0]` is the refusal."""


def member(population: Population, user: str) -> Member | None:
    """The user of this population, if there is one."""
    return next((one for one in population if one.user == user), None)


def after(
    catalog: Catalog, profile: Profile, facts: Facts, population: Population, call: Call
) -> tuple[Outcome, Population]:
    """What a call is answered and what it leaves; `facts` are those of the customer without its users.

    A call about a user who is not there leaves all as it is.
    """
    one = member(population, call.user)
    if (one is None) != (call.kind == CREATE):
        return Refused("USER-UNKNOWN", "NotFound"), population
    others = tuple(other for other in population if other.user != call.user)
    facts = _among(catalog, facts, others)
    if one is None:
        return _created(catalog, profile, facts, population, call)
    if call.kind == DELETE:
        refusal = model.deletion(catalog, profile, facts, one.roles)
        return (refusal, population) if refusal else (Accepted(()), others)
    if call.kind == MAIL:
        posted = replace(one, mails=(*one.mails, ACTIVATION))
        return Accepted(one.roles, (ACTIVATION,)), _with(population, posted)
    return _patched(catalog, profile, facts, population, call)


def _among(catalog: Catalog, facts: Facts, others: Population) -> Facts:
    held = {role for other in others for role in other.roles}
    return replace(
        facts,
        levels=catalog.groups["supervisor"] & held,
        administered=any(administers(other.roles) for other in others),
    )


def _created(
    catalog: Catalog, profile: Profile, facts: Facts, population: Population, call: Call
) -> tuple[Outcome, Population]:
    result = model.outcome(catalog, profile, facts, None, call.roles, accepts_charges=call.charges == "true")
    if isinstance(result, Refused):
        return result, population
    new = Member(call.user, f"${{{call.user}.name}}", result.roles, result.mails)
    return result, (*_spread(catalog, population, result), new)


def _patched(
    catalog: Catalog, profile: Profile, facts: Facts, population: Population, call: Call
) -> tuple[Outcome, Population]:
    one = next(one for one in population if one.user == call.user)
    try:
        name, wanted = _applied(one, call.operations)
    except _Unpatchable as no:
        refusal: Refused = no.args[0]
        return refusal, population
    result = model.outcome(
        catalog,
        profile,
        facts,
        one.roles,
        wanted,
        accepts_charges=call.charges == "true",
        replaced=call.replaces,
    )
    if isinstance(result, Refused):
        return result, population
    changed = Member(one.user, name, result.roles, (*one.mails, *result.mails))
    return result, _with(_spread(catalog, population, result), changed)


def _spread(catalog: Catalog, population: Population, result: Accepted) -> Population:
    platform = set(platform_roles(catalog))
    return tuple(
        replace(one, roles=(*one.roles, REALTIME))
        if result.spreads and REALTIME not in one.roles and not platform.isdisjoint(one.roles)
        else one
        for one in population
    )


def _with(population: Population, changed: Member) -> Population:
    return tuple(changed if one.user == changed.user else one for one in population)


def _applied(one: Member, operations: tuple[Operation, ...]) -> tuple[str, list[str]]:
    name, roles = one.name, list(one.roles)
    for step in operations:
        if step.path == NAME and step.op == "test":
            _compare(step, name)
        elif step.path == NAME:
            name = str(step.value)
        elif step.path == ROLES:
            roles = list(step.value or ())
        else:
            _on_role(step, roles)
    return name, roles


def _on_role(step: Operation, roles: list[str]) -> None:
    last, value = len(roles) - 1, str(step.value)
    if step.op == "test":
        _compare(step, roles[_index(step.path, last)])
    elif step.op == "remove":
        del roles[_index(step.path, last)]
    elif step.op == "replace":
        roles[_index(step.path, last)] = value
    elif step.op == "move":
        taken = roles.pop(_index(step.source or "", last))
        roles.insert(_index(step.path, last), taken)
    elif step.path.endswith("/-"):
        roles.append(value)
    else:
        roles.insert(_index(step.path, last + 1), value)


def _compare(step: Operation, current: str) -> None:
    if current != step.value:
        told = (("current", current), ("path", step.path), ("value", str(step.value)))
        raise _Unpatchable(Refused("PATCH-TEXTS", "TestFailed", told))


def _index(path: str, last: int) -> int:
    segment = path.rpartition("/")[2]
    if int(segment) > last:
        raise _Unpatchable(Refused("PATCH-TEXTS", "IndexOutOfBounds", (("segment", segment),)))
    return int(segment)
