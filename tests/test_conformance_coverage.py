import hashlib
import json
import os
import subprocess
import sys
from collections import Counter

import jsonschema_rs
import pytest

from dimensions_contracts import catalog as catalogue
from dimensions_contracts import openapi, schema_files
from dimensions_contracts.conformance import breakages, compiler, coverage, coverage_checks, generator
from dimensions_contracts.conformance.generator import NOTHING, Probe
from dimensions_contracts.conformance.places import Place

CATALOG = catalogue.load()
DOCUMENT = openapi.document(CATALOG, "1.2.3")
PLACES = {
    "main": Place("main", "cccccccc-0000-4000-8000-000000000001"),
    "lab": Place("lab", "7aa53bc3-06a5-5a4e-8706-1656b02ae357", alone=True, administrator=True, stage=True),
}
HASHED = """
import hashlib, json
from dimensions_contracts import catalog, openapi
from dimensions_contracts.conformance import coverage
from dimensions_contracts.conformance.places import Place
places = {"main": Place("main", "m"), "lab": Place("lab", "l", stage=True)}
cases = list(coverage.cases(openapi.document(catalog.load(), "1.2.3"), places, writes=True))
print(hashlib.sha256(json.dumps(cases).encode()).hexdigest())
"""


@pytest.fixture(scope="module")
def full():
    return list(coverage.cases(DOCUMENT, PLACES, writes=True))


@pytest.fixture(scope="module")
def reading():
    return list(coverage.cases(DOCUMENT, PLACES, writes=False))


def steps(cases):
    return [step for case in cases for step in case["steps"]]


def test_the_cases_fit_the_format(full, reading):
    validator = jsonschema_rs.validator_for(dict(schema_files.load()["case-file"]))

    for cases in (full, reading):
        assert validator.is_valid({"feature": "Coverage.", "cases": cases})


def test_every_case_has_an_id_of_its_own(full):
    assert [name for name, count in Counter(case["id"] for case in full).items() if count > 1] == []


def test_every_check_names_a_rule_of_the_catalogue_and_one_of_its_parts(full):
    for rule in {check["rule"] for step in steps(full) for check in step["checks"]}:
        name, _, part = rule.partition("/")
        assert name in CATALOG.rules
        assert not part or part in CATALOG.rules[name].marks


def test_a_full_run_makes_at_most_700_calls(full):
    users = sum(len(case.get("given", ())) for case in full)

    assert 500 < len(steps(full)) + 2 * users <= 700


def test_the_generator_gives_the_cases_that_are_known_of_it():
    names = ["listUsers", "createUser", "getUser", "deleteUser", "assignDevice", "sendActivationEmail"]
    with generator.elsewhere():
        counts = Counter(probe.operation for probe in generator.probes(DOCUMENT, names))

    assert counts == {
        "listUsers": 53,
        "createUser": 89,
        "getUser": 20,
        "deleteUser": 15,
        "assignDevice": 41,
        "sendActivationEmail": 22,
    }


def test_every_process_makes_the_same_cases_and_leaves_no_file(full, tmp_path):
    running = [
        subprocess.Popen(
            [sys.executable, "-c", HASHED],
            cwd=tmp_path,
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("0", "1")
    ]
    printed = [process.communicate()[0].strip() for process in running]

    assert printed == [hashlib.sha256(json.dumps(full).encode()).hexdigest()] * 2
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_reads_sends_declared_gets_to_the_place_main(reading):
    assert {case["in"] for case in reading} == {"main"}
    assert {step["call"] for step in steps(reading)} == {"listUsers", "getUser"}
    assert all("given" not in case for case in reading)
    forbidden = {"method", "body", "raw", "save"}
    assert all(forbidden.isdisjoint(step) for step in steps(reading))


def test_methods_that_a_path_does_not_offer_go_to_places_of_the_run_alone(full):
    places = {"main": PLACES["main"], "lab": Place("lab", PLACES["main"].customer)}
    elsewhere = list(coverage.cases(DOCUMENT, places, writes=True))

    assert {step["method"] for step in steps(full) if "method" in step} >= {"DELETE", "PUT", "PATCH", "TRACE"}
    assert all("method" not in step for step in steps(elsewhere))


def test_everybody_who_may_be_created_is_the_runs(full):
    creations = [step for step in steps(full) if step["call"] == "createUser" and "method" not in step]

    assert all("save" in step for step in creations)
    assert "@" not in json.dumps(steps(full))


def test_writes_go_to_users_of_the_run_or_to_nobody(full):
    for case in full:
        for step in case["steps"]:
            if step["call"] in {"listUsers", "createUser"}:
                continue
            assert step["user"] == "${ada.id}" or step["aim"] == "malformed"
            assert ("given" in case) == (step["user"] == "${ada.id}")


def test_ids_under_test_are_declared_as_such(full):
    broken = [step for step in steps(full) if {"customer"} & step.keys() or "account" in step]

    assert len(broken) > 20
    assert all(step["aim"] == "malformed" for step in broken)


def test_the_cases_can_be_compiled_and_most_need_no_consent(full):
    needs = [compiler.compiled(case, "coverage", CATALOG).needs for case in full]

    assert sum("charges" in names for names in needs) <= 5
    assert sum("administrator:lab" in names or "level3:lab" in names for names in needs) == 0


@pytest.mark.parametrize(
    ("operation", "place", "parameter", "pointer", "rule"),
    [
        ("getUser", "path", "userId", "/pattern", "ID-FORMAT"),
        ("listUsersInAccount", "path", "accountId", "/type", "ID-FORMAT"),
        ("assignDevice", "path", "deviceId", "/minLength", "DEVICE-OWNED"),
        ("listUsers", "query", "pageSize", "/maximum", "LIST-PAGING"),
        ("getUser", "header", "Authorization", "", "AUTH-REQUIRED"),
        ("createUser", "header", "Content-Type", "/", "MEDIA-TYPE"),
        ("createUser", "header", "accept-charges", "/enum", "CHARGES-ACCEPTED"),
        (
            "createUser",
            "body",
            "application/json",
            "/properties/displayName/maxLength",
            "USER-FIELDS/lengths",
        ),
        ("createUser", "body", "application/json", "/properties/email/pattern", "USER-FIELDS/lengths"),
        ("createUser", "body", "application/json", "/required", "USER-FIELDS/lengths"),
        ("createUser", "body", "application/json", "/properties/email/type", "BODY-JSON"),
        ("createUser", "body", "application/json", "/properties/roles/items/enum", "ROLE-KNOWN"),
        ("createUser", "body", "application/json", "/properties/roles/items/type", "BODY-JSON"),
        ("createUser", "body", "application/json", "/type", "BODY-JSON"),
        ("createUser", "body", "", "", "BODY-JSON"),
        ("patchUser", "body", "", "/items/oneOf/3/properties/op/const", "PATCH-OPERATIONS"),
        ("patchUser", "body", "", "/items/oneOf/3/required", "PATCH-OPERATIONS"),
        ("patchUser", "body", "", "/items/oneOf/3/properties/path/const", "PATCH-TEXTS"),
        ("patchUser", "body", "", "/items/oneOf/3/properties/from/pattern", "PATCH-TEXTS"),
        ("patchUser", "body", "", "/items/oneOf/3/properties/value/type", "PATCH-TEXTS"),
        ("patchUser", "body", "", "/items/oneOf/0/properties/value/maxLength", "USER-FIELDS/lengths"),
        ("patchUser", "body", "", "/items/oneOf/3/properties/value/enum", "ROLE-KNOWN"),
        ("patchUser", "body", "", "/items/oneOf/3/type", "BODY-JSON"),
        ("unassignDeviceByPost", "body", "", "/properties/clientType/enum", "DEVICE-CLIENT"),
        ("assignDevice", "body", "", "/required", "DEVICE-CLIENT"),
        ("assignDevice", "body", "", "/type", "BODY-JSON"),
    ],
)
def test_a_mistake_is_refused_by_its_rule(operation, place, parameter, pointer, rule):
    assert breakages.rule(operation, place, parameter, pointer) == rule


def probe(operation="patchUser", body=NOTHING, **more):
    facts = {"place": "body", "scenario": "valid_array", "description": "", "parameter": "", "pointer": ""}
    facts |= {"offered": "PATCH", "method": "PATCH", "valid": True, "path": {}, "query": {}, "headers": {}}
    return Probe(operation=operation, body=body, media_type="application/json", **{**facts, **more})


PLAIN = coverage_checks.plain_roles(CATALOG)


@pytest.mark.parametrize(
    ("body", "aspect"),
    [
        ([{"op": "replace", "path": "/displayName", "value": "A"}], "accepted"),
        ([{"op": "add", "path": "/roles/0", "value": "customer.settings"}], "accepted"),
        ([{"op": "replace", "path": "/roles", "value": ["customer.user"]}], "accepted"),
        ([{"op": "replace", "path": "/roles/0", "value": "customer.settings"}], None),
        ([{"op": "add", "path": "/roles/0", "value": "customer.user.acd"}], None),
        ([{"op": "add", "path": "/roles/0", "value": "user.admin"}], None),
        ([{"op": "replace", "path": "/roles", "value": ["customer.settings"]}], None),
        ([{"op": "test", "path": "/email", "value": None}], "either"),
        ([{"op": "remove", "path": "/roles"}], "either"),
        ([], "either"),
    ],
)
def test_only_patches_that_any_customer_accepts_must_be_accepted(body, aspect):
    found = coverage_checks.expected(probe(body=body), PLAIN)

    assert (found and found.aspect) == aspect


@pytest.mark.parametrize(
    ("what", "check"),
    [
        (
            probe("getUser", place="header", parameter="Content-Type", valid=False),
            {"rule": "NEVER-500", "status": [200, 400, 415]},
        ),
        (
            probe("createUser", {}, place="header", parameter="Content-Type", valid=False),
            {"rule": "MEDIA-TYPE", "status": 415},
        ),
        (probe("createUser", valid=False), {"rule": "BODY-JSON", "status": [400, 415]}),
        (probe("createUser", {}, method="TRACE", valid=False), {"rule": "METHOD-UNKNOWN", "status": 405}),
        (
            probe("patchUser", [], place="header", parameter="accept-charges", valid=False),
            {"rule": "CHARGES-ACCEPTED", "status": 200},
        ),
        (
            probe("assignDevice", {}, place="path", parameter="deviceId"),
            {"rule": "DEVICE-OWNED", "status": 404},
        ),
    ],
)
def test_what_is_expected_depends_on_what_is_under_test(what, check):
    assert coverage_checks.expected(what, PLAIN).checks == [check]


def test_roles_that_are_null_are_left_to_other_cases():
    body = {"email": "a@b.example", "displayName": "A", "roles": None}

    assert (
        coverage_checks.expected(
            probe("createUser", body, valid=False, pointer="/properties/roles/type"), PLAIN
        )
        is None
    )
