"""Bodies of the expected shape."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from dimensions_emulator.domain import json_patch
from dimensions_emulator.domain.devices import CLIENT_TYPES
from dimensions_emulator.explain import bodies
from dimensions_emulator.explain.case import GIVES_UP
from dimensions_emulator.explain.repairs.fields import free
from dimensions_emulator.explain.words import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dimensions_emulator.explain.case import Case, Plan

PLAIN, PATCH = "application/json", "application/json-patch+json"
WORDS = {"True": "true", "False": "false", "None": "null"}
MEMBERS = ("displayName", "email", "roles")


def media_type(case: Case) -> Iterator[Plan]:
    """MEDIA-TYPE: JSON, announced as what it is."""
    sent = case.request.with_header("Content-Type", PLAIN)
    yield case.changed(sent, f"send the header Content-Type: {PLAIN}")


def invalid(case: Case) -> Iterator[Plan]:
    """BODY-JSON: the JSON that was meant, or the shape that is expected."""
    if case.no.error == "BodyTooLarge":
        return
    body = bodies.read(case.request)
    if body is bodies.NONE or _doubled(case):
        for meant in _meant(case.request.body.decode("utf-8", "replace")):
            yield _with(case, meant, "write the body as JSON")
    elif case.request.method == "PATCH":
        yield from _patch(case, body)
    else:
        yield from _object(case, body)
    yield _with(case, _smallest(case), f"send a body such as {json.dumps(_smallest(case))}", GIVES_UP)


def _patch(case: Case, body: Any) -> Iterator[Plan]:
    if isinstance(body, dict) and "op" in body:
        yield _with(case, [body], "put the operation into an array")
    elif isinstance(body, dict):
        steps = [
            {"op": "replace", "path": f"/{name}", "value": value}
            for name, value in body.items()
            if name in MEMBERS
        ]
        if steps:
            yield _with(case, steps, "write the members as operations of a JSON Patch")
    elif isinstance(body, list):
        objects = [step for step in body if isinstance(step, dict)]
        fitting = [_short(step) for step in objects][: json_patch.LONGEST]
        if fitting:
            yield _with(
                case, fitting, f"send at most {json_patch.LONGEST} operations, all of them objects", 2
            )


def _object(case: Case, body: Any) -> Iterator[Plan]:
    if isinstance(body, list) and body and isinstance(body[0], dict):
        yield _with(case, body[0], "send one object, not an array")
    elif isinstance(body, dict):
        texts = {name: _text(body[name]) for name in ("email", "displayName") if name in body}
        roles = {"roles": _texts(body["roles"])} if "roles" in body else {}
        said = [f"{name} as a string" for name, value in texts.items() if value != body[name]]
        said += [f"{name} as an array of strings" for name, value in roles.items() if value != body[name]]
        if said:
            yield _with(case, {**body, **texts, **roles}, f"send {listed(said)}")


def _meant(text: str) -> Iterator[Any]:
    """Values that a text which is no JSON may mean."""
    plain = text.strip().strip("\ufeff")
    of_python = re.sub(r"\b(True|False|None)\b", lambda word: WORDS[word[0]], plain.replace("'", '"'))
    closed = (f"{plain}{end}" for end in ("}", "]", "}]"))
    for form in (text, plain, re.sub(r",\s*([}\]])", r"\1", plain), of_python, *closed):
        value = bodies.parsed(form.encode("utf-8", "replace"))  # which takes doubled members and NaN
        if value is not bodies.NONE:
            yield value
    if "=" in plain and "{" not in plain:
        yield {name: [value] if name == "roles" else value for name, value in parse_qsl(plain)}


def _smallest(case: Case) -> Any:
    """A body that the operation takes."""
    if case.request.method == "PATCH":
        name = case.user.display_name if case.user else "New Name"
        return [{"op": "replace", "path": "/displayName", "value": name}]
    if "/devices/" in case.request.path:
        return {"clientType": CLIENT_TYPES[0]}
    return {"email": free(case.world, "new.user@example.com"), "displayName": "New User", "roles": []}


def _with(case: Case, body: Any, said: str, cost: int = 1) -> Plan:
    return case.changed(bodies.written(case.request, _clean(body)), said, cost)


def _clean(value: Any) -> Any:
    """The value without what JSON has no spelling for."""
    if isinstance(value, dict):
        return {str(name): _clean(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_clean(item) for item in value]
    if isinstance(value, float) and value - value != 0:
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str | int | float | None) else str(value)


def _doubled(case: Case) -> bool:
    return "stands twice" in str(case.no.facts["reason"]) or "not JSON" in str(case.no.facts["reason"])


def _short(step: dict[str, Any]) -> dict[str, Any]:
    value = step.get("value")
    return {**step, "value": value[: json_patch.LONGEST]} if isinstance(value, list) else step


def _text(value: Any) -> str | None:
    if isinstance(value, str | None):
        return value
    if isinstance(value, list) and value:
        return _text(value[0])
    return json.dumps(value, ensure_ascii=False)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [part for part in re.split(r"[,;\s]+", value) if part]
    if isinstance(value, dict):
        return [name for name, on in value.items() if on]
    return [str(item) for item in value if isinstance(item, str)] if isinstance(value, list) else []
