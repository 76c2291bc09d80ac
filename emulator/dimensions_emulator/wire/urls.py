"""URLs as the caller sees them, behind proxies and mapped ports too."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

from flask import request
from werkzeug.middleware.proxy_fix import ProxyFix

SCHEMES = frozenset({"http", "https"})
HOST = re.compile(r"(?:[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def origin() -> str:
    """Scheme, host and path prefix under which the caller reaches this server.

    Of what a proxy says, and of Host, that is passed over of which no URL can be made.
    """
    own, told = request.environ, _environ()
    scheme = next(
        name for name in (told["wsgi.url_scheme"], own["wsgi.url_scheme"], "http") if name in SCHEMES
    )
    listening = f"{own['SERVER_NAME']}:{own['SERVER_PORT']}"
    hosts = (told.get("HTTP_HOST", ""), own.get("HTTP_HOST", ""), listening)
    host = next((name for name in hosts if HOST.fullmatch(name)), listening)
    prefix = told.get("SCRIPT_NAME", "")
    return f"{scheme}://{host}{_quoted(prefix) if prefix.startswith('/') else ''}".rstrip("/")


def request_url() -> str:
    """The absolute URL of the request as the caller wrote it, without its query."""
    return origin() + _quoted(request.environ["PATH_INFO"])


def _quoted(path: str) -> str:
    return quote(path.encode("latin-1"), safe="/:@!$&'()*+,;=~")


def _environ() -> WSGIEnvironment:
    seen: list[WSGIEnvironment] = []

    def keep(environ: WSGIEnvironment, _: object) -> list[bytes]:
        seen.append(environ)
        return []

    fix = ProxyFix(keep, x_proto=1, x_host=1, x_port=1, x_prefix=1)
    fix(dict(request.environ), cast("object", None))  # type: ignore[arg-type]
    return seen[0]
