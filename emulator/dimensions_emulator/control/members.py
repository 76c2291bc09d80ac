"""The members of request bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import abort, request

from dimensions_emulator.wire import body

if TYPE_CHECKING:
    from collections.abc import Collection


def known(limit: int, names: Collection[str]) -> dict[str, Any]:
    """The request's body, an object with these members alone; no body at all is an empty one."""
    if not request.environ.get("CONTENT_TYPE") and request.environ.get("CONTENT_LENGTH") in {None, "", "0"}:
        return {}
    given = body.json_object(limit)
    check(given, names)
    return given


def check(given: dict[str, Any], names: Collection[str], what: str = "The body") -> None:
    """Refuse members that there are not: a misspelt one would silently do nothing."""
    if unknown := given.keys() - set(names):
        there = f"there are: {', '.join(sorted(names))}" if names else "there are none"
        abort(400, f"{what} has no member '{min(unknown)}'; {there}.")
