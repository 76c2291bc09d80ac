import re
import string
from types import MappingProxyType

import jsonschema_rs
import pytest

import contract_validators as validators
from dimensions_contracts import catalog as catalogue
from dimensions_contracts import profile as profiles
from dimensions_contracts import schema_files

CATALOG = catalogue.load()

RULES = re.findall(
    r"\S+",
    """
ROLE-KNOWN ROLE-WEBSITE ROLE-PREREQUISITE ROLE-SUPERVISOR-EXCLUSIVE ROLE-READ-ONLY ROLE-PBX-KEPT ROLE-PBX-AUTO
ROLE-UK-ESSENTIAL ROLE-REALTIME-SPREAD ROLE-ACD-AUTO ROLE-ACD-FEATURE ADMIN-LAST CHARGES-ACCEPTED
USER-UNIQUE-EMAIL USER-FIELDS MAIL-PRIMARY MAIL-ON-CREATE MAIL-ON-UC DEVICE-OWNED DEVICE-ROLES DEVICE-CLIENT
DEVICE-MOVES DELETE-PRIMARY TENANT-ISOLATION
WIRE-SUCCESS WIRE-ERROR WIRE-KEY-ORDER WIRE-TIMESTAMP WIRE-CONTENT-TYPE WIRE-PREFIXES AUTH-REQUIRED AUTH-SCOPE
ID-FORMAT ID-SPELLING TENANT-UNKNOWN USER-UNKNOWN CHECK-ORDER METHOD-UNKNOWN MEDIA-TYPE BODY-JSON LIST-ITEMS
LIST-PAGING LIST-ORDER GET-ITEM CREATE-ANSWER CREATE-IGNORES PATCH-ANSWER PATCH-OPERATIONS PATCH-ATOMIC
PATCH-ROLES-ADD PATCH-ROLES-REPLACE PATCH-TARGET PATCH-TEXTS PATCH-READ-ONLY DELETE-ANSWER DEVICE-ANSWER
DEVICE-METHODS MAIL-ANSWER REFUSAL-CLEAN NEVER-500
""",
)

DECISIONS = {
    "admin-role-key": "user.admin admin.user",
    "prerequisite-missing": "refuse add allow",
    "supervisor-clash": "refuse last-wins allow",
    "read-only-role": "refuse ignore",
    "uk-essential": "refuse allow",
    "realtime-trigger": "l3-l4-l5 l3-l4",
    "charges-missing": "refuse-400 refuse-402 ignore",
    "user-exists": "400 409",
    "existing-user-other-tenant": "refuse link",
    "role-unknown": "refuse ignore",
    "last-administrator": "refuse allow",
    "aliases": "accept reject",
    "unassign-mismatch": "succeed refuse",
    "delete-in-primary": "everywhere here",
}

STEPS = [pytest.param(step, id=rule.id) for rule in CATALOG.rules.values() for step in rule.steps]


def entries(name):
    return catalogue.read(f"{name}.json")


@pytest.mark.parametrize("name", ["roles", "rules", "errors", "decisions"])
def test_a_catalogue_file_fits_its_schema(name):
    assert list(validators.validator(f"catalog-{name}", schema_files.load()).iter_errors(entries(name))) == []


def test_the_shipped_profile_fits_its_schema():
    shipped = catalogue.read("profiles/default.json")
    assert list(validators.validator("profile", schema_files.load()).iter_errors(shipped)) == []


def test_there_are_twenty_nine_roles_and_none_stands_twice():
    keys = [entry["key"] for entry in entries("roles")["roles"]]
    assert len(keys) == len(set(keys)) == len(CATALOG.roles) == 29


def test_the_role_groups_have_the_documented_sizes():
    sizes = {name: len(keys) for name, keys in CATALOG.groups.items()}
    assert sizes == {"userAccess": 6, "supervisor": 5, "permission": 15, "client": 3}


def test_a_prerequisite_is_a_role_and_no_role_needs_itself():
    def needed(key, seen=()):
        assert key not in seen
        for other in CATALOG.roles[key].prerequisites:
            needed(other, (*seen, key))

    for key in CATALOG.roles:
        needed(key)


def test_no_spelling_names_two_roles():
    spellings = [
        spelling
        for role in CATALOG.roles.values()
        for spelling in {role.key, role.seed_spelling, *role.aliases}
    ]
    assert len(spellings) == len(set(spellings))


def test_every_rule_of_the_wire_contract_is_present_once():
    ids = [entry["id"] for entry in entries("rules")["rules"]]
    assert sorted(ids) == sorted([*RULES, "ROUTE"])


def test_every_decision_has_its_choices_with_the_default_first():
    found = {key: " ".join(decision.choices) for key, decision in CATALOG.decisions.items()}
    assert found == DECISIONS


def test_the_shipped_profile_makes_every_default_choice():
    assert catalogue.read("profiles/default.json")["decisions"] == {
        key: choices.split()[0] for key, choices in DECISIONS.items()
    }


def test_every_error_a_rule_answers_with_exists_and_every_error_is_some_rules_answer():
    assert {key for rule in CATALOG.rules.values() for key in rule.refuses} == set(CATALOG.errors)


@pytest.mark.parametrize("step", STEPS)
def test_a_step_names_decisions_and_choices_that_exist(step):
    for key, choice in step.when.items():
        assert choice in CATALOG.decisions[key].choices


@pytest.mark.parametrize("step", STEPS)
def test_a_step_names_roles_and_groups_that_exist(step):
    params = step.params
    named = [params[name] for name in ("role", "uk", "elsewhere") if isinstance(params.get(name), str)]
    named += [key for name in ("roles", "holders", "triggers") for key in params.get(name, ())]
    assert set(named) <= set(CATALOG.roles)
    assert {params.get("group", "supervisor")} <= set(CATALOG.groups)


def test_every_choice_but_doing_nothing_is_named_by_a_step_or_read_by_the_wire():
    named = {
        (key, choice) for rule in CATALOG.rules.values() for s in rule.steps for key, choice in s.when.items()
    }
    every = {(key, choice) for key, decision in CATALOG.decisions.items() for choice in decision.choices}
    nothing = {"allow", "ignore", "here", "succeed"}
    by_wire = {"admin-role-key", "aliases"}
    unnamed = {(key, choice) for key, choice in every - named if choice not in nothing and key not in by_wire}
    assert unnamed == set()


@pytest.mark.parametrize("error", CATALOG.errors.values(), ids=lambda error: error.key)
def test_a_message_has_only_named_placeholders_and_renders_as_an_error_envelope(error):
    parsed = list(string.Formatter().parse(error.message or ""))
    names = [name for _, name, _, _ in parsed if name is not None]
    assert all(name.isidentifier() for name in names)
    if error.message:
        body = {"error": error.status, "message": error.message, "status": "error"}
        body["timestamp"] = "2026-03-04T09:30:15.1234567Z"
        body |= {"errorCode": error.code} if error.code else {}
        assert jsonschema_rs.validator_for(wired("error")).is_valid(body)


def wired(name):
    schemas = schema_files.load()
    by_id = {schema["$id"]: schema for schema in schemas.values()}
    return jsonschema_rs.bundle(schemas[name], registry=jsonschema_rs.Registry(list(by_id.items())))


def test_the_two_bodies_with_known_lengths_have_them():
    plain = '{{"error":{},{}"message":"{}","status":"error","timestamp":"2019-11-29T16:03:23.9251680Z"}}'
    found, primary = CATALOG.errors["NotFound"], CATALOG.errors["TenantNotPrimary"]
    assert len(plain.format(found.status, "", found.message)) == 95
    assert len(plain.format(primary.status, f'"errorCode":"{primary.code}",', primary.message)) == 162


def test_a_catalogue_is_read_only():
    parts = (CATALOG.roles, CATALOG.rules, CATALOG.errors, CATALOG.decisions, CATALOG.groups)
    assert all(isinstance(part, MappingProxyType) for part in parts)


def test_decisions_that_a_profile_leaves_out_keep_their_default():
    profile = profiles.parse({"name": "mine", "decisions": {"user-exists": "409"}}, CATALOG)
    assert profile.name == "mine"
    assert profile.decisions == {**profiles.default(CATALOG).decisions, "user-exists": "409"}


def test_a_profile_allows_what_was_decided_and_nothing_else():
    profile = profiles.parse({"decisions": {"user-exists": "409"}}, CATALOG)
    assert profile.allows({"user-exists": "409", "aliases": "accept"})
    assert not profile.allows({"user-exists": "409", "aliases": "reject"})


def test_every_mistake_of_a_profile_is_named_with_what_is_allowed():
    wrong = {"user-exist": "409", "user-exists": "418", "aliases": ["accept"], "role-unknown": "ignore"}
    with pytest.raises(profiles.ProfileInvalid) as caught:
        profiles.parse({"decisions": wrong}, CATALOG)
    unknown, status, aliases = caught.value.args[0]
    assert "'user-exist'" in unknown
    assert all(key in unknown for key in DECISIONS)
    assert "'user-exists' cannot be '418'" in status
    assert "400, 409" in status
    assert "'aliases'" in aliases
    assert "accept, reject" in aliases


@pytest.mark.parametrize("data", [None, [], "default", {}, {"decisions": []}])
def test_what_is_not_a_profile_is_refused_with_the_expected_shape(data):
    with pytest.raises(profiles.ProfileInvalid, match="a profile is an object"):
        profiles.parse(data, CATALOG)
