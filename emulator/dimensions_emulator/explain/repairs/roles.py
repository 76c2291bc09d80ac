"""Changes that make a wanted set of roles one that the rules allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimensions_emulator.domain import json_patch
from dimensions_emulator.domain.prerequisites import missing
from dimensions_emulator.explain import patching, wanted
from dimensions_emulator.explain.case import GIVES_UP, KEEPS
from dimensions_emulator.explain.words import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dimensions_emulator.explain.case import Case, Plan

WEBSITE = "customer.user"


def charges(case: Case) -> Iterator[Plan]:
    """CHARGES-ACCEPTED: accept them."""
    sent = case.request.with_header("accept-charges", "true")
    yield case.changed(sent, "send the header accept-charges: true")


def prerequisites(case: Case) -> Iterator[Plan]:
    """ROLE-PREREQUISITE: want what is missing too, or do without what needs it."""
    lacking = lacks(case, outcome(case))
    shown = listed(case.book.wire_roles(lacking))
    if any(role in case.roles for role in lacking):
        yield case.changed(wanted.giving(case, lacking), f"keep {shown}", GIVES_UP)
    else:
        yield case.changed(wanted.giving(case, lacking), f"add {shown} to the roles")
    dependent = _dependent(case)
    sent = wanted.taking(case, dependent)
    if not wanted.does_nothing(case, sent):
        cost = 2 if all(role in case.roles for role in dependent) else GIVES_UP
        yield case.changed(sent, f"take {listed(case.book.wire_roles(dependent))} away too", cost)


def supervisors(case: Case) -> Iterator[Plan]:
    """ROLE-SUPERVISOR-EXCLUSIVE: keep one, rather a new one, which is what was asked for."""
    group = case.book.catalog.groups["supervisor"]
    held = [role for role in outcome(case) if role in group]
    for kept in sorted(held, key=lambda role: (role in case.roles, -held.index(role))):
        others = [role for role in held if role != kept]
        cost = KEEPS if all(role in case.roles for role in others) else 2
        sent = wanted.taking(case, others)
        if not wanted.does_nothing(case, sent):
            said = f"take {listed(others)} away"
            yield case.changed(sent, said, GIVES_UP if kept in case.roles else cost)


def read_only(case: Case) -> Iterator[Plan]:
    """ROLE-READ-ONLY: leave the role as it is."""
    role = str(case.no.facts["role"])
    if role not in case.roles:
        yield from _without(case, role)
    elif len(patching.operations(case)) > 1:
        yield case.changed(wanted.giving(case, [role]), f"keep {role}", GIVES_UP)


def of_country(case: Case) -> Iterator[Plan]:
    """ROLE-UK-ESSENTIAL: the key of the customer's country."""
    role, instead = str(case.no.facts["role"]), str(case.no.facts["instead"])
    yield case.changed(wanted.swapping(case, {role: instead}), f"write {instead} for {role}")


def unlicensed(case: Case) -> Iterator[Plan]:
    """ROLE-ACD-FEATURE: do without the role."""
    yield from _without(case, str(case.no.facts["role"]))


def outcome(case: Case) -> tuple[str, ...]:
    """The roles that come of the request with those that rules give or keep."""
    given = wanted.roles(case)
    kept: tuple[str, ...] = ()
    if case.request.method == "POST":
        kept = (WEBSITE,)
    elif json_patch.replaces_list(json_patch.parse(patching.operations(case))):
        kept = tuple(role for role in case.roles if case.book.catalog.roles[role].platform)
    return (*given, *(role for role in kept if role not in given))


def lacks(case: Case, roles: Iterable[str]) -> list[str]:
    """The prerequisites that these roles lack, and theirs, each before what needs it."""
    held = tuple(roles)
    found: list[str] = []
    while lack := next(missing(case.book.catalog, held), None):
        role = _of_country(case, lack[1])
        held = (*held, role)
        found.insert(0, role)
    return found


def _of_country(case: Case, role: str) -> str:
    roles, tenant = case.book.catalog.roles, case.tenant
    if not roles[role].platform or tenant is None:
        return role
    return "customer.user.uc.essential" if tenant.customer.in_uk else "customer.user.pbx"


def _dependent(case: Case) -> list[str]:
    held = outcome(case)
    found: list[str] = []
    while lack := next(missing(case.book.catalog, held), None):
        held = tuple(role for role in held if role != lack[0])
        found.append(lack[0])
    return found


def _without(case: Case, role: str) -> Iterator[Plan]:
    sent = wanted.taking(case, [role])
    if not wanted.does_nothing(case, sent):
        yield case.changed(sent, f"leave out {role}", GIVES_UP)
