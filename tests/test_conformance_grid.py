"""The grid has a case for every point that the catalogue spans, and knows how each one ends."""

import json
from collections import Counter
from itertools import permutations
from pathlib import Path

import pytest

import contract_validators as validators
from conformance_player import CATALOG, Player, judge_by
from dimensions_contracts import catalog, profile, schema_files
from dimensions_contracts.conformance import grid
from dimensions_contracts.conformance.places import Place
from small_world import ACD, ESSENTIAL, TEAMS

CASES = list(grid.cases(CATALOG, {}))
BY_ID = {case["id"]: case for case in CASES}
LICENSED = [key for key, role in CATALOG.roles.items() if role.licensed and not role.read_only]
EDGES = [(key, wanted) for key, role in CATALOG.roles.items() for wanted in role.prerequisites]
ON_ROLES = {
    key
    for case in CASES
    for step in case["steps"]
    for check in step["checks"]
    for key in check.get("when", ())
}
ALTERNATIVES = [
    (decision.key, choice)
    for decision in CATALOG.decisions.values()
    for choice in decision.choices[1:]
    if decision.key in {*ON_ROLES, "admin-role-key"}
]


def slug(role):
    return role.replace(".", "-")


def checks_of(case):
    return [check for step in case["steps"] for check in step["checks"]]


def bodies_of(case):
    return json.dumps([step.get("body") for step in case["steps"]])


def test_the_grid_fits_the_schema_of_cases():
    document = {"feature": "The grid.", "cases": CASES}

    assert list(validators.validator("case-file", schema_files.load()).iter_errors(document)) == []


def test_every_case_has_an_id_of_its_own():
    assert [name for name, times in Counter(case["id"] for case in CASES).items() if times > 1] == []


def test_the_grid_is_the_same_every_time():
    assert list(grid.cases(catalog.load(), {})) == CASES


def test_every_check_is_about_a_rule_and_a_part_and_an_error_of_the_catalogue():
    for check in (check for case in CASES for check in checks_of(case)):
        rule, _, part = check["rule"].partition("/")
        assert rule in CATALOG.rules
        assert not part or part in CATALOG.rules[rule].marks
        assert check.get("error", "NotFound") in CATALOG.errors
        for key, choices in check.get("when", {}).items():
            assert set(choices if isinstance(choices, list) else [choices]) < set(
                CATALOG.decisions[key].choices
            )


@pytest.mark.parametrize(
    "role", [key for key, role in CATALOG.roles.items() if not role.read_only and key != ESSENTIAL]
)
def test_every_role_is_created_and_added_with_all_it_needs(role):
    for case in (BY_ID[f"grid-create-{slug(role)}"], BY_ID[f"grid-add-{slug(role)}"]):
        assert not any("when" in check or "error" in check for check in checks_of(case))


@pytest.mark.parametrize(("role", "wanted"), EDGES)
def test_every_prerequisite_is_missing_on_create_and_on_add_and_is_taken_away(role, wanted):
    for kind in ("create", "add", "replace"):
        assert f"grid-{kind}-without-{slug(role)}-{slug(wanted)}" in BY_ID
    told = {"role": role, "missing": wanted}
    added = checks_of(BY_ID[f"grid-add-without-{slug(role)}-{slug(wanted)}"])
    assert told in [check.get("facts") for check in added]


@pytest.mark.parametrize(("one", "other"), [*permutations(sorted(CATALOG.groups["supervisor"]), 2)])
def test_every_pair_of_supervisor_roles_is_there_in_both_orders(one, other):
    names = f"{slug(one)}-{slug(other)}"

    for case in (BY_ID[f"grid-second-supervisor-{names}"], BY_ID[f"grid-two-supervisors-{names}"]):
        refusal = next(check for check in checks_of(case) if "error" in check)
        assert refusal["facts"] == {"roles": f"{one} and {other}"}


@pytest.mark.parametrize("role", LICENSED)
def test_every_licensed_role_is_given_with_and_without_the_header(role):
    for kind, call in (("add", "patchUser"), ("create", "createUser")):
        case = BY_ID[f"grid-charged-{kind}-{slug(role)}"]
        assert [step.get("charges") for step in case["steps"] if step["call"] == call] == [None, "true"]


def test_every_other_role_is_given_without_the_header():
    free = {case["id"].removeprefix("grid-free-") for case in CASES if case["id"].startswith("grid-free-")}

    assert free == {slug(key) for key, role in CATALOG.roles.items() if not role.licensed}


def test_the_header_that_says_false_is_there():
    assert sum('"charges": "false"' in json.dumps(case) for case in CASES) == 2


def test_the_read_only_role_is_given_taken_and_kept():
    kinds = [
        kind
        for kind in ("create", "add", "replace", "kept", "remove")
        if f"grid-{kind}-{slug(TEAMS)}" in BY_ID
    ]

    assert len(kinds) == 5


@pytest.mark.parametrize("place", ["lab", "uk"])
def test_the_role_of_another_country_is_given_in_both_kinds_of_country(place):
    for kind in ("create", "add"):
        refusal = checks_of(BY_ID[f"grid-{kind}-foreign-{place}"])[0]
        assert refusal["error"] == "RoleNotAvailable"
        assert len(set(refusal["facts"].values())) == 2


def test_every_error_that_a_rule_on_roles_can_give_is_there():
    given = {check["error"] for case in CASES for check in checks_of(case) if "error" in check}

    assert given == {
        "RoleUnknown",
        "RoleReadOnly",
        "LastUserAdministrator",
        "RolePrerequisiteMissing",
        "SupervisorRolesExclusive",
        "RoleNotAvailable",
        "FeatureNotLicensed",
        "ChargesNotAccepted",
        "ChargesNotAcceptedPayment",
    }


def test_supervisors_whose_role_spreads_stay_out_of_customers_that_cases_share():
    for case in CASES:
        if any(f"supervisorl{level}" in json.dumps(case) for level in (3, 4, 5)):
            assert case["in"] == "empty"
            assert "level3" in case["needs"]


def test_the_agent_role_is_not_given_where_the_feature_is_not_known():
    unknown = {"empty": Place("empty", "x", country="US"), "uk": Place("uk", "x", country="GB")}

    for case in grid.cases(CATALOG, unknown):
        if ACD in bodies_of(case) and case["in"] != "noagent":
            assert "emulator" in case["needs"]


def test_the_grid_asks_every_decision_on_roles():
    assert len(ON_ROLES) == 8


def test_the_feature_of_a_place_is_taken_into_account():
    without = {"empty": Place("empty", "x", country="US", agent_feature=0)}
    case = next(case for case in grid.cases(CATALOG, without) if case["id"] == f"grid-add-{slug(ACD)}")

    assert checks_of(case)[0]["error"] == "FeatureNotLicensed"


@pytest.mark.parametrize(
    "rule",
    [
        "ROLE-KNOWN",
        "ROLE-WEBSITE",
        "ROLE-PBX-KEPT",
        "ROLE-READ-ONLY",
        "ADMIN-LAST",
        "ROLE-PREREQUISITE",
        "ROLE-SUPERVISOR-EXCLUSIVE",
        "ROLE-UK-ESSENTIAL",
        "ROLE-ACD-FEATURE",
        "ROLE-REALTIME-SPREAD",
        "CHARGES-ACCEPTED",
    ],
)
def test_without_a_rule_its_points_are_gone(rule):
    rules = {key: entry for key, entry in CATALOG.rules.items() if key != rule}
    rest = catalog.Catalog(CATALOG.roles, rules, CATALOG.errors, CATALOG.decisions, CATALOG.groups)
    left = list(grid.cases(rest, {}))

    assert any(check["rule"].partition("/")[0] == rule for case in CASES for check in checks_of(case))
    assert len(left) < len(CASES)
    assert not [
        case["id"] for case in left if any(check["rule"].startswith(rule) for check in checks_of(case))
    ]


@pytest.mark.parametrize("country", ["US", "GB"])
def test_the_emulator_keeps_the_whole_grid_whatever_the_country(country):
    player, judge = Player(country=country), judge_by()

    for case in CASES:
        verdict = player.verdict(case, judge)
        assert verdict.findings == (), verdict.findings[0]


@pytest.mark.parametrize(("decision", "choice"), ALTERNATIVES)
def test_an_emulator_that_decides_otherwise_is_recognised_and_never_fails(deciding, decision, choice):
    path = deciding(**{decision: choice})
    mine = judge_by(profile.parse(json.loads(Path(path).read_text("utf-8")), CATALOG))
    player, judge, named = Player(profile_path=path), judge_by(), set()

    for case in CASES:
        if decision in json.dumps(case) or (
            decision == "admin-role-key" and "user.admin" in json.dumps(case)
        ):
            findings = player.verdict(case, judge).findings
            assert {found.status for found in findings} <= {"DIFFERENT"}, findings[0]
            named |= {(found.decision, found.choice) for found in findings}
            assert player.verdict(case, mine).findings == ()
    assert named == {(decision, choice)}
