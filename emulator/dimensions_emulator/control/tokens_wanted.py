"""What a token shall open, as the request for it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import abort

from dimensions_emulator.control.ids import guid
from dimensions_emulator.domain import ticks
from dimensions_emulator.wire import body

if TYPE_CHECKING:
    from collections.abc import Container

    from dimensions_emulator.domain.world import World

LONGEST = 10 * 365 * 24 * 3600
NAME_LIMIT = 100
MOST_TENANTS = 100
MOST_SCOPES, SCOPE_LIMIT = 20, 100
MEMBERS = frozenset({"name", "accounts", "customers", "scopes", "lifetimeSeconds", "session"})


def session(wanted: dict[str, Any]) -> str | None:
    """The session that the token shall name by itself, None for none."""
    return body.text(wanted, "session")


def facts(wanted: dict[str, Any], world: World, now: int) -> dict[str, Any]:
    """What is known of the caller but its token; refused with the reason where it cannot be met."""
    accounts = frozenset(world.accounts[key].id for key in _tenants(wanted, "accounts", world.accounts))
    customers = frozenset(
        world.tenants[key].customer.id for key in _tenants(wanted, "customers", world.tenants)
    )
    if unknown := wanted.keys() - MEMBERS:
        abort(400, f"A token has no member '{min(unknown)}'; there are: {', '.join(sorted(MEMBERS))}.")
    if wanted.get("accounts") is None and wanted.get("customers") is None:
        accounts = frozenset(world.accounts)
    return {
        "name": _name(wanted),
        "accounts": accounts,
        "customers": customers,
        "scopes": _scopes(wanted),
        "expires": _expiry(wanted.get("lifetimeSeconds"), now),
    }


def _name(wanted: dict[str, Any]) -> str:
    name = body.text(wanted, "name") or "minted"
    if len(name) > NAME_LIMIT:
        abort(400, f"name is a string of at most {NAME_LIMIT} characters.")
    return name


def _scopes(wanted: dict[str, Any]) -> frozenset[str]:
    if wanted.get("scopes") is None:
        return frozenset({"onboarding"})
    scopes = frozenset(body.texts(wanted, "scopes"))
    if "" in scopes:
        abort(400, "A scope is not empty.")
    if len(scopes) > MOST_SCOPES or any(len(scope) > SCOPE_LIMIT for scope in scopes):
        abort(400, f"scopes are at most {MOST_SCOPES} strings of at most {SCOPE_LIMIT} characters.")
    return scopes


def _tenants(wanted: dict[str, Any], name: str, known: Container[str]) -> set[str]:
    noun = name.removesuffix("s")
    ids = {guid(text, f"{name}[{at}]", noun) for at, text in enumerate(body.texts(wanted, name))}
    for tenant_id in ids:
        if tenant_id not in known:
            abort(400, f"{name} names '{tenant_id}', which this world does not have.")
    if len(ids) > MOST_TENANTS:
        abort(400, f"{name} names {len(ids)} tenants, and {MOST_TENANTS} is the most for one token.")
    return ids


def _expiry(lifetime: Any, now: int) -> int | None:
    if lifetime is None:
        return None
    if isinstance(lifetime, bool) or not isinstance(lifetime, int) or not 0 <= lifetime <= LONGEST:
        abort(400, f"lifetimeSeconds is a whole number from 0 to {LONGEST}.")
    return now + lifetime * ticks.SECOND
