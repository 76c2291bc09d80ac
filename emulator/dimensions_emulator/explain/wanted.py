"""What a request wants a user to be: edits of its roles and fields, whether it creates or patches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dimensions_emulator.explain import bodies, patching

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from dimensions_emulator.explain.case import Case
    from dimensions_emulator.sandbox.dry_run import Request


def roles(case: Case) -> tuple[str, ...]:
    """The known roles that the user shall hold, by their catalogue keys, before any rule adds to them."""
    return case.book.read_roles(_spelled(case))[0]


def spelled(case: Case) -> list[str]:
    """The roles that the user shall hold as the request spells them."""
    return _spelled(case)


def giving(case: Case, new: Sequence[str]) -> Request:
    """The request that wants these roles too."""
    wire = case.book.wire_roles(new)
    if case.request.method == "POST":
        return _created(case, {"roles": [*_spelled(case), *wire]})
    steps = patching.operations(case)
    at = patching.last_whole(steps)
    if at is not None:
        whole = {**steps[at], "value": [*steps[at]["value"], *wire]}
        return bodies.written(case.request, patching.replaced(steps, at, whole))
    added = [{"op": "add", "path": patching.END, "value": role} for role in wire]
    return bodies.written(case.request, [*steps, *added])


def taking(case: Case, gone: Collection[str]) -> Request:
    """The request that leaves the user without these roles."""

    def stays(spelling: Any) -> bool:
        return _key(case, spelling) not in gone

    if case.request.method == "POST":
        return _created(case, {"roles": list(filter(stays, _spelled(case)))})
    steps = patching.operations(case)
    at = patching.last_whole(steps)
    if at is not None:
        whole = {**steps[at], "value": list(filter(stays, steps[at]["value"]))}
        return bodies.written(case.request, patching.replaced(steps, at, whole))
    kept = [step for step in steps if not (_adds_one(step) and not stays(step["value"]))]
    held = (patching.result(case, kept) or patching.document(case))["roles"]
    removed = [
        {"op": "remove", "path": f"{patching.ROLES}/{at}"}
        for at in range(len(held) - 1, -1, -1)
        if not stays(held[at])
    ]
    return bodies.written(case.request, [*kept, *removed])


def swapping(case: Case, instead: Mapping[str, str]) -> Request:
    """The request with other roles wherever it spells these ones."""

    def other(value: Any) -> Any:
        if isinstance(value, list):
            return [other(item) for item in value]
        if not isinstance(value, str):
            return value
        return instead.get(value) or instead.get(_key(case, value) or "", value)

    if case.request.method == "POST":
        return _created(case, {"roles": other(_spelled(case))})
    steps = [
        {**step, "value": other(step["value"])} if "value" in step else step
        for step in patching.operations(case)
    ]
    return bodies.written(case.request, steps)


def setting(case: Case, field: str, value: str) -> Request:
    """The request that wants another `displayName` or `email`."""
    if case.request.method == "POST":
        return _created(case, {field: value})
    steps, path = patching.operations(case), f"/{field}"
    own = [at for at, step in enumerate(steps) if step["path"] == path and step["op"] != "test"]
    if own and "value" in steps[own[-1]]:
        new = {**steps[own[-1]], "value": value}
        return bodies.written(case.request, patching.replaced(steps, own[-1], new))
    return bodies.written(case.request, [*steps, {"op": "add", "path": path, "value": value}])


def field(case: Case, name: str) -> str:
    """The `displayName` or `email` that the user shall have, empty if none."""
    if case.request.method == "POST":
        body = bodies.read(case.request)
        value = body.get(name) if isinstance(body, dict) else None
    else:
        value = (patching.result(case, patching.operations(case)) or {}).get(name)
    return value if isinstance(value, str) else ""


def does_nothing(case: Case, request: Request) -> bool:
    """Tell whether nothing is left in a request of what it was sent for."""
    return case.request.method == "PATCH" and bodies.read(request) == []


def _spelled(case: Case) -> list[str]:
    if case.request.method == "POST":
        body = bodies.read(case.request)
        found = body.get("roles") if isinstance(body, dict) else None
    else:
        found = (patching.result(case, patching.operations(case)) or patching.document(case))["roles"]
    return [item for item in found or [] if isinstance(item, str)]


def _created(case: Case, members: dict[str, Any]) -> Request:
    return bodies.written(case.request, {**bodies.read(case.request), **members})


def _key(case: Case, spelling: Any) -> str | None:
    known = case.book.read_roles([spelling])[0] if isinstance(spelling, str) else ()
    return known[0] if known else spelling if isinstance(spelling, str) else None


def _adds_one(step: dict[str, Any]) -> bool:
    return step["op"] == "add" and isinstance(step.get("value"), str) and step["path"].startswith("/roles/")
