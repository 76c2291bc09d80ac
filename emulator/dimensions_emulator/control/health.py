"""Whether the server lives and is ready, and what it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimensions_emulator.domain import ticks
from dimensions_emulator.store.base import DEFAULT_SESSION
from dimensions_emulator.wire import envelope

if TYPE_CHECKING:
    from flask import Blueprint, Response

    from dimensions_emulator.control.desk import Desk


def register(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get("/health")
    def health() -> Response:
        now, world = desk.clock(), desk.store.read(DEFAULT_SESSION)
        data = {
            "status": "ready",
            "version": desk.version,
            "apiVersion": "v1.0",
            "profile": desk.book.profile.name,
            "world": desk.settings.world,
            "uptimeSeconds": (now - desk.started) // ticks.SECOND,
            "sessions": [DEFAULT_SESSION],
            "holds": {
                "accounts": len(world.accounts),
                "customers": len(world.tenants),
                "users": len(world.users),
                "devices": len(world.devices),
                "mails": len(world.mails),
                "charges": len(world.charges),
            },
            "smtp": desk.relay.status() if desk.relay else None,
        }
        return envelope.one(data, now)

    @blueprint.get("/livez")
    @blueprint.get("/readyz")
    def ready() -> Response:
        return envelope.done(desk.clock())
