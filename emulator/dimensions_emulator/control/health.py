"""Whether the server lives and is ready, and what it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimensions_emulator.domain import ticks
from dimensions_emulator.wire import envelope

if TYPE_CHECKING:
    from flask import Blueprint, Response

    from dimensions_emulator.control.desk import Desk


def register(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get("/health")
    def health() -> Response:
        now, world = desk.clock(), desk.world()
        data = {
            "status": "ready",
            "version": desk.version,
            "apiVersion": "v1.0",
            "profile": desk.book.profile.name,
            "world": desk.session.origin.world_name,
            "uptimeSeconds": (desk.real_time() - desk.started) // ticks.SECOND,
            "session": desk.session.name,
            "sessions": {
                "live": len(desk.sessions.live()),
                "limit": desk.settings.max_sessions,
                "idleSeconds": desk.settings.session_idle,
            },
            "holds": {
                "accounts": len(world.accounts),
                "customers": len(world.tenants),
                "users": len(world.users),
                "devices": len(world.devices),
                "mails": len(world.mails),
                "charges": len(world.charges),
            },
            "dropped": {"mails": world.mails_dropped, "charges": world.charges_dropped},
            "smtp": desk.relay.status() if desk.relay else None,
            "state": desk.state.status() if desk.state else None,
        }
        return envelope.one(data, now)

    @blueprint.get("/livez", endpoint="livez")
    @blueprint.get("/readyz", endpoint="readyz")
    def ready() -> Response:
        return envelope.done(desk.clock())
