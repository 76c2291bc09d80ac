"""Paths, methods and pages that there are."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from dimensions_contracts.operations import OPERATIONS, PREFIXES
from dimensions_emulator.explain.case import GIVES_UP, KEEPS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dimensions_emulator.explain.case import Case, Plan

BASE = "/api/v1.0"
TEMPLATES = tuple(
    dict.fromkeys(f"{BASE}{prefix.path}{operation.path}" for prefix in PREFIXES for operation in OPERATIONS)
)
TRIED = 4
WORST = 0.5
PAGES = {"pageIndex": (0, 2**31 - 1, 0), "pageSize": (1, 1000, 1000)}


def path(case: Case) -> Iterator[Plan]:
    """ROUTE: the path that was meant."""
    parts = [part for part in case.request.path.split("/") if part]
    rated = sorted(((_fitted(parts, template), template) for template in TEMPLATES), reverse=True)
    found = dict.fromkeys(filled for (score, filled), _ in rated[:TRIED] if score >= WORST)
    for filled in found:
        yield case.changed(case.request._replace(path=filled), f"call {filled}")


def method(case: Case) -> Iterator[Plan]:
    """METHOD-UNKNOWN: a method that the path offers."""
    offered = [name for name in str(case.no.facts["allowed"]).split(", ") if name not in {"HEAD", "OPTIONS"}]
    own = case.request.method.upper()
    meant = {"PUT": "PATCH", "POST": "PATCH", "PATCH": "POST"}.get(own)
    if case.request.body and "PATCH" not in offered:
        meant = "POST"  # what has a body is not meant to read
    for name in offered:
        said = f"send {name} in place of {case.request.method}"
        cost = KEEPS if name in {own, meant} else GIVES_UP * (1 + (name == "DELETE"))
        yield case.changed(case.request._replace(method=name), said, cost)


def page(case: Case) -> Iterator[Plan]:
    """LIST-PAGING: numbers in range."""
    pairs = parse_qsl(case.request.query, keep_blank_values=True)
    fixed = [(name, _in_range(name, value)) for name, value in pairs]
    said = " and ".join(
        f"send {name}={new}" for (name, new), (_, old) in zip(fixed, pairs, strict=True) if new != old
    )
    yield case.changed(case.request._replace(query=urlencode(fixed)), said)


def _in_range(name: str, value: str) -> str:
    if name not in PAGES:
        return value
    least, most, usual = PAGES[name]
    digits = value.strip().lstrip("+")
    if not digits.lstrip("-").isdecimal() or not digits.isascii() or digits.count("-") > 1:
        return str(usual)
    return str(min(max(int(digits[:12]), least), most))


def _fitted(parts: list[str], template: str) -> tuple[float, str]:
    """How well a path fits a template, and the template filled with its ids."""
    names = template.split("/")[1:]
    given = parts if len(parts) == len(names) else _aligned(parts, names)
    if len(given) != len(names):
        return 0.0, ""
    likeness = [
        1.0 if name.startswith("{") else SequenceMatcher(None, part.lower(), name.lower()).ratio()
        for part, name in zip(given, names, strict=True)
    ]
    filled = [part if name.startswith("{") else name for part, name in zip(given, names, strict=True)]
    return min(likeness) + (given == parts) / 10, "/" + "/".join(filled)


def _aligned(parts: list[str], names: list[str]) -> list[str]:
    """The parts with the base of the API before them that they lack."""
    missing = names[: max(len(names) - len(parts), 0)]
    return [*missing, *parts] if parts and set(missing) <= set(BASE.split("/")) else parts
