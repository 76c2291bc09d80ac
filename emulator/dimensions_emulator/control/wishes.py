"""A request as it is described to be tried."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from flask import abort

from dimensions_emulator.sandbox.dry_run import Request

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

MEMBERS = ("method", "path", "headers", "body", "token")
OURS = frozenset({"content-length", "transfer-encoding", "x-emulator-session", "x-emulator-explain"})
"""Headers that the description's own members and place stand for."""

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
VALUE = re.compile(r"[\x20-\x7e\xa0-\xff]*")
PATH = re.compile(r"/[^\x00-\x20#]*")
PREFIX = re.compile(r"/s/([^/]+)(?=/)")
MOST_HEADERS, LONGEST = 100, 8000


def read(given: dict[str, Any], environ: WSGIEnvironment) -> Request:
    """The request that a body describes, as if it came the way that this one did."""
    method, path = given.get("method"), given.get("path")
    if not isinstance(method, str) or not TOKEN.fullmatch(method):
        abort(400, 'method is the request\'s method, such as "PATCH".')
    if not isinstance(path, str) or not PATH.fullmatch(path) or len(path) > LONGEST:
        abort(
            400,
            f"path is that of an API call with its query, from /api/v1.0 on, at most {LONGEST} characters.",
        )
    plain, _, query = path.partition("?")
    wsgi = _of_api(unquote_to_bytes(plain).decode("latin-1"))
    headers, body = _headers(given), _body(given.get("body"))
    if body and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "application/json"
    told = {
        name: value for name, value in _own(environ).items() if name.lower() not in map(str.lower, headers)
    }
    return Request(
        method.upper(),
        wsgi,
        query.encode().decode("latin-1"),
        tuple({**told, **headers}.items()),
        body,
        environ.get("SCRIPT_NAME", ""),
        environ["wsgi.url_scheme"],
    )


def _of_api(path: str) -> str:
    if path.startswith("/_emulator"):
        abort(400, "path is that of an API call; what /_emulator does cannot be tried without doing it.")
    if path.startswith("/s/"):
        abort(
            400,
            "path begins at the API; name the session in the URL or by X-Emulator-Session of this request.",
        )
    return path


def _headers(given: dict[str, Any]) -> dict[str, str]:
    headers = given.get("headers")
    if headers is None:
        headers = {}
    if not isinstance(headers, dict) or len(headers) > MOST_HEADERS:
        abort(400, f"headers is an object of at most {MOST_HEADERS} names with their values.")
    for name, value in headers.items():
        if not TOKEN.fullmatch(name) or name.lower() in OURS:
            abort(400, f"headers has '{name}', which is no header to give here.")
        if not isinstance(value, str) or not VALUE.fullmatch(value) or len(value) > LONGEST:
            abort(400, f"The value of the header '{name}' is a text of at most {LONGEST} Latin characters.")
    if len({name.lower() for name in headers}) < len(headers):
        abort(400, "headers names a header twice.")
    return {**headers, **_token(given, headers)}


def _token(given: dict[str, Any], headers: dict[str, str]) -> dict[str, str]:
    token = given.get("token")
    if token is None:
        return {}
    if not isinstance(token, str) or not VALUE.fullmatch(token) or len(token) > LONGEST:
        abort(400, f"token is the token of a caller, a text of at most {LONGEST} Latin characters.")
    if any(name.lower() == "authorization" for name in headers):
        abort(400, "Give either token or the header Authorization, not both.")
    return {"Authorization": f"Bearer {token}"}


def _body(body: Any) -> bytes:
    """A text as it is, anything else as JSON; null is no body."""
    if body is None:
        return b""
    return body.encode() if isinstance(body, str) else json.dumps(body, ensure_ascii=False).encode()


def _own(environ: WSGIEnvironment) -> dict[str, str]:
    """What the request says of the way that it came, which URLs in answers follow."""
    kept = ("HOST", "X_EMULATOR_SESSION", "X_FORWARDED_HOST", "X_FORWARDED_PREFIX", "X_FORWARDED_PROTO")
    return {
        name.replace("_", "-").title(): environ[f"HTTP_{name}"] for name in kept if f"HTTP_{name}" in environ
    }
