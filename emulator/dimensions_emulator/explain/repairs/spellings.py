"""Roles that are spelled as none is."""

from __future__ import annotations

from difflib import SequenceMatcher, get_close_matches
from typing import TYPE_CHECKING, NamedTuple

from dimensions_emulator.explain import wanted
from dimensions_emulator.explain.case import GIVES_UP, KEEPS
from dimensions_emulator.explain.words import listed, short

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dimensions_emulator.explain.case import Case, Plan

TOGETHER = 40
"""The most spellings that are looked at; more are left out."""
TRIED = 3
LIKE, MUCH_LIKE = 0.75, 0.85
"""How much a spelling is like the role it is taken for, and like one that gives rights over others."""
RIGHTS = ".admin"


class Choice(NamedTuple):
    """What to make of a spelling: the role that it means, None to leave it out."""

    spelling: str
    meant: str | None
    cost: int


def unknown(case: Case) -> Iterator[Plan]:
    """ROLE-KNOWN: the roles that were meant, all at once, or none."""
    spelled = (str(case.no.facts["role"]), *case.book.read_roles(wanted.spelled(case))[1])
    spellings = list(dict.fromkeys(spelled))
    choices = [_choices(case, spelling) for spelling in spellings[:TOGETHER]]
    likeliest, more = [own[0] for own in choices], spellings[TOGETHER:]
    yield from _written(case, likeliest, more)
    for at, own in enumerate(choices[:TRIED]):
        for other in own[1:]:
            yield from _written(case, [*likeliest[:at], other, *likeliest[at + 1 :]], more)


def _choices(case: Case, spelling: str) -> list[Choice]:
    meant = case.book.wire_roles(list(dict.fromkeys(_likely(case, spelling.strip().lower())))[:TRIED])
    written = [Choice(spelling, role, KEEPS + 2 * rank) for rank, role in enumerate(meant)]
    return [*written, Choice(spelling, None, GIVES_UP)]


def _likely(case: Case, plain: str) -> Iterator[str]:
    """The roles that a spelling may mean: the only one that ends so, then those that are spelled alike."""
    catalog = case.book.catalog
    ending = [key for key in catalog.roles if key.endswith(f".{plain}")]
    if len(ending) == 1:
        yield ending[0]
    known = {role.name.lower(): key for key, role in catalog.roles.items()}
    known |= {key: key for key in catalog.roles}
    known |= {case.book.wire_roles([key])[0]: key for key in catalog.roles}
    for name in get_close_matches(plain, known, 2 * TRIED, LIKE):
        if not known[name].endswith(RIGHTS) or SequenceMatcher(None, name, plain).ratio() >= MUCH_LIKE:
            yield known[name]


def _written(case: Case, choices: Sequence[Choice], more: Sequence[str]) -> Iterator[Plan]:
    instead = {choice.spelling: choice.meant for choice in choices if choice.meant is not None}
    gone = [choice.spelling for choice in choices if choice.meant is None]
    said = [f"write {meant} for '{short(spelling)}'" for spelling, meant in instead.items()]
    sent = wanted.swapping(case, instead)
    if gone:
        said.append("leave out " + listed([f"'{short(spelling)}'" for spelling in gone]))
    if more:
        said.append(f"leave out the other {len(more)} that are no roles")
    if gone or more:
        rest = case._replace(plan=case.plan._replace(request=sent))
        sent = wanted.taking(rest, {*gone, *more})
    if not wanted.does_nothing(case, sent):
        cost = sum(choice.cost for choice in choices)
        yield case.plan.with_request(sent, *said, cost=cost)
