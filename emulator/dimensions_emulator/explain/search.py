"""The smallest change that a dry run accepts."""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from dimensions_emulator.explain.case import Case, Plan
from dimensions_emulator.explain.repairs import REPAIRS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dimensions_emulator.domain.errors import Refused
    from dimensions_emulator.domain.rulebook import Rulebook
    from dimensions_emulator.domain.world import World
    from dimensions_emulator.sandbox.dry_run import Outcome, Request

DEPTH = 4
"""The most changes that a plan is made of."""
RUNS = 200
"""The most requests that are tried."""


class Tried(NamedTuple):
    """What came of the last request of a plan, None if an earlier one failed, and the world that it met.

    `runs` counts the requests.
    """

    outcome: Outcome | None
    world: World
    runs: int

    @property
    def no(self) -> Refused | None:
        """The refusal of the last request."""
        return self.outcome.met.refused if self.outcome is not None else None


class Partial(NamedTuple):
    """A plan that puts right some of what was refused, and the refusal of the rest."""

    plan: Plan
    no: Refused


class Found(NamedTuple):
    """The smallest plan that passes, else the one that came furthest, and how many requests were tried."""

    plan: Plan | None
    runs: int
    furthest: Partial | None = None


def smallest(book: Rulebook, now: int, request: Request, attempt: Callable[[Plan], Tried]) -> Found:
    """Search the changes of a request by their size, the smallest first."""
    order, runs = count(), 0
    waiting: list[tuple[int, int, Plan, Refused | None]] = [(0, next(order), Plan(request), None)]
    known: set[tuple[tuple[Request, ...], Request]] = {((), request)}
    furthest: Partial | None = None
    while waiting and runs < RUNS:
        _, _, plan, before = heappop(waiting)
        tried = attempt(plan)
        runs += tried.runs
        if tried.outcome is not None and tried.outcome.passed:
            return Found(plan, runs)
        furthest = _further(furthest, plan, before, tried.no)
        for following in _following(book, now, plan, tried):
            key = (following.earlier, following.request)
            if key not in known:
                known.add(key)
                heappush(waiting, (following.cost, next(order), following, tried.no))
    return Found(None, runs, furthest)


def _further(
    furthest: Partial | None, plan: Plan, before: Refused | None, no: Refused | None
) -> Partial | None:
    """The plan if it is refused for something else than before and changes more than the furthest."""
    if before is None or no is None or (no.rule, no.facts) == (before.rule, before.facts):
        return furthest
    return Partial(plan, no) if furthest is None or plan.depth > furthest.plan.depth else furthest


def _following(book: Rulebook, now: int, plan: Plan, tried: Tried) -> Iterator[Plan]:
    """The plans that change one thing more."""
    no = tried.no
    if no is not None and plan.depth < DEPTH and no.rule in REPAIRS:
        yield from REPAIRS[no.rule](Case(book, tried.world, now, plan, no))
