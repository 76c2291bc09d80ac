"""Each setting, and where its value came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimensions_emulator.wire import envelope

if TYPE_CHECKING:
    from flask import Blueprint, Response

    from dimensions_emulator.control.desk import Desk


def register(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get("/config")
    def config() -> Response:
        settings = desk.settings
        data = {
            "settings": {
                name: {"value": getattr(settings, name), "origin": origin}
                for name, origin in (settings.origins or {}).items()
            },
            "profile": {"name": desk.book.profile.name, "decisions": dict(desk.book.profile.decisions)},
        }
        return envelope.one(data, desk.clock())
