"""What a case needs of the run, told by its content."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dimensions_contracts.catalog import Catalog

    Step = Mapping[str, Any]

CONTROL = frozenset({"holds", "mails", "chargesBooked", "importUsers", "platformDevices"})
READS = frozenset({"listUsers", "getUser", "holds", "mails", "chargesBooked", "platformDevices"})
SENDING = frozenset({"sendActivationEmail", "sendUConnectActivationEmail"})
ANYBODY = frozenset({"main", "none", "wrong", "basic", "schemeless", "blank"})
"""Callers whom every run has."""
WELCOMED = "customer.user.uc"
ADMINISTRATOR = frozenset({"user.admin", "admin.user"})
LEVEL3 = re.compile(r"supervis(?:or|eur)l[345]$")
VARIABLE = re.compile(r"\$\{([^}|:]+)")
OFFERED = frozenset({"found", "teams", "linked", "linked2", "device"})


def writes(step: Step) -> bool:
    """Tell whether the step may change something."""
    return step.get("method", "GET" if step["call"] in READS else "POST") not in {"GET", "HEAD"}


def of_steps(steps: Iterable[Step], catalog: Catalog) -> frozenset[str]:
    """Name every need of these steps; those of a place are followed by a colon and the place."""
    return frozenset(need for step in steps for need in of_step(step, catalog))


def of_step(step: Step, catalog: Catalog) -> Iterator[str]:
    """Name the needs of one step."""
    place = step.get("in", "main")
    if place != "main":
        yield f"place:{place}"
    if step.get("as", "main") not in ANYBODY:
        yield f"caller:{step['as']}"
    if step["call"] in CONTROL:
        yield "control"
    if writes(step):
        yield "writes"
        yield from _of_roles(step, place, catalog)
    if step["call"] in SENDING:
        yield "mail"
    if step.get("account") is True:
        yield f"account:{place}"
    yield from _of_variables(step)


def _of_roles(step: Step, place: str, catalog: Catalog) -> Iterator[str]:
    if step["call"] not in {"createUser", "patchUser"}:
        return
    spellings = {spelling.lower(): key for spelling, key in catalog.spellings().items()}
    for word in words(step.get("body"), step.get("raw")):
        key = spellings.get(word.strip().lower(), word)
        if word.endswith((".pbx}", ".wrongpbx}")):
            yield "charges"
        if key in ADMINISTRATOR:
            yield f"administrator:{place}"
        if LEVEL3.search(key):
            yield f"level3:{place}"
        yield from _of_grants(key, catalog)


def _of_grants(key: str, catalog: Catalog) -> Iterator[str]:
    """The needs of a role and of those that a deployment may give with it, its prerequisites."""
    role = catalog.roles.get(key)
    if role is None:
        return
    if role.licensed:
        yield "charges"
    if key == WELCOMED:
        yield "mail"
    for prerequisite in role.prerequisites:
        yield from _of_grants(prerequisite, catalog)


def words(body: Any, raw: str | None) -> Iterator[str]:
    """Give every text in a body."""
    waiting = [body, *re.findall(r'"([^"]*)"', raw or "")]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _of_variables(step: Step) -> Iterator[str]:
    for name in VARIABLE.findall(repr(step)):
        first, _, rest = name.partition(".")
        place, _, member = rest.partition(".")
        if first in OFFERED:
            yield first
        if first == "place":
            if place != "main":
                yield f"place:{place}"
            if member in {"pbx", "wrongpbx"}:
                yield f"country:{place}"
            if member == "account":
                yield f"account:{place}"
