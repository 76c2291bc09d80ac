"""A point of the grid: calls that change roles, written as a case with what the model expects."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from dimensions_contracts.conformance import expectation
from dimensions_contracts.conformance.model import Accepted, Facts, Outcome, Refused, outcome
from dimensions_contracts.conformance.model_rules import AGENT, REALTIME, WEBSITE, administers, platform_roles
from dimensions_contracts.conformance.needs import LEVEL3
from dimensions_contracts.conformance.places import ESSENTIAL, PBX

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dimensions_contracts.conformance.expectation import Expectations, When
    from dimensions_contracts.conformance.model_rules import Roles
    from dimensions_contracts.conformance.places import Place
    from dimensions_contracts.profile import Profile

    Json: TypeAlias = dict[str, Any]
    Held: TypeAlias = tuple[str, Roles]

CREATE, ADD, REPLACE, REMOVE = "create", "add", "replace", "remove"
CREATED, DONE = 201, 200
SUBJECT, NEW = "ada", ("bob", "cyd")
PLATFORM_KEY = re.compile(r"customer\.user\.(?:pbx|uc\.essential)(?![.\w])")
ANY_LEVEL = frozenset({"customer.user.supervisorl3"})
SHARED, ALONE, IN_UK, FEATURELESS = "lab", "empty", "uk", "noagent"


class Move(NamedTuple):
    """A call of a point; `rule` is what it shows where it is accepted, `never` lists what nobody gets by it.

    `denied` is the rule, or the part of one, by which nobody does.
    """

    kind: str
    roles: Roles
    rule: str
    charges: str | None = "true"
    never: Roles = ()
    denied: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """What a case of the grid is made from.

    `before` are the roles of the user to be patched, who is created for it unless named by `subject`;
    `beside` are other users who are there first.
    """

    id: str
    title: str
    place: str
    moves: tuple[Move, ...]
    before: Roles = ()
    beside: tuple[Held, ...] = ()
    subject: str = SUBJECT


class _Said(NamedTuple):
    """What is expected of a call: its refusal, or else roles; those are not all where not `certain`."""

    refusal: Refused | None
    roles: frozenset[str]
    certain: bool = True


class Writer:
    """Writes points as cases, with what is expected under every choice."""

    def __init__(self, expectations: Expectations, places: Mapping[str, Place]) -> None:
        self._expectations = expectations
        self._catalog = expectations.catalog
        self._platform = frozenset(platform_roles(self._catalog))
        self._order = {key: n for n, key in enumerate(self._catalog.roles)}
        self._features = {name: place.agent_feature for name, place in places.items()}

    def case(self, point: Point) -> Json:
        """The point as a case of the format."""
        held = [*([(point.subject, point.before)] if _is_patched(point) else []), *point.beside]
        given = [
            {"user": name, "roles": list(roles) if WEBSITE in roles else [WEBSITE, *roles]}
            for name, roles in reversed(held)
            if name != "teams"
        ]
        needs = list(self._needs(point))
        case = {
            "id": point.id,
            "title": point.title,
            "tags": ["grid", "roles"],
            "in": point.place,
            **({"needs": needs} if needs else {}),
            **({"given": given} if given else {}),
            "steps": list(self._steps(point)),
        }
        return case if point.place == IN_UK else _by_country(case, point.place)

    def _needs(self, point: Point) -> Iterator[str]:
        """What the model has to be sure of: no users of others to spread to, and the agent feature."""
        lists = (point.before, *(roles for _, roles in point.beside), *(move.roles for move in point.moves))
        roles = [role for held in lists for role in held]
        if any(LEVEL3.search(role) for role in roles):
            yield "level3"
        if AGENT in roles and self._features.get(point.place, 1) is None:
            yield "emulator"

    def _facts(self, point: Point) -> Facts:
        feature = self._features.get(point.place, 0 if point.place == FEATURELESS else 1)
        beside = [roles for _, roles in point.beside]
        return Facts(
            country="GB" if point.place == IN_UK else "US",
            agent_feature=1 if feature is None else feature,
            levels=self._catalog.groups["supervisor"] & {role for roles in beside for role in roles},
            administered=point.place == SHARED or any(map(administers, beside)),
        )

    def _steps(self, point: Point) -> Iterator[Json]:
        if _is_patched(point) and WEBSITE not in point.before:
            yield {
                **_patch(point.subject, [_put(list(point.before))]),
                "checks": [{"rule": "PATCH-ROLES-REPLACE", "status": DONE}],
            }
        new = iter(NEW)
        for n, move in enumerate(point.moves):
            branches = self._expectations.branches(partial(self._said, point, n))
            if move.kind == CREATE:
                yield from self._creation(move, next(new), branches)
            else:
                yield from self._change(point, n, branches)
        yield from self._spread(point)

    def _creation(self, move: Move, name: str, branches: Sequence[tuple[When, _Said]]) -> Iterator[Json]:
        user = {"email": f"${{{name}.email}}", "displayName": f"${{{name}.name}}", "roles": list(move.roles)}
        by = self._refused_by(branches[0][1].refusal)
        checks = [
            self._refused(when, said.refusal, by)
            if said.refusal
            else self._holding(when, said, move.rule, status=CREATED)
            for when, said in branches
        ]
        charges = {"charges": move.charges} if move.charges else {}
        yield {"call": "createUser", **charges, "body": user, "save": name, "checks": checks}
        if not any(said.refusal for _, said in branches):
            yield _read(name, [self._holding(when, said, move.rule) for when, said in branches])

    def _change(self, point: Point, n: int, branches: Sequence[tuple[When, _Said]]) -> Iterator[Json]:
        move = point.moves[n]
        answers = self._expectations.branches(partial(self._refusal, point, n))
        by = self._refused_by(answers[0][1])
        checks = [
            self._refused(when, refusal, by)
            if refusal
            else {"rule": move.rule, **expectation.written(when), "status": DONE}
            for when, refusal in answers
        ]
        charges = {"charges": move.charges} if move.charges else {}
        yield {**_patch(point.subject, _operations(move, point.before)), **charges, "checks": checks}
        reads = [self._holding(when, said, move.rule) for when, said in branches if not said.refusal]
        if move.never:
            reads.append({"rule": move.denied, "data": {"roles": {"$lacks": list(move.never)}}})
        if reads:
            yield _read(point.subject, reads)

    def _spread(self, point: Point) -> Iterator[Json]:
        """A read of every other user who may have got the Real-Time Add-On (ROLE-REALTIME-SPREAD)."""
        for name, roles in point.beside:
            if not self._platform.isdisjoint(roles):
                branches = self._expectations.branches(partial(self._got, point, roles))
                rule = point.moves[-1].rule
                yield _read(name, [self._holding(when, said, rule) for when, said in branches])

    def _got(self, point: Point, roles: Roles, profile: Profile) -> _Said:
        outcomes = self._outcomes(point, point.before, self._facts(point), profile)
        spreads = any(isinstance(one, Accepted) and one.spreads for one in outcomes)
        return _Said(None, frozenset({*roles, *([REALTIME] if spreads else [])}))

    def _refusal(self, point: Point, n: int, profile: Profile) -> Refused | None:
        return self._said(point, n, profile).refusal

    def _said(self, point: Point, n: int, profile: Profile) -> _Said:
        """What the model says of a move; in a place of others it says so with and without spread."""
        facts, before = self._facts(point), point.before
        outcomes = [self._outcomes(point, before, facts, profile)[n]]
        if point.place != ALONE:
            got = () if self._platform.isdisjoint(before) else (REALTIME,)
            facts = replace(facts, levels=ANY_LEVEL)
            outcomes.append(self._outcomes(point, (*before, *got), facts, profile)[n])
        first = outcomes[0]
        if isinstance(first, Refused):
            return _Said(first if len(set(outcomes)) == 1 else Refused(first.rule, first.error), frozenset())
        roles = [frozenset(one.roles) for one in outcomes if isinstance(one, Accepted)]
        return _Said(None, frozenset.intersection(*roles), certain=len(set(roles)) == 1)

    def _outcomes(self, point: Point, held: Roles, facts: Facts, profile: Profile) -> list[Outcome]:
        found: list[Outcome] = []
        for move in point.moves:
            created = move.kind == CREATE
            result = outcome(
                self._catalog,
                profile,
                facts,
                None if created else held,
                _wanted(move, held),
                accepts_charges=move.charges == "true",
                replaced=move.kind == REPLACE,
            )
            found.append(result)
            held = result.roles if isinstance(result, Accepted) and not created else held
        return found

    def _refused_by(self, refusal: Refused | None) -> str | None:
        """The rule that refuses by the profile: who answers otherwise decides that rule otherwise."""
        return expectation.part(self._catalog, refusal.rule, "refusal") if refusal else None

    def _refused(self, when: When, refusal: Refused, by: str | None) -> Json:
        facts = {"facts": dict(refusal.facts)} if refusal.facts else {}
        rule = by or self._refused_by(refusal)
        return {"rule": rule, **expectation.written(when), "error": refusal.error, **facts}

    def _holding(self, when: When, said: _Said, rule: str, **more: int) -> Json:
        roles = sorted(said.roles, key=self._order.__getitem__)
        pattern = {"$set" if said.certain else "$has": roles}
        return {"rule": rule, **expectation.written(when), **more, "data": {"roles": pattern}}


def _is_patched(point: Point) -> bool:
    return any(move.kind != CREATE for move in point.moves)


def _wanted(move: Move, held: Roles) -> Roles:
    if move.kind == ADD:
        return (*held, *move.roles)
    if move.kind == REMOVE:
        return tuple(role for role in held if role not in move.roles)
    return move.roles


def _operations(move: Move, before: Roles) -> list[Json]:
    if move.kind == REPLACE:
        return [_put(list(move.roles))]
    if move.kind == ADD:
        return [{"op": "add", "path": "/roles/-", "value": role} for role in move.roles]
    places = [(f"/roles/{before.index(role)}", role) for role in move.roles]
    return [
        step
        for path, role in places
        for step in ({"op": "test", "path": path, "value": role}, {"op": "remove", "path": path})
    ]


def _put(roles: list[str]) -> Json:
    return {"op": "replace", "path": "/roles", "value": roles}


def _patch(name: str, operations: list[Json]) -> Json:
    return {"call": "patchUser", "user": f"${{{name}.id}}", "body": operations}


def _read(name: str, checks: list[Json]) -> Json:
    return {"call": "getUser", "user": f"${{{name}.id}}", "checks": checks}


def _by_country(value: Any, place: str, name: str = "") -> Any:
    """The value with the PBX user roles of the place's country; what is missing has one key everywhere."""
    if isinstance(value, dict):
        return {key: _by_country(item, place, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_by_country(item, place, name) for item in value]
    if isinstance(value, str) and name not in {"missing", "id", "title"}:
        keys: Mapping[str, str] = {PBX: "pbx", ESSENTIAL: "wrongpbx"}
        return PLATFORM_KEY.sub(lambda found: f"${{place.{place}.{keys[found[0]]}}}", value)
    return value
