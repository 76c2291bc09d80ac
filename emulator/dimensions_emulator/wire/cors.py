"""OPTIONS, and pages of other sites that use the API."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from werkzeug.routing import Map

CONTROL = re.compile(r"(?:/+s/[^/]*)?/+_emulator(?:/.*)?", re.DOTALL)
PREFIX = re.compile(r"/+s/[^/]+(?=/)")
NAMES = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+(?:[ \t]*,[ \t]*[A-Za-z0-9!#$%&'*+.^_`|~-]+)*")
EXPOSED = (
    "Location, Retry-After, WWW-Authenticate, X-Emulator, X-Emulator-Explain, X-Emulator-Request-Id, "
    "X-Emulator-Rule, X-Emulator-Session"
)
LONGEST = 4096
MAX_AGE = "600"
Headers = list[tuple[str, str]]


class Cors:
    """Answers OPTIONS of the API's routes, and lets pages of the given origins read the API's answers.

    OPTIONS is answered before any session has to do with it. Nothing is said about /_emulator, and nothing
    is added to answers to callers that are no pages. No origins let no page read, `*` lets every one.
    """

    def __init__(
        self, application: WSGIApplication, routes: Map, origins: Iterable[str], name: tuple[str, str]
    ) -> None:
        self._application = application
        self._routes = routes.bind("")
        self._origins = frozenset(origin.lower() for origin in origins)
        self._varies = bool(self._origins - {"*"})
        self._name = name

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        asks = environ["REQUEST_METHOD"] == "OPTIONS"
        if not asks and not self._varies and "HTTP_ORIGIN" not in environ:
            return self._application(environ, start_response)
        path = environ["PATH_INFO"]
        if CONTROL.fullmatch(path):
            return self._application(environ, start_response)
        own = self._permission(environ.get("HTTP_ORIGIN"))
        if asks and (methods := self._methods(path)):
            allowed = ", ".join(methods)
            headers = [self._name, ("Allow", allowed), *own, *_preflight(environ, own, allowed)]
            start_response("204 No Content", headers)
            return []
        if own:
            own.append(("Access-Control-Expose-Headers", EXPOSED))

        def start(status: str, headers: Headers, exc_info: Any = None) -> Any:
            return start_response(status, [*headers, *own], exc_info)

        return self._application(environ, start)

    def _permission(self, origin: str | None) -> Headers:
        headers = [("Vary", "Origin")] if self._varies else []
        if origin is None or not self._origins:
            return headers
        if not self._varies:
            return [("Access-Control-Allow-Origin", "*")]
        if origin.lower() in self._origins:
            headers.append(("Access-Control-Allow-Origin", origin))
        return headers

    def _methods(self, path: str) -> list[str]:
        plain = PREFIX.sub("", path, count=1).encode("latin-1").decode("utf-8", "replace")
        methods = self._routes.allowed_methods(plain)
        return sorted({*methods, "OPTIONS"}) if methods else []


def _preflight(environ: WSGIEnvironment, permission: Headers, allowed: str) -> Headers:
    """What a page may send, if the request is a browser's question before its page's."""
    permitted = any(name == "Access-Control-Allow-Origin" for name, _ in permission)
    if not permitted or "HTTP_ACCESS_CONTROL_REQUEST_METHOD" not in environ:
        return []
    headers = [("Access-Control-Allow-Methods", allowed), ("Access-Control-Max-Age", MAX_AGE)]
    wanted = environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "")
    if len(wanted) <= LONGEST and NAMES.fullmatch(wanted):
        headers.append(("Access-Control-Allow-Headers", wanted))
    return headers
