"""Stories of calls about users, told to an implementation call by call until it breaks a rule."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from dimensions_contracts.conformance.chronicle import Chronicle
from dimensions_contracts.conformance.population import CREATE, LIST, LOOK, Call, member
from dimensions_contracts.conformance.telling import Telling

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dimensions_contracts.catalog import Catalog
    from dimensions_contracts.conformance.model import Facts
    from dimensions_contracts.conformance.population import Population
    from dimensions_contracts.profile import Profile

    Acts = tuple[Call, ...]
    Step = dict[str, Any]


class MachineWorld(Protocol):
    """Where stories are told: a place without other users, and what is known of it.

    `administrators` tells that users may be made administrators, though the last cannot be deleted;
    `control` that the mails of an emulator can be read. `facts` leave out who is there.
    """

    @property
    def catalog(self) -> Catalog: ...
    @property
    def profile(self) -> Profile: ...
    @property
    def facts(self) -> Facts: ...
    @property
    def administrators(self) -> bool: ...
    @property
    def control(self) -> bool: ...

    def fresh(self) -> str:
        """Begin a new story in a place without users; gives the name of the place."""

    def call(self, step: Mapping[str, Any]) -> Sequence[str]:
        """Send a step and log it; gives the rules, or parts of them, whose checks are broken.

        A step about a user whose creation failed is left out and breaks nothing.
        """


class Story:
    """One story: what was told of it so far, and who is there now by the model."""

    def __init__(self, world: MachineWorld) -> None:
        self.acts: Acts = ()
        self._world = world
        self._place: str | None = None
        self._chronicle = Chronicle(world.catalog, world.profile, world.facts)
        self._telling = Telling(world.catalog, self._chronicle)

    @property
    def people(self) -> Population:
        """The users there are now, by the model."""
        return self._chronicle.people

    def tell(self, act: Call) -> frozenset[str]:
        """Tell one act, with the reads that belong to it; gives the rules that are broken.

        One about a user who is not there is left out.
        """
        if act.kind not in {CREATE, LIST} and member(self.people, act.user) is None:
            return frozenset()
        if self._place is None:
            self._place = self._world.fresh()
        self.acts = (*self.acts, act)
        broken = [name for step in self._steps(act) for name in self._world.call({**step, "in": self._place})]
        return frozenset(name.partition("/")[0] for name in broken)

    def _steps(self, act: Call) -> Iterator[Step]:
        if act.kind == LIST:
            yield self._telling.listing()
        elif act.kind == LOOK:
            yield self._telling.look(act.user)
        else:
            self._chronicle.follow(act)
            yield self._telling.answer(act)
            yield from self._telling.reads(act, mails=self._world.control)


def shorten(world: MachineWorld, acts: Acts, rules: frozenset[str]) -> None:
    """Tell shorter stories that break the same rules, the shortest one last."""
    best, last = acts, acts
    n = 0
    while (smaller := _nth_smaller(best, n)) is not None:
        last = smaller
        told, broken = _retold(world, smaller)
        if broken & rules:
            best = told
        else:
            n += 1
    if last != best:
        _retold(world, best)


def _retold(world: MachineWorld, acts: Acts) -> tuple[Acts, frozenset[str]]:
    story = Story(world)
    for act in acts:
        if broken := story.tell(act):
            return story.acts, broken
    return story.acts, frozenset()


def _nth_smaller(acts: Acts, n: int) -> Acts | None:
    """The n-th way to make a story smaller: without one of its acts, or without a role to create with."""
    ways = [
        *(acts[:at] + acts[at + 1 :] for at in reversed(range(len(acts)))),
        *(
            (
                *acts[:at],
                replace(act, roles=tuple(role for role in act.roles if role != gone)),
                *acts[at + 1 :],
            )
            for at, act in enumerate(acts)
            for gone in act.roles
        ),
    ]
    return ways[n] if n < len(ways) else None
