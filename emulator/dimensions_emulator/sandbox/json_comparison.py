"""Two JSON values beside each other."""

from __future__ import annotations

from typing import Any, NamedTuple

MISSING = object()
SCALARS = (str, int, float, type(None))


class Difference(NamedTuple):
    """The first place where two values differ; MISSING stands for what is not there."""

    path: str
    expected: Any
    found: Any


class TooMuch(Exception):
    """The comparison would take too long."""


class Comparison:
    """Compares what is expected with what was found, in so many `steps` at most; raises `TooMuch` beyond.

    `any_order` lets the items of arrays stand in any order, `more_allowed` lets there be more members
    and items than expected.
    """

    def __init__(self, *, any_order: bool, more_allowed: bool, steps: int) -> None:
        self._any_order = any_order
        self._more_allowed = more_allowed
        self.steps = steps

    def first(self, expected: Any, found: Any, path: str = "$") -> Difference | None:
        """The first difference, None if there is none."""
        self.steps -= 1
        if self.steps < 0:
            raise TooMuch
        if isinstance(expected, dict) and isinstance(found, dict):
            return self._in_objects(expected, found, path)
        if isinstance(expected, list) and isinstance(found, list):
            compare = self._in_sets if self._any_order else self._in_lists
            return compare(expected, found, path)
        same = isinstance(expected, bool) == isinstance(found, bool) and _plain(expected, found)
        return None if same else Difference(path, expected, found)

    def _in_objects(self, expected: dict[str, Any], found: dict[str, Any], path: str) -> Difference | None:
        for name, value in expected.items():
            if name not in found:
                return Difference(f"{path}.{name}", value, MISSING)
            if difference := self.first(value, found[name], f"{path}.{name}"):
                return difference
        extra = () if self._more_allowed else found.keys() - expected.keys()
        return next((Difference(f"{path}.{name}", MISSING, found[name]) for name in sorted(extra)), None)

    def _in_lists(self, expected: list[Any], found: list[Any], path: str) -> Difference | None:
        for number, value in enumerate(expected):
            if number >= len(found):
                return Difference(f"{path}[{number}]", value, MISSING)
            if difference := self.first(value, found[number], f"{path}[{number}]"):
                return difference
        if len(found) > len(expected) and not self._more_allowed:
            return Difference(f"{path}[{len(expected)}]", MISSING, found[len(expected)])
        return None

    def _in_sets(self, expected: list[Any], found: list[Any], path: str) -> Difference | None:
        partner: dict[int, int] = {}
        for number, value in enumerate(expected):
            if not self._paired(number, expected, found, partner, set()):
                return Difference(f"{path}[*]", value, MISSING)
        left = [value for number, value in enumerate(found) if number not in partner]
        return Difference(f"{path}[*]", MISSING, left[0]) if left and not self._more_allowed else None

    def _paired(
        self, number: int, expected: list[Any], found: list[Any], partner: dict[int, int], tried: set[int]
    ) -> bool:
        """Find an item for this one; others make room if they have another one (Kuhn's algorithm)."""
        for place, value in enumerate(found):
            if place in tried or self.first(expected[number], value) is not None:
                continue
            tried.add(place)
            if place not in partner or self._paired(partner[place], expected, found, partner, tried):
                partner[place] = number
                return True
        return False


def _plain(expected: Any, found: Any) -> bool:
    return isinstance(expected, SCALARS) and isinstance(found, SCALARS) and expected == found
