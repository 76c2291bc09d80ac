"""The journal as an HTTP archive, in version 1.2 of the format."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from dimensions_emulator.domain import ticks
from dimensions_emulator.sandbox import curl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dimensions_emulator.sandbox.exchange import Exchange, Headers, Part

HTTP = "HTTP/1.1"
UNKNOWN = -1
"""What the format has for a size that nobody has taken."""


def archive(exchanges: Iterable[Exchange], version: str, dropped: int) -> dict[str, Any]:
    """The archive; the members of our own begin with an underscore, as the format demands."""
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "dimensions-emulator", "version": version},
            "entries": [_entry(exchange) for exchange in exchanges],
            "_dropped": dropped,
        }
    }


def _entry(exchange: Exchange) -> dict[str, Any]:
    entry, milliseconds = exchange.entry, round(exchange.entry.seconds * 1000, 3)
    own = {name: exchange.fact(name) for name in ("operation", "caller", "rule")}
    return {
        "startedDateTime": ticks.text(entry.begun),
        "time": milliseconds,
        "request": _request(exchange),
        "response": _response(exchange),
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        "_id": entry.id,
        **{f"_{name}": value for name, value in own.items() if value is not None},
        "_curl": curl.line(exchange),
    }


def _request(exchange: Exchange) -> dict[str, Any]:
    body, headers = exchange.body, exchange.headers
    request = {
        "method": exchange.entry.method,
        "url": exchange.absolute_url,
        "httpVersion": HTTP,
        "cookies": [],
        "headers": _pairs(headers),
        "queryString": _pairs(exchange.query),
        "headersSize": UNKNOWN,
        "bodySize": body.size,
    }
    return request | ({"postData": _text(body, headers, "_encoding")} if body.kept else {})


def _response(exchange: Exchange) -> dict[str, Any]:
    status, body, headers = exchange.entry.status, exchange.answer, exchange.answer_headers
    return {
        "status": status,
        "statusText": HTTPStatus(status).phrase if status in set(HTTPStatus) else "",
        "httpVersion": HTTP,
        "cookies": [],
        "headers": _pairs(headers),
        "content": {"size": body.size, **_text(body, headers, "encoding")},
        "redirectURL": "",
        "headersSize": UNKNOWN,
        "bodySize": body.size,
    }


def _text(body: Part, headers: Headers, encoding: str) -> dict[str, Any]:
    """A body with its type; `encoding` is the member that tells of base64."""
    kind = next((value for name, value in headers if name == "Content-Type"), "")
    if body.text is not None:
        return {"mimeType": kind, "text": body.text}
    return {"mimeType": kind, "text": body.base64, encoding: "base64"}


def _pairs(pairs: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]
