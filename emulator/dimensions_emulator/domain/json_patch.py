"""JSON Patch (RFC 6902) on the patchable members of a user.

The document is `{"displayName", "email", "roles"}`. Its own evaluator rather than a library's, because
the wire's texts tell apart what libraries report as one error; tests compare it with one.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple, NoReturn, TypeAlias

from dimensions_emulator.domain.errors import Refused

Document: TypeAlias = "dict[str, Any]"

OPERATIONS = frozenset({"add", "remove", "replace", "move", "copy", "test"})
WITH_VALUE = frozenset({"add", "replace", "test"})
WITH_FROM = frozenset({"move", "copy"})
PATCHABLE = frozenset({"displayName", "email", "roles"})
READ_ONLY = frozenset({"id", "primaryTenant", "isParent"})
INDEX = re.compile("0|[1-9][0-9]*")
POINTER = re.compile("(/([^~/]|~[01])*)*")
LONGEST = 1000
LIST = "roles"
END = "-"


class Operation(NamedTuple):
    """One operation; `path` and `source` are the segments of its pointers."""

    op: str
    path: tuple[str, ...]
    value: Any = None
    source: tuple[str, ...] = ()


def parse(body: list[Any]) -> tuple[Operation, ...]:
    """The operations of a patch body; raises `Refused` for a member that is missing or malformed."""
    if len(body) > LONGEST:
        raise Refused("BODY-JSON", "BodyInvalid", reason=f"a JSON Patch has at most {LONGEST} operations")
    return tuple(_operation(entry) for entry in body)


def replaces_list(operations: tuple[Operation, ...]) -> bool:
    """Tell whether the whole list of roles is replaced or removed by any of the operations."""
    whole = (LIST,)
    return any(
        (step.op != "test" and step.path == whole) or (step.op == "move" and step.source == whole)
        for step in operations
    )


def apply(operations: tuple[Operation, ...], document: Document) -> Document:
    """The document after all operations; raises `Refused` at the first that fails."""
    result = {**document, LIST: list(document[LIST])}
    for step in operations:
        if step.op == "move":
            _move(result, step)
        elif step.op == "copy":
            _put(result, step.path, _get(result, step.source), insert=True)
        elif step.op == "test":
            _test(result, step)
        elif step.op == "remove":
            _remove(result, step.path)
        else:
            _put(result, step.path, step.value, insert=step.op == "add")
    return {"displayName": None, "email": None, LIST: [], **result}


def _operation(entry: Any) -> Operation:
    if not isinstance(entry, dict):
        raise Refused("BODY-JSON", "BodyInvalid", reason="every operation of a JSON Patch is an object")
    op = _member(entry, "op")
    if not isinstance(op, str) or op not in OPERATIONS:
        raise Refused("PATCH-OPERATIONS", "OperationInvalid", op=_shown(op))
    path = _pointer(_member(entry, "path"))
    source = _pointer(_member(entry, "from")) if op in WITH_FROM else ()
    if op == "move" and path != source and path[: len(source)] == source:
        raise Refused("PATCH-TEXTS", "PathInvalid", path=entry["path"])
    value = _member(entry, "value") if op in WITH_VALUE else None
    return Operation(op, path, value, source)


def _member(entry: dict[str, Any], name: str) -> Any:
    if name not in entry:
        raise Refused("PATCH-OPERATIONS", "FieldRequired", field=name)
    return entry[name]


def _pointer(text: Any) -> tuple[str, ...]:
    if not isinstance(text, str) or not POINTER.fullmatch(text):
        raise Refused("PATCH-TEXTS", "PathInvalid", path=_shown(text))
    parts = text.split("/")[1:]
    return (
        tuple(part.replace("~1", "/").replace("~0", "~") for part in parts) if "~" in text else tuple(parts)
    )


def _move(document: Document, step: Operation) -> None:
    value = _get(document, step.source)
    if step.path != step.source:
        _remove(document, step.source)
        _put(document, step.path, value, insert=True)


def _test(document: Document, step: Operation) -> None:
    current = _get(document, step.path)
    if current != step.value:
        path = "/" + "/".join(part.replace("~", "~0").replace("/", "~1") for part in step.path)
        raise Refused(
            "PATCH-TEXTS", "TestFailed", current=_shown(current), path=path, value=_shown(step.value)
        )


def _get(document: Document, path: tuple[str, ...]) -> Any:
    name, item = _existing(document, path)
    if item is None:
        value = document[name]
        return list(value) if isinstance(value, list) else value
    return document[name][_index(item, len(document[name]) - 1)]


def _remove(document: Document, path: tuple[str, ...]) -> None:
    name, item = _existing(document, path)
    if item is not None:
        del document[name][_index(item, len(document[name]) - 1)]
    else:
        del document[name]


def _put(document: Document, path: tuple[str, ...], value: Any, *, insert: bool) -> None:
    name, item = _existing(document, path) if len(path) > 1 or not insert else _target(document, path)
    if item is None:
        document[name] = _whole(name, value)
        return
    roles = document[name]
    if insert:
        at = len(roles) if item == END else _index(item, len(roles))
        roles.insert(at, _role(value))
    else:
        roles[_index(item, len(roles) - 1)] = _role(value)


def _existing(document: Document, path: tuple[str, ...]) -> tuple[str, str | None]:
    """The member and the item in it that a path names; a member removed before does not exist."""
    name, item = _target(document, path)
    if name not in document:
        raise Refused("PATCH-TARGET", "TargetNotFound", segment=name)
    return name, item


def _target(document: Document, path: tuple[str, ...]) -> tuple[str, str | None]:
    name = path[0] if path else ""
    if name not in PATCHABLE:
        rule = "PATCH-READ-ONLY" if name in READ_ONLY else "PATCH-TARGET"
        raise Refused(rule, "TargetNotFound", segment=name)
    if len(path) == 1:
        return name, None
    if name != LIST:
        raise Refused("PATCH-TARGET", "TargetNotFound", segment=path[1])
    if len(path) > 2:  # noqa: PLR2004  a list and an index in it
        _index(path[1], len(document.get(name, ())) - 1)
        raise Refused("PATCH-TARGET", "TargetNotFound", segment=path[2])
    return name, path[1]


def _index(segment: str, last: int) -> int:
    if segment != END and not INDEX.fullmatch(segment):
        raise Refused("PATCH-TEXTS", "IndexInvalid", segment=segment)
    if segment == END or len(segment) > len(str(last)) or int(segment) > last:
        raise Refused("PATCH-TEXTS", "IndexOutOfBounds", segment=segment)
    return int(segment)


def _whole(name: str, value: Any) -> Any:
    if name == LIST:
        if not isinstance(value, list):
            _wrong_type(value)
        if len(value) > LONGEST:
            raise Refused("BODY-JSON", "BodyInvalid", reason=f"roles has at most {LONGEST} items")
        return [_role(item) for item in value]
    if value is not None and not isinstance(value, str):
        _wrong_type(value)
    return value


def _role(value: Any) -> str:
    if not isinstance(value, str):
        _wrong_type(value)
    return str(value)


def _wrong_type(value: Any) -> NoReturn:
    raise Refused("PATCH-TEXTS", "ValueForTargetInvalid", value=_shown(value))


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
