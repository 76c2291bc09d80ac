"""The hand-written cases: their format, what they cover, and how they are made ready to run."""

import json
import re

import jsonschema_rs
import pytest

from dimensions_contracts import catalog as catalogue
from dimensions_contracts import schema_files
from dimensions_contracts.conformance import case_files, compiler, grid, needs
from dimensions_contracts.conformance.bindings import Bindings, Unbound

CATALOG = catalogue.load()
SCHEMA = schema_files.load()["case-file"]
FILES = sorted(case_files.HERE.glob("*.json"))
CASES = list(case_files.load())
COMPILED = [compiler.compiled(case, source, CATALOG) for source, case in CASES]
ON_EVERY_ANSWER = {
    "WIRE-SUCCESS",
    "WIRE-ERROR",
    "WIRE-KEY-ORDER",
    "WIRE-TIMESTAMP",
    "WIRE-CONTENT-TYPE",
    "NEVER-500",
}
GLOBAL_DECISION = "admin-role-key"


def checks():
    return [check for case in COMPILED for step in case.steps for check in step["checks"]]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_case_file_fits_the_schema(path):
    validator = jsonschema_rs.validator_for(dict(SCHEMA))
    assert [error.message for error in validator.iter_errors(json.loads(path.read_text("utf-8")))] == []


def test_a_case_file_with_a_mistake_does_not_fit():
    validator = jsonschema_rs.validator_for(dict(SCHEMA))
    wrong = {
        "feature": "x",
        "cases": [{"id": "a", "title": "A.", "steps": [{"call": "getUser", "cheks": []}]}],
    }
    assert not validator.is_valid(wrong)


def test_ids_of_cases_are_unique():
    ids = [case["id"] for _, case in CASES]
    assert len(ids) == len(set(ids))


def test_every_rule_has_a_case_of_its_own():
    covered = {rule for case in COMPILED for rule in case.rules} | ON_EVERY_ANSWER
    assert CATALOG.rules.keys() - covered == set()


def test_checks_name_rules_parts_errors_and_choices_that_there_are():
    for check in checks():
        rule, _, part = check["rule"].partition("/")
        assert rule in CATALOG.rules, check
        assert not part or part in CATALOG.rules[rule].marks, check
        assert check.get("error", "NotFound") in CATALOG.errors, check
        for key, wanted in check.get("when", {}).items():
            allowed = set(CATALOG.decisions[key].choices)
            assert set(wanted if isinstance(wanted, list) else [wanted]) <= allowed, check


def test_every_choice_of_every_decision_is_expected_somewhere():
    met = {
        (key, choice)
        for check in checks()
        for key, wanted in check.get("when", {}).items()
        for choice in (wanted if isinstance(wanted, list) else [wanted])
    }
    wanted = {
        (key, choice)
        for key, decision in CATALOG.decisions.items()
        for choice in decision.choices
        if key != GLOBAL_DECISION
    }
    assert wanted - met == set()


def test_labels_that_checks_compare_with_come_before():
    for case in COMPILED:
        seen = set()
        for step in case.steps:
            for check in step["checks"]:
                assert check.get("equals") is None or check["equals"] in seen, case.id
            seen.add(step["label"])


def test_a_refused_write_to_a_user_of_the_case_is_followed_by_a_read():
    for case in COMPILED:
        for step, following in zip(case.steps, [*case.steps[1:], None], strict=True):
            refused = any("error" in check for check in step["checks"])
            if refused and needs.writes(step) and step["call"] not in needs.CONTROL:
                assert following is not None, case.id
                assert {check["rule"] for check in following["checks"]} == {"REFUSAL-CLEAN"}, case.id


def test_a_read_follows_a_refusal_and_expects_what_was_read_before():
    case = {
        "id": "a",
        "title": "A.",
        "given": [{"user": "ada"}],
        "steps": [
            {
                "call": "patchUser",
                "user": "${ada.id}",
                "body": [],
                "checks": [
                    {"rule": "PATCH-TARGET", "error": "TargetNotFound", "when": {"aliases": "accept"}}
                ],
            }
        ],
    }
    steps = compiler.compiled(case, "cases", CATALOG).steps
    calls = [step["call"] for step in steps]
    assert calls == ["createUser", "holds", "getUser", "patchUser", "holds", "getUser"]
    expected = {"rule": "REFUSAL-CLEAN", "when": {"aliases": "accept"}, "equals": steps[2]["label"]}
    assert steps[5]["checks"] == [expected]
    assert steps[4]["checks"] == [{**expected, "equals": steps[1]["label"], "at": "/holds"}]


@pytest.mark.parametrize(
    ("step", "wanted"),
    [
        ({"call": "getUser"}, set()),
        ({"call": "deleteUser", "user": "x"}, {"writes"}),
        ({"call": "listUsers", "method": "DELETE"}, {"writes"}),
        ({"call": "createUser", "body": {"roles": ["customer.user.supervisorl1"]}}, {"writes", "charges"}),
        ({"call": "createUser", "body": {"roles": ["client.utilisateur.superviseurl3"]}}, {"writes", "charges", "level3:main"}),
        ({"call": "createUser", "raw": '{"roles":["Customer.User.UC"]}'}, {"writes", "charges", "mail"}),
        ({"call": "createUser", "in": "uk", "body": {"roles": ["${place.uk.pbx}"]}}, {"writes", "charges", "country:uk", "place:uk"}),
        ({"call": "patchUser", "body": [{"value": "admin.user"}]}, {"writes", "administrator:main"}),
        ({"call": "sendActivationEmail", "user": "x"}, {"writes", "mail"}),
        ({"call": "listUsers", "as": "other", "account": True}, {"caller:other", "account:main"}),
        ({"call": "getUser", "user": "${found.id}"}, {"found"}),
        ({"call": "holds"}, {"control"}),
    ],
)  # fmt: skip
def test_needs_follow_from_the_content(step, wanted):
    assert set(needs.of_step({"checks": [], **step}, CATALOG)) == wanted


def test_a_row_replaces_variables_and_keeps_types():
    case = {
        "id": "a",
        "title": "A.",
        "rows": [{"name": "one", "value": 7, "id": "${ada.id}"}],
        "steps": [
            {"call": "getUser", "body": "${row.value}", "query": "q=${row.value}", "user": "${row.id|upper}"}
        ],
    }
    (one,) = case_files.rows(case)
    assert one["id"] == "a.one"
    assert one["steps"] == [{"call": "getUser", "body": 7, "query": "q=7", "user": "${ada.id|upper}"}]


def bindings(**values):
    return Bindings("run123", "7", "mail.example", values)


def test_addresses_and_names_carry_the_id_of_the_run():
    known = bindings()
    assert known.resolved("${ada.email}") == "ada.7.run123@mail.example"
    assert "run123" in known.resolved("${ada.name}")


def test_an_id_is_unknown_until_it_is_bound():
    known = bindings()
    with pytest.raises(Unbound):
        known.resolved({"a": ["${ada.id}"]})
    known.bind("ada", id="AB-c")
    assert known.resolved("${ada.id|bare|braces}") == "{ABc}"


@pytest.mark.parametrize("length", [*range(40, 240), 1000])
def test_a_long_address_has_the_length_asked_for_and_lawful_parts(length):
    address = bindings().resolved(f"${{email:{length}}}")
    local, _, domain = address.partition("@")
    assert len(address) == length
    assert len(local) <= 64
    assert ".run123" in local
    assert all(0 < len(label) <= 63 for label in domain.split("."))


def test_what_is_known_of_a_plan_is_shown_and_the_rest_left():
    known = bindings(void="0-0")
    assert known.shown({"a": ["${ada.id|upper}/${void}"]}) == {"a": ["${ada.id|upper}/0-0"]}


def test_no_case_leaves_a_variable_that_nothing_binds():
    offered = {"found", "teams", "linked", "linked2", "device", "place", "void", "void2", "run"}
    grid_cases = [("grid", case) for case in grid.cases(CATALOG, {})]
    for source, case in [*CASES, *grid_cases]:
        ready = compiler.compiled(case, source, CATALOG)
        bound = {step["save"] for step in ready.steps if "save" in step}
        named = set(re.findall(r"\$\{([a-z0-9]+)\.(?!email|name)[a-z]", json.dumps(ready.steps)))
        assert named <= bound | offered, ready.id
