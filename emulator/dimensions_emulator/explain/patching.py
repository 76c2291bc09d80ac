"""The operations of a JSON Patch, edited."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

from dimensions_emulator.domain import json_patch
from dimensions_emulator.domain.errors import Refused
from dimensions_emulator.explain import bodies

if TYPE_CHECKING:
    from dimensions_emulator.explain.case import Case

ROLES, END = "/roles", "/roles/-"


def operations(case: Case) -> list[Any]:
    """The operations of the request, none if its body has none."""
    body = bodies.read(case.request)
    return list(body) if isinstance(body, list) else []


def document(case: Case) -> dict[str, Any]:
    """What the patch is applied to."""
    user = case.user
    return {
        "displayName": user.display_name if user else "",
        "email": user.email if user else "",
        "roles": case.book.wire_roles(case.roles),
    }


def result(case: Case, steps: list[Any]) -> dict[str, Any] | None:
    """The document after these operations, None if they fail."""
    try:
        return json_patch.apply(json_patch.parse(steps), document(case))
    except Refused:
        return None


def failing(case: Case, steps: list[Any]) -> int:
    """Which operation is the first that fails; as many as there are if none does."""

    def fails(count: int) -> bool:
        return result(case, steps[:count]) is None

    if (malformed := next((at for at, step in enumerate(steps) if _malformed(step)), None)) is not None:
        return malformed
    return bisect_left(range(1, len(steps) + 1), True, key=fails)  # noqa: FBT003


def replaced(steps: list[Any], at: int, *new: Any) -> list[Any]:
    """The operations with others in place of one."""
    return [*steps[:at], *new, *steps[at + 1 :]]


def last_whole(steps: list[Any]) -> int | None:
    """The operation that gives the whole list of roles last, where none after it touches roles."""
    for at in range(len(steps) - 1, -1, -1):
        step = steps[at]
        if step.get("path") == ROLES and step["op"] in {"add", "replace"}:
            return at if isinstance(step.get("value"), list) else None
        if step["op"] != "test" and _touches_roles(step):
            return None
    return None


def _touches_roles(step: dict[str, Any]) -> bool:
    pointers = (step["path"], step.get("from") if step["op"] == "move" else None)
    return any(text is not None and text.split("/")[1:2] == ["roles"] for text in pointers)


def _malformed(step: Any) -> bool:
    try:
        json_patch.parse([step])
    except Refused:
        return True
    return False
