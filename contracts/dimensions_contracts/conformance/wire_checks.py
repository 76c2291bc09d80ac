"""What holds for every answer of the API, whatever the call was."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import jsonschema_rs

from dimensions_contracts import schema_files
from dimensions_contracts.conformance.checks import answered
from dimensions_contracts.conformance.patterns import ABSENT, shown
from dimensions_contracts.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dimensions_contracts.conformance.observations import Observation

JSON = "application/json; charset=utf-8"
ENVELOPED = frozenset({400, 402, 404, 409})
"""Refusals that are documented, or decided, to come in the error envelope."""
ITEMS = {"listUsers": "LIST-ITEMS", "getUser": "GET-ITEM", "createUser": "CREATE-ANSWER"}
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d{7}Z")
CLOCKS_APART = 600.0
"""Seconds by which the clocks of suite and target may differ."""
DATE_APART = 5.0
"""Seconds by which an answer's timestamp and its Date header may differ."""


class Verdict(NamedTuple):
    """A rule of the wire on one answer; `expected` is None where it is kept."""

    rule: str
    expected: str | None = None
    seen: str = ""


class Wire:
    """Judges answers by the schemas and the rules of the wire."""

    def __init__(self) -> None:
        self._schemas = schema_files.load()
        registry = jsonschema_rs.Registry(
            [(schema["$id"], dict(schema)) for schema in self._schemas.values()]
        )
        self._operations = {operation.id: operation for operation in OPERATIONS}
        names = {"error", *(operation.answer for operation in OPERATIONS if operation.answer)}
        self._validators = {
            name: jsonschema_rs.validator_for(
                dict(self._schemas[name]), registry=registry, validate_formats=True
            )
            for name in names
        }

    def verdicts(self, seen: Observation) -> Iterator[Verdict]:
        """Judge one answer to an operation of the API."""
        if seen.status >= 500:  # noqa: PLR2004
            yield Verdict("NEVER-500", "a status below 500", answered(seen))
            return
        yield Verdict("NEVER-500")
        name = self._schema(seen)
        if name is None:
            if seen.status == 204:  # noqa: PLR2004
                yield from _without_body(seen)
            return
        yield _content_type(seen)
        if not isinstance(seen.json, dict):
            rule = "WIRE-ERROR" if name == "error" else "WIRE-SUCCESS"
            yield Verdict(rule, "a JSON object", answered(seen))
            return
        yield from self._shape(name, seen)
        yield from self._order(name, seen)
        yield _timestamp(seen)

    def _schema(self, seen: Observation) -> str | None:
        if seen.status in ENVELOPED:
            return "error"
        operation = self._operations[seen.operation]
        return operation.answer if seen.status == operation.status else None

    def _shape(self, name: str, seen: Observation) -> Iterator[Verdict]:
        envelope = "WIRE-ERROR" if name == "error" else "WIRE-SUCCESS"
        try:
            errors = list(self._validators[name].iter_errors(seen.json))
        except (ValueError, RecursionError):  # half of a surrogate pair, or too many levels
            yield Verdict(envelope, f"JSON that the schema {name} can be asked about", answered(seen))
            return
        kept = {envelope}
        kept |= {ITEMS[seen.operation]} if name != "error" and seen.operation in ITEMS else set()
        broken: dict[str, str] = {}
        for error in errors:
            path = list(error.instance_path)
            where = "/".join(map(str, path)) or "the answer"
            broken.setdefault(_rule_of(path, name, seen.operation), f"{where}: {error.message}")
        if name == "error" and not broken and seen.json.get("error") != seen.status:
            broken["WIRE-ERROR"] = f"error is {shown(seen.json.get('error'))}, the status {seen.status}"
        if seen.operation == "listUsers" and not broken and name != "error":
            size, items = seen.json["page_size"], len(seen.json["data"])
            if size != items:
                broken["LIST-ITEMS"] = f"page_size is {size} for {items} items"
        for rule, text in broken.items():
            yield Verdict(rule, f"what the schema {name} says", text[:400])
        for rule in sorted(kept - broken.keys()):
            yield Verdict(rule)

    def _order(self, name: str, seen: Observation) -> Iterator[Verdict]:
        found = self._disorder(self._schemas[name], seen.json)
        if found is None and re.search(r"\s", STRING.sub("", seen.body)):
            found = "compact JSON", "white space between its members"
        if found is None and "\\u0027" in seen.body.lower():
            found = "apostrophes as they are", "\\u0027"
        yield Verdict("WIRE-KEY-ORDER", *(found or ()))

    def _disorder(self, schema: Any, value: Any) -> tuple[str, str] | None:
        if isinstance(value, list) and value and "items" in schema:
            return self._disorder(self._followed(schema["items"]), value[0])
        if not isinstance(value, dict):
            return None
        wanted = [name for name in schema.get("properties", {}) if name in value]
        names = [name for name in value if name in wanted]
        if names != wanted:
            return f"the order {', '.join(wanted)}", ", ".join(names)
        inner = (self._disorder(self._followed(schema["properties"][name]), value[name]) for name in names)
        return next(filter(None, inner), None)

    def _followed(self, schema: Any) -> Any:
        target = schema.get("$ref", "")
        return self._schemas.get(target.removesuffix(".json"), schema)


def _rule_of(path: list[Any], name: str, operation: str) -> str:
    if path and path[0] == "timestamp":
        return "WIRE-TIMESTAMP"
    if path and path[0] == "data" and name != "error":
        if "roles" in path and isinstance(path[-1], int):
            return "ROLE-KNOWN"
        return ITEMS.get(operation, "WIRE-SUCCESS")
    return "WIRE-ERROR" if name == "error" else "WIRE-SUCCESS"


def _without_body(seen: Observation) -> Iterator[Verdict]:
    kind = seen.header("Content-Type")
    yield (
        Verdict("WIRE-CONTENT-TYPE", "no Content-Type on a 204", str(kind))
        if kind
        else Verdict("WIRE-CONTENT-TYPE")
    )
    yield Verdict("MAIL-ANSWER", "no body on a 204", answered(seen)) if seen.body else Verdict("MAIL-ANSWER")


def _content_type(seen: Observation) -> Verdict:
    kind = seen.header("Content-Type")
    if kind == JSON:
        return Verdict("WIRE-CONTENT-TYPE")
    return Verdict("WIRE-CONTENT-TYPE", JSON, str(kind))


def _timestamp(seen: Observation) -> Verdict:
    text = seen.json.get("timestamp", ABSENT)
    moment = _moment(text) if isinstance(text, str) else None
    if moment is None:
        return Verdict("WIRE-TIMESTAMP", "UTC with seven fractional digits and Z", shown(text))
    told = _date(seen.header("Date"))
    if told is not None and abs(moment - told) > DATE_APART:
        return Verdict("WIRE-TIMESTAMP", f"the time of the Date header, {seen.header('Date')}", str(text))
    if abs(moment - seen.at) > CLOCKS_APART:
        return Verdict("WIRE-TIMESTAMP", "the current time", str(text))
    return Verdict("WIRE-TIMESTAMP")


def _moment(text: str) -> float | None:
    """The seconds since 1970 of a timestamp, None if it is not written like one or names no time."""
    found = TIMESTAMP.fullmatch(text)
    try:
        return datetime.fromisoformat(found[1]).replace(tzinfo=UTC).timestamp() if found else None
    except ValueError:
        return None


def _date(text: str | None) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp() if text else None
    except (ValueError, OverflowError):
        return None
