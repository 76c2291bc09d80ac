"""The judge: observations in, findings and passes out."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

from dimensions_contracts.conformance import checks
from dimensions_contracts.conformance.patterns import printable
from dimensions_contracts.conformance.wire_checks import Wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dimensions_contracts.catalog import Catalog
    from dimensions_contracts.conformance.observations import Observation
    from dimensions_contracts.profile import Profile

    Check = Mapping[str, Any]
    Assignment = dict[str, str]
    Outcome = tuple[Observation, Check, checks.Breach | None]


ENGINE = "engine"
SPELLED = "admin-role-key"
KEY, ALIAS = "user.admin", "admin.user"
ADMINISTRATOR = re.compile(r'"(user\.admin|admin\.user)"')


@dataclass(frozen=True, slots=True)
class Finding:
    """A check that did not hold, or a decision that was made otherwise.

    `status` is FAIL, DIFFERENT or ERROR; `calls` numbers the observations up to the one that showed it.
    """

    rule: str
    part: str | None
    mark: str
    status: str
    case: str
    title: str
    expected: str
    seen: str
    calls: tuple[int, ...]
    decision: str | None = None
    choice: str | None = None
    curl: str | None = None


@dataclass(frozen=True, slots=True)
class CaseVerdict:
    """What a case shows: its findings, how often each rule was kept, which choices of decisions were seen."""

    case: str
    findings: tuple[Finding, ...]
    kept: Mapping[str, int]
    choices: Mapping[str, str]


class Judge:
    """Judges the observations of cases by the catalogue, under a profile."""

    def __init__(self, catalog: Catalog, profile: Profile) -> None:
        self._catalog = catalog
        self.profile = profile
        self._wire = Wire()

    def case(self, seen: Sequence[Observation]) -> CaseVerdict:
        """Judge the observations of one case."""
        kept: dict[str, int] = {}
        choices, findings = self._administrator(seen)
        seen = [_in_catalogue_keys(one) for one in seen]
        for n, one in enumerate(seen):
            findings += self._on_wire(one, [one] if one.source == ENGINE else seen[: n + 1], kept)
        judged = self._until_setup_fails(seen)
        assignment = self._assignment(judged)
        unclear = set[str]()
        for one, check, breach in self._outcomes(judged, assignment):
            findings += self._found(one, check, breach, judged, assignment, kept)
            if breach is not None:
                unclear.update(check.get("when", ()))
        own = {
            key: choice
            for key, choice in assignment.items()
            if key not in unclear and _named(judged, key) and self._tells(judged, assignment, key)
        }
        return CaseVerdict(seen[0].case, tuple(findings), kept, {**own, **choices})

    def _administrator(self, seen: Sequence[Observation]) -> tuple[dict[str, str], list[Finding]]:
        """Which key of the administrator's role the answers use, and whether that is the profile's."""
        mine = self.profile.decisions[SPELLED]
        keys = {spelling: n for n, one in reversed([*enumerate(seen, 1)]) if (spelling := _spelling(one))}
        rule = self._catalog.rules["ROLE-KNOWN"]
        findings = [
            _otherwise(rule.id, None, rule.mark, seen[:n], SPELLED, mine, key)
            for key, n in keys.items()
            if key != mine
        ]
        return {SPELLED: next(iter(keys))} if keys else {}, findings

    def _on_wire(
        self, one: Observation, so_far: Sequence[Observation], kept: dict[str, int]
    ) -> Iterator[Finding]:
        if not one.operation or one.fault:
            return
        for verdict in self._wire.verdicts(one):
            if verdict.expected is None:
                kept[verdict.rule] = kept.get(verdict.rule, 0) + 1
            else:
                mark = self._catalog.rules[verdict.rule].mark
                yield _finding(verdict.rule, None, mark, so_far, verdict.expected, verdict.seen)

    def _until_setup_fails(self, seen: Sequence[Observation]) -> Sequence[Observation]:
        earlier: dict[str, Observation] = {}
        for n, one in enumerate(seen):
            always = [check for check in one.checks if one.setup and "when" not in check]
            if any(checks.breach(check, one, earlier, self._catalog) for check in always):
                return seen[: n + 1]
            earlier[one.label] = one
        return seen

    def _assignment(self, seen: Sequence[Observation]) -> Assignment:
        """The choices under which least is broken; the profile's where others are no better."""
        mine = dict(self.profile.decisions)
        broken = self._broken(seen, mine)
        if not broken:
            return mine
        best, least = mine, broken
        for other in self._alternatives(seen):
            broken = self._broken(seen, other)
            if broken < least:
                best, least = other, broken
            if not least:
                break
        return best

    def _tells(self, seen: Sequence[Observation], assignment: Assignment, key: str) -> bool:
        """Tell whether another choice of the decision would have broken something."""
        others = (choice for choice in self._catalog.decisions[key].choices if choice != assignment[key])
        return any(self._broken(seen, {**assignment, key: other}) for other in others)

    def _broken(self, seen: Sequence[Observation], assignment: Assignment) -> int:
        return sum(breach is not None for _, _, breach in self._outcomes(seen, assignment))

    def _alternatives(self, seen: Sequence[Observation]) -> list[Assignment]:
        mine = self.profile.decisions
        keys = [key for key in self._catalog.decisions if _named(seen, key)]
        options = product(*(self._catalog.decisions[key].choices for key in keys))
        found = [{**mine, **dict(zip(keys, option, strict=True))} for option in options]
        return sorted(found, key=lambda one: sum(one[key] != mine[key] for key in keys))

    def _outcomes(self, seen: Sequence[Observation], assignment: Assignment) -> Iterator[Outcome]:
        earlier: dict[str, Observation] = {}
        for one in seen:
            for check in one.checks:
                if _applies(check, assignment):
                    fault = checks.Breach("an answer", one.fault) if one.fault else None
                    yield one, check, fault or checks.breach(check, one, earlier, self._catalog)
            earlier[one.label] = one

    def _found(
        self,
        one: Observation,
        check: Check,
        breach: checks.Breach | None,
        seen: Sequence[Observation],
        assignment: Assignment,
        kept: dict[str, int],
    ) -> Iterator[Finding]:
        rule, _, part = check["rule"].partition("/")
        so_far = seen[: seen.index(one) + 1]
        mark = self._catalog.rules[rule].marks.get(part, self._catalog.rules[rule].mark)
        if breach is not None:
            yield _finding(rule, part or None, mark, so_far, breach.expected, breach.seen)
            return
        otherwise = {
            key: assignment[key]
            for key in check.get("when", {})
            if assignment[key] != self.profile.decisions[key]
        }
        if not otherwise or rule == "REFUSAL-CLEAN":
            kept[rule] = kept.get(rule, 0) + 1
        for key, choice in otherwise.items():
            if rule != "REFUSAL-CLEAN":
                mine = self.profile.decisions[key]
                yield _otherwise(rule, part or None, mark, so_far, key, mine, choice)


def finding_of_engine(
    catalog: Catalog, about: str, case: str, check: str, expected: str, seen: str, curl: str
) -> dict[str, Any]:
    """A finding of the engine, which judges its own calls, as the log keeps it."""
    rule, _, part = about.partition("/")
    mark = catalog.rules[rule].marks.get(part, catalog.rules[rule].mark)
    status = "FAIL" if mark == "documented" else "DIFFERENT"
    title = f"The engine's check {check}."
    found = Finding(rule, part or None, mark, status, case, title, expected, seen, (), curl=curl)
    return {name: getattr(found, name) for name in Finding.__slots__}


def _otherwise(
    rule: str, part: str | None, mark: str, so_far: Sequence[Observation], key: str, mine: str, choice: str
) -> Finding:
    last = so_far[-1]
    seen = printable(f"{key}: {choice}, as {checks.answered(last)} shows")
    numbers = tuple(one.n for one in so_far)
    return Finding(
        rule, part, mark, "DIFFERENT", last.case, last.title, f"{key}: {mine}", seen, numbers, key, choice
    )


def _finding(
    rule: str, part: str | None, mark: str, so_far: Sequence[Observation], expected: str, seen: str
) -> Finding:
    last = so_far[-1]
    status = "ERROR" if last.fault else "FAIL" if mark == "documented" else "DIFFERENT"
    numbers = tuple(one.n for one in so_far)
    told = printable(expected), printable(seen)
    return Finding(rule, part, mark, status, last.case, last.title, *told, numbers)


def _applies(check: Check, assignment: Mapping[str, str]) -> bool:
    for key, wanted in check.get("when", {}).items():
        if assignment[key] not in (wanted if isinstance(wanted, list) else [wanted]):
            return False
    return True


def _named(seen: Iterable[Observation], decision: str) -> bool:
    return any(decision in check.get("when", {}) for one in seen for check in one.checks)


def _spelling(one: Observation) -> str | None:
    """The administrator's role key as a successful answer spells it."""
    found = ADMINISTRATOR.search(one.body) if one.operation and one.status < 400 else None  # noqa: PLR2004
    return found[1] if found else None


def _in_catalogue_keys(one: Observation) -> Observation:
    """The observation with the administrator's role under the key that cases and schemas use."""
    if one.operation and ALIAS in one.body:
        return replace(one, body=one.body.replace(ALIAS, KEY))
    return one
