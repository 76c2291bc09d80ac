"""Results: one for each rule, out of what all cases showed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from dimensions_contracts.conformance.capabilities import CONTROLLED, READING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from dimensions_contracts.catalog import Rule
    from dimensions_contracts.conformance.judge import CaseVerdict, Finding
    from dimensions_contracts.conformance.waivers import Waiver

STATUSES = ("FAIL", "ERROR", "DIFFERENT", "PASS", "SKIP", "NOT-EXERCISED", "KNOWN")
VIOLATIONS = frozenset({"FAIL"})
INCOMPLETE = frozenset({"ERROR", "SKIP", "NOT-EXERCISED"})
WAIVABLE = frozenset({"FAIL", "ERROR", "DIFFERENT", "SKIP", "NOT-EXERCISED"})


@dataclass(frozen=True, slots=True)
class Result:
    """What is known of one rule; `waiver` and `was` are set where a waiver covers it."""

    rule: Rule
    status: str
    reason: str | None = None
    checks: int = 0
    cases: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    waiver: Waiver | None = None
    was: str | None = None


@dataclass
class _Tally:
    kept: int = 0
    cases: dict[str, None] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    skips: list[str] = field(default_factory=list)


def of_rules(
    rules: Iterable[Rule],
    verdicts: Iterable[CaseVerdict],
    skips: Iterable[Mapping[str, Any]],
    more: Iterable[Finding],
) -> tuple[Result, ...]:
    """One result for each rule; `more` are findings from elsewhere than cases."""
    tallies = {rule.id: _Tally() for rule in rules}
    for verdict in verdicts:
        _count(verdict, tallies)
    for finding in more:
        if finding.rule in tallies:
            tallies[finding.rule].findings.append(finding)
    for skip in skips:
        for rule in skip["rules"]:
            if rule in tallies:
                tallies[rule].skips.append(skip["reason"])
    return tuple(_result(rule, tallies[rule.id]) for rule in rules)


def _count(verdict: CaseVerdict, tallies: dict[str, _Tally]) -> None:
    for rule, times in verdict.kept.items():
        if rule in tallies:
            tallies[rule].kept += times
            tallies[rule].cases[verdict.case] = None
    for finding in verdict.findings:
        if finding.rule in tallies:
            tallies[finding.rule].findings.append(finding)
            tallies[finding.rule].cases[verdict.case] = None


def _result(rule: Rule, tally: _Tally) -> Result:
    found = sorted(tally.findings, key=lambda one: (STATUSES.index(one.status), len(one.calls)))
    cases = tuple(tally.cases)
    if found:
        return Result(rule, found[0].status, _told(found), tally.kept, cases, tuple(found))
    if tally.kept:
        return Result(rule, "PASS", None, tally.kept, cases)
    if tally.skips:
        return Result(rule, "SKIP", min(tally.skips, key=_effort))
    return Result(rule, "NOT-EXERCISED", "no case that ran shows anything about it")


def _effort(reason: str) -> int:
    """How hard it is to lift a reason for leaving a case out: a mode, a flag, an emulator."""
    return {READING: 0, CONTROLLED: 2}.get(reason, 1)


def _told(found: Sequence[Finding]) -> str:
    first, more = found[0], len({one.case for one in found}) - 1
    cases = f" (and {more} more case{'s' if more > 1 else ''})" if more else ""
    if first.decision:
        return f"{first.decision}: {first.choice}{cases}"
    return f"expected {first.expected}; seen {first.seen}{cases}"


def waived(
    results: Iterable[Result], waivers: Sequence[Waiver], today: date
) -> tuple[tuple[Result, ...], list[tuple[Waiver, str]]]:
    """The results with waivers applied, and the waivers that are stale with the reason why."""
    stale = [(one, f"expired on {one.expires}") for one in waivers if one.expires < today]
    current = {one.rule: one for one in waivers if one.expires >= today}
    covered = []
    for result in results:
        waiver = current.get(result.rule.id)
        if waiver is None:
            covered.append(result)
        elif result.status in WAIVABLE:
            covered.append(replace(result, status="KNOWN", waiver=waiver, was=result.status))
        else:
            covered.append(result)
            stale.append((waiver, "no longer fails"))
    return tuple(covered), stale


def totals(results: Iterable[Result]) -> dict[str, int]:
    """How many rules have each status."""
    counts = Counter(result.status for result in results)
    return {status: counts[status] for status in STATUSES}


def conforms(results: Iterable[Result]) -> bool:
    """Tell whether no documented rule fails, is in error, skipped or not exercised."""
    wrong = VIOLATIONS | INCOMPLETE
    return not any(result.rule.mark == "documented" and result.status in wrong for result in results)


def exit_code(results: Sequence[Result], *, strict: bool) -> int:
    """0 conforms, 1 violations, 3 incomplete; with `strict` a difference is a violation, too."""
    violations = VIOLATIONS | ({"DIFFERENT"} if strict else set())
    if any(result.status in violations for result in results):
        return 1
    incomplete = any(
        result.status in INCOMPLETE and (strict or result.rule.mark == "documented") for result in results
    )
    return 3 if incomplete else 0
