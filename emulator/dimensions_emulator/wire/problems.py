"""The one place where a refusal or a crash becomes an answer."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from uuid import uuid4

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from dimensions_emulator.domain.errors import Refused
from dimensions_emulator.wire import envelope

if TYPE_CHECKING:
    from collections.abc import Callable

    from dimensions_contracts.catalog import Catalog

RULE = "X-Emulator-Rule"
log = logging.getLogger("dimensions_emulator.problems")


def register(app: Flask, catalog: Catalog, clock: Callable[[], int]) -> None:
    """Answer every exception of this app in the error envelope."""

    def refused(no: Refused) -> Response:
        kind = catalog.errors[no.error]
        headers = {name: value.format(**no.facts) for name, value in kind.headers.items()}
        headers[RULE] = no.rule
        if kind.message is None:
            return envelope.empty(kind.status, headers)
        return envelope.error(kind.status, kind.code, kind.message.format(**no.facts), clock(), headers)

    def http(no: HTTPException) -> Response:
        meant = _refusal_of(no)
        if meant is not None:
            return refused(meant)
        return envelope.error(no.code or 500, None, no.description or no.name, clock(), {})

    def crash(fault: Exception) -> Response:
        number = uuid4().hex[:12]
        log.error("internal error %s at %s %s", number, request.method, request.path, exc_info=fault)
        return refused(Refused("NEVER-500", "InternalError", id=number))

    app.register_error_handler(Refused, refused)
    app.register_error_handler(HTTPException, http)
    app.register_error_handler(Exception, crash)


def _refusal_of(no: HTTPException) -> Refused | None:
    match no:
        case NotFound() if request.routing_exception is no:
            return Refused("ROUTE", "NoSuchRoute", method=request.method, path=request.path)
        case MethodNotAllowed():
            allowed = ", ".join(sorted(no.valid_methods or ()))
            return Refused("METHOD-UNKNOWN", "MethodNotAllowed", method=request.method, allowed=allowed)
    return None
