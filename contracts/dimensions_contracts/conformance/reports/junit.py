"""The report for build servers: JUnit XML with a test case a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from dimensions_contracts.conformance.reports.document import NO_CASE, UNJUDGED, legible

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from dimensions_contracts.conformance.reports.document import Document, Rule

ELEMENTS = {"FAIL": "failure", "ERROR": "error", **dict.fromkeys(UNJUDGED, "skipped")}


def text(document: Document) -> str:
    """Write the document as one suite; DIFFERENT and KNOWN pass and say so in the property `status`."""
    document = legible(document)
    counts = _counts(document)
    root = ET.Element("testsuites", {"name": document["tool"]["name"], **counts})
    suite = ET.SubElement(root, "testsuite", {"name": "conformance", **counts})
    suite.set("timestamp", document["run"]["started"])
    _properties(suite, _facts(document))
    for rule in document["rules"]:
        _testcase(suite, rule)
    ET.SubElement(suite, "system-out").text = document["verdict"]["sentence"]
    left = "".join(f"left behind: {user}\n" for user in document["safety"]["left"])
    ET.SubElement(suite, "system-err").text = left
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _counts(document: Document) -> dict[str, str]:
    found = [rule["status"] for rule in document["rules"]]
    return {
        "tests": str(len(found)),
        "failures": str(found.count("FAIL")),
        "errors": str(found.count("ERROR")),
        "skipped": str(sum(status in UNJUDGED for status in found)),
        "time": f"{document['run']['seconds']:.3f}",
    }


def _facts(document: Document) -> dict[str, object]:
    run, verdict = document["run"], document["verdict"]
    names = ("id", "seed", "mode", "target", "profile", "requests", "command")
    return {
        **{f"run.{name}": run[name] for name in names},
        "verdict.conforms": str(verdict["conforms"]).lower(),
        "verdict.exitCode": verdict["exitCode"],
        "safety": document["safety"]["sentence"],
    }


def _testcase(suite: ET.Element, rule: Rule) -> None:
    name = f"conformance.{rule['group'].replace('.', ' ')}"
    case = ET.SubElement(suite, "testcase", {"classname": name, "name": rule["id"], "time": "0.000"})
    facts = {name: rule[name] for name in ("status", "mark", "source", "statement", "checks")}
    facts |= {f"mark.{part}": mark for part, mark in rule["marks"].items()}
    facts |= {f"decision.{one['key']}": one["seen"] for one in rule["decisions"] if one["seen"]}
    if rule["reason"]:
        facts["reason"] = rule["reason"]
    if rule["waiver"]:
        facts |= {f"waiver.{name}": value for name, value in rule["waiver"].items()}
    _properties(case, facts)
    if rule["status"] in ELEMENTS:
        _outcome(case, rule)


def _outcome(case: ET.Element, rule: Rule) -> None:
    outcome = ET.SubElement(case, ELEMENTS[rule["status"]])
    if rule["status"] in UNJUDGED:
        outcome.set("message", rule["reason"] or NO_CASE)
        return
    outcome.set("type", rule["status"])
    outcome.set("message", _message(rule))
    facts = [rule["id"], rule["statement"], f"source: {rule['source']}"]
    outcome.text = "\n\n".join(["\n".join(facts), *map(_told, rule["evidence"])])


def _message(rule: Rule) -> str:
    first = next(iter(rule["evidence"]), None)
    seen = f"expected {first['expected']}, seen {first['seen']}" if first else ""
    return str(rule["reason"] or seen or rule["statement"])


def _told(evidence: Mapping[str, Any]) -> str:
    lines = [f"{evidence['case']}: {evidence['title']}"]
    lines += [f"expected: {evidence['expected']}", f"seen: {evidence['seen']}", *evidence["curl"]]
    return "\n".join(lines)


def _properties(parent: ET.Element, facts: Mapping[str, object]) -> None:
    properties = ET.SubElement(parent, "properties")
    for name, value in facts.items():
        ET.SubElement(properties, "property", {"name": name, "value": str(value)})
