"""New tokens."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from flask import abort

from dimensions_emulator.domain import ticks
from dimensions_emulator.domain.models import Caller
from dimensions_emulator.store.base import DEFAULT_SESSION
from dimensions_emulator.wire import body, envelope
from dimensions_emulator.wire.ids import guid

if TYPE_CHECKING:
    from collections.abc import Container

    from flask import Blueprint, Response

    from dimensions_emulator.control.desk import Desk
    from dimensions_emulator.domain.world import World

LONGEST = 10 * 365 * 24 * 3600
NAME_LIMIT = 100
MEMBERS = frozenset({"name", "accounts", "customers", "scopes", "lifetimeSeconds"})


def register(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.post("/tokens")
    def mint() -> Response:
        """A token for accounts or customers, for all accounts if none are named."""
        wanted, now = body.json_object(desk.settings.max_body), desk.clock()
        with desk.store.transaction(DEFAULT_SESSION) as turn:
            caller = _caller(wanted, turn.world, now)
            turn.world = turn.world.with_caller(caller)
        data = {
            "token": caller.token,
            "name": caller.name,
            "accounts": sorted(caller.accounts),
            "customers": sorted(caller.customers),
            "scopes": sorted(caller.scopes),
        }
        if caller.expires is not None:
            data["expires"] = ticks.text(caller.expires)
        return envelope.one(data, now, 201)


def _caller(wanted: dict[str, Any], world: World, now: int) -> Caller:
    accounts = _tenants(wanted, "accounts", world.accounts)
    customers = _tenants(wanted, "customers", world.tenants)
    if unknown := wanted.keys() - MEMBERS:
        abort(400, f"A token has no member '{min(unknown)}'; there are: {', '.join(sorted(MEMBERS))}.")
    if wanted.get("accounts") is None and wanted.get("customers") is None:
        accounts = frozenset(world.accounts)
    return Caller(
        name=_name(wanted),
        token=f"emulator-token-{secrets.token_urlsafe(18)}",
        accounts=accounts,
        customers=customers,
        scopes=_scopes(wanted),
        expires=_expiry(wanted.get("lifetimeSeconds"), now),
    )


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
    return scopes


def _tenants(wanted: dict[str, Any], name: str, known: Container[str]) -> frozenset[str]:
    ids = frozenset(guid(text) for text in body.texts(wanted, name))
    for tenant_id in ids:
        if tenant_id not in known:
            abort(400, f"{name} names '{tenant_id}', which this world does not have.")
    return ids


def _expiry(lifetime: Any, now: int) -> int | None:
    if lifetime is None:
        return None
    if isinstance(lifetime, bool) or not isinstance(lifetime, int) or not 0 <= lifetime <= LONGEST:
        abort(400, f"lifetimeSeconds is a whole number from 0 to {LONGEST}.")
    return now + lifetime * ticks.SECOND
