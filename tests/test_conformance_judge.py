"""The judge: what it makes of observations, checks, decisions and marks."""

import json
import time
from dataclasses import replace
from email.utils import formatdate

import pytest

from dimensions_contracts import catalog as catalogue
from dimensions_contracts import profile as profiles
from dimensions_contracts.conformance import checks
from dimensions_contracts.conformance.judge import Judge
from dimensions_contracts.conformance.observations import Observation, observation
from dimensions_contracts.conformance.patterns import ABSENT, mismatch

CATALOG = catalogue.load()
DEFAULT = profiles.default(CATALOG)
USER = "5f0a4c1e-8a55-4f0e-9d43-1a6d3b1f2c77"
JSON = "application/json; charset=utf-8"


def stamp(seconds=None):
    moment = time.gmtime(time.time() if seconds is None else seconds)
    return time.strftime("%Y-%m-%dT%H:%M:%S.1234567Z", moment)


def body(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def user(**more):
    data = {
        "id": USER,
        "displayName": "Ada",
        "email": "ada@mail.example",
        "primaryTenant": USER,
        "isParent": False,
        "roles": ["customer.user"],
    }
    return {**data, **more}


def seen(operation="getUser", status=200, answer=None, expected=(), **more):
    """An observation of a flawless call, or of one with some members otherwise."""
    if answer is None:
        answer = body({"data": user(), "status": "success", "timestamp": stamp()})
    values = {
        "n": 1,
        "case": "case",
        "title": "A case.",
        "source": "cases",
        "label": "1",
        "setup": False,
        "operation": operation,
        "caller": "main",
        "place": "main",
        "method": "GET",
        "path": "/api/v1.0/x",
        "request_headers": (),
        "request_body": None,
        "encoded": False,
        "at": time.time(),
        "checks": tuple(expected),
        "status": status,
        "headers": (("Content-Type", JSON), ("Date", formatdate(usegmt=True))),
        "body": answer,
    }
    return Observation(**{**values, **more})


def refused(
    status=400,
    code="SupervisorRolesExclusive",
    message="A user holds at most one supervisor role, not a and b.",
    **more,
):
    parts = {"error": status, **({"errorCode": code} if code else {}), "message": message}
    return seen(status=status, answer=body({**parts, "status": "error", "timestamp": stamp()}), **more)


def judged(*observations, profile=DEFAULT):
    numbered = [
        replace(one, n=n, label=one.label if one.label != "1" else str(n))
        for n, one in enumerate(observations, 1)
    ]
    return Judge(CATALOG, profile).case(numbered)


def findings(verdict):
    return {(found.rule, found.status) for found in verdict.findings}


def test_a_flawless_answer_keeps_the_rules_of_the_wire():
    verdict = judged(seen())
    assert verdict.findings == ()
    assert set(verdict.kept) == {
        "NEVER-500", "WIRE-SUCCESS", "GET-ITEM", "WIRE-KEY-ORDER", "WIRE-TIMESTAMP", "WIRE-CONTENT-TYPE",
    }  # fmt: skip


def envelope(**changes):
    value = {"data": user(), "status": "success", "timestamp": stamp()}
    return body({name: item for name, item in {**value, **changes}.items() if item is not ABSENT})


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        (envelope(status=ABSENT), "WIRE-SUCCESS"),
        (envelope(more=None), "WIRE-SUCCESS"),
        ("<html>", "WIRE-SUCCESS"),
        (envelope(data=user(isParent=None)), "GET-ITEM"),
        (envelope(data=user(roles=["customer.user.moon"])), "ROLE-KNOWN"),
        (envelope(timestamp="2026-03-04T09:30:15.123456Z"), "WIRE-TIMESTAMP"),
        (envelope(timestamp=stamp(time.time() - 60)), "WIRE-TIMESTAMP"),
        (body({"status": "success", "data": user(), "timestamp": stamp()}), "WIRE-KEY-ORDER"),
        (envelope().replace('"status"', ' "status"'), "WIRE-KEY-ORDER"),
        (envelope(data={"displayName": "Ada", **user()}), "WIRE-KEY-ORDER"),
    ],
)
def test_a_flaw_of_a_success_is_found_by_the_rule_that_it_breaks(answer, rule):
    assert rule in {found.rule for found in judged(seen(answer=answer)).findings}


def test_a_moment_long_ago_is_found_where_there_is_no_date_header():
    old = seen(answer=envelope(timestamp=stamp(time.time() - 3600)), headers=(("Content-Type", JSON),))
    assert ("WIRE-TIMESTAMP", "DIFFERENT") in findings(judged(old))


@pytest.mark.parametrize(
    ("one", "rule"),
    [
        (refused(status=400).__class__(**{**vars(refused()), "status": 404}), "WIRE-ERROR"),
        (seen(status=400, answer=""), "WIRE-ERROR"),
        (seen(status=500, answer=""), "NEVER-500"),
        (seen(headers=(("Content-Type", "application/json"),)), "WIRE-CONTENT-TYPE"),
        (seen(operation="sendActivationEmail", status=204, answer="", headers=(("Content-Type", "text/html"),)), "WIRE-CONTENT-TYPE"),
        (seen(operation="sendActivationEmail", status=204, answer="x", headers=()), "MAIL-ANSWER"),
    ],
)  # fmt: skip
def test_a_flaw_of_the_frame_is_found(one, rule):
    assert rule in {found.rule for found in judged(one).findings}


def test_an_answer_outside_the_api_is_not_judged_by_the_rules_of_the_wire():
    assert judged(seen(operation="", status=500, answer="")).findings == ()


SECOND = {"rule": "ROLE-SUPERVISOR-EXCLUSIVE/refusal"}
BOTH = [
    {**SECOND, "error": "SupervisorRolesExclusive", "when": {"supervisor-clash": "refuse"}},
    {**SECOND, "status": 200, "when": {"supervisor-clash": ["last-wins", "allow"]}},
]
READ = [
    {"rule": "REFUSAL-CLEAN", "data": {"roles": ["one"]}, "when": {"supervisor-clash": "refuse"}},
    {**SECOND, "data": {"roles": ["two"]}, "when": {"supervisor-clash": "last-wins"}},
    {**SECOND, "data": {"roles": ["one", "two"]}, "when": {"supervisor-clash": "allow"}},
]


def after(*roles):
    return seen(operation="", answer=envelope(data={"roles": list(roles)}), expected=READ)


def test_the_choice_of_the_profile_passes():
    verdict = judged(refused(expected=BOTH), after("one"))
    assert verdict.findings == ()
    assert verdict.kept["ROLE-SUPERVISOR-EXCLUSIVE"] == 1
    assert verdict.choices == {"supervisor-clash": "refuse"}


@pytest.mark.parametrize(("roles", "choice"), [(["two"], "last-wins"), (["one", "two"], "allow")])
def test_another_choice_is_a_difference_and_is_named(roles, choice):
    verdict = judged(seen(operation="", expected=BOTH), after(*roles))
    assert findings(verdict) == {("ROLE-SUPERVISOR-EXCLUSIVE", "DIFFERENT")}
    assert {found.choice for found in verdict.findings} == {choice}
    assert verdict.choices == {"supervisor-clash": choice}


def test_the_choice_of_another_profile_passes_under_it():
    other = profiles.parse({"decisions": {"supervisor-clash": "allow"}}, CATALOG)
    assert judged(seen(operation="", expected=BOTH), after("one", "two"), profile=other).findings == ()


def test_a_refusal_that_does_it_anyway_is_none_of_the_choices():
    verdict = judged(refused(expected=BOTH), after("one", "two"))
    assert findings(verdict) == {("REFUSAL-CLEAN", "DIFFERENT")}
    assert verdict.choices == {}


def test_a_documented_rule_fails_and_a_decided_part_of_it_differs():
    wrong = seen(
        expected=[
            {"rule": "USER-FIELDS/lengths", "status": 400},
            {"rule": "USER-FIELDS/texts", "status": 400},
        ]
    )
    assert [(found.part, found.status) for found in judged(wrong).findings] == [
        ("lengths", "FAIL"),
        ("texts", "DIFFERENT"),
    ]


def test_a_setup_that_fails_leaves_the_rest_unjudged():
    setup = refused(expected=[{"rule": "CREATE-ANSWER", "status": 201}], operation="createUser", setup=True)
    rest = seen(expected=[{"rule": "MAIL-PRIMARY", "status": 400}])
    assert {found.rule for found in judged(setup, rest).findings} == {"CREATE-ANSWER"}


def test_a_call_without_an_answer_is_an_error():
    lost = seen(
        status=0,
        answer="",
        fault="the connection was cut off.",
        expected=[{"rule": "GET-ITEM", "status": 200}],
    )
    assert findings(judged(lost)) == {("GET-ITEM", "ERROR")}


def test_a_finding_names_the_calls_up_to_the_one_that_showed_it():
    wrong = seen(expected=[{"rule": "GET-ITEM", "status": 404}])
    (found,) = judged(seen(), wrong, seen()).findings
    assert found.calls == (1, 2)


@pytest.mark.parametrize("choice", ["user.admin", "admin.user"])
def test_the_key_of_the_administrators_role_is_judged_once_for_all(choice):
    verdict = judged(seen(answer=envelope(data=user(roles=["customer.user", choice])), expected=[
        {"rule": "ROLE-WEBSITE", "data": {"roles": ["customer.user", "user.admin"]}}
    ]))  # fmt: skip
    wanted = set() if choice == "user.admin" else {("ROLE-KNOWN", "DIFFERENT")}
    assert findings(verdict) == wanted
    assert verdict.choices == {"admin-role-key": choice}


def test_an_observation_survives_the_log():
    one = seen(expected=BOTH, request_headers=(("a", "b"),))
    assert observation(json.loads(one.line())) == one


def broken(check, one, **earlier):
    return checks.breach(check, one, earlier, CATALOG)


@pytest.mark.parametrize(
    ("check", "holds"),
    [
        ({"status": [200, 201]}, True),
        ({"status": 201}, False),
        ({"empty": True}, False),
        ({"text": '"displayName":"Ada"'}, True),
        ({"text": "^nothing"}, False),
        ({"headers": {"content-type": JSON}}, True),
        ({"headers": {"Location": None}}, True),
        ({"headers": {"Location": {"$regex": "x"}}}, False),
        ({"headers": {"Date": None}}, False),
        ({"data": {"email": "ada@mail.example"}}, True),
        ({"data": 0, "at": "/roles/1"}, False),
        ({"data": "customer.user", "at": "/roles/0"}, True),
        ({"body": {"status": "success"}}, True),
        ({"order": ["id", "displayName", "email", "primaryTenant", "isParent", "roles"]}, True),
        ({"order": ["displayName", "id", "email", "primaryTenant", "isParent", "roles"]}, False),
        ({"order": ["id", "displayName"]}, False),
        ({"equals": "nobody"}, False),
    ],
)
def test_a_check_holds_or_not(check, holds):
    assert (broken({"rule": "GET-ITEM", **check}, seen()) is None) is holds


def test_what_is_equal_is_compared_below_a_pointer():
    before, now = seen(), seen(answer=envelope(data=user(displayName="Eva")))
    assert broken({"equals": "a", "at": "/roles"}, now, a=before) is None
    assert broken({"equals": "a"}, now, a=before) is not None
    assert broken({"equals": "a", "at": "/nothing"}, now, a=before) is not None


@pytest.mark.parametrize(
    ("one", "facts", "holds"),
    [
        (refused(), {}, True),
        (refused(), {"roles": "a and b"}, True),
        (refused(), {"roles": "b and a"}, False),
        (refused(message="No."), {}, False),
        (refused(code=None), {}, False),
        (refused(code="Other"), {}, False),
        (refused(status=409), {}, False),
        (seen(status=400, answer="no json"), {}, False),
    ],
)
def test_an_error_is_known_by_status_code_and_message(one, facts, holds):
    check = {"rule": "ROLE-SUPERVISOR-EXCLUSIVE", "error": "SupervisorRolesExclusive", "facts": facts}
    assert (broken(check, one) is None) is holds


@pytest.mark.parametrize(
    ("one", "holds"),
    [
        (seen(status=401, answer="", headers=(("WWW-Authenticate", "Bearer realm=x"),)), True),
        (seen(status=401, answer="", headers=()), False),
        (seen(status=401, answer="x", headers=(("WWW-Authenticate", "Bearer"),)), False),
    ],
)
def test_an_error_without_a_body_is_known_by_its_headers(one, holds):
    assert (broken({"rule": "AUTH-REQUIRED", "error": "TokenInvalid"}, one) is None) is holds


@pytest.mark.parametrize(
    ("pattern", "value", "fits"),
    [
        (1, 1, True), (1, True, False), (1, 1.0, False), (None, None, True), (None, ABSENT, False),
        ({"a": 1}, {"a": 1, "b": 2}, True), ({"a": 1}, {"b": 2}, False), ({"a": 1}, [1], False),
        ({"$exactly": {"a": 1}}, {"a": 1}, True), ({"$exactly": {"a": 1}}, {"a": 1, "b": 2}, False),
        ({"$exactly": {"a": 1}}, {}, False),
        ([1, 2], [1, 2], True), ([1, 2], [2, 1], False), ([1], [1, 1], False),
        ({"$set": [1, 2]}, [2, 1], True), ({"$set": [1, 2]}, [1, 2, 2], False), ({"$set": []}, "x", False),
        ({"$has": [1]}, [2, 1], True), ({"$has": [1, 1]}, [1, 2], False),
        ({"$lacks": [1]}, [2], True), ({"$lacks": [1]}, [1], False), ({"$lacks": [1]}, None, False),
        ({"$any": {"a": 1}}, [{"a": 2}, {"a": 1}], True), ({"$any": 1}, [], False), ({"$any": 1}, 1, False),
        ({"$none": {"a": 1}}, [{"a": 2}], True), ({"$none": {"a": 1}}, [{"a": 1}], False), ({"$none": 1}, None, False),
        ({"$each": {"a": 1}}, [{"a": 1}], True), ({"$each": {"a": 1}}, [{"a": 1}, {}], False), ({"$each": 1}, 1, False),
        ({"$length": 2}, [1, 2], True), ({"$length": 2}, "abc", False), ({"$length": 0}, None, False),
        ({"$regex": "^a"}, "ab", True), ({"$regex": "^a"}, "ba", False), ({"$regex": "a"}, 1, False),
        ({"a": {"$absent": True}}, {}, True), ({"a": {"$absent": True}}, {"a": None}, False),
        ({"$type": "integer"}, True, False), ({"$type": "integer"}, 1, True), ({"$type": "null"}, None, True),
        ({"$least": 2}, 2, True), ({"$least": 2}, 1, False), ({"$least": 2}, "3", False),
    ],
)  # fmt: skip
def test_a_pattern_fits_or_not(pattern, value, fits):
    assert (mismatch(pattern, value) is None) is fits


def test_a_mismatch_tells_where_it_is():
    assert mismatch({"a": [{"b": 1}]}, {"a": [{"b": 2}]}) == "a[0].b is 2 instead of 1"
