"""Each setting, and where its value came from."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from dimensions_emulator.settings import SECRETS
from dimensions_emulator.wire import envelope

if TYPE_CHECKING:
    from flask import Blueprint, Response

    from dimensions_emulator.control.desk import Desk


def register(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get("/config")
    def config() -> Response:
        settings, origins = desk.settings, desk.settings.origins or {}
        data = {
            "settings": {
                field.name: {
                    "value": _shown(field.name, getattr(settings, field.name)),
                    "origin": origins.get(field.name, "code"),
                }
                for field in fields(settings)
                if field.name != "origins"
            },
            "profile": {"name": desk.book.profile.name, "decisions": dict(desk.book.profile.decisions)},
        }
        return envelope.one(data, desk.clock())


def _shown(name: str, value: Any) -> Any:
    return "***" if name in SECRETS and value is not None else value
