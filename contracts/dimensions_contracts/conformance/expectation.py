"""What is expected under each choice of the open decisions, written as the `when` of checks."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

from dimensions_contracts.profile import Profile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dimensions_contracts.catalog import Catalog

Value = TypeVar("Value", bound=Hashable)
When: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]


class _Overheard(Mapping[str, str]):
    """Decisions that keep in mind which of them were asked for."""

    def __init__(self, decisions: Mapping[str, str]) -> None:
        self._decisions = decisions
        self.asked: dict[str, None] = {}

    def __getitem__(self, key: str) -> str:
        self.asked[key] = None
        return self._decisions[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._decisions)

    def __len__(self) -> int:
        return len(self._decisions)


class Expectations(NamedTuple):
    """The open decisions, explored from the choices of one profile."""

    catalog: Catalog
    profile: Profile

    def branches(self, value: Callable[[Profile], Value]) -> tuple[tuple[When, Value], ...]:
        """Give each value that differs by what is decided, with the choices under which it is expected.

        The first is the profile's. A decision that `value` does not ask for makes no difference to it.
        """
        return self._split(value, {})

    def _split(
        self, value: Callable[[Profile], Value], fixed: Mapping[str, str]
    ) -> tuple[tuple[When, Value], ...]:
        overheard = _Overheard({**self.profile.decisions, **fixed})
        found = value(Profile(self.profile.name, overheard))
        key = next((asked for asked in overheard.asked if asked not in fixed), None)
        if key is None:
            return (((), found),)
        groups: dict[tuple[tuple[When, Value], ...], tuple[str, ...]] = {}
        mine = self.profile.decisions[key]
        others = (choice for choice in self.catalog.decisions[key].choices if choice != mine)
        for choice in (mine, *others):
            below = self._split(value, {**fixed, key: choice})
            groups[below] = (*groups.get(below, ()), choice)
        if len(groups) == 1:
            return next(iter(groups))
        return tuple(
            (((key, choices), *when), result) for below, choices in groups.items() for when, result in below
        )


def written(when: When) -> dict[str, Any]:
    """Choices as a check has them: nothing where every choice will do."""
    chosen = {key: choices[0] if len(choices) == 1 else list(choices) for key, choices in when}
    return {"when": chosen} if chosen else {}


def part(catalog: Catalog, rule: str, name: str) -> str:
    """The part of a rule where that has a mark of its own, else the rule."""
    known = catalog.rules.get(rule)
    return f"{rule}/{name}" if known and name in known.marks else rule
