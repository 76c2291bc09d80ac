"""Results of rules, waivers and exit codes."""

import json
from datetime import date

import pytest

from dimensions_contracts import catalog as catalogue
from dimensions_contracts.conformance import document, results, waivers
from dimensions_contracts.conformance.capabilities import CONTROLLED, READING
from dimensions_contracts.conformance.judge import CaseVerdict, Finding
from dimensions_contracts.conformance.observations import Observation
from dimensions_contracts.conformance.options import CannotRun

CATALOG = catalogue.load()
DOCUMENTED, DECIDED = "GET-ITEM", "CHECK-ORDER"
RULES = [CATALOG.rules[DOCUMENTED], CATALOG.rules[DECIDED]]


def finding(rule, status, *, case="c", calls=(1,), decision=None, choice=None):
    mark = CATALOG.rules[rule].mark
    return Finding(rule, None, mark, status, case, "A case.", "this", "that", calls, decision, choice)


def verdict(case="c", kept=(), *found, choices=None):
    return CaseVerdict(case, found, dict.fromkeys(kept, 1), choices or {})


def skip(*rules, reason="no"):
    return {"rules": rules, "reason": reason}


def of(*verdicts, skips=(), more=()):
    return results.of_rules(RULES, verdicts, skips, more)


BOTH_KEPT = verdict("c", (DOCUMENTED, DECIDED))


@pytest.mark.parametrize(
    ("verdicts", "skips", "status"),
    [
        ((BOTH_KEPT,), (), "PASS"),
        ((BOTH_KEPT,), (skip(DOCUMENTED),), "PASS"),
        ((), (skip(DOCUMENTED),), "SKIP"),
        ((), (), "NOT-EXERCISED"),
        (
            (BOTH_KEPT, verdict("d", (), finding(DOCUMENTED, "FAIL"), finding(DOCUMENTED, "ERROR"))),
            (),
            "FAIL",
        ),
        ((verdict("d", (), finding(DOCUMENTED, "ERROR"), finding(DOCUMENTED, "DIFFERENT")),), (), "ERROR"),
        ((BOTH_KEPT, verdict("d", (), finding(DOCUMENTED, "DIFFERENT"))), (), "DIFFERENT"),
    ],
)
def test_the_worst_that_was_seen_is_the_status(verdicts, skips, status):
    assert of(*verdicts, skips=skips)[0].status == status


def test_the_reason_of_a_skip_is_the_one_that_is_lifted_most_easily():
    skips = [
        skip(DOCUMENTED, reason=CONTROLLED),
        skip(DOCUMENTED, reason="give --account"),
        skip(DOCUMENTED, reason=READING),
    ]
    assert of(skips=skips)[0].reason == READING
    assert of(skips=skips[:2])[0].reason == "give --account"


def test_the_shortest_evidence_comes_first():
    found = [
        finding(DOCUMENTED, "FAIL", case="long", calls=(1, 2, 3)),
        finding(DOCUMENTED, "FAIL", case="short"),
    ]
    assert of(verdict("x", (), *found))[0].findings[0].case == "short"


def test_findings_from_elsewhere_count():
    assert of(BOTH_KEPT, more=[finding(DOCUMENTED, "FAIL", calls=())])[0].status == "FAIL"


@pytest.mark.parametrize(
    ("documented", "decided", "conforms", "code", "strict"),
    [
        ("PASS", "PASS", True, 0, 0),
        ("PASS", "DIFFERENT", True, 0, 1),
        ("DIFFERENT", "PASS", True, 0, 1),
        ("FAIL", "PASS", False, 1, 1),
        ("PASS", "FAIL", True, 1, 1),
        ("ERROR", "PASS", False, 3, 3),
        ("PASS", "ERROR", True, 0, 3),
        ("SKIP", "PASS", False, 3, 3),
        ("NOT-EXERCISED", "PASS", False, 3, 3),
        ("PASS", "SKIP", True, 0, 3),
        ("KNOWN", "PASS", True, 0, 0),
        ("SKIP", "FAIL", False, 1, 1),
    ],
)
def test_exit_codes_follow_from_statuses(documented, decided, conforms, code, strict):
    found = [results.Result(rule, status) for rule, status in zip(RULES, (documented, decided), strict=True)]
    assert results.conforms(found) is conforms
    assert results.exit_code(found, strict=False) == code
    assert results.exit_code(found, strict=True) == strict


def waiver(day, rule=DOCUMENTED):
    return waivers.Waiver(rule, "Known.", date.fromisoformat(day))


TODAY = date(2026, 6, 1)


@pytest.mark.parametrize("status", ["FAIL", "ERROR", "DIFFERENT", "SKIP", "NOT-EXERCISED"])
def test_a_waiver_makes_a_deviation_known(status):
    covered, stale = results.waived([results.Result(RULES[0], status)], [waiver("2026-06-01")], TODAY)
    assert (covered[0].status, covered[0].was, stale) == ("KNOWN", status, [])


def test_an_expired_waiver_covers_nothing_and_is_told():
    covered, stale = results.waived([results.Result(RULES[0], "FAIL")], [waiver("2026-05-31")], TODAY)
    assert covered[0].status == "FAIL"
    assert [why for _, why in stale] == ["expired on 2026-05-31"]


def test_a_waiver_of_what_no_longer_fails_is_told():
    covered, stale = results.waived([results.Result(RULES[0], "PASS")], [waiver("2027-01-01")], TODAY)
    assert covered[0].status == "PASS"
    assert [why for _, why in stale] == ["no longer fails"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "no JSON"),
        ("[]", "holds no waivers"),
        ({"waivers": [{"rule": DOCUMENTED}]}, "members rule, reason and expires"),
        (
            {"waivers": [{"rule": "GET-ITEMS", "reason": "x", "expires": "2027-01-01"}]},
            "did you mean GET-ITEM?",
        ),
        (
            {"waivers": [{"rule": DOCUMENTED, "reason": " ", "expires": "2027-01-01"}]},
            "its reason is a sentence",
        ),
        ({"waivers": [{"rule": DOCUMENTED, "reason": "x", "expires": "soon"}]}, "not 'soon'"),
        ({"waivers": [{"rule": DOCUMENTED, "reason": "x", "expires": 7}]}, "not 7"),
    ],
)
def test_a_mistake_in_a_waiver_is_told(content, told, tmp_path):
    path = tmp_path / "waivers.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    with pytest.raises(CannotRun, match=r".") as caught:
        waivers.read(path, CATALOG.rules)
    assert told in caught.value.sentences[0]


def test_good_waivers_are_read(tmp_path):
    path = tmp_path / "waivers.json"
    path.write_text(
        json.dumps({"waivers": [{"rule": DOCUMENTED, "reason": "x", "expires": "2027-01-01"}]}), "utf-8"
    )
    assert waivers.read(path, CATALOG.rules) == (waivers.Waiver(DOCUMENTED, "x", date(2027, 1, 1)),)


def test_choices_that_cases_disagree_about_are_mixed():
    one, other = verdict("a", choices={"k": "x", "l": "y"}), verdict("b", choices={"k": "z", "l": "y"})
    assert document.choices([one, other]) == {"k": "mixed", "l": "y"}


def test_every_rule_has_a_group():
    assert {document.group(rule) for rule in CATALOG.rules} == {
        "Users", "Roles", "Patches", "Mails", "Devices", "Access", "Wire",
    }  # fmt: skip


def test_evidence_leaves_out_readings_that_nothing_is_compared_with():
    calls = [
        observed(n, method, label, checks)
        for n, (method, label, checks) in enumerate(
            [
                ("GET", "before", ()),
                ("POST", "given ada", ()),
                ("GET", "read 1", ()),
                ("GET", "read 2", ()),
                ("PATCH", "2", ()),
                ("GET", "read 3", ({"rule": "REFUSAL-CLEAN", "equals": "read 1"},)),
            ],
            1,
        )
    ]
    shown = document._evidence(
        finding(DOCUMENTED, "FAIL", calls=range(1, 7)), {call.n: call for call in calls}, "http://t"
    )
    assert [call["n"] for call in shown["calls"]] == [2, 3, 5, 6]
    assert len(shown["curl"]) == 4


def observed(n, method, label, checks):
    return Observation(
        n,
        "c",
        "A case.",
        "cases",
        label,
        False,
        "getUser",
        "main",
        "main",
        method,
        "/x",
        (),
        None,
        False,
        0.0,
        checks,
    )
