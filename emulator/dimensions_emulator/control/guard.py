"""Who may reach the control plane: this machine by its names, who has its secret, no page of another site."""

from __future__ import annotations

import re
from hmac import compare_digest
from ipaddress import ip_address
from typing import TYPE_CHECKING

from flask import abort, request

from dimensions_emulator.domain.errors import Refused
from dimensions_emulator.wire import body

if TYPE_CHECKING:
    from flask import Blueprint

    from dimensions_emulator.control.desk import Desk

HOST = re.compile(r"(?:\[([^][/?#@\s]*)\]|([^][/?#@:\s]*))(?::[0-9]*)?")
LINKED = frozenset({"control.pages.activate", "control.pages.uc_client"})
OPEN = frozenset({"control.health.livez", "control.health.readyz", "control.certificate.certificate"})
HEADER = "X-Emulator-Admin-Token"


def register(blueprint: Blueprint, desk: Desk) -> None:
    named = ("localhost", desk.settings.host, *desk.settings.allowed_host, *desk.settings.tls_name)
    allowed = frozenset(map(_name, named)) - {""}
    secret = desk.settings.admin_token

    @blueprint.before_request
    def check() -> None:
        """Refuse a foreign name in Host (DNS rebinding), and a foreign Origin.

        The links in mails carry their own secret, and follow the name by which the API was called.
        """
        if request.endpoint in LINKED:
            return
        if desk.settings.no_admin and request.endpoint not in OPEN:
            abort(404, "This server runs with --no-admin and has no /_emulator.")
        host = request.environ.get("HTTP_HOST", "")
        name = _name(host)
        if host and name not in allowed and not _is_address(name):
            advice = f"start with --allowed-host {name}" if name else "it is no host name"
            abort(403, f"The host name '{name or host}' is not allowed on /_emulator; {advice}.")
        origin = request.environ.get("HTTP_ORIGIN")
        if origin is not None and (not host or _place(origin) != host.lower()):
            abort(403, f"Pages of '{origin}' may not use /_emulator.")
        if secret is not None and request.endpoint not in OPEN and not _has(secret):
            abort(401, f"This server asks for its admin token, in {HEADER} or as Authorization: Bearer.")
        _check_form()


def _check_form() -> None:
    """Refuse what forms of web pages send, acts without a body included (MEDIA-TYPE)."""
    found = request.environ.get("CONTENT_TYPE", "")
    if request.method not in {"GET", "HEAD"} and found and request.mimetype != body.JSON:
        raise Refused("MEDIA-TYPE", "MediaTypeUnsupported", found=found, expected=f"{body.JSON} in UTF-8")


def _has(secret: str) -> bool:
    """Tell whether the request brings the secret, in a time that tells nothing of it."""
    environ = request.environ
    scheme, _, bearer = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    given = environ.get("HTTP_X_EMULATOR_ADMIN_TOKEN") or (bearer if scheme.lower() == "bearer" else "")
    return compare_digest(given.strip().encode("latin-1", "replace"), secret.encode())


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
