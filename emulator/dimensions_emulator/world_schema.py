"""The published schema of world documents, told as mistakes.

Most members of a large document are fine: predicates compiled from the schema find those quickly,
and jsonschema is asked about the others only.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dimensions_contracts import catalog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

    Predicate = Callable[[Any], bool]
    Schema = Mapping[str, Any]

Path = tuple[str | int, ...]
SHOWN = 60
ANNOTATIONS = frozenset({"title", "description", "default", "examples", "format", "$schema", "$id", "$defs"})
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
    whole = schema()
    if compiled(whole, whole)(document):
        return []
    try:
        errors = list(_validator(whole).iter_errors(document))
        found = [mistake for error in errors for mistake in _told(error, whole)]
    except RecursionError:
        return [Mistake((), "nested too deeply; expected a world")]
    return list({mistake.path: mistake for mistake in reversed(found)}.values())[::-1]


def near(word: str, known: Iterable[str]) -> str:
    """Say which known word may have been meant, or nothing."""
    matches = get_close_matches(word, list(known), n=1)
    return f"; did you mean {shown(matches[0])}?" if matches else ""


def shown(value: Any) -> str:
    """Write a value on one line, shortened."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def compiled(part: Any, whole: Schema) -> Predicate:
    """Compile a schema to a predicate that is true only for values that surely fit."""
    if isinstance(part, bool):
        return lambda _: part
    keywords = sorted(part.keys() - ANNOTATIONS, key=lambda keyword: (keyword != "type", keyword))
    if keywords and keywords[0] not in {"type", "$ref"}:
        return _unsure
    tests = [COMPILERS[keyword](part, whole) if keyword in COMPILERS else _unsure for keyword in keywords]
    if len(tests) == 1:
        return tests[0]

    def fits(value: Any) -> bool:
        for test in tests:  # noqa: SIM110  # a generator costs twice the time
            if not test(value):
                return False
        return True

    return fits


def _unsure(_: Any) -> bool:
    return False


def _type(part: Schema, _: Schema) -> Predicate:
    kinds = {"string": str, "integer": int, "boolean": bool, "object": dict, "array": list}
    wanted = kinds.get(part["type"])
    return lambda value: type(value) is wanted


def _properties(part: Schema, whole: Schema) -> Predicate:
    members = {name: compiled(member, whole) for name, member in part.get("properties", {}).items()}
    find, other = members.get, compiled(part.get("additionalProperties", True), whole)

    def fits(value: Any) -> bool:
        for name, member in value.items():  # noqa: SIM110  # a generator costs twice the time
            if not find(name, other)(member):
                return False
        return True

    return fits


def _others(part: Schema, whole: Schema) -> Predicate:
    return compiled(True, whole) if "properties" in part else _properties(part, whole)  # noqa: FBT003


def _names(part: Schema, whole: Schema) -> Predicate:
    name = compiled(part["propertyNames"], whole)
    return lambda value: all(map(name, value))


def _items(part: Schema, whole: Schema) -> Predicate:
    item = compiled(part["items"], whole)
    return lambda value: all(map(item, value))


def _pattern(part: Schema, _: Schema) -> Predicate:
    search = re.compile(_anchored(part["pattern"])).search
    return lambda value: search(value) is not None


def _anchored(pattern: str) -> str:
    """Let `$` mean the very end, as it does in the regular expressions of JSON Schema."""
    return pattern.removesuffix("$") + r"\Z" if pattern.endswith("$") else pattern


def _target(part: Schema, whole: Schema) -> Predicate:
    return compiled(whole["$defs"][part["$ref"].removeprefix("#/$defs/")], whole)


COMPILERS: Mapping[str, Callable[[Schema, Schema], Predicate]] = MappingProxyType(
    {
        "type": _type,
        "properties": _properties,
        "additionalProperties": _others,
        "propertyNames": _names,
        "items": _items,
        "pattern": _pattern,
        "$ref": _target,
        "required": lambda part, _: lambda value: all(name in value for name in part["required"]),
        "enum": lambda part, _: lambda value: value in part["enum"],
        "const": lambda part, _: lambda value: value == part["const"],
        "minLength": lambda part, _: lambda value: len(value) >= part["minLength"],
        "maxLength": lambda part, _: lambda value: len(value) <= part["maxLength"],
        "minimum": lambda part, _: lambda value: value >= part["minimum"],
    }
)


def _validator(whole: Schema) -> Validator:
    """Make a validator that passes over the members of large collections that surely fit."""
    from jsonschema import Draft202012Validator, validators  # noqa: PLC0415  # slow, for mistakes only

    known = Draft202012Validator.VALIDATORS

    def items(validator: Any, part: Any, value: Any, _: Schema) -> Iterator[ValidationError]:
        fits = compiled(part, whole)
        for index, item in enumerate(value if isinstance(value, list) else ()):
            if not fits(item):
                yield from validator.descend(item, part, path=index)

    def others(validator: Any, part: Any, value: Any, around: Schema) -> Iterator[ValidationError]:
        suspects = value
        if isinstance(value, dict):
            fits = compiled(part, whole)
            suspects = {name: member for name, member in value.items() if not fits(member)}
        yield from known["additionalProperties"](validator, part, suspects, around)

    def names(validator: Any, part: Any, value: Any, around: Schema) -> Iterator[ValidationError]:
        fits = compiled(part, whole)
        suspects = {name: None for name in value if not fits(name)} if isinstance(value, dict) else {}
        yield from known["propertyNames"](validator, part, suspects, around)

    def pattern(validator: Any, part: str, value: Any, around: Schema) -> Iterator[ValidationError]:
        yield from known["pattern"](validator, _anchored(part), value, around)

    quick = {"items": items, "additionalProperties": others, "propertyNames": names, "pattern": pattern}
    extend: Callable[..., Any] = validators.extend
    made: Validator = extend(Draft202012Validator, quick)(whole)
    return made


def _told(error: ValidationError, whole: Schema) -> Iterator[Mistake]:
    path: Path = tuple(error.absolute_path)
    part: Any = error.schema
    value: Any = error.instance
    if error.validator == "required":
        members = part["properties"]
        for name in part["required"]:
            if name not in value:
                expected = _expected(members[name], whole)
                yield Mistake((*path, name), f"this is missing; expected {expected}")
    elif error.validator == "additionalProperties":
        members = part["properties"]
        for name in value:
            if name not in members:
                hint = near(name, members) or f"; expected one of {', '.join(members)}"
                yield Mistake((*path, name), f"there is no member {shown(name)} here{hint}")
    else:
        at = (*path, value) if "propertyNames" in error.absolute_schema_path else path
        yield Mistake(at, _wrong(str(error.validator), value, part, whole))


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
