"""What a world document must be beyond its schema: references, identities and role keys."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from dimensions_emulator import world_schema
from dimensions_emulator.domain import addresses, guids, ticks
from dimensions_emulator.domain import document as document_of
from dimensions_emulator.world_schema import Mistake as Mistake  # noqa: PLC0414  # part of this interface
from dimensions_emulator.world_schema import near, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from dimensions_contracts.catalog import Catalog
    from dimensions_emulator.world_schema import Path

    Identity = str | int | tuple[str, str]

FEW = 12
MANY = 2_000


@dataclass(frozen=True, slots=True)
class Known:
    """What the members of one document may refer to; `users` are addresses without case."""

    accounts: Collection[str]
    customers: Collection[str]
    users: Mapping[str, str]
    roles: Mapping[str, str]


def mistakes(document: Any, catalog: Catalog) -> list[Mistake]:
    """Find every mistake of a world document: of its schema, and of what its members mean together."""
    found = world_schema.mistakes(document)
    if not isinstance(document, dict):
        return found
    known = Known(
        _mapping(document, "accounts"),
        _mapping(document, "customers"),
        {addresses.key(email): email for email in reversed(_mapping(document, "users"))},
        catalog.spellings(),
    )
    told = {mistake.path for mistake in found}
    meant = chain(_tenants(document, known), _users(document, known), _lists(document, known))
    return found + [mistake for mistake in meant if mistake.path not in told]


def _mapping(value: Any, *path: str) -> dict[str, Any]:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _entries(document: Mapping[str, Any], name: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Walk the mappings in a list or keyed mapping of the document, whatever else is in there."""
    value = document.get(name)
    pairs: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = enumerate(value)
    return (((name, key), entry) for key, entry in pairs if isinstance(entry, dict))


def _absent(path: Path, value: Any, known: Collection[str], kind: str) -> Iterator[Mistake]:
    if not isinstance(value, str) or not value or value in known:
        return
    hint = near(value, known) if len(known) <= MANY else ""
    if not hint:
        listed = ", ".join(list(known)[:FEW]) + (", …" if len(known) > FEW else "")
        hint = f"; expected one of {listed}" if known else f"; expected one, but the file has no {kind}"
    yield Mistake(path, f"there is no {kind} {shown(value)}{hint}")


def _repeated(identities: Iterable[tuple[Path, Identity]], kind: str) -> Iterator[Mistake]:
    met: dict[Identity, Path] = {}
    for path, identity in identities:
        first = met.setdefault(identity, path)
        if first is not path:
            where = "/".join(map(str, first))
            told = shown(identity[0] if isinstance(identity, tuple) else identity)
            yield Mistake(path, f"the {kind} {told} is already used at {where}; expected another")


def _ids(
    entries: Iterable[tuple[Path, dict[str, Any]]], derived: Callable[[str], str]
) -> Iterator[tuple[Path, str]]:
    """Walk the ids, those that follow from a key too: another entry may be pinned to one of them."""
    for path, entry in entries:
        value = entry.get("id")
        if isinstance(value, str):
            if spelled := guids.usual(value):
                yield (*path, "id"), spelled
        elif value is None:
            yield path, derived(str(path[-1]))


def _texts(entries: Iterable[tuple[Path, dict[str, Any]]], *names: str) -> Iterator[tuple[Path, str]]:
    for path, entry in entries:
        for name in names:
            value = entry.get(name)
            if isinstance(value, str):
                yield (*path, name), value
            elif isinstance(value, list):
                yield from (
                    ((*path, name, at), item) for at, item in enumerate(value) if isinstance(item, str)
                )


def _tenants(document: Mapping[str, Any], known: Known) -> Iterator[Mistake]:
    for path, value in _texts(_entries(document, "customers"), "account"):
        yield from _absent(path, value, known.accounts, "account")
    for key in known.customers:
        if key in known.accounts:
            told = f"the key {shown(key)} is already used at accounts/{key}; expected another"
            yield Mistake(("customers", key), told)
    both = chain(_entries(document, "accounts"), _entries(document, "customers"))
    yield from _repeated(_ids(both, document_of.tenant_id), "id")


def _users(document: Mapping[str, Any], known: Known) -> Iterator[Mistake]:
    for path, user in _entries(document, "users"):
        yield from _member(path, user, known)
    emails = ((("users", email), addresses.key(email)) for email in _mapping(document, "users"))
    yield from _repeated(emails, "address")
    yield from _repeated(_ids(_entries(document, "users"), document_of.user_id), "id")


def _member(path: Path, user: Mapping[str, Any], known: Known) -> Iterator[Mistake]:
    memberships, primary = user.get("memberships", {}), user.get("primaryTenant", "")
    named = primary if isinstance(primary, str) else ""
    in_account = named in known.accounts
    if primary and not in_account and named not in known.customers:
        tenants = (*known.customers, *known.accounts)
        yield from _absent((*path, "primaryTenant"), primary, tenants, "customer or account")
    elif not memberships and not in_account:
        yield Mistake(path, "the user belongs nowhere; expected memberships, or an account as primaryTenant")
    for customer, roles in _mapping(memberships).items():
        place = (*path, "memberships", customer)
        if customer not in known.customers:
            yield from _absent(place, customer, known.customers, "customer")
        for index, role in enumerate(roles if isinstance(roles, list) else ()):
            yield from _unknown_role((*place, index), role, known)


def _unknown_role(path: Path, role: Any, known: Known) -> Iterator[Mistake]:
    if isinstance(role, str) and role not in known.roles:
        hint = near(role, known.roles) or "; expected a key that `dimensions-emulator roles` lists"
        yield Mistake(path, f"there is no role {shown(role)}{hint}")


def _lists(document: Mapping[str, Any], known: Known) -> Iterator[Mistake]:
    for name in ("devices", "mails", "charges"):
        for path, value in _texts(_entries(document, name), "customer"):
            yield from _absent(path, value, known.customers, "customer")
        yield from _repeated(_numbers(document, name), "id")
    for path, owner in _texts(_entries(document, "devices"), "owner"):
        if addresses.key(owner) not in known.users:
            yield from _absent(path, owner, known.users.values(), "user")
    for path, role in _texts(_entries(document, "charges"), "role"):
        yield from _unknown_role(path, role, known)
    yield from _repeated(_texts(_entries(document, "mails"), "token"), "token")
    yield from _callers(document, known)
    yield from _moments(document)


def _numbers(document: Mapping[str, Any], name: str) -> Iterator[tuple[Path, Identity]]:
    """Walk the ids of a list; devices have theirs within their customer's platform."""
    for path, entry in _entries(document, name):
        number = entry.get("id")
        if name == "devices" and isinstance(number, str):
            yield (*path, "id"), (number, str(entry.get("customer")))
        elif isinstance(number, int | float):
            yield (*path, "id"), int(number)


def _callers(document: Mapping[str, Any], known: Known) -> Iterator[Mistake]:
    for name, keys in (("accounts", known.accounts), ("customers", known.customers)):
        for path, value in _texts(_entries(document, "callers"), name):
            yield from _absent(path, value, keys, name.removesuffix("s"))
    yield from _repeated(_texts(_entries(document, "callers"), "token"), "token")


def _moments(document: Mapping[str, Any]) -> Iterator[Mistake]:
    for name, member in (("callers", "expires"), ("mails", "sent"), ("charges", "at"), ("links", "sent")):
        for path, value in _texts(_entries(document, name), member):
            try:
                ticks.text(ticks.parse(value))
            except (ValueError, OverflowError):
                yield Mistake(path, f"{shown(value)} is no moment; expected one such as 2030-01-31T12:00:00Z")
