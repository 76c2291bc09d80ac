"""The shapes of answers; nothing else builds a body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import orjson
from flask import Response

from dimensions_emulator.domain import ticks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from wsgiref.types import WSGIEnvironment

JSON = "application/json; charset=utf-8"
PLAIN = ("Content-Type", "Content-Length")
"""The headers of every answer with a body."""


class Answer(Response):
    """An answer in memory, given out as it stands unless a header was added that may have to be completed."""

    def get_wsgi_response(
        self, environ: WSGIEnvironment
    ) -> tuple[Iterable[bytes], str, list[tuple[str, str]]]:
        if len(self.headers) != len(PLAIN):
            return super().get_wsgi_response(environ)
        body = [] if environ["REQUEST_METHOD"] == "HEAD" else self.response
        return cast("Iterable[bytes]", body), self.status, self.headers.to_wsgi_list()


def one(data: Any, now: int, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The envelope of one thing."""
    return _json({"data": data, "status": "success", "timestamp": ticks.text(now)}, status, headers)


def many(data: list[Any], now: int, page_index: int | None = None) -> Response:
    """The envelope of a list; `page_size` counts the items of this answer (LIST-ITEMS)."""
    body: dict[str, Any] = {"page_size": len(data)}
    if page_index is not None:
        body["page_index"] = page_index
    return _json({**body, "data": data, "status": "success", "timestamp": ticks.text(now)}, 200, None)


def done(now: int, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The envelope of an act that has nothing to show."""
    return _json({"status": "success", "timestamp": ticks.text(now)}, status, headers)


def error(
    status: int, code: str | None, message: str, now: int, headers: Mapping[str, str], data: Any = None
) -> Response:
    """The envelope of a refusal; an absent code is left out (WIRE-ERROR), and so are absent data."""
    body: dict[str, Any] = {"error": status}
    if code is not None:
        body["errorCode"] = code
    body["message"] = message
    if data is not None:
        body["data"] = data
    return _json({**body, "status": "error", "timestamp": ticks.text(now)}, status, headers)


def empty(status: int, headers: Mapping[str, str] | None = None) -> Response:
    """An answer without a body, and so without a content type (WIRE-CONTENT-TYPE)."""
    answer = Response(status=status, headers=headers)
    del answer.headers["Content-Type"]
    return answer


def _json(body: dict[str, Any], status: int, headers: Mapping[str, str] | None) -> Response:
    return Answer(orjson.dumps(body), status, headers, content_type=JSON)
