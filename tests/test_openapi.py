import json
import re

import jsonschema_rs
import pytest
import schemathesis
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.config import SchemathesisConfig

from dimensions_contracts import catalog as catalogue
from dimensions_contracts import openapi, schema_files
from dimensions_contracts.bundle import ReferenceUnresolved, component, components

CATALOG = catalogue.load()
DOCUMENT = openapi.document(CATALOG, "1.2.3")
SCHEMAS = schema_files.load()
NOT_ON_THE_WIRE = re.compile("catalog-|profile$|world|conformance-|case-file")

USERS = "/customers/{customerId}/users"
IN_ACCOUNT = "/accounts/{accountId}"
DEVICE = f"{USERS}/{{userId}}/devices/pbx/{{deviceId}}"
FRAME = {"400", "401", "403", "404"}
BODY = {"413", "415"}
STATUSES = {
    ("get", USERS): {"200", *FRAME},
    ("post", USERS): {"201", *FRAME, *BODY, "402", "409"},
    ("get", f"{USERS}/{{userId}}"): {"200", *FRAME},
    ("patch", f"{USERS}/{{userId}}"): {"200", *FRAME, *BODY, "402", "409"},
    ("delete", f"{USERS}/{{userId}}"): {"200", *FRAME},
    ("put", f"{DEVICE}/assign"): {"201", *FRAME, *BODY},
    ("post", f"{DEVICE}/assign"): {"201", *FRAME, *BODY},
    ("put", f"{DEVICE}/unassign"): {"201", *FRAME, *BODY},
    ("post", f"{DEVICE}/unassign"): {"201", *FRAME, *BODY},
    ("post", f"{USERS}/{{userId}}/sendActivationEmail"): {"204", *FRAME},
    ("post", f"{USERS}/{{userId}}/sendUConnectActivationEmail"): {"204", *FRAME},
}
OPERATIONS = {
    (method, path): operation
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method != "parameters"
}
BY_ID = {operation["operationId"]: (path, operation) for (_, path), operation in OPERATIONS.items()}


def nodes(value, where=()):
    yield where, value
    children = enumerate(value) if isinstance(value, list) else ()
    for key, child in value.items() if isinstance(value, dict) else children:
        yield from nodes(child, (*where, str(key)))


def fits(schema, value):
    whole = {**schema, "components": DOCUMENT["components"]}
    return jsonschema_rs.validator_for(whole, validate_formats=True).is_valid(value)


def rules(operation_id, status):
    return BY_ID[operation_id][1]["responses"][str(status)]["x-rules"]


def test_the_document_is_valid_openapi():
    assert list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors()) == []


def test_the_document_is_plain_json_with_its_version():
    assert json.loads(json.dumps(DOCUMENT)) == DOCUMENT
    assert DOCUMENT["info"]["version"] == "1.2.3"


def test_schemathesis_loads_every_operation_without_a_warning():
    config = SchemathesisConfig.from_dict({"cache": {"enabled": False}, "generation": {"database": "none"}})
    schema = schemathesis.openapi.from_dict(json.loads(json.dumps(DOCUMENT)), config=config)
    loaded = list(schema.get_all_operations())
    assert [one for one in loaded if type(one).__name__ != "Ok"] == []
    assert list(schema.iter_schema_warnings()) == []
    assert len(loaded) == len(OPERATIONS)


def test_every_operation_exists_below_both_prefixes_with_its_statuses():
    found = {key: set(operation["responses"]) for key, operation in OPERATIONS.items()}
    twins = {(method, IN_ACCOUNT + path): statuses for (method, path), statuses in STATUSES.items()}
    assert found == {**STATUSES, **twins}


def test_an_operation_id_stands_once():
    assert len(BY_ID) == len(OPERATIONS)


def test_every_reference_leads_to_a_component():
    targets = {value for where, value in nodes(DOCUMENT) if where[-1:] == ("$ref",)}
    assert targets <= {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}


def test_every_schema_of_the_wire_is_a_component_that_tells_its_address():
    wire = {
        component(name): schema["$id"] for name, schema in SCHEMAS.items() if not NOT_ON_THE_WIRE.match(name)
    }
    bundled = DOCUMENT["components"]["schemas"]
    assert {name: schema["x-contract-id"] for name, schema in bundled.items()} == wire
    assert not any(key in schema for schema in bundled.values() for key in ("$id", "$schema"))


def test_every_request_and_every_answer_with_content_has_an_example():
    contents = [value for where, value in nodes(DOCUMENT["paths"]) if where[-1:] == ("content",)]
    assert len(contents) > len(OPERATIONS)
    assert all(media["examples"] for content in contents for media in content.values())


def test_every_example_fits_its_schema():
    count = 0
    for where, value in nodes(DOCUMENT["paths"]):
        if isinstance(value, dict) and "schema" in value:
            examples = [one["value"] for one in value.get("examples", {}).values()]
            for example in examples + ([value["example"]] if "example" in value else []):
                count += 1
                assert fits(value["schema"], example), where
    for name, schema in DOCUMENT["components"]["schemas"].items():
        for example in schema["examples"]:
            count += 1
            assert fits({"$ref": f"#/components/schemas/{name}"}, example), name
    assert count > 250


def test_an_error_envelope_tells_the_status_of_its_answer():
    answer = BY_ID["getUser"][1]["responses"]["404"]["content"]["application/json"]
    body = answer["examples"]["NotFound"]["value"]
    assert fits(answer["schema"], body)
    assert not fits(answer["schema"], {**body, "error": 400})
    assert not fits(answer["schema"], {**body, "detail": "unknown member"})


@pytest.mark.parametrize("operation_id", BY_ID)
def test_an_answer_about_the_token_has_no_body(operation_id):
    responses = BY_ID[operation_id][1]["responses"]
    assert "content" not in responses["401"]
    assert "content" not in responses["403"]
    header = responses["401"]["headers"]["WWW-Authenticate"]
    assert header["required"]
    assert fits(header["schema"], "Bearer")
    assert not fits(header["schema"], "Basic")


@pytest.mark.parametrize("operation_id", BY_ID)
def test_an_answer_201_has_a_location_and_204_has_no_content(operation_id):
    responses = BY_ID[operation_id][1]["responses"]
    assert all(
        responses[status]["headers"]["Location"]["required"] for status in responses if status == "201"
    )
    assert all("content" not in responses[status] for status in responses if status == "204")


@pytest.mark.parametrize("operation_id", BY_ID)
def test_every_refusal_names_rules_of_the_catalogue_in_their_order(operation_id):
    order = list(CATALOG.rules)
    for status, answer in BY_ID[operation_id][1]["responses"].items():
        if int(status) >= 400:
            assert answer["x-rules"] == sorted(answer["x-rules"], key=order.index)
            assert answer["x-rules"]


def test_a_refusal_names_the_rules_of_its_operation_and_no_others():
    assert rules("listUsers", 400) == ["ID-FORMAT", "LIST-PAGING"]
    assert rules("deleteUser", 400) == ["ADMIN-LAST", "ID-FORMAT"]
    assert rules("sendActivationEmail", 400) == ["MAIL-PRIMARY", "ID-FORMAT"]
    assert rules("createUser", 402) == rules("patchUser", 402) == ["CHARGES-ACCEPTED"]
    assert rules("createUser", 409) == rules("patchUser", 409) == ["USER-UNIQUE-EMAIL"]
    assert "ADMIN-LAST" in rules("patchUser", 400)
    assert "ADMIN-LAST" not in rules("createUser", 400)
    assert "DEVICE-ROLES" in rules("assignDevice", 400)
    assert "DEVICE-ROLES" not in rules("unassignDevice", 400)
    assert "DEVICE-OWNED" in rules("assignDeviceByPost", 404)
    assert "WIRE-PREFIXES" in rules("getUserInAccount", 404)
    assert "WIRE-PREFIXES" not in rules("getUser", 404)


def test_every_rule_that_refuses_an_operation_is_named_by_one():
    named = {
        rule for _, value in nodes(DOCUMENT) if isinstance(value, dict) for rule in value.get("x-rules", ())
    }
    elsewhere = {"ROUTE", "METHOD-UNKNOWN", "WIRE-ERROR", "NEVER-500"}
    assert named == {rule.id for rule in CATALOG.rules.values() if rule.refuses} - elsewhere


@pytest.mark.parametrize("operation_id", BY_ID)
def test_a_link_leads_to_an_operation_and_fills_parameters_it_has(operation_id):
    _, operation = BY_ID[operation_id]
    for answer in operation["responses"].values():
        for link in answer.get("links", {}).values():
            path, _ = BY_ID[link["operationId"]]
            assert set(link["parameters"]) == set(re.findall(r"{(\w+)}", path)) - {"deviceId"}
            assert ("{accountId}" in path) == operation_id.endswith("InAccount")


def test_a_created_user_leads_to_every_operation_on_it_and_a_listed_one_to_its_answer():
    created = BY_ID["createUser"][1]["responses"]["201"]["links"]
    assert {link["operationId"] for link in created.values()} == {
        name for name, (path, _) in BY_ID.items() if path.startswith(f"{USERS}/") and "ByPost" not in name
    }
    assert {link["parameters"]["userId"] for link in created.values()} == {"$response.body#/data/id"}
    listed = BY_ID["listUsers"][1]["responses"]["200"]["links"]["getUser"]
    assert listed["parameters"]["userId"] == "$response.body#/data/0/id"


def test_the_charges_header_is_true_or_absent_where_roles_are_given():
    takers = {
        name: one
        for name, (_, operation) in BY_ID.items()
        for one in operation.get("parameters", ())
        if one["name"] == "accept-charges"
    }
    assert set(takers) == {
        f"{name}{suffix}" for name in ("createUser", "patchUser") for suffix in ("", "InAccount")
    }
    assert all(not one.get("required") and one["schema"]["enum"] == ["true"] for one in takers.values())


def test_a_patch_has_two_media_types_and_every_other_body_one():
    for name, (_, operation) in BY_ID.items():
        types = list(operation.get("requestBody", {"content": {}})["content"])
        expected = ["application/json", "application/json-patch+json"][: 2 if "patch" in name else 1]
        assert types in ([], expected)


def test_every_operation_is_secured_and_the_emulators_own_headers_are_not_part_of_the_contract():
    assert DOCUMENT["security"] == [{"bearerAuth": []}]
    assert all("security" not in operation for operation in OPERATIONS.values())
    assert "x-emulator" not in json.dumps(DOCUMENT).lower()


@pytest.mark.parametrize(
    "target", ["nowhere.json", "guid.json#/$defs/none", "https://example.com/guid.json", "#none"]
)
def test_a_reference_to_nowhere_is_refused(target):
    broken = {**SCHEMAS, "user-patch": {**SCHEMAS["user-patch"], "items": {"$ref": target}}}
    with pytest.raises(ReferenceUnresolved, match="leads to no schema"):
        openapi.document(CATALOG, "1", broken)


def test_a_missing_schema_is_refused_by_name():
    with pytest.raises(ReferenceUnresolved, match="'nothing'"):
        components(["nothing"], SCHEMAS)


def test_a_reference_into_a_file_keeps_its_pointer():
    part = {"$id": f"{schema_files.BASE}part.json", "$schema": "x", "$defs": {"a~/b": {"type": "string"}}}
    whole = {"$id": f"{schema_files.BASE}whole.json", "$schema": "x", "$ref": "part.json#/$defs/a~0~1b"}
    found = components(["whole"], {"part": part, "whole": whole})
    assert found["Whole"]["$ref"] == "#/components/schemas/Part/$defs/a~0~1b"
    assert found["Part"]["$defs"] == part["$defs"]
