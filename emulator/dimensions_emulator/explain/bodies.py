"""The bodies of requests, read and written again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from dimensions_emulator.sandbox.dry_run import Request

NONE: Any = object()
"""What `read` gives for a body that is no JSON; JSON's null is None."""
JSON = "application/json"


def read(request: Request) -> Any:
    """The body's JSON, or `NONE`."""
    return parsed(request.body)


def parsed(body: bytes) -> Any:
    """The JSON of a body, or `NONE`."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return NONE


def written(request: Request, body: Any) -> Request:
    """The request with this JSON as its body, announced as such if nothing was."""
    sent = request._replace(body=json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"))
    return sent if request.header("Content-Type") else sent.with_header("Content-Type", JSON)


def shown(body: bytes) -> Any:
    """A body as an answer can hold it, None if there is none: as JSON if it is an array, an object, a number.

    Anything else is its text, so that a text always stands for itself.
    """
    if not body:
        return None
    value = parsed(body)
    if value is not NONE and not isinstance(value, str | None):
        try:
            orjson.dumps(value)
        except (TypeError, ValueError):
            pass
        else:
            return value
    return body.decode("utf-8", "replace")
