"""Patterns of JSON values: what a check may expect of an answer."""

from __future__ import annotations

import json
import re
from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ABSENT: Any = type("Absent", (), {"__repr__": lambda _: "nothing"})()
TYPES: Mapping[str, type] = MappingProxyType(
    {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict, "null": type(None)}
)


def mismatch(pattern: Any, value: Any, where: str = "") -> str | None:
    """Tell where and how the value differs from the pattern, or None if it fits.

    A literal fits what is equal to it, an object the members that it names, an array item by item; an object
    with a member that begins with $ is an operator. `ABSENT` stands for a member that is not there.
    """
    if isinstance(pattern, dict):
        operator = next((name for name in pattern if name.startswith("$")), None)
        if operator is not None:
            return OPERATORS[operator](pattern[operator], value, where)
        return _members(pattern, value, where)
    if isinstance(pattern, list):
        return _items(pattern, value, where)
    return None if same(pattern, value) else _differs(where, shown(pattern), value)


def same(one: Any, other: Any) -> bool:
    """Compare as JSON does: true is not 1, at any depth."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)


def printable(text: str) -> str:
    """The text with escapes for characters that a terminal obeys or that no file can hold."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text
    )


def shown(value: Any, most: int = 300) -> str:
    """The value as JSON, cut where it is long."""
    text = repr(value) if value is ABSENT else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"


def _differs(where: str, expected: str, value: Any) -> str:
    return f"{where or 'it'} is {shown(value)} instead of {expected}"


def _members(pattern: Mapping[str, Any], value: Any, where: str) -> str | None:
    if not isinstance(value, dict):
        return _differs(where, "an object", value)
    for name, expected in pattern.items():
        found = mismatch(expected, value.get(name, ABSENT), f"{where}.{name}" if where else name)
        if found:
            return found
    return None


def _items(pattern: list[Any], value: Any, where: str) -> str | None:
    if not isinstance(value, list) or len(value) != len(pattern):
        return _differs(where, shown(pattern), value)
    found = (
        mismatch(expected, item, f"{where}[{n}]")
        for n, (expected, item) in enumerate(zip(pattern, value, strict=True))
    )
    return next(filter(None, found), None)


def _exactly(pattern: Mapping[str, Any], value: Any, where: str) -> str | None:
    if isinstance(value, dict) and (more := [name for name in value if name not in pattern]):
        return f"{where or 'it'} has the member {more[0]!r}, which does not belong there"
    return _members(pattern, value, where)


def _keys(items: list[Any]) -> Counter[str]:
    return Counter(json.dumps(item, sort_keys=True) for item in items)


def _set(pattern: list[Any], value: Any, where: str) -> str | None:
    if isinstance(value, list) and _keys(value) == _keys(pattern):
        return None
    return _differs(where, f"{shown(pattern)} in any order", value)


def _has(pattern: list[Any], value: Any, where: str) -> str | None:
    if isinstance(value, list) and not _keys(pattern) - _keys(value):
        return None
    return _differs(where, f"a list with {shown(pattern)}", value)


def _lacks(pattern: list[Any], value: Any, where: str) -> str | None:
    if isinstance(value, list) and not _keys(pattern) & _keys(value):
        return None
    return _differs(where, f"a list without {shown(pattern)}", value)


def _any(pattern: Any, value: Any, where: str) -> str | None:
    if isinstance(value, list) and any(mismatch(pattern, item) is None for item in value):
        return None
    return _differs(where, f"a list with an item like {shown(pattern)}", value)


def _none(pattern: Any, value: Any, where: str) -> str | None:
    if isinstance(value, list) and all(mismatch(pattern, item) for item in value):
        return None
    return _differs(where, f"a list without an item like {shown(pattern)}", value)


def _each(pattern: Any, value: Any, where: str) -> str | None:
    if not isinstance(value, list):
        return _differs(where, "a list", value)
    return next(
        filter(None, (mismatch(pattern, item, f"{where}[{n}]") for n, item in enumerate(value))), None
    )


def _length(pattern: int, value: Any, where: str) -> str | None:
    if isinstance(value, list | str) and len(value) == pattern:
        return None
    return _differs(where, f"something of the length {pattern}", value)


def _regex(pattern: str, value: Any, where: str) -> str | None:
    if isinstance(value, str) and re.search(pattern, value):
        return None
    return _differs(where, f"text like {pattern}", value)


def _absent(_: Any, value: Any, where: str) -> str | None:
    return None if value is ABSENT else _differs(where, "nothing", value)


def _type(pattern: str, value: Any, where: str) -> str | None:
    fits = isinstance(value, TYPES[pattern]) and not (pattern == "integer" and isinstance(value, bool))
    return None if fits else _differs(where, f"a value of the type {pattern}", value)


def _least(pattern: float, value: Any, where: str) -> str | None:
    if isinstance(value, int | float) and value >= pattern:
        return None
    return _differs(where, f"{pattern} or more", value)


OPERATORS: Mapping[str, Callable[[Any, Any, str], str | None]] = MappingProxyType(
    {
        "$exactly": _exactly,
        "$set": _set,
        "$has": _has,
        "$lacks": _lacks,
        "$any": _any,
        "$none": _none,
        "$each": _each,
        "$length": _length,
        "$regex": _regex,
        "$absent": _absent,
        "$type": _type,
        "$least": _least,
    }
)
