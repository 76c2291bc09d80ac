"""URLs as the caller sees them, behind proxies and mapped ports too."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

from flask import request
from werkzeug.middleware.proxy_fix import ProxyFix

from dimensions_emulator.store.base import DEFAULT_SESSION
from dimensions_emulator.wire.entrance import SESSION

SCHEMES = frozenset({"http", "https"})
HOST = re.compile(
    r"(?:[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?|\[(?P<ipv6>[0-9A-Fa-f:.]+)\])(?::(?P<port>[0-9]{1,5}))?"
)
LAST_PORT = 65535
LONGEST = 260
"""How long a host with its port, or a prefix, may be: mails keep them."""

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def origin() -> str:
    """Scheme, host and path prefix under which the caller reaches its session.

    Of what a proxy says, and of Host, that is passed over of which no URL can be made.
    """
    return server_origin() + _quoted(request.environ.get("SCRIPT_NAME", ""))


def server_origin() -> str:
    """Scheme, host and path prefix under which the caller reaches this server."""
    own, told = request.environ, _environ()
    scheme = next(
        name for name in (told["wsgi.url_scheme"], own["wsgi.url_scheme"], "http") if name in SCHEMES
    )
    listening = f"{own['SERVER_NAME']}:{own['SERVER_PORT']}"
    hosts = (told.get("HTTP_HOST", ""), own.get("HTTP_HOST", ""), listening)
    host = next(filter(_is_host, hosts), listening)
    forwarded = told.get("SCRIPT_NAME", "") if "HTTP_X_FORWARDED_PREFIX" in own else ""
    prefix = forwarded if forwarded.startswith("/") and len(forwarded) <= LONGEST else ""
    return f"{scheme}://{host}{_quoted(prefix)}".rstrip("/")


def mail_origin() -> str:
    """The base of links in mails; their readers send no header that names the session."""
    base, session = origin(), request.environ[SESSION].name
    prefix = f"/s/{session}"
    return base if session == DEFAULT_SESSION or base.endswith(prefix) else base + prefix


def request_url() -> str:
    """The absolute URL of the request as the caller wrote it, without its query."""
    return origin() + _quoted(request.environ["PATH_INFO"])


def _is_host(text: str) -> bool:
    """Tell whether a URL can be made of a host with or without a port."""
    found = HOST.fullmatch(text) if len(text) <= LONGEST else None
    if found is None or int(found["port"] or 0) > LAST_PORT:
        return False
    try:
        return found["ipv6"] is None or ip_address(found["ipv6"]).version == 6  # noqa: PLR2004  in brackets
    except ValueError:
        return False


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
