"""A state machine that makes up calls about users and compares every answer with the reference model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from dimensions_contracts.conformance.model_rules import ADMINISTRATOR, UC, WEBSITE, requirements
from dimensions_contracts.conformance.population import (
    CREATE,
    DELETE,
    LIST,
    LOOK,
    MAIL,
    NAME,
    PATCH,
    ROLES,
    Call,
    Operation,
    member,
)
from dimensions_contracts.conformance.story import Story, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dimensions_contracts.conformance.model_rules import Roles
    from dimensions_contracts.conformance.story import MachineWorld

EXAMPLES, STEPS, MOST_USERS = 8, 15, 6
UNKNOWN = "customer.user.nonsense"
NUMBER = st.integers(0, 63)
CHARGES = st.sampled_from(("true", "true", "true", None))
WHOLE = st.sampled_from((True, True, False))
INDEX = st.integers(0, 5)


class _Halted(BaseException):
    """Stops Hypothesis at once; `args[0]` is why if something went wrong, None if a rule is broken."""


def run(world: MachineWorld, seed: int, chunks: int) -> None:
    """Tell stories until all chunks are told or one breaks a rule; the shortest that does is told last.

    The same seed makes the same calls.
    """
    for chunk in range(chunks):
        if not _holds(world, seed * 1009 + chunk):
            return


def _holds(world: MachineWorld, seed: int) -> bool:
    """Tell some stories; one that breaks a rule is made as short as can be, without Hypothesis.

    It knows the calls by their meaning, so a few tries are enough, where Hypothesis needs hundreds.
    """
    told: list[Users] = []

    def machine() -> Users:
        told[:] = [Users(world)]
        return told[0]

    try:
        run_state_machine_as_test(hypothesis.seed(seed)(machine), settings=_settings())  # type: ignore[arg-type]
    except _Halted as no:
        if no.args[0] is not None:
            raise no.args[0] from None
        shorten(world, told[0].story.acts, told[0].broken)
        return False
    return True


def _settings() -> hypothesis.settings:
    return hypothesis.settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        database=None,
        deadline=None,
        derandomize=False,
        phases=(Phase.generate,),
        print_blob=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )


class Users(RuleBasedStateMachine):
    """Creates, changes, deletes, lists and mails users, in calls that need not be right."""

    def __init__(self, world: MachineWorld) -> None:
        super().__init__()
        self.story = Story(world)
        self.broken: frozenset[str] = frozenset()
        self._world = world
        self._created = 0
        self._pool = [
            *(key for key in world.catalog.roles if world.administrators or key != ADMINISTRATOR),
            *(
                WEBSITE,
                world.facts.pbx,
                UC,
                "customer.user.supervisorl3",
                "customer.user.supervisorl5",
                UNKNOWN,
            ),
        ]

    @precondition(lambda self: len(self.story.people) < MOST_USERS)
    @rule(numbers=st.lists(NUMBER, max_size=4), whole=WHOLE, charges=CHARGES)
    def create(self, numbers: list[int], whole: bool, charges: str | None) -> None:  # noqa: FBT001
        self._created += 1
        self._tell(Call(CREATE, f"u{self._created}", self._roles(numbers, whole=whole), charges=charges))

    @precondition(lambda self: self.story.people)
    @rule(who=NUMBER, number=NUMBER, at=st.sampled_from(("-", "0", "1")), charges=CHARGES)
    def add(self, who: int, number: int, at: str, charges: str | None) -> None:
        self._patch(who, [Operation("add", f"{ROLES}/{at}", self._role(number))], charges)

    @precondition(lambda self: self.story.people)
    @rule(who=NUMBER, numbers=st.lists(NUMBER, max_size=4), whole=WHOLE, charges=CHARGES)
    def replace(self, who: int, numbers: list[int], whole: bool, charges: str | None) -> None:  # noqa: FBT001
        self._patch(who, [Operation("replace", ROLES, self._roles(numbers, whole=whole))], charges)

    @precondition(lambda self: self.story.people)
    @rule(who=NUMBER, at=INDEX, number=NUMBER, charges=CHARGES)
    def replace_one(self, who: int, at: int, number: int, charges: str | None) -> None:
        self._patch(who, [Operation("replace", f"{ROLES}/{self._at(who, at)}", self._role(number))], charges)

    @precondition(lambda self: self.story.people)
    @rule(who=NUMBER, at=INDEX)
    def remove(self, who: int, at: int) -> None:
        self._patch(who, [Operation("remove", f"{ROLES}/{self._at(who, at)}")])

    @precondition(lambda self: self.story.people)
    @rule(who=NUMBER, source=INDEX, to=INDEX)
    def move(self, who: int, source: int, to: int) -> None:
        path, source_path = (f"{ROLES}/{self._at(who, at)}" for at in (to, source))
        self._patch(who, [Operation("move", path, source=source_path)])

    @precondition(lambda self: self.story.people)
    @rule(who=NUMBER, right=st.booleans(), letter=st.sampled_from("AB"), number=NUMBER)
    def test_and_change(self, who: int, right: bool, letter: str, number: int) -> None:  # noqa: FBT001
        """Rename the user, add a role, and test a name that may be another: all or nothing (PATCH-ATOMIC)."""
        name = f"${{{self._user(who)}.name}} {letter}"
        rename, add = Operation("replace", NAME, name), Operation("add", f"{ROLES}/-", self._role(number))
        self._patch(who, [rename, add, Operation("test", NAME, name if right else "Somebody")], "true")

    @precondition(lambda self: self.story.people)
    @rule(who=NUMBER)
    def delete(self, who: int) -> None:
        self._tell(Call(DELETE, self._user(who)))

    @precondition(lambda self: self.story.people)
    @rule(who=NUMBER)
    def send_activation_mail(self, who: int) -> None:
        self._tell(Call(MAIL, self._user(who)))

    @precondition(lambda self: self.story.people)
    @rule(who=NUMBER)
    def look(self, who: int) -> None:
        self._tell(Call(LOOK, self._user(who)))

    @rule()
    def look_at_all(self) -> None:
        self._tell(Call(LIST))

    def _often(self) -> Iterator[str]:
        """Roles that other roles, other users and effects depend on."""
        yield from (
            WEBSITE,
            self._world.facts.pbx,
            UC,
            "customer.user.supervisorl3",
            "customer.user.supervisorl5",
        )
        if self._world.administrators:
            yield ADMINISTRATOR

    def _patch(self, who: int, operations: list[Operation], charges: str | None = None) -> None:
        self._tell(Call(PATCH, self._user(who), operations=tuple(operations), charges=charges))

    def _tell(self, act: Call) -> None:
        try:
            self.broken = self.story.tell(act)
        except Exception as fault:  # whatever it is, another story would not mend it
            raise _Halted(fault) from fault
        if self.broken:
            raise _Halted(None)

    def _user(self, who: int) -> str:
        people = self.story.people
        return people[who % len(people)].user

    def _at(self, who: int, at: int) -> int:
        """An index of a role that the user has, 0 if it has none."""
        one = member(self.story.people, self._user(who))
        return at % max(1, len(one.roles)) if one else 0

    def _role(self, number: int) -> str:
        return self._pool[number % len(self._pool)]

    def _roles(self, numbers: list[int], *, whole: bool) -> Roles:
        """The roles with these numbers; if `whole`, with all that they need."""
        wanted = [self._role(number) for number in numbers]
        needed = [key for role in wanted for key in self._needed(role)] if whole else []
        return tuple(dict.fromkeys([*needed, *wanted]))

    def _needed(self, role: str) -> Iterator[str]:
        known = self._world.catalog.roles
        for key in requirements(self._world.catalog, role) if role in known else ():
            yield self._world.facts.pbx if known[key].platform else key
