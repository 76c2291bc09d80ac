"""The control plane under /_emulator, one feature a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

from dimensions_emulator.control import (
    certificate,
    charges,
    clock,
    config,
    coverage,
    documents,
    events,
    explain,
    faults,
    guard,
    health,
    index,
    journal,
    mail,
    mail_failures,
    mail_wait,
    metrics,
    pages,
    platform,
    rate_limit,
    reset,
    sessions,
    snapshots,
    state,
    tokens,
    verification,
    webhooks,
    what_if,
)

if TYPE_CHECKING:
    from flask import Flask

    from dimensions_emulator.control.desk import Desk

FEATURES = (
    certificate,
    charges,
    clock,
    config,
    coverage,
    documents,
    events,
    explain,
    faults,
    health,
    index,
    journal,
    mail,
    mail_failures,
    mail_wait,
    metrics,
    pages,
    platform,
    rate_limit,
    reset,
    sessions,
    snapshots,
    state,
    tokens,
    verification,
    webhooks,
    what_if,
)


def register(app: Flask, desk: Desk) -> None:
    """Serve every feature under /_emulator, behind the guard."""
    blueprint = Blueprint("control", __name__, url_prefix="/_emulator")
    guard.register(blueprint, desk)
    for feature in FEATURES:
        part = Blueprint(feature.__name__.rpartition(".")[2], __name__)
        feature.register(part, desk)
        blueprint.register_blueprint(part)
    app.register_blueprint(blueprint)
