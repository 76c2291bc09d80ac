"""The published schema of world documents, told as mistakes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dimensions_contracts import catalog

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jsonschema_rs import ValidationError

    Schema = Mapping[str, Any]

Path = tuple[str | int, ...]
SHOWN = 60
KINDS = MappingProxyType(
    {dict: "a mapping", list: "a list", str: "text", bool: "true or false", type(None): "empty"}
)


@dataclass(frozen=True, slots=True)
class Place:
    """A line and a column in a file, both from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in a world document: where it is, and in words what is wrong and what is expected.

    `place` is known only where the path alone does not lead there.
    """

    path: Path
    message: str
    place: Place | None = field(default=None, compare=False)


class TextInvalid(ValueError):
    """A text that cannot be read at all, and the place where that shows."""

    def __init__(self, place: Place | None, message: str) -> None:
        super().__init__(message)
        self.place = place


def schema() -> dict[str, Any]:
    """Read the published schema of world documents."""
    published: dict[str, Any] = catalog.read("schemas/world.json")
    return published


def mistakes(document: Any) -> list[Mistake]:
    """Find every place where the document does not fit the published schema."""
    from jsonschema_rs import validator_for  # noqa: PLC0415  a named world does without it

    whole = schema()
    try:
        errors = list(validator_for(whole).iter_errors(document))
    except ValueError:
        return [Mistake((), "nested too deeply; expected a world")]
    found = [mistake for error in errors for mistake in _told(error, whole)]
    return list({mistake.path: mistake for mistake in reversed(found)}.values())[::-1]


def near(word: str, known: Iterable[str]) -> str:
    """Say which known word may have been meant, or nothing."""
    matches = get_close_matches(word, list(known), n=1)
    return f"; did you mean {shown(matches[0])}?" if matches else ""


def shown(value: Any) -> str:
    """Write a value on one line, shortened."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _told(error: ValidationError, whole: Schema) -> Iterator[Mistake]:
    path: Path = tuple(error.instance_path)
    keyword, value = str(error.kind.name), error.instance
    part: Any = whole
    for step in error.schema_path[:-1]:
        part = part[step]
    if keyword == "required":
        name = str(error.kind.as_dict()["property"])
        yield Mistake(
            (*path, name), f"this is missing; expected {_expected(part['properties'][name], whole)}"
        )
    elif keyword == "additionalProperties":
        for name in error.kind.as_dict()["unexpected"]:
            hint = near(name, part["properties"]) or f"; expected one of {', '.join(part['properties'])}"
            yield Mistake((*path, name), f"there is no member {shown(name)} here{hint}")
    elif keyword == "propertyNames":
        name = error.kind.as_dict()["error"].instance
        yield Mistake((*path, name), _wrong(str(error.schema_path[-1]), name, part, whole))
    else:
        yield Mistake(path, _wrong(keyword, value, part, whole))


def _wrong(keyword: str, value: Any, part: Schema, whole: Schema) -> str:
    expected = _expected(part, whole)
    if keyword == "type":
        kind = KINDS.get(type(value), "a number")
        bare = part["type"] == "string" and isinstance(value, int | float)
        return f"{shown(value)} is {kind}; expected {expected}{' (write it in quotes)' if bare else ''}"
    if keyword == "enum":
        hint = near(value, part["enum"]) if isinstance(value, str) else ""
        return f"{shown(value)} is not known{hint or '; expected one of ' + ', '.join(part['enum'])}"
    return f"{shown(value)} does not fit; expected {expected}"


def _expected(part: Schema, whole: Schema) -> str:
    described = part if "description" in part else whole["$defs"][part["$ref"].removeprefix("#/$defs/")]
    told: str = described["description"].rstrip(".")
    return told[0].lower() + told[1:]
