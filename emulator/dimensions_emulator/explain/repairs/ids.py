"""Ids that exist and that the caller may use."""

from __future__ import annotations

import re
from itertools import takewhile
from operator import eq
from typing import TYPE_CHECKING

from dimensions_emulator.domain import addresses, guids
from dimensions_emulator.explain import places, seen
from dimensions_emulator.explain.repairs import access

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dimensions_emulator.explain.case import Case, Plan

KINDS = ("account", "customer", "user")
TRIED = 3
HEX = 32


def malformed(case: Case) -> Iterator[Plan]:
    """ID-FORMAT: the id that was meant, or one that exists."""
    for kind in KINDS:
        given = places.value(case.request.path, kind)
        if given is not None and guids.usual(given) is None:
            yield from _spelled(case, kind, given)
            yield from _existing(case, kind, given)
            return


def tenant(case: Case) -> Iterator[Plan]:
    """TENANT-UNKNOWN: a customer or an account that there is."""
    account = case.id_of("account")
    if case.tenant is None:
        yield from _existing(case, "customer", places.value(case.request.path, "customer") or "")
    elif account is not None and account not in case.world.accounts:
        yield from _existing(case, "account", account)
    yield from access.other(case)


def user(case: Case) -> Iterator[Plan]:
    """USER-UNKNOWN: a user of this customer."""
    yield from _existing(case, "user", places.value(case.request.path, "user") or "")


def isolated(case: Case) -> Iterator[Plan]:
    """TENANT-ISOLATION: the customer whose user it is, one that the caller sees, or a caller who sees it."""
    caller, found, somebody = case.caller, case.tenant, case.user
    elsewhere = somebody is not None and found is not None and somebody.id not in found.members
    if caller is not None and found is not None and not caller.sees(found.customer):
        yield from access.other(case)
    yield from _existing(case, "customer", "")
    if elsewhere and somebody is not None:
        yield from _existing(case, "user", "")
        for tenant_id in somebody.tenants[:TRIED]:
            yield _with(case, "customer", tenant_id)
    yield from outside(case)


def outside(case: Case) -> Iterator[Plan]:
    """WIRE-PREFIXES: the account of the customer, or the prefix without an account."""
    if case.id_of("account") is None:
        return
    if case.tenant is not None:
        yield _with(case, "account", case.tenant.customer.account)
    yield case.changed(places.without_account(case.request), "call the customer without naming an account")
    yield from access.other(case)


def primary(case: Case) -> Iterator[Plan]:
    """MAIL-PRIMARY: the user's primary customer."""
    somebody = case.user
    if somebody is None or somebody.primary_tenant not in case.world.tenants:
        return
    yield _with(case, "customer", somebody.primary_tenant)


def _spelled(case: Case, kind: str, given: str) -> Iterator[Plan]:
    """The ids that a text may stand for: written otherwise, or named by name or address."""
    digits = re.sub("[^0-9a-f]", "", given.lower().removeprefix("urn:uuid:"))
    if len(digits) == HEX:
        yield _with(case, kind, str(guids.usual(digits)))
    if kind == "user":
        by_address = case.world.emails.get(addresses.key(given))
        named = [by_address] if by_address else []
        named += [key for key in seen.members(case) if case.world.users[key].display_name == given]
    elif kind == "customer":
        named = [customer.id for customer in seen.customers(case) if customer.name == given]
    else:
        named = [key for key in seen.accounts(case) if case.world.accounts[key].name == given]
    for found in _harmless(case, kind, named)[:TRIED]:
        yield _with(case, kind, found)


def _existing(case: Case, kind: str, given: str) -> Iterator[Plan]:
    """Ids that exist for this caller, those like the given one first; to delete, only one like it."""
    if kind == "user":
        known = list(seen.members(case))
    elif kind == "customer":
        known = [customer.id for customer in seen.customers(case)]
    else:
        known = seen.accounts(case)
    others = [key for key in known if key != case.id_of(kind)]
    if _deletes(case, kind):
        others = [key for key in others if _likeness(given.lower(), key)]
    ordered = sorted(others, key=lambda key: -_likeness(given.lower(), key))
    for found in _harmless(case, kind, ordered)[:TRIED]:
        yield _with(case, kind, found)


def _harmless(case: Case, kind: str, found: list[str]) -> list[str]:
    """The ids, none if one of several would have to be picked to be deleted."""
    return [] if _deletes(case, kind) and len(found) > 1 else found


def _deletes(case: Case, kind: str) -> bool:
    return kind == "user" and case.request.method == "DELETE"


def _likeness(given: str, key: str) -> int:
    """How much two ids share at both ends; below a half it is chance."""
    shared = _alike(given, key) + _alike(given[::-1], key[::-1])
    return shared if shared > len(key) // 2 else 0


def _with(case: Case, kind: str, new: str) -> Plan:
    return case.changed(places.with_id(case.request, kind, new), f"name {_shown(case, kind, new)}")


def _shown(case: Case, kind: str, key: str) -> str:
    world = case.world
    if kind == "user" and key in world.users:
        return f"the user {world.users[key].display_name} ({key})"
    if kind == "customer" and key in world.tenants:
        return f"the customer {world.tenants[key].customer.name} ({key})"
    if kind == "account" and key in world.accounts:
        return f"the account {world.accounts[key].name} ({key})"
    return f"the {kind} {key}"


def _alike(one: str, other: str) -> int:
    return sum(takewhile(bool, map(eq, one, other)))
