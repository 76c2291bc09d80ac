"""The rate limit of a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import abort

from dimensions_emulator.control import members
from dimensions_emulator.wire import envelope

if TYPE_CHECKING:
    from flask import Blueprint, Response

    from dimensions_emulator.control.desk import Desk

MOST = {"requests": 1_000_000, "seconds": 86_400}


def register(blueprint: Blueprint, desk: Desk) -> None:
    def shown() -> Response:
        requests, seconds = desk.session.limiter.rate or (None, None)
        return envelope.one({"requests": requests, "seconds": seconds}, desk.clock())

    @blueprint.get("/rate-limit")
    def read() -> Response:
        return shown()

    @blueprint.put("/rate-limit")
    def put() -> Response:
        """Another limit for each caller, who begins anew."""
        wanted = {"seconds": 1, **members.known(desk.settings.max_body, tuple(MOST))}
        for name, most in MOST.items():
            value = wanted.get(name)
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
                abort(400, f"{name} is a whole number from 1 to {most}.")
        desk.session.limiter.set((wanted["requests"], wanted["seconds"]))
        return shown()

    @blueprint.delete("/rate-limit")
    def delete() -> Response:
        """No limit."""
        desk.session.limiter.set(None)
        return shown()
