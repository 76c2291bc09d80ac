"""Operations of a JSON Patch that can be applied."""

from __future__ import annotations

import json
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from dimensions_emulator.domain.json_patch import INDEX, LIST, OPERATIONS, PATCHABLE, WITH_FROM
from dimensions_emulator.explain import bodies, patching
from dimensions_emulator.explain.case import GIVES_UP, KEEPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dimensions_emulator.explain.case import Case, Plan

    Step = dict[str, Any]
    Choices = Iterator[tuple[list[Step], str]]

SYNONYMS = {
    "set": "replace",
    "update": "replace",
    "put": "replace",
    "modify": "replace",
    "delete": "remove",
    "unset": "remove",
    "insert": "add",
    "append": "add",
    "push": "add",
}
NAMES = {
    "name": "displayName",
    "fullname": "displayName",
    "displayname": "displayName",
    "mail": "email",
    "emailaddress": "email",
    "role": "roles",
    "roles": "roles",
    "email": "email",
}


def operation(case: Case) -> Iterator[Plan]:
    """PATCH-OPERATIONS: an operation of RFC 6902 with all its members."""
    yield from _around(case, _named if case.no.error == "OperationInvalid" else _completed)


def target(case: Case) -> Iterator[Plan]:
    """PATCH-TARGET: a member that there is."""
    yield from _around(case, _aimed)


def read_only(case: Case) -> Iterator[Plan]:
    """PATCH-READ-ONLY: without the operation."""
    yield from _around(case, lambda _case, _step: iter(()))


def texts(case: Case) -> Iterator[Plan]:
    """PATCH-TEXTS: a pointer, an index or a value that fits."""
    kinds: dict[str, Callable[[Case, Step], Choices]] = {
        "PathInvalid": _pointed,
        "IndexInvalid": _indexed,
        "IndexOutOfBounds": _indexed,
        "TestFailed": _tested,
        "ValueForTargetInvalid": _valued,
    }
    yield from _around(case, kinds[case.no.error])


def _around(case: Case, choose: Callable[[Case, Step], Choices]) -> Iterator[Plan]:
    """The patch with other operations in place of the one that fails, or without it."""
    steps = patching.operations(case)
    at = patching.failing(case, steps)
    if at == len(steps) or not isinstance(steps[at], dict):
        return
    for new, said in choose(case, steps[at]):
        yield case.changed(bodies.written(case.request, patching.replaced(steps, at, *new)), said, KEEPS)
    if len(steps) > 1:
        rest = bodies.written(case.request, patching.replaced(steps, at))
        yield case.changed(rest, f"leave out the operation on {steps[at].get('path', 'nothing')}", GIVES_UP)


def _named(_: Case, step: Step) -> Choices:
    given = str(step["op"]).strip().lower()
    near = [SYNONYMS[given]] if given in SYNONYMS else get_close_matches(given, sorted(OPERATIONS), 1)
    for op in dict.fromkeys((*near, "replace", "add", "remove")):
        yield [{**step, "op": op}], f"write the operation '{op}' for '{step['op']}'"


def _completed(case: Case, step: Step) -> Choices:
    name = str(case.no.facts["field"])
    other = next((key for key in step if key.lower() == name), None)
    if other is not None:
        yield (
            [{name if key == other else key: value for key, value in step.items()}],
            f"write {name} for {other}",
        )
    if name == "op":
        for op in ("replace", "add") if "value" in step else ("remove",):
            yield [{"op": op, **step}], f"give the operation its op, '{op}'"
    elif name == "path":
        path = _guessed(case, step.get("value"))
        yield [{**step, "path": path}], f"give the operation its path, {path}"
    elif name == "value":
        value = _current(case, str(step["path"]))
        yield [{**step, "value": value}], f"give the operation its value, such as {value!r}"
    elif "value" in step:
        yield [{**step, "op": "add"}], f"write the operation 'add' for '{step['op']}', as it has a value"
    else:
        for source in (step["path"], f"{patching.ROLES}/0"):
            yield [{**step, "from": source}], f"give the operation its from, such as {source}"


def _aimed(_: Case, step: Step) -> Choices:
    for pointer in ("path", "from"):
        parts = str(step.get(pointer, "")).split("/")[1:] or [""]
        plain = "".join(letter for letter in parts[0].lower() if letter.isalnum())
        near = get_close_matches(plain, NAMES, 1, 0.7)
        if parts[0] not in PATCHABLE and near:
            path = "/".join(("", NAMES[near[0]], *parts[1:]))
            yield [{**step, pointer: path}], f"write the path {path} for {step[pointer]}"
        short = parts[: 2 if parts[0] == LIST else 1]
        if parts[0] in PATCHABLE and parts != short:
            path = "/".join(("", *short))
            yield [{**step, pointer: path}], f"write the path {path} for {step[pointer]}"
    if step["op"] == "replace":
        yield (
            [{**step, "op": "add"}],
            "write the operation 'add' for 'replace', as nothing is there any longer",
        )


def _pointed(case: Case, step: Step) -> Choices:
    for pointer in ("path", "from") if step["op"] in WITH_FROM else ("path",):
        given = step[pointer]
        text = "/".join(map(str, given)) if isinstance(given, list) else str(given)
        plain = text.strip().removeprefix("#").removeprefix("$").replace(".", "/").replace("~", "")
        path = "/" + plain.strip("/").replace("[", "/").replace("]", "")
        if path not in (given, "/"):  # which may be of any type
            yield [{**step, pointer: path}], f"write the {pointer} {path} for '{text}'"
    if step["op"] == "move":
        yield [{**step, "path": step["from"]}], "move nothing into itself"
    elif not isinstance(step["path"], str):
        path = _guessed(case, step.get("value"))
        yield [{**step, "path": path}], f"write the path {path}"


def _indexed(case: Case, step: Step) -> Choices:
    steps = patching.operations(case)
    before = patching.result(case, steps[: patching.failing(case, steps)]) or patching.document(case)
    roles = before[LIST]
    for pointer in ("path", "from"):
        item = str(step.get(pointer, "")).split("/")[2:3]
        if not item or (INDEX.fullmatch(item[0]) and int(item[0]) < len(roles)):
            continue
        if pointer == "path" and step["op"] in {"add", "move", "copy"}:
            yield [{**step, "path": patching.END}], f"write the path {patching.END}, the end of the list"
        known = case.book.read_roles(item)[0]
        held = [
            at for at, role in enumerate(roles) if role == item[0] or case.book.read_roles([role])[0] == known
        ]
        for at in dict.fromkeys((*(held[:1] if known else ()), len(roles) - 1)):
            if at >= 0:
                path = f"{patching.ROLES}/{at}"
                yield [{**step, pointer: path}], f"write the {pointer} {path}, where {roles[at]} stands"


def _tested(case: Case, step: Step) -> Choices:
    steps = patching.operations(case)
    before = patching.result(case, steps[: patching.failing(case, steps)]) or patching.document(case)
    value = _at(before, str(step["path"]))
    yield [{**step, "value": value}], f"test {step['path']} for what it is"


def _valued(case: Case, step: Step) -> Choices:
    path, value = str(step["path"]), step.get("value")
    if path == patching.ROLES:
        roles = [value] if isinstance(value, str) else []
        roles = [item for item in value if isinstance(item, str)] if isinstance(value, list) else roles
        yield [{**step, "value": roles}], f"send a list of role keys to {path}"
    elif isinstance(value, list) and path.startswith(patching.ROLES):
        roles = [item for item in value if isinstance(item, str)]
        yield (
            [{**step, "op": "add", "path": patching.END, "value": role} for role in roles],
            "add role by role",
        )
    elif step["op"] in WITH_FROM:
        yield [{"op": "test", "path": step["from"], "value": _current(case, step["from"])}], "copy no list"
    else:
        text = json.dumps(value) if isinstance(value, int | float) else _current(case, path)
        yield [{**step, "value": text}], f"send a string to {path}"


def _guessed(case: Case, value: Any) -> str:
    """The path of what a value looks like."""
    if isinstance(value, list):
        return patching.ROLES
    if isinstance(value, str) and case.book.read_roles([value])[0]:
        return patching.END
    return "/email" if isinstance(value, str) and "@" in value else "/displayName"


def _current(case: Case, path: str) -> Any:
    """What stands at a path; at the end of the list a role that is easily given."""
    if path == patching.END:
        return "customer.settings"
    return _at(patching.document(case), path)


def _at(document: dict[str, Any], path: str) -> Any:
    name, _, item = path.strip("/").partition("/")
    value = document.get(name)
    if isinstance(value, list) and INDEX.fullmatch(item):
        return value[int(item)] if int(item) < len(value) else None
    return value
