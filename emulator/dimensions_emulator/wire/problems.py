"""The one place where a refusal or a crash becomes an answer."""

from __future__ import annotations

import logging
from types import MappingProxyType
from typing import TYPE_CHECKING
from uuid import uuid4

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from dimensions_emulator.domain.errors import Refused, WorldFull
from dimensions_emulator.sandbox import redaction
from dimensions_emulator.sandbox.sessions import SessionRefused
from dimensions_emulator.store.base import SessionGone
from dimensions_emulator.wire import envelope
from dimensions_emulator.wire.entrance import MET, SESSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dimensions_contracts.catalog import Catalog
    from dimensions_emulator.sandbox.met import Met

RULE = "X-Emulator-Rule"
INDEX = "; /_emulator/ lists what there is"
log = logging.getLogger("dimensions_emulator.problems")


def register(app: Flask, catalog: Catalog) -> None:
    """Answer every exception of this app in the error envelope."""
    problems = Problems(catalog)
    app.register_error_handler(Refused, problems.refused)
    app.register_error_handler(HTTPException, problems.http)
    app.register_error_handler(Exception, problems.crash)
    app.register_error_handler(SessionRefused, lambda no: _plain(no.status, no.args[0]))
    app.register_error_handler(SessionGone, lambda _: _plain(404, "The session was ended meanwhile."))
    app.register_error_handler(WorldFull, lambda no: _plain(507, no.args[0]))


class Problems:
    """Renders what the catalogue's errors and the router say."""

    def __init__(self, catalog: Catalog) -> None:
        self._errors = catalog.errors

    def refused(self, no: Refused, more: str = "") -> Response:
        if MET in request.environ:
            request.environ[MET].refused = no
        kind = self._errors[no.error]
        headers = {name: value.format(**no.facts) for name, value in kind.headers.items()}
        headers[RULE] = no.rule
        if kind.message is None:
            return envelope.empty(kind.status, headers)
        return envelope.error(kind.status, kind.code, kind.message.format(**no.facts) + more, _now(), headers)

    def http(self, no: HTTPException) -> Response:
        meant = _refusal_of(no)
        if meant is not None:
            return self.refused(meant, INDEX if request.path == "/" else "")
        later = getattr(no, "retry_after", None)
        return _plain(
            no.code or 500, no.description or no.name, {} if later is None else {"Retry-After": str(later)}
        )

    def crash(self, fault: Exception) -> Response:
        number = uuid4().hex[:12]
        log.error(
            "internal error %s at %s %s", number, request.method, redaction.path(request.path), exc_info=fault
        )
        return self.refused(Refused("NEVER-500", "InternalError", id=number))


def _plain(status: int, message: str, headers: Mapping[str, str] = MappingProxyType({})) -> Response:
    return envelope.error(status, None, message, _now(), headers)


def _now() -> int:
    """The session's time by which the request is judged, if it has not been noted, by now."""
    environ = request.environ
    met: Met | None = environ.get(MET)
    if met is not None and met.at is not None:
        return met.at
    now: int = environ[SESSION].clock.now()
    if met is not None:
        met.at = now
    return now


def _refusal_of(no: HTTPException) -> Refused | None:
    match no:
        case NotFound() if request.routing_exception is no:
            return Refused("ROUTE", "NoSuchRoute", method=request.method, path=request.path)
        case MethodNotAllowed():
            own = () if request.path.startswith("/_emulator") else ("OPTIONS",)
            allowed = ", ".join(sorted({*(no.valid_methods or ()), *own}))
            method = request.environ["REQUEST_METHOD"]
            return Refused("METHOD-UNKNOWN", "MethodNotAllowed", method=method, allowed=allowed)
    return None
