"""The report of a run as a document, from which every kind of report is made."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from dimensions_contracts.conformance import curl, results

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dimensions_contracts.catalog import Catalog
    from dimensions_contracts.conformance.judge import CaseVerdict, Finding
    from dimensions_contracts.conformance.observations import Observation
    from dimensions_contracts.conformance.results import Result
    from dimensions_contracts.conformance.waivers import Waiver
    from dimensions_contracts.profile import Profile

GROUPS = MappingProxyType(
    {
        "USER": "Users", "LIST": "Users", "GET": "Users", "CREATE": "Users", "DELETE": "Users",
        "ROLE": "Roles", "ADMIN": "Roles", "CHARGES": "Roles",
        "PATCH": "Patches",
        "MAIL": "Mails", "DEVICE": "Devices",
        "AUTH": "Access", "TENANT": "Access", "ID": "Access", "CHECK": "Access",
    }
)  # fmt: skip
SHOWN = 3
"""How many findings of a rule are shown with their evidence: the shortest ones."""


class Verdict(NamedTuple):
    """Whether the target conforms, with the exit code and one sentence that says it."""

    conforms: bool
    code: int
    sentence: str


class Judged(NamedTuple):
    """Everything a report tells: results, what was seen of decisions, stale waivers and the calls."""

    results: Sequence[Result]
    choices: Mapping[str, str | None]
    stale: Sequence[tuple[Waiver, str]]
    calls: Sequence[Observation]


def group(rule: str) -> str:
    """The group of a rule in reports."""
    return GROUPS.get(rule.partition("-")[0], "Wire")


def report(
    judged: Judged,
    verdict: Verdict,
    run: Mapping[str, Any],
    safety: Mapping[str, Any],
    profile: Profile,
    catalog: Catalog,
    version: str,
) -> dict[str, Any]:
    """Build the report document, version 1 of `schemas/conformance-report.json`."""
    calls = {call.n: call for call in judged.calls}
    return {
        "version": 1,
        "tool": {"name": "dimensions-contracts", "version": version},
        "run": dict(run),
        "verdict": {"conforms": verdict.conforms, "exitCode": verdict.code, "sentence": verdict.sentence},
        "totals": results.totals(judged.results),
        "safety": dict(safety),
        "rules": [_rule(result, calls, str(run["target"]), profile) for result in judged.results],
        "decisions": [
            {
                "key": key,
                "question": decision.question,
                "profile": profile.decisions[key],
                "seen": judged.choices.get(key),
            }
            for key, decision in catalog.decisions.items()
        ],
        "waivers": {
            "stale": [
                {"rule": waiver.rule, "reason": waiver.reason, "why": why} for waiver, why in judged.stale
            ]
        },
    }


def choices(verdicts: Iterable[CaseVerdict]) -> dict[str, str | None]:
    """Which choice of each decision was seen; `mixed` where cases disagree."""
    seen: dict[str, str | None] = {}
    for verdict in verdicts:
        for key, choice in verdict.choices.items():
            seen[key] = choice if seen.get(key, choice) == choice else "mixed"
    return seen


def _rule(result: Result, calls: Mapping[int, Observation], target: str, profile: Profile) -> dict[str, Any]:
    rule = result.rule
    waiver = result.waiver
    return {
        "id": rule.id,
        "group": group(rule.id),
        "statement": rule.statement,
        "mark": rule.mark,
        "marks": dict(rule.marks),
        "source": rule.source,
        "status": result.status,
        "reason": result.reason,
        "checks": result.checks,
        "cases": list(result.cases),
        "decisions": [
            {"key": key, "profile": profile.decisions[key], "seen": choice}
            for key, choice in dict.fromkeys(
                (found.decision, found.choice) for found in result.findings if found.decision and found.choice
            )
        ],
        "waiver": waiver
        and {"reason": waiver.reason, "expires": waiver.expires.isoformat(), "was": result.was},
        "evidence": [_evidence(found, calls, target) for found in _shortest(result.findings)],
    }


def _shortest(findings: Sequence[Finding]) -> list[Finding]:
    """The findings to show: each way of failing once, those with the fewest calls first."""
    ways: dict[tuple[str, str], Finding] = {}
    for found in findings:
        ways.setdefault((found.status, found.expected), found)
    return list(ways.values())[:SHOWN]


def _evidence(found: Finding, calls: Mapping[int, Observation], target: str) -> dict[str, Any]:
    own = _needed([calls[n] for n in found.calls if n in calls])
    return {
        "case": found.case,
        "title": found.title,
        "part": found.part,
        "mark": found.mark,
        "expected": found.expected,
        "seen": found.seen,
        "curl": [found.curl] if found.curl else [curl.line(call, target) for call in own],
        "calls": [_call(call) for call in own],
    }


def _needed(calls: Sequence[Observation]) -> list[Observation]:
    """The calls that show a finding: those that may change something, the last, and what it compares with."""
    last = calls[-1:]
    compared = {check["equals"] for call in last for check in call.checks if "equals" in check}
    return [call for call in calls if call.method != "GET" or call in last or call.label in compared]


def _call(call: Observation) -> dict[str, Any]:
    authorised = [] if call.caller == "none" else [["Authorization", "Bearer ***"]]
    return {
        "n": call.n,
        "method": call.method,
        "path": call.path,
        "request": {
            "headers": [*authorised, *map(list, call.request_headers)],
            "body": call.request_body,
        },
        "status": call.status,
        "response": {"headers": list(map(list, call.headers)), "body": call.fault or call.body},
    }
