import re
import time

import jsonschema_rs
import pytest
from jsonschema import Draft202012Validator

import contract_validators as validators
from dimensions_contracts import catalog as catalogue
from dimensions_contracts import schema_files

SCHEMAS = schema_files.load()
HERE = [name for name in SCHEMAS if name != "world"]  # world files have tests of their own
REGISTRY = jsonschema_rs.Registry([(schema["$id"], schema) for schema in SCHEMAS.values()])

USER = "5f0a4c1e-8a55-4f0e-9d43-1a6d3b1f2c77"
CLOSED = ["user-summary", "user", "created-user", "one-user", "many-users", "created", "done", "error"]
OPEN = ["user-creation", "device-client"]

ADDRESSES = [
    "a@b.example",
    "ada.byron@northwind.example",
    "o'neill+tag_1/x=y@mail-1.northwind.example",
    "jürgen@bücher.example",
    "李@例え.テスト",
    "a@1.2",
    f"{'a' * 187}@mail.example",
]
NOT_ADDRESSES = [
    "",
    "ada",
    "ada@",
    "@b.example",
    "ada@localhost",
    "a@b@c.example",
    ".ada@b.example",
    "ada.@b.example",
    "a..b@c.example",
    "ada@.example",
    "ada@b..example",
    "ada@b.example.",
    "ada@-b.example",
    "ada@b_c.example",
    *(f"ada{mark}byron@b.example" for mark in '@<>()[],;:\\"\x00\x1f \x7f\x85\xa0\u2003\ufeff'),
    "ada@b.example\n",
    " ada@b.example",
    "Ada <ada@b.example>",
    "ada@[127.0.0.1]",
    f"{'a' * 188}@mail.example",
]

PATCHES = [
    {"op": "add", "path": "/displayName", "value": "Ada"},
    {"op": "add", "path": "/roles/-", "value": "customer.user"},
    {"op": "add", "path": "/roles/0", "value": "customer.user"},
    {"op": "add", "path": "/roles", "value": []},
    {"op": "replace", "path": "/email", "value": "ada@b.example"},
    {"op": "replace", "path": "/roles/12", "value": "user.admin"},
    {"op": "replace", "path": "/roles", "value": ["user.admin", "customer.user"]},
    {"op": "remove", "path": "/roles/0"},
    {"op": "remove", "path": "/roles"},
    {"op": "test", "path": "/displayName", "value": "Ada"},
    {"op": "test", "path": "/roles", "value": None},
    {"op": "move", "from": "/roles/1", "path": "/roles/-"},
    {"op": "copy", "from": "/displayName", "path": "/email"},
    {"op": "copy", "from": "/roles", "path": "/roles"},
    {"op": "remove", "path": "/roles/0", "value": 1, "from": 2, "comment": "extra members are ignored"},
]
NOT_PATCHES = [
    {"op": "merge", "path": "/displayName", "value": "Ada"},
    {"op": "Add", "path": "/displayName", "value": "Ada"},
    {"path": "/displayName", "value": "Ada"},
    {"op": "replace", "value": "Ada"},
    {"op": "replace", "path": "/displayName"},
    {"op": "replace", "path": "/displayName", "value": ""},
    {"op": "replace", "path": "/displayName", "value": "a" * 101},
    {"op": "replace", "path": "/email", "value": "ada"},
    {"op": "replace", "path": "/roles", "value": "customer.user"},
    {"op": "replace", "path": "/roles/-", "value": "customer.user"},
    {"op": "remove", "path": "/roles/-"},
    {"op": "test", "path": "/roles/0"},
    {"op": "add", "path": "/roles/01", "value": "customer.user"},
    {"op": "add", "path": "/roles/-1", "value": "customer.user"},
    {"op": "add", "path": "/roles/", "value": "customer.user"},
    {"op": "add", "path": "/roles/-", "value": "customer.usher"},
    {"op": "replace", "path": "/id", "value": USER},
    {"op": "replace", "path": "/primaryTenant", "value": USER},
    {"op": "replace", "path": "/isParent", "value": True},
    {"op": "move", "path": "/roles/0"},
    {"op": "move", "from": "/roles", "path": "/roles/0"},
    {"op": "copy", "from": "/roles/-", "path": "/displayName"},
    "remove",
]


def fits(name, value):
    return jsonschema_rs.validator_for(SCHEMAS[name], registry=REGISTRY, validate_formats=True).is_valid(
        value
    )


def example(name):
    return SCHEMAS[name]["examples"][0]


@pytest.mark.parametrize("name", HERE)
def test_a_schema_is_valid_and_says_what_it_is(name):
    schema = SCHEMAS[name]
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"{schema_files.BASE}{name}.json"
    assert schema["title"]
    assert schema["description"].endswith(".")
    assert schema["examples"]


@pytest.mark.parametrize("name", HERE)
def test_the_examples_of_a_schema_fit_it(name):
    python = validators.validator(name, SCHEMAS)
    for value in SCHEMAS[name]["examples"]:
        assert list(python.iter_errors(value)) == []
        assert fits(name, value)


def test_the_role_keys_are_those_of_the_catalogue():
    assert SCHEMAS["role-key"]["enum"] == list(catalogue.load().roles)


def test_the_profile_schema_has_every_decision_with_its_choices():
    decisions = catalogue.load().decisions
    found = SCHEMAS["profile"]["properties"]["decisions"]["properties"]
    assert {key: (tuple(one["enum"]), one["default"], one["description"]) for key, one in found.items()} == {
        key: (one.choices, one.choices[0], one.question) for key, one in decisions.items()
    }


@pytest.mark.parametrize("name", CLOSED)
def test_an_answer_has_no_member_beside_its_own(name):
    assert not fits(name, {**example(name), "nickname": "Ada"})


@pytest.mark.parametrize("name", CLOSED)
def test_an_answer_leaves_out_no_member_but_the_optional_ones(name):
    optional = {"errorCode", "page_index"}
    for member in set(example(name)) - optional:
        assert not fits(name, {key: value for key, value in example(name).items() if key != member}), member


@pytest.mark.parametrize("name", CLOSED)
def test_no_member_of_an_answer_is_null(name):
    properties = SCHEMAS[name]["properties"]
    for member in properties:
        assert not fits(name, {**example(name), member: None}), member


@pytest.mark.parametrize("name", OPEN)
def test_unknown_members_of_a_request_are_ignored(name):
    assert fits(name, {**example(name), "nickname": "Ada", "id": 1})


def test_a_list_item_has_no_roles_and_a_created_user_no_parent_flag():
    assert "roles" not in SCHEMAS["user-summary"]["properties"]
    assert "isParent" not in SCHEMAS["created-user"]["properties"]
    assert list(SCHEMAS["user"]["properties"]) == [*SCHEMAS["user-summary"]["properties"], "roles"]


def test_the_roles_of_a_new_user_are_optional_and_the_rest_is_not():
    person = {"email": "ada@b.example", "displayName": "Ada"}
    assert fits("user-creation", person)
    assert fits("user-creation", {**person, "roles": []})
    assert not fits("user-creation", {"email": "ada@b.example"})
    assert not fits("user-creation", {"displayName": "Ada"})
    assert not fits("user-creation", {**person, "roles": None})


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_is_accepted(address):
    assert fits("email-address", address)
    assert re.fullmatch(SCHEMAS["email-address"]["pattern"], address)


@pytest.mark.parametrize("address", NOT_ADDRESSES)
def test_what_is_not_an_address_is_refused(address):
    assert not fits("email-address", address)
    assert len(address) > 200 or not re.fullmatch(SCHEMAS["email-address"]["pattern"], address)


@pytest.mark.parametrize(
    "bait", ["a" * 200_000, "a." * 100_000, "a@" + "b-" * 100_000, "a@" + "b." * 100_000 + "!"]
)
def test_a_long_text_is_no_burden_for_the_address_pattern(bait):
    start = time.perf_counter()
    assert not re.fullmatch(SCHEMAS["email-address"]["pattern"], bait)
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize(("length", "right"), [(0, False), (1, True), (100, True), (101, False)])
def test_a_display_name_has_one_to_a_hundred_characters(length, right):
    assert fits("display-name", "ä" * length) is right


@pytest.mark.parametrize(
    "moment",
    [
        "2026-03-04T09:30:15Z",
        "2026-03-04T09:30:15.123456Z",
        "2026-03-04T09:30:15.12345678Z",
        "2026-03-04T09:30:15.1234567+00:00",
        "2026-03-04t09:30:15.1234567z",
        "2026-02-30T09:30:15.1234567Z",
        "2026-03-04T24:00:00.0000000Z",
    ],
)
def test_a_timestamp_has_seven_digits_and_ends_in_z(moment):
    assert fits("timestamp", "2019-11-29T16:03:23.9251680Z")
    assert not fits("timestamp", moment)


@pytest.mark.parametrize(
    "spelling", [USER.upper(), USER.replace("-", ""), f"{{{USER}}}", "5F" + USER[2:], "42", ""]
)
def test_an_id_is_answered_in_one_spelling(spelling):
    assert fits("guid", USER)
    assert not fits("guid", spelling)


@pytest.mark.parametrize("operation", PATCHES, ids=str)
def test_a_patch_operation_that_a_user_can_take_fits(operation):
    assert fits("user-patch", [operation])


@pytest.mark.parametrize("operation", NOT_PATCHES, ids=str)
def test_a_patch_operation_that_no_user_can_take_does_not_fit(operation):
    assert not fits("user-patch", [operation])
    assert not fits("user-patch", [PATCHES[0], operation])


def test_an_empty_patch_is_a_patch_and_a_lone_operation_is_not():
    assert fits("user-patch", [])
    assert not fits("user-patch", PATCHES[0])


@pytest.mark.parametrize("client", ["desktop", "mobile", "webrtc", "crm"])
def test_a_client_type_is_one_of_four(client):
    assert fits("device-client", {"clientType": client})
    assert not fits("device-client", {"clientType": client.upper()})
