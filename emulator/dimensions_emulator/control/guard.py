"""Who may reach the control plane: this machine by its names, and no page of another site."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING

from flask import abort, request

if TYPE_CHECKING:
    from flask import Blueprint

    from dimensions_emulator.control.desk import Desk

HOST = re.compile(r"(?:\[([^][/?#@\s]*)\]|([^][/?#@:\s]*))(?::[0-9]*)?")
LINKED = frozenset({"control.activate", "control.uc_client"})


def register(blueprint: Blueprint, desk: Desk) -> None:
    named = ("localhost", desk.settings.host, *desk.settings.allowed_host)
    allowed = frozenset(map(_name, named)) - {""}

    @blueprint.before_request
    def check() -> None:
        """Refuse a foreign name in Host (DNS rebinding), and a foreign Origin.

        The links in mails carry their own secret, and follow the name by which the API was called.
        """
        if request.endpoint in LINKED:
            return
        host = request.environ.get("HTTP_HOST", "")
        name = _name(host)
        if host and name not in allowed and not _is_address(name):
            advice = f"start with --allowed-host {name}" if name else "it is no host name"
            abort(403, f"The host name '{name or host}' is not allowed on /_emulator; {advice}.")
        origin = request.environ.get("HTTP_ORIGIN")
        if origin is not None and (not host or _place(origin) != host.lower()):
            abort(403, f"Pages of '{origin}' may not use /_emulator.")


def _name(host: str) -> str:
    """The name in a Host header, without port and final dot; empty for what is none."""
    found = HOST.fullmatch(host.lower())
    return (found[1] or found[2] or "").removesuffix(".") if found else ""


def _place(url: str) -> str:
    return url.partition("//")[2].lower()


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
