"""What becomes of users under a profile, and beside it under every single choice that it does not make."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from dimensions_contracts.conformance.model import Accepted
from dimensions_contracts.conformance.population import after
from dimensions_contracts.profile import Profile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dimensions_contracts.catalog import Catalog
    from dimensions_contracts.conformance.expectation import When
    from dimensions_contracts.conformance.model import Facts, Outcome
    from dimensions_contracts.conformance.population import Call, Population

    Other = tuple[str, str]

Value = TypeVar("Value")
MINE = ("", "")
"""Stands for the profile as it is, where a decision with another choice would stand."""


class Chronicle:
    """Follows calls; the people before the last call and after it are known for each of the choices."""

    def __init__(self, catalog: Catalog, profile: Profile, facts: Facts) -> None:
        self._catalog = catalog
        self._facts = facts
        self._mine = profile.decisions
        self._profiles = {MINE: profile} | {
            (key, choice): Profile(profile.name, {**profile.decisions, key: choice})
            for key, decision in catalog.decisions.items()
            for choice in decision.choices
            if choice != profile.decisions[key]
        }
        self._after: dict[Other, Population] = dict.fromkeys(self._profiles, ())
        self._outcomes: dict[Other, Outcome] = dict.fromkeys(self._profiles, Accepted(()))

    @property
    def people(self) -> Population:
        """The users there are now, by the profile."""
        return self._after[MINE]

    def follow(self, call: Call) -> None:
        """Let the call happen."""
        for other, profile in self._profiles.items():
            self._outcomes[other], self._after[other] = after(
                self._catalog, profile, self._facts, self._after[other], call
            )

    def told(self, value: Callable[[Outcome, Population], Value]) -> Iterator[tuple[When, Value]]:
        """Give what follows from the last call: by the profile, and by each other choice that matters.

        The choices given with a value hold it apart from the others; two other choices at once are not told.
        """
        found = {other: value(self._outcomes[other], self._after[other]) for other in self._profiles}
        mine = found.pop(MINE)
        others = {other: one for other, one in found.items() if one != mine}
        keys = tuple(dict.fromkeys(key for key, _ in others))
        yield tuple((key, self._agreeing(key, others)) for key in keys), mine
        for (key, choice), one in others.items():
            rest = tuple((other, (self._mine[other],)) for other in keys if other != key)
            yield ((key, (choice,)), *rest), one

    def _agreeing(self, key: str, others: dict[Other, Value]) -> tuple[str, ...]:
        choices = self._catalog.decisions[key].choices
        return tuple(choice for choice in choices if (key, choice) not in others)
