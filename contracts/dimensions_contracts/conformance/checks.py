"""Whether an observation meets a check of its step."""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING, Any, NamedTuple

from dimensions_contracts.conformance.patterns import ABSENT, mismatch, same, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dimensions_contracts.catalog import Catalog, ErrorAnswer
    from dimensions_contracts.conformance.observations import Observation

    Check = Mapping[str, Any]


class Breach(NamedTuple):
    """A check that does not hold: what it expected and what was seen."""

    expected: str
    seen: str


def breach(
    check: Check, seen: Observation, earlier: Mapping[str, Observation], catalog: Catalog
) -> Breach | None:
    """Tell how the observation breaks the check, or None; `earlier` has the steps before by label."""
    return next(_breaches(check, seen, earlier, catalog), None)


def _breaches(
    check: Check, seen: Observation, earlier: Mapping[str, Observation], catalog: Catalog
) -> Iterator[Breach]:
    if "status" in check:
        yield from _status(check["status"], seen)
    if "error" in check:
        yield from _error(catalog.errors[check["error"]], check.get("facts", {}), seen)
    if "empty" in check and seen.body:
        yield Breach("no body", answered(seen))
    if "text" in check and not re.search(check["text"], seen.body):
        yield Breach(f"a body like {check['text']}", answered(seen))
    for name, pattern in check.get("headers", {}).items():
        yield from _header(name, pattern, seen)
    yield from _values(check, seen)
    if "order" in check:
        yield from _order(check["order"], seen)
    if "equals" in check:
        yield from _equal(check, seen, earlier)


def answered(seen: Observation) -> str:
    """The answer in a sentence's part: its status, and its body if it has one."""
    if seen.fault:
        return seen.fault
    body = (
        f" {shown(seen.json) if seen.json is not ABSENT else shown(seen.body)}"
        if seen.body
        else " without a body"
    )
    return f"{seen.status}{body}"


def _status(wanted: int | list[int], seen: Observation) -> Iterator[Breach]:
    allowed = wanted if isinstance(wanted, list) else [wanted]
    if seen.status not in allowed:
        yield Breach(f"status {' or '.join(map(str, allowed))}", answered(seen))


def _error(error: ErrorAnswer, facts: Mapping[str, Any], seen: Observation) -> Iterator[Breach]:
    code = f" {error.code}" if error.code else ""
    expected = f"status {error.status}{code}"
    if seen.status != error.status:
        yield Breach(expected, answered(seen))
    elif error.message is None:
        for name, value in error.headers.items():
            if not (seen.header(name) or "").startswith(value):
                yield Breach(f"{expected} with {name}: {value}", f"{name}: {seen.header(name)}")
        if seen.body:
            yield Breach(f"{expected} without a body", answered(seen))
    else:
        yield from _envelope(error, facts, seen, expected)


def _envelope(
    error: ErrorAnswer, facts: Mapping[str, Any], seen: Observation, expected: str
) -> Iterator[Breach]:
    body = seen.json if isinstance(seen.json, dict) else {}
    if body.get("errorCode") != error.code:
        yield Breach(f"{expected}, errorCode {error.code or 'absent'}", answered(seen))
    message, template = body.get("message"), error.message or ""
    names = {name for _, name, _, _ in string.Formatter().parse(template) if name}
    if names <= facts.keys():
        text = template.format(**facts)
        if message != text:
            yield Breach(f'{expected}, message "{text}"', answered(seen))
    elif not isinstance(message, str) or not re.fullmatch(_shape(template, facts), message, re.DOTALL):
        yield Breach(f'{expected}, message like "{template}"', answered(seen))


def _shape(template: str, facts: Mapping[str, Any]) -> str:
    parts = string.Formatter().parse(template)
    return "".join(
        re.escape(text) + ("" if name is None else re.escape(str(facts[name])) if name in facts else ".*")
        for text, name, _, _ in parts
    )


def _header(name: str, pattern: Any, seen: Observation) -> Iterator[Breach]:
    value = seen.header(name)
    if pattern is None:
        if value is not None:
            yield Breach(f"no header {name}", f"{name}: {value}")
        return
    found = mismatch(pattern, ABSENT if value is None else value, name)
    if found:
        yield Breach(f"{name} like {shown(pattern)}", found)


def _values(check: Check, seen: Observation) -> Iterator[Breach]:
    for member, value in (("data", seen.data), ("body", seen.json)):
        if member in check:
            found = mismatch(check[member], at(value, check.get("at", "")), member + check.get("at", ""))
            if found:
                what = f"{member}{check.get('at', '')} like {shown(check[member])}"
                yield Breach(what, found if seen.body and seen.status < 400 else answered(seen))  # noqa: PLR2004


def _order(wanted: list[str], seen: Observation) -> Iterator[Breach]:
    names = list(seen.data) if isinstance(seen.data, dict) else []
    if names != wanted:
        yield Breach(f"the members {', '.join(wanted)} in this order", ", ".join(names) or answered(seen))


def _equal(check: Check, seen: Observation, earlier: Mapping[str, Observation]) -> Iterator[Breach]:
    before = earlier.get(check["equals"])
    where = check.get("at", "")
    if before is None:
        yield Breach(f"an answer to compare with at step {check['equals']}", "there is none")
    elif (value := at(seen.data, where)) is ABSENT or not same(value, at(before.data, where)):
        yield Breach(f"the same as before, {shown(at(before.data, where))}", answered(seen))


def at(value: Any, pointer: str) -> Any:
    """What a JSON pointer leads to, `ABSENT` if nothing."""
    for part in pointer.split("/")[1:]:
        if isinstance(value, list):
            value = value[int(part)] if part.isdecimal() and int(part) < len(value) else ABSENT
        else:
            value = value.get(part, ABSENT) if isinstance(value, dict) else ABSENT
    return value
