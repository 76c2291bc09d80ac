"""The control plane under /_emulator, one feature a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

from dimensions_emulator.control import (
    charges,
    config,
    documents,
    guard,
    health,
    mail,
    pages,
    platform,
    reset,
    state,
    tokens,
)

if TYPE_CHECKING:
    from flask import Flask

    from dimensions_emulator.control.desk import Desk

FEATURES = (charges, config, documents, health, mail, pages, platform, reset, state, tokens)


def register(app: Flask, desk: Desk) -> None:
    """Serve every feature under /_emulator, behind the guard."""
    blueprint = Blueprint("control", __name__, url_prefix="/_emulator")
    guard.register(blueprint, desk)
    for feature in FEATURES:
        feature.register(blueprint, desk)
    app.register_blueprint(blueprint)
