"""Changes of a user's name and address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimensions_emulator.explain import wanted
from dimensions_emulator.explain.words import short

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dimensions_emulator.domain.world import World
    from dimensions_emulator.explain.case import Case, Plan

FIELDS = {"Email": "email", "DisplayName": "displayName"}
LOCAL_LIMIT = 64


def fit(case: Case) -> Iterator[Plan]:
    """USER-FIELDS: a text that is there, short enough, and an address where one is wanted."""
    field = FIELDS[str(case.no.facts["field"])]
    text = wanted.field(case, field)
    if field == "displayName":
        yield _set(case, field, text[: int(case.no.facts.get("limit", 0))] or _name(case))
        return
    for address in _addresses(case, text):
        yield _set(case, field, address)


def another_address(case: Case) -> Iterator[Plan]:
    """USER-UNIQUE-EMAIL: an address that nobody has."""
    yield _set(case, "email", free(case.world, wanted.field(case, "email")))


def free(world: World, address: str) -> str:
    """The address, or one like it that has no account yet."""
    local, _, place = address.rpartition("@")
    number, found = 2, address
    while world.user_by_email(found) is not None:
        found = f"{local[:LOCAL_LIMIT]}.{number}@{place}"
        number += 1
    return found


def _addresses(case: Case, text: str) -> Iterator[str]:
    """Addresses that the text may mean, the likeliest first."""
    local, at, place = "".join(text.split()).rpartition("@")
    local = "".join(letter for letter in local if letter.isascii() and (letter.isalnum() or letter in ".-_+"))
    local = local[:LOCAL_LIMIT].strip(".") or "new.user"
    if at and place and "." in place:
        yield free(case.world, f"{local}@{place}")
    name = "".join(
        letter if letter.isascii() and letter.isalnum() else "." for letter in text.partition("@")[0]
    )
    plain = ".".join(filter(None, name.split(".")))[:LOCAL_LIMIT].strip(".").lower()
    yield free(case.world, f"{plain or 'new.user'}@example.com")


def _name(case: Case) -> str:
    if case.user is not None and case.user.display_name:
        return case.user.display_name
    local = wanted.field(case, "email").partition("@")[0]
    return (
        " ".join(part.capitalize() for part in local.replace("_", ".").split("."))[:100].strip() or "New User"
    )


def _set(case: Case, field: str, text: str) -> Plan:
    return case.changed(wanted.setting(case, field, text), f"set {field} to '{short(text)}'")
