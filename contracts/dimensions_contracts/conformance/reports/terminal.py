"""The report for a terminal or the log of a build: lines that also read well without colour."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dimensions_contracts.conformance.reports.document import (
    NO_CASE,
    PROBLEMS,
    STATUSES,
    UNJUDGED,
    answered_otherwise,
    groups,
    having,
    headline,
    legible,
    tally,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from rich.console import Console

    from dimensions_contracts.conformance.reports.document import Document, Rule

STYLES = MappingProxyType(
    {
        "FAIL": "bold red",
        "ERROR": "bold magenta",
        "DIFFERENT": "yellow",
        "KNOWN": "cyan",
        "SKIP": "bright_black",
        "NOT-EXERCISED": "bright_black",
        "PASS": "green",
    }
)
STATUS_WIDTH = max(map(len, STATUSES))
MARK_WIDTH = len("documented")
LABEL_WIDTH = len("expected")
CHECKS_WIDTH = len("12345 checks")
INDENT = GAP = 2
LEAST_STATEMENT = 40  # with less room the table has no statements
MOST_EVIDENCE = 3  # of one rule; the files have the rest

Line = tuple[str, str | Text]


def show(document: Document, console: Console) -> None:
    """Print the rules by group, then what was wrong with each, and the verdict last, where a log is read."""
    document = legible(document)
    _matrix(document, console)
    for rule in having(document, PROBLEMS):
        _problem(rule, console)
    _listed("Known deviations", _known(document), console)
    _listed("Not judged", _unjudged(document), console)
    _listed("Open questions answered otherwise", _otherwise(document), console)
    _listed("Waivers that no longer serve", _stale(document), console)
    _verdict(document, console)


def _matrix(document: Document, console: Console) -> None:
    width = max((len(rule["id"]) for rule in document["rules"]), default=0)
    for group, rules in groups(document).items():
        console.print()
        console.print(Text.assemble((group, "bold"), "  ", *_counted(tally(rules))))
        console.print(_rows(rules, width, room=console.width))


def _rows(rules: Sequence[Rule], width: int, *, room: int) -> Padding:
    widths = (STATUS_WIDTH, width, MARK_WIDTH, CHECKS_WIDTH)
    table = Table.grid(padding=(0, GAP, 0, 0))
    for each in widths[:-1]:
        table.add_column(no_wrap=True, width=each)
    table.add_column(no_wrap=True, width=CHECKS_WIDTH, justify="right")
    left = room - INDENT - sum(widths) - GAP * len(widths)
    if left >= LEAST_STATEMENT:
        table.add_column(no_wrap=True, width=left, overflow="ellipsis")
    for rule in rules:
        checks = "1 check" if rule["checks"] == 1 else f"{rule['checks']} checks"
        cells = (rule["id"], rule["mark"], checks, rule["statement"])[: len(table.columns) - 1]
        table.add_row(_badge(rule["status"]), *map(Text, cells))
    return _indented(table)


def _problem(rule: Rule, console: Console) -> None:
    console.print()
    console.print(Text.assemble(_badge(rule["status"]), "  ", (rule["id"], "bold"), f"  {rule['mark']}"))
    facts: list[Line] = [("rule", rule["statement"]), ("source", rule["source"])]
    if rule["reason"]:
        facts.append(("reason", rule["reason"]))
    console.print(_labelled(facts))
    for evidence in rule["evidence"][:MOST_EVIDENCE]:
        _evidence(evidence, console)
    more = len(rule["evidence"]) - MOST_EVIDENCE
    if more > 0:
        console.print(_labelled([("", f"and {more} more; the JSON and HTML reports have all")]))


def _evidence(evidence: Mapping[str, Any], console: Console) -> None:
    part = f" ({evidence['part']}, {evidence['mark']})" if evidence["part"] else ""
    console.print()
    facts: list[Line] = [("case", f"{evidence['case']}: {evidence['title']}{part}")]
    facts += [("expected", Text(evidence["expected"], "green")), ("seen", Text(evidence["seen"], "red"))]
    console.print(_labelled(facts))
    for line in evidence["curl"]:
        console.print(Text(f"  {line}", "bright_black"), soft_wrap=True)  # unbroken, so that it can be copied


def _labelled(lines: Iterable[Line]) -> Padding:
    return _hanging([(Text(label.ljust(LABEL_WIDTH), "bright_black"), said) for label, said in lines])


def _hanging(lines: Iterable[tuple[Text, str | Text]]) -> Padding:
    table = Table.grid(padding=(0, GAP, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for label, said in lines:
        table.add_row(label, Text(said) if isinstance(said, str) else said)
    return _indented(table)


def _indented(table: Table) -> Padding:
    return Padding(table, (0, 0, 0, INDENT), expand=False)


def _listed(title: str, lines: Sequence[tuple[Text, str]], console: Console) -> None:
    if lines:
        console.print()
        console.print(Text(title, "bold"))
        console.print(_hanging(lines))


def _known(document: Document) -> list[tuple[Text, str]]:
    rules = having(document, ("KNOWN",))
    return [(_badge("KNOWN"), f"{rule['id']}: {_waived(rule['waiver'])}") for rule in rules]


def _waived(waiver: Mapping[str, Any]) -> str:
    return f"{waiver['reason']} (was {waiver['was']}, until {waiver['expires']})"


def _unjudged(document: Document) -> list[tuple[Text, str]]:
    reasons: dict[tuple[str, str], list[str]] = {}
    for rule in having(document, UNJUDGED):
        reasons.setdefault((rule["status"], rule["reason"] or NO_CASE), []).append(rule["id"])
    return [(_badge(status), f"{reason}: {', '.join(rules)}") for (status, reason), rules in reasons.items()]


def _otherwise(document: Document) -> list[tuple[Text, str]]:
    return [
        (Text(one["key"], "yellow"), f"profile {one['profile']}, deployment {one['seen']}")
        for one in answered_otherwise(document)
    ]


def _stale(document: Document) -> list[tuple[Text, str]]:
    stale = document["waivers"]["stale"]
    return [(Text(one["rule"], "yellow"), f"{one['why']} ({one['reason']})") for one in stale]


def _verdict(document: Document, console: Console) -> None:
    run, safety, verdict = document["run"], document["safety"], document["verdict"]
    style = "bold green" if verdict["exitCode"] == 0 else "bold red"
    totals = {status: count for status, count in document["totals"].items() if count}
    console.print()
    lines: list[Line] = [
        ("target", f"{run['target']}, mode {run['mode']}, profile {run['profile']}"),
        ("run", f"{run['id']}, seed {run['seed']}, {run['requests']} requests in {run['seconds']:.1f} s"),
        (
            "rules",
            Text.assemble(*_counted({status: totals[status] for status in STATUSES if status in totals})),
        ),
        ("safety", safety["sentence"]),
    ]
    lines += [("left", Text(user, "bold red")) for user in safety["left"]]
    lines.append(("verdict", Text.assemble((headline(document), style), f". {verdict['sentence']}")))
    console.print(_labelled(lines))


def _counted(counts: Mapping[str, int]) -> list[str | tuple[str, str]]:
    said: list[str | tuple[str, str]] = []
    for status, count in counts.items():
        said += [", " if said else "", (f"{count} {status}", STYLES[status])]
    return said


def _badge(status: str) -> Text:
    return Text(status.ljust(STATUS_WIDTH), STYLES[status])
