"""Back to the beginning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import abort, request
from immutables import Map

from dimensions_emulator.domain.tenant import populated
from dimensions_emulator.domain.world import World
from dimensions_emulator.store.base import DEFAULT_SESSION
from dimensions_emulator.wire import envelope

if TYPE_CHECKING:
    from flask import Blueprint, Response

    from dimensions_emulator.control.desk import Desk


def register(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.post("/reset")
    def reset() -> Response:
        """The seed world again, or with `to=empty` its tenants and callers alone."""
        to = request.args.get("to", "seed")
        if to not in {"seed", "empty"}:
            abort(400, f"The value '{to}' of to is not valid; use seed or empty.")
        desk.store.put(DEFAULT_SESSION, desk.seed if to == "seed" else _emptied(desk.seed))
        return envelope.done(desk.clock())


def _emptied(world: World) -> World:
    tenants = {tenant_id: populated(tenant.customer, ()) for tenant_id, tenant in world.tenants.items()}
    return World(accounts=world.accounts, tenants=Map(tenants), callers=world.callers)
