"""URLs as the caller sees them, behind proxies and mapped ports too."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from urllib.parse import quote

from flask import request
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wsgi import get_current_url

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def origin() -> str:
    """Scheme, host and path prefix under which the caller reaches this server."""
    return get_current_url(_environ(), root_only=True).rstrip("/")


def request_url() -> str:
    """The absolute URL of the request as the caller wrote it, without its query."""
    path = quote(str(request.environ["PATH_INFO"]).encode("latin-1"), safe="/:@!$&'()*+,;=~")
    return origin() + path


def _environ() -> WSGIEnvironment:
    seen: list[WSGIEnvironment] = []

    def keep(environ: WSGIEnvironment, _: object) -> list[bytes]:
        seen.append(environ)
        return []

    fix = ProxyFix(keep, x_proto=1, x_host=1, x_port=1, x_prefix=1)
    fix(dict(request.environ), cast("object", None))  # type: ignore[arg-type]
    return seen[0]
