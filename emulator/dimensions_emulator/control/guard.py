"""Who may reach the control plane: this machine by its names, and no page of another site."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import abort, request

if TYPE_CHECKING:
    from flask import Blueprint

    from dimensions_emulator.control.desk import Desk


def register(blueprint: Blueprint, desk: Desk) -> None:
    allowed = frozenset(
        name.lower() for name in ("localhost", desk.settings.host, *desk.settings.allowed_host)
    )

    @blueprint.before_request
    def check() -> None:
        """Refuse a foreign name in Host (DNS rebinding), and a foreign Origin."""
        host = request.environ.get("HTTP_HOST", "")
        name = _name(f"//{host}")
        if host and name not in allowed and not _is_address(name):
            abort(
                403, f"The host name '{name}' is not allowed on /_emulator; start with --allowed-host {name}."
            )
        origin = request.environ.get("HTTP_ORIGIN")
        if origin is not None and _place(origin) != _place(f"//{host}"):
            abort(403, f"Pages of '{origin}' may not use /_emulator.")


def _name(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def _place(url: str) -> str:
    return url.partition("//")[2].lower()


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
