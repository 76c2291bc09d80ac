"""A request as a line for the shell; the token is left to the variable TOKEN."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING
from urllib.parse import quote as escaped

from dimensions_emulator.sandbox import redaction

if TYPE_CHECKING:
    from dimensions_emulator.sandbox.dry_run import Request

TOLD = {"authorization", "content-type", "accept-charges", "x-emulator-session"}
"""The headers that matter to the API."""


def path(request: Request) -> str:
    """Path and query as they are sent."""
    plain = _escaped(request.path)
    return f"{plain}?{request.query}" if request.query else plain


def headers(request: Request) -> dict[str, str]:
    """The headers that matter, the token masked."""
    return {name: redaction.header(name, value) for name, value in request.headers if name.lower() in TOLD}


def line(request: Request, origin: str) -> str:
    """The request as a call of curl."""
    words = ["curl", "-i", "-X", request.method, quote(origin + _escaped(request.mount) + path(request))]
    for name, value in headers(request).items():
        if name.lower() == "authorization":
            words += ["-H", f'"{name}: {value.replace(redaction.MASK, "$TOKEN")}"']
        else:
            words += ["-H", quote(f"{name}: {value}")]
    if request.body:
        words += ["--data-raw", quote(request.body.decode("utf-8", "replace"))]
    return " ".join(words)


def _escaped(wsgi: str) -> str:
    return escaped(wsgi.encode("latin-1", "replace"), safe="/:@!$&'()*+,;=~")
