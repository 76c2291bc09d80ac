"""The verdict of a run, and its report."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dimensions_contracts.conformance import document, results
from dimensions_contracts.conformance.judge import Finding
from dimensions_contracts.versions import package_version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dimensions_contracts.conformance.checking import Checked
    from dimensions_contracts.conformance.results import Result
    from dimensions_contracts.conformance.waivers import Waiver

INCOMPLETE, LEFT, INTERRUPTED = 3, 4, 130
FACTS = (
    "id", "seed", "mode", "target", "customer", "account", "emulator", "profile", "sources", "started",
    "seconds", "requests", "interrupted",
)  # fmt: skip


def report(checked: Checked, known: Sequence[Waiver], *, command: str, strict: bool) -> dict[str, Any]:
    """The report document of a run."""
    wanted = [rule for rule in checked.catalog.rules.values() if rule.id in set(checked.facts["rules"])]
    more = [Finding(**{**found, "calls": tuple(found["calls"])}) for found in checked.log.findings]
    found = results.of_rules(wanted, checked.verdicts, checked.log.skips, more)
    covered, stale = results.waived(found, known, datetime.now(UTC).date())
    judged = document.Judged(covered, document.choices(checked.verdicts), stale, checked.log.calls)
    run = {name: checked.facts.get(name, False) for name in FACTS} | {"command": command}
    safety = dict(checked.safety)
    verdict = _verdict(checked, covered, strict=strict)
    return document.report(judged, verdict, run, safety, checked.profile, checked.catalog, package_version())


def _verdict(checked: Checked, covered: Sequence[Result], *, strict: bool) -> document.Verdict:
    conforms, code = results.conforms(covered), results.exit_code(covered, strict=strict)
    sentence = _sentence(results.totals(covered), covered, code)
    early = checked.facts.get("spent")
    if early and code == 0:
        code, sentence = INCOMPLETE, f"No violation was seen, but the run ended early: {early}."
    elif early:
        sentence += f" The run ended early: {early}."
    if checked.interrupted:
        code, sentence = INTERRUPTED, "Interrupted; what was created is removed."
    if checked.safety["left"]:
        code, sentence = LEFT, _incomplete(checked)
    return document.Verdict(conforms and not early and not checked.interrupted, code, sentence)


def _incomplete(checked: Checked) -> str:
    interrupted = "Interrupted. " if checked.interrupted else ""
    remedy = f" Finish with: {checked.facts['remedy']}" if "remedy" in checked.facts else ""
    return f"{interrupted}The clean-up is incomplete: {checked.safety['left'][0]}{remedy}"


def _sentence(totals: Mapping[str, int], covered: Sequence[Result], code: int) -> str:
    broken = [result.rule.id for result in covered if result.status in {"FAIL", "ERROR"}]
    if code == 1 and not broken:
        return f"{_rules(totals['DIFFERENT'])} decided otherwise than the profile says."
    if code == 1:
        return f"The target does not conform: {_rules(len(broken))} broken ({_some(broken)})."
    if code == 0:
        others = f", {totals['DIFFERENT']} decided otherwise" if totals["DIFFERENT"] else ""
        known = f", {totals['KNOWN']} known not to be" if totals["KNOWN"] else ""
        return f"The target conforms: {totals['PASS']} of {len(covered)} rules are kept{others}{known}."
    missing = [result.rule.id for result in covered if result.status in results.INCOMPLETE]
    unjudged = "1 rule" if len(missing) == 1 else f"{len(missing)} rules"
    return f"No violation was seen, but {unjudged} could not be judged ({_some(missing)})."


def _rules(count: int) -> str:
    return "1 rule is" if count == 1 else f"{count} rules are"


def _some(rules: Sequence[str]) -> str:
    return ", ".join(rules[:3]) + (f" and {len(rules) - 3} more" if len(rules) > 3 else "")  # noqa: PLR2004
