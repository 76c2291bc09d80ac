import base64
import copy
import hashlib
import io
import json
import os
import re
import threading
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

import contract_validators as validators
from dimensions_contracts import catalog as catalogue
from dimensions_contracts import schema_files
from dimensions_contracts.conformance import reports
from dimensions_contracts.conformance.reports import html, junit, terminal
from dimensions_contracts.conformance.reports.document import STATUSES, legible

CUSTOMER = "cccccccc-0000-4000-8000-000000000001"
ADA = "5f0a4c1e-8a55-4f0e-9d43-1a6d3b1f2c77"
ADDRESS = f"/api/v1.0/customers/{CUSTOMER}/users/{ADA}"
PATCH = '[{"op":"add","path":"/roles/-","value":"customer.user.supervisorl1"}]'
CURL = f"curl -X PATCH -H 'Content-Type: application/json' -d '{PATCH}' 'http://127.0.0.1:4020{ADDRESS}'"
NASTY = """</script><script>alert("x")</script><img src=x onerror='alert(1)'>{{ 7 * 7 }}&]]>"""


def evidence(**over):
    call = {
        "n": 12,
        "method": "PATCH",
        "path": ADDRESS,
        "request": {"headers": [["Content-Type", "application/json"]], "body": PATCH},
        "status": 200,
        "response": {
            "headers": [["Content-Type", "application/json; charset=utf-8"]],
            "body": '{"status":"success"}',
        },
    }
    return {
        "case": "role-without-prerequisite",
        "title": "A role without its prerequisite is refused.",
        "part": None,
        "mark": "documented",
        "expected": "status 400 RolePrerequisiteMissing",
        "seen": "status 200",
        "curl": [CURL],
        "calls": [call],
        **over,
    }


def rule(name="ROLE-PREREQUISITE", status="PASS", **over):
    known = catalogue.load().rules.get(name) or catalogue.load().rules["ROLE-PREREQUISITE"]
    reasons = {"SKIP": "needs --allow-mail", "DIFFERENT": "adds the missing role"}
    waiver = {"reason": "known since March", "expires": "2027-01-31", "was": "FAIL"}
    return {
        "id": name,
        "group": name.split("-", maxsplit=1)[0].title(),
        "statement": known.statement,
        "mark": known.mark,
        "marks": dict(known.marks),
        "source": known.source,
        "status": status,
        "reason": reasons.get(status),
        "checks": 0 if status in {"SKIP", "NOT-EXERCISED"} else 120,
        "cases": ["role-without-prerequisite"],
        "decisions": [],
        "waiver": waiver if status == "KNOWN" else None,
        "evidence": [evidence()] if status in {"FAIL", "ERROR", "DIFFERENT"} else [],
        **over,
    }


def document(*rules, **over):
    rules = list(rules) or [rule()]
    found = [one["status"] for one in rules]
    bad = {"FAIL", "ERROR", "SKIP", "NOT-EXERCISED"} & set(found)
    return {
        "version": 1,
        "tool": {"name": "dimensions-contracts", "version": "0.1.0"},
        "run": {
            "id": "k3v9q2",
            "seed": 1,
            "mode": "full",
            "target": "http://127.0.0.1:4020",
            "customer": CUSTOMER,
            "account": None,
            "emulator": True,
            "profile": "default",
            "sources": ["cases", "tables"],
            "started": "2026-03-04T09:30:15Z",
            "seconds": 12.34,
            "requests": 2345,
            "interrupted": False,
            "command": "dimensions-contracts check http://127.0.0.1:4020 --mode full",
        },
        "verdict": {
            "conforms": not bad,
            "exitCode": 1 if "FAIL" in found else 3 if bad else 0,
            "sentence": "The deployment was judged by every documented rule.",
        },
        "totals": {status: found.count(status) for status in STATUSES},
        "safety": {
            "created": 41,
            "deleted": 41,
            "left": [],
            "refused": 0,
            "charges": 0,
            "mails": 0,
            "sentence": "created 41, deleted 41, refused 0 calls, charges 0, mails 0",
        },
        "rules": rules,
        "decisions": [
            {"key": "user-exists", "question": "Which status refuses it?", "profile": "400", "seen": "409"},
            {"key": "aliases", "question": "Are spellings accepted?", "profile": "accept", "seen": None},
        ],
        "waivers": {
            "stale": [{"rule": "MAIL-PRIMARY", "reason": "a known bug", "why": "expired on 2026-01-31"}]
        },
        **over,
    }


NAMES = [
    "ROLE-PREREQUISITE",
    "WIRE-SUCCESS",
    "ROLE-KNOWN",
    "ADMIN-LAST",
    "MAIL-PRIMARY",
    "DEVICE-MOVES",
    "WIRE-ERROR",
]
MIXED = document(*map(rule, NAMES, STATUSES))


def nasty(value):
    if isinstance(value, str):
        return value + NASTY
    if isinstance(value, dict):
        kept = {"status", "mark", "was", "group"}
        return {key: item if key in kept else nasty(item) for key, item in value.items()}
    return [nasty(item) for item in value] if isinstance(value, list) else value


def printed(report, width=120, **options):
    out = io.StringIO()
    terminal.show(report, Console(file=out, width=width, **options))
    return out.getvalue()


class Page(HTMLParser):
    """What a browser would make of a page: elements with attributes, and their text by kind."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self._open = [], {}, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in {"meta", "input", "br"}:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.texts.setdefault(self._open[-1] if self._open else "", []).append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


# --- the document


@pytest.mark.parametrize("report", [MIXED, document()], ids=["mixed", "small"])
def test_the_documents_of_these_tests_fit_the_schema(report):
    assert list(validators.validator("conformance-report", schema_files.load()).iter_errors(report)) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("version",), 2),
        (("nickname",), "x"),
        (("run", "mode"), "all"),
        (("run", "started"), "yesterday"),
        (("totals", "PASS"), -1),
        (("rules", 0, "status"), "OK"),
        (("rules", 0, "mark"), "guessed"),
        (("rules", 0, "evidence", 0, "calls", 0, "status"), 42),
        (("rules", 0, "evidence", 0, "calls", 0, "request", "headers"), [["a", "b", "c"]]),
        (("rules", 3, "waiver", "expires"), "soon"),
    ],
)
def test_a_document_of_another_shape_does_not_fit_the_schema(path, value):
    report = copy.deepcopy(MIXED)
    place = report
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    assert not validators.validator("conformance-report", schema_files.load()).is_valid(report)


def test_a_call_without_an_answer_fits_the_schema_and_every_report():
    silent = {**evidence()["calls"][0], "status": None, "response": None}
    report = document(rule(status="ERROR", evidence=[evidence(calls=[silent])]))
    assert validators.validator("conformance-report", schema_files.load()).is_valid(report)
    assert "no answer" in html.page(report)
    assert junit.text(report)
    assert printed(report)


@pytest.mark.parametrize(
    "harmful", ["\x00", "\x1b", "\r", "\x7f", "\x9b", "\ud800", "\ufffe", "\u202e", "\u2066"]
)
def test_a_harmful_character_becomes_its_escape(harmful):
    assert legible({f"a{harmful}": [f"{harmful}b"]}) == {
        f"a\\u{ord(harmful):04x}": [f"\\u{ord(harmful):04x}b"]
    }


def test_legible_text_stays_as_it_is():
    text = 'Jürgen 李 😀\n\t"\\u0041" ~\xa0'
    assert legible(text) == text
    assert legible([None, 1, 2.5, True]) == [None, 1, 2.5, True]


# --- the terminal


@pytest.mark.parametrize("width", [80, 120, 200])
def test_the_terminal_shows_each_rule_once_in_the_table_of_its_group(width):
    lines = printed(MIXED, width).splitlines()
    for one in MIXED["rules"]:
        rows = [
            line
            for line in lines
            if re.match(rf"  {one['status']} +{one['id']} +{one['mark']} .*checks", line)
        ]
        assert len(rows) == 1
    assert "Wire  1 ERROR, 1 PASS" in [line.strip() for line in lines]


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_a_long_answer_is_folded_and_nothing_of_it_is_cut_off(width):
    report = document(rule(status="FAIL", evidence=[evidence(seen="ß" * 500 + "\n" + "Wörter " * 100)]))
    told = printed(report, width)
    assert (told.count("ß"), told.count("Wörter")) == (500, 100)
    assert [line for line in told.splitlines() if len(line) > width and "curl" not in line] == []


def test_a_wide_terminal_has_room_for_statements_in_the_table():
    row = re.compile("PASS +WIRE-ERROR +documented +120 checks  The error envelope has the .*")
    short = row.search(printed(MIXED, 120))[0]
    assert short.endswith("…")
    assert row.search(printed(MIXED, 200))[0].rstrip().endswith("absent members are left out.")
    assert not re.search("checks +[A-Z]", printed(MIXED, 80))


@pytest.mark.parametrize("status", ["FAIL", "ERROR", "DIFFERENT"])
@pytest.mark.parametrize("width", [80, 200])
def test_the_terminal_tells_all_that_is_needed_about_a_problem(status, width):
    told = printed(document(rule(status=status)), width)
    assert told.count("ROLE-PREREQUISITE") == 2
    said = " ".join(told.split())
    for fact in (
        "A role is held only together with its prerequisites.",
        "users overview, roles",
        "role-without-prerequisite: A role without its prerequisite is refused.",
        "expected status 400 RolePrerequisiteMissing",
        "seen status 200",
    ):
        assert fact in said


def test_a_curl_line_is_not_broken_so_that_it_can_be_copied():
    assert f"  {CURL}\n" in printed(document(rule(status="FAIL")), 80)


def test_the_terminal_shows_the_first_evidence_of_a_rule_and_says_how_much_more_there_is():
    told = printed(document(rule(status="FAIL", evidence=[evidence(seen=f"sight {n}") for n in range(9)])))
    assert "sight 2" in told
    assert "sight 3" not in told
    assert "and 6 more" in told


@pytest.mark.parametrize("status", ["PASS", "KNOWN", "SKIP", "NOT-EXERCISED"])
def test_the_terminal_shows_no_evidence_of_what_is_no_problem(status):
    assert "curl" not in printed(document(rule(status=status, evidence=[evidence()])))


def test_what_was_not_judged_is_listed_with_the_reason():
    told = printed(document(rule(status="SKIP"), rule("WIRE-ERROR", "NOT-EXERCISED")))
    assert re.search(r"SKIP +needs --allow-mail: ROLE-PREREQUISITE", told)
    assert re.search(r"NOT-EXERCISED +No case of this run exercised the\s+rule.: WIRE-ERROR", told)


def test_a_known_deviation_is_listed_with_reason_and_expiry():
    assert "ROLE-PREREQUISITE: known since March (was FAIL, until 2027-01-31)" in printed(
        document(rule(status="KNOWN"))
    )


def test_the_terminal_lists_stale_waivers():
    assert "MAIL-PRIMARY  expired on 2026-01-31 (a known bug)" in printed(document())
    assert "no longer serve" not in printed(document(waivers={"stale": []}))


def test_the_terminal_lists_the_decisions_that_differ_alone():
    told = printed(document())
    assert "user-exists  profile 400, deployment 409" in told
    assert "aliases" not in told


@pytest.mark.parametrize("seen", [None, "400"])
def test_a_decision_that_does_not_differ_is_not_listed(seen):
    decision = {"key": "user-exists", "question": "?", "profile": "400", "seen": seen}
    assert "user-exists" not in printed(document(decisions=[decision]))


@pytest.mark.parametrize("width", [80, 200])
def test_the_verdict_comes_last_below_the_proof_of_safety(width):
    said = " ".join(printed(MIXED, width).split())
    safety, verdict = MIXED["safety"]["sentence"], MIXED["verdict"]["sentence"]
    assert said.endswith(f"safety {safety} verdict Does not conform. {verdict}")


def test_what_was_left_behind_is_named_in_the_terminal():
    safety = {**document()["safety"], "left": [ADA]}
    assert ADA in printed(document(safety=safety))


def test_statuses_are_coloured_where_there_is_colour():
    assert "\x1b[1;31mFAIL" in printed(MIXED, force_terminal=True, color_system="standard")
    assert "\x1b" not in printed(MIXED)


def test_an_answer_cannot_steer_the_terminal():
    report = document(rule(status="FAIL", evidence=[evidence(seen="\x1b[2J\x9b31m\x07gone")]))
    told = printed(report, force_terminal=True, color_system=None)
    assert "\x1b" not in told
    assert "\\u001b[2J\\u009b31m\\u0007gone" in told


def test_square_brackets_and_colons_are_no_markup():
    told = printed(document(rule(status="FAIL", evidence=[evidence(seen="[red]x[/red] [/nothing] :smile:")])))
    assert "[red]x[/red] [/nothing] :smile:" in told


def test_a_document_without_rules_has_a_verdict_too():
    report = document()
    empty = {**report, "rules": [], "totals": dict.fromkeys(STATUSES, 0)}
    assert "verdict" in printed(empty)
    assert ET.fromstring(junit.text(empty)).get("tests") == "0"
    assert "0 rules" in html.page(empty)


# --- JUnit


def cases(report):
    return {case.get("name"): case for case in ET.fromstring(junit.text(report)).iter("testcase")}


def properties(element):
    return {one.get("name"): one.get("value") for one in element.findall("properties/property")}


def test_junit_has_a_case_for_each_rule_by_group():
    found = cases(MIXED)
    assert list(found) == [one["id"] for one in MIXED["rules"]]
    assert found["WIRE-SUCCESS"].get("classname") == "conformance.Wire"


@pytest.mark.parametrize(
    ("status", "element"),
    [
        ("FAIL", "failure"),
        ("ERROR", "error"),
        ("SKIP", "skipped"),
        ("NOT-EXERCISED", "skipped"),
        ("PASS", None),
        ("DIFFERENT", None),
        ("KNOWN", None),
    ],
)
def test_a_status_has_its_element_and_its_property(status, element):
    case = cases(document(rule(status=status)))["ROLE-PREREQUISITE"]
    assert [one.tag for one in case if one.tag != "properties"] == ([element] if element else [])
    facts = properties(case)
    assert facts["status"] == status
    assert (facts["mark"], facts["mark.refusal"]) == ("documented", "decided")
    assert facts["source"] == "users overview, roles"
    assert facts["statement"] == "A role is held only together with its prerequisites."


@pytest.mark.parametrize("element", ["testsuites", "testsuite"])
def test_the_counts_of_the_suite_are_those_of_its_cases(element):
    rules = [
        rule(f"RULE-{n}", status) for n, status in enumerate([*STATUSES, "FAIL", "SKIP", "ERROR", "FAIL"])
    ]
    suite = next(ET.fromstring(junit.text(document(*rules))).iter(element))
    for count, tag in {
        "tests": "testcase",
        "failures": "failure",
        "errors": "error",
        "skipped": "skipped",
    }.items():
        assert suite.get(count) == str(len(list(suite.iter(tag))))
    assert [suite.get(count) for count in ("tests", "failures", "errors", "skipped")] == ["11", "3", "2", "3"]
    assert suite.get("time") == "12.340"


def test_a_failure_tells_rule_source_expectation_and_curl():
    failure = cases(document(rule(status="FAIL")))["ROLE-PREREQUISITE"].find("failure")
    assert failure.get("message") == "expected status 400 RolePrerequisiteMissing, seen status 200"
    for fact in (
        "A role is held",
        "source: users overview, roles",
        "expected: status 400",
        "seen: status 200",
        CURL,
    ):
        assert fact in failure.text


def test_a_skipped_case_has_its_reason():
    found = cases(document(rule(status="SKIP"), rule("WIRE-ERROR", "NOT-EXERCISED")))
    assert found["ROLE-PREREQUISITE"].find("skipped").get("message") == "needs --allow-mail"
    assert found["WIRE-ERROR"].find("skipped").get("message") == "No case of this run exercised the rule."


def test_a_waived_case_tells_the_waiver_and_a_different_one_the_choice():
    seen = [{"key": "prerequisite-missing", "profile": "refuse", "seen": "add"}]
    found = cases(document(rule(status="KNOWN"), rule("ROLE-KNOWN", "DIFFERENT", decisions=seen)))
    assert properties(found["ROLE-PREREQUISITE"])["waiver.reason"] == "known since March"
    assert properties(found["ROLE-KNOWN"])["decision.prerequisite-missing"] == "add"


def test_the_suite_tells_the_run_and_what_was_left_behind():
    safety = {**document()["safety"], "left": [ADA]}
    suite = ET.fromstring(junit.text(document(safety=safety))).find("testsuite")
    assert properties(suite)["run.seed"] == "1"
    assert properties(suite)["verdict.conforms"] == "true"
    assert suite.find("system-err").text == f"left behind: {ADA}\n"


def test_junit_bears_what_xml_cannot_hold():
    bad = "\x00\x01\x1b\x0b\ud800\ufffe\uffff]]>\r\n<&\"'😀"
    found = cases(document(rule(status="FAIL", reason=bad, evidence=[evidence(seen=bad)])))
    failure = found["ROLE-PREREQUISITE"].find("failure")
    shown = "\\u0000\\u0001\\u001b\\u000b\\ud800\\ufffe\\uffff]]>\\u000d\n<&\"'😀"
    assert failure.get("message") == shown
    assert f"seen: {shown}" in failure.text


# --- HTML


@pytest.mark.parametrize("report", [MIXED, document(), nasty(MIXED)], ids=["mixed", "small", "nasty"])
def test_the_page_is_well_formed_and_loads_nothing(report):
    page = Page(html.page(report))
    assert {"img", "link", "iframe", "object", "embed", "base", "a "} & {
        tag for tag, _ in page.elements
    } == set()
    for _, attrs in page.elements:
        assert {"src", "srcset", "action", "style", "data"}.isdisjoint(attrs)
        assert not any(name.startswith("on") for name in attrs)
        assert attrs.get("href", "#").startswith("#")


@pytest.mark.parametrize("report", [MIXED, nasty(MIXED)], ids=["plain", "nasty"])
def test_a_browser_runs_no_script_but_the_one_whose_hash_is_stated(report):
    text = html.page(report)
    page = Page(text)
    policies = [
        one["content"] for one in page.all("meta") if one.get("http-equiv") == "Content-Security-Policy"
    ]
    policy = dict(part.split(maxsplit=1) for part in policies[0].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert text.index("Content-Security-Policy") < text.index("<style")
    for tag in ("script", "style"):
        content = "".join(page.texts[tag])
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert policy[f"{tag}-src"] == f"'sha256-{digest}'"
        assert len(page.all(tag)) == 1


def test_every_string_of_the_document_is_shown_as_text():
    report = nasty(MIXED)
    text = html.page(report)
    assert text.count("<script") == text.count("</script") == 1
    shown = "".join(part for texts in Page(text).texts.values() for part in texts)
    for one in (
        *NAMES,
        "k3v9q2",
        "Which status refuses it?",
        CURL,
        '{"status":"success"}',
        "known since March",
        "a known bug",
    ):
        assert one + NASTY in shown


def test_what_would_turn_or_hide_text_is_visible_on_the_page():
    text = html.page(document(rule(status="FAIL", evidence=[evidence(seen="\x00\x1b\u202egpj.exe\ud800")])))
    assert "\\u0000\\u001b\\u202egpj.exe\\ud800" in text


def test_the_page_is_the_same_script_and_style_for_each_document():
    pages = [Page(html.page(report)) for report in (MIXED, nasty(MIXED))]
    assert pages[0].texts["script"] == pages[1].texts["script"]
    assert pages[0].texts["style"] == pages[1].texts["style"]


def test_each_rule_is_a_row_with_what_the_filters_need():
    rows = [one for one in Page(html.page(MIXED)).all("details") if "data-status" in one]
    assert [(one["id"], one["data-status"], one["data-mark"]) for one in rows] == [
        (one["id"], one["status"], one["mark"])
        for group in ("Role", "Wire", "Admin", "Mail", "Device")
        for one in MIXED["rules"]
        if one["group"] == group
    ]


def test_the_filters_offer_statuses_marks_and_groups():
    page = Page(html.page(MIXED))
    boxes = [(one["name"], one["value"]) for one in page.all("input") if one["type"] == "checkbox"]
    assert boxes == [*(("status", status) for status in STATUSES), *(("mark", mark) for mark in html.MARKS)]
    assert [one["value"] for one in page.all("option")] == ["", "Role", "Wire", "Admin", "Mail", "Device"]


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (0, "Conforms"),
        (1, "Does not conform"),
        (2, "Could not run"),
        (3, "Incomplete"),
        (4, "Clean-up incomplete"),
        (130, "Interrupted"),
        (99, "Ended unexpectedly"),
    ],
)
def test_the_verdict_stands_in_the_heading_and_the_title(code, word):
    verdict = {"conforms": code == 0, "exitCode": code, "sentence": "So it is."}
    page = Page(html.page(document(verdict=verdict)))
    assert page.texts["h1"] == [word]
    assert page.texts["title"] == [f"{word} · http://127.0.0.1:4020"]
    assert f"{word}. So it is." in printed(document(verdict=verdict))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "All that the run created is deleted again."),
        ({"created": 0, "deleted": 0}, "The run created nothing."),
        ({"deleted": 40, "left": [ADA]}, "1 user was left behind."),
        ({"deleted": 40}, "41 created, 40 deleted: the numbers differ."),
    ],
)
def test_the_page_says_whether_the_run_left_something_behind(change, said):
    safety = {**document()["safety"], **change}
    text = html.page(document(safety=safety))
    assert said in text
    assert ('class="alarmed"' in text) is (safety["created"] != safety["deleted"])


def test_the_page_begins_with_what_needs_a_look():
    rules = [
        rule("WIRE-ERROR", "SKIP"),
        rule("ROLE-KNOWN", "SKIP"),
        rule("ADMIN-LAST"),
        rule("ID-FORMAT", "FAIL"),
    ]
    looked = html.page(document(*rules)).split('class="problems"')[1].split("</ol>")[0]
    assert re.findall('href="#([A-Z-]+)"', looked) == [
        "ID-FORMAT",
        "WIRE-ERROR",
    ]  # ROLE-KNOWN is not documented
    assert "needs --allow-mail" in looked
    assert "Expected status 400 RolePrerequisiteMissing, seen status 200" in looked
    assert 'class="problems"' not in html.page(document())


def test_the_first_evidence_of_a_rule_is_unfolded_with_it():
    page = Page(html.page(document(rule(status="FAIL", evidence=[evidence(), evidence()]))))
    assert ["open" in one for one in page.all("details") if one["class"] == "evidence"] == [True, False]


def test_the_page_tells_decisions_and_waivers():
    text = " ".join(re.sub("<[^>]+>", " ", html.page(MIXED)).split())
    assert "Which status refuses it? user-exists 400 409 different" in text
    assert "Are spellings accepted? aliases accept – not seen" in text
    assert "ADMIN-LAST known since March in force was FAIL, until 2027-01-31" in text
    assert "MAIL-PRIMARY a known bug no longer serves expired on 2026-01-31" in text


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0.0 s"), (12.34, "12.3 s"), (59.99, "1 min 0 s"), (125.9, "2 min 6 s")]
)
def test_a_duration_is_said_in_minutes_from_the_first_one_on(seconds, said):
    assert html.duration(seconds) == said


def test_the_page_of_every_rule_with_evidence_is_written_in_no_time():
    rules = [rule(name, "FAIL", evidence=[evidence()] * 5) for name in catalogue.load().rules]
    assert html.page(document(*rules)).count('class="rule FAIL"') == len(rules)


# --- files


def test_the_kinds_are_three():
    assert reports.KINDS == ("junit", "json", "html")


@pytest.mark.parametrize("kind", reports.KINDS)
def test_a_report_is_written_as_utf_8_and_nothing_else_is_left(kind, tmp_path):
    path = tmp_path / "report"
    path.write_text("old", "utf-8")
    reports.write(kind, path, document(rule(status="FAIL", evidence=[evidence(seen="Jürgen 李 \ud800")])))
    assert "Jürgen 李 \\ud800" in path.read_text("utf-8")
    assert [one.name for one in tmp_path.iterdir()] == ["report"]


def test_the_json_report_is_the_document(tmp_path):
    report = nasty(MIXED)
    report["run"]["command"] = "\ud800\x1b\u202e"
    reports.write("json", tmp_path / "report.json", report)
    assert json.loads((tmp_path / "report.json").read_text("utf-8")) == report


def test_an_unknown_kind_is_refused_with_the_kinds_there_are(tmp_path):
    with pytest.raises(
        reports.NotWritten, match=r"no report of the kind pdf; choose from junit, json, html\.$"
    ):
        reports.write("pdf", tmp_path / "report.pdf", document())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ready", [reports.check, lambda kind, path: reports.write(kind, path, document())])
def test_a_missing_folder_is_refused_by_name(ready, tmp_path):
    with pytest.raises(reports.NotWritten, match=r"make the folder .*/missing first\.$"):
        ready("json", tmp_path / "missing" / "report.json")
    with pytest.raises(reports.NotWritten, match="which is a folder; name a file"):
        ready("html", tmp_path)


def test_a_report_that_cannot_be_written_leaves_the_old_one_and_says_why(tmp_path, monkeypatch):
    path = tmp_path / "report.json"
    path.write_text("old", "utf-8")

    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(reports.NotWritten, match=r"report\.json: No space left on device\.$"):
        reports.write("json", path, document())
    assert path.read_text("utf-8") == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["report.json"]


def test_a_pipe_and_a_link_are_written_to_and_not_replaced(tmp_path):
    pipe, link, file = tmp_path / "pipe", tmp_path / "link", tmp_path / "file"
    os.mkfifo(pipe)
    link.symlink_to(file)
    writer = threading.Thread(target=reports.write, args=("json", pipe, document()))
    writer.start()
    assert json.loads(pipe.read_text("utf-8")) == document()
    writer.join()
    reports.write("json", link, document())
    assert pipe.is_fifo()
    assert link.is_symlink()
    assert json.loads(file.read_text("utf-8")) == document()
