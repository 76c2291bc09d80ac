"""Request bodies."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson
from flask import request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.wsgi import get_input_stream

from dimensions_emulator.domain.errors import Refused
from dimensions_emulator.domain.json_patch import Operation, parse
from dimensions_emulator.sandbox.journal import LONGEST_SIZE

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

JSON = "application/json"
JSON_PATCH = "application/json-patch+json"


def json_object(limit: int) -> dict[str, Any]:
    """The request's body, a JSON object of at most `limit` bytes (MEDIA-TYPE, BODY-JSON)."""
    body = _json((JSON,), limit)
    if not isinstance(body, dict):
        raise _invalid("it is not a JSON object")
    return body


def json_patch(limit: int) -> tuple[Operation, ...]:
    """The request's body, a JSON Patch of at most `limit` bytes (MEDIA-TYPE, BODY-JSON, PATCH-OPERATIONS)."""
    body = _json((JSON, JSON_PATCH), limit)
    if not isinstance(body, list):
        raise _invalid("it is not a JSON array of operations")
    return parse(body)


def text(body: dict[str, Any], name: str, where: str = "") -> str | None:
    """A member that is text; absent and null are the same. `where` stands before its name in messages."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise _invalid(f"{where}{name} is not a string")
    return value


def texts(body: dict[str, Any], name: str) -> list[str]:
    """A member that is a list of texts; absent and null are an empty one."""
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _invalid(f"{name} is not an array of strings")
    return value


def choice(body: dict[str, Any], name: str, field: str, allowed: tuple[str, ...], rule: str) -> str:
    """A member that is one of the allowed texts; `field` is its name in messages."""
    value = body.get(name)
    if value is None:
        raise Refused(rule, "FieldRequired", field=field)
    if value not in allowed:
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        raise Refused(rule, "ValueInvalid", value=shown)
    return str(value)


def _json(media_types: tuple[str, ...], limit: int) -> Any:
    environ = request.environ
    found = environ.get("CONTENT_TYPE", "")
    if found not in media_types and not _is_one_of(media_types, found):
        expected = " or ".join(media_types)
        raise Refused("MEDIA-TYPE", "MediaTypeUnsupported", found=found, expected=f"{expected} in UTF-8")
    raw = _raw(environ, limit)
    try:
        orjson.loads(raw)  # strict about encoding, surrogates, NaN and depth, where json is not
        return DECODER.decode(raw.decode())
    except (ValueError, RecursionError) as fault:
        raise _invalid(f"it is not JSON ({fault or 'nested too deeply'})") from None


def _raw(environ: WSGIEnvironment, limit: int) -> bytes:
    declared = environ.get("CONTENT_LENGTH") or ""
    if declared.isdecimal() and len(declared) <= LONGEST_SIZE and int(declared) <= limit:
        return bytes(environ["wsgi.input"].read(int(declared)))
    try:
        return get_input_stream(environ, max_content_length=limit).read()
    except RequestEntityTooLarge:
        raise Refused("BODY-JSON", "BodyTooLarge", limit=limit) from None


def _is_one_of(media_types: tuple[str, ...], found: str) -> bool:
    media_type, options = parse_options_header(found)
    return media_type.lower() in media_types and options.get("charset", "utf-8").lower() in {"utf-8", "utf8"}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        left = dict(pairs)
        twice = next(name for name, _ in pairs if left.pop(name, pairs) is pairs)
        raise ValueError(f"the member {twice!r} stands twice")
    return members


DECODER = json.JSONDecoder(object_pairs_hook=_unique)


def _invalid(reason: str) -> Refused:
    return Refused("BODY-JSON", "BodyInvalid", reason=reason)
