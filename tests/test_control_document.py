import json
import re

import jsonschema_rs
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from dimensions_contracts import catalog, openapi, profile
from dimensions_emulator import __version__, world_schema
from dimensions_emulator.control import documents
from dimensions_emulator.wire.waiting import AUTHORITY
from small_world import ACD, ADMIN, NOBODY, UC, US, WEB, emulator, person

CATALOG = catalog.load()
DOCUMENT = documents.control_document()
OPERATIONS = {
    (method, path): operation
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
}
LINKED = ("/activate/{token}", "/uc-client")
READS = [path for method, path in OPERATIONS if method == "get"]
WRITES = [key for key, operation in OPERATIONS.items() if "requestBody" in operation]


@pytest.fixture
def api():
    users = {"admin@example.com": person(1, WEB, ADMIN, ACD), "me@example.com": person(2, WEB)}
    devices = [
        {"id": "one", "customer": "us", "owner": "me@example.com", "clientType": "desktop"},
        {"id": "two", "customer": "us"},
    ]
    api = emulator(users, devices=devices)
    api.create(roles=[UC])
    api.control("sessions", "POST", json={"name": "there"})
    api.control("snapshots/there", "POST")
    return api


def nodes(value, where=()):
    yield where, value
    children = enumerate(value) if isinstance(value, list) else ()
    for key, child in value.items() if isinstance(value, dict) else children:
        yield from nodes(child, (*where, str(key)))


def target(node):
    if "$ref" not in node:
        return node
    found = DOCUMENT
    for step in node["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found


def misfits(schema, value):
    whole = {**schema, "components": DOCUMENT["components"]}
    checker = jsonschema_rs.validator_for(whole, validate_formats=True)
    return [f"{error.instance_path}: {error.message}" for error in checker.iter_errors(value)]


def unlike_declared(operation, answer):
    """What is undeclared or misshapen in an answer."""
    responses = {int(status): target(response) for status, response in operation["responses"].items()}
    assert answer.status in responses
    media, _, _ = answer.headers["Content-Type"].partition(";")
    schema = responses[answer.status]["content"][media]["schema"]
    return misfits(schema, answer.json if media == "application/json" else answer.body.decode())


def activation(api):
    return api.mails()[0]["links"][0].rpartition("/")[2]


def fault(api):
    wanted = {"match": {"operation": "deleteUser"}, "answer": {"status": 503}}
    return str(api.control("faults", "POST", json=wanted).data["id"])


def path_of(api, path):
    """The path with things in it that are there; other features add theirs to `api` and here."""
    there = {
        "customerId": lambda: US,
        "token": lambda: activation(api),
        "name": lambda: "there",
        "mailId": lambda: "1",
        "requestId": lambda: "default.1",
        "refusedId": lambda: api.get(NOBODY).headers["X-Emulator-Request-Id"],
        "faultId": lambda: fault(api),
    }
    endless = {"/events": "?after=0&limit=1"}
    return re.sub("{([^}]*)}", lambda name: there[name[1]](), path.removeprefix("/")) + endless.get(path, "")


def test_the_document_is_valid_openapi():
    assert list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors()) == []


def test_the_document_names_exactly_the_routes_that_are_served(api):
    served = {
        (method.lower(), re.sub("<[^>]*>", "{}", rule.rule))
        for rule in api.app.url_map.iter_rules()
        if rule.rule.startswith("/_emulator")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }

    assert served == {(method, "/_emulator" + re.sub("{[^}]*}", "{}", path)) for method, path in OPERATIONS}


def test_every_operation_is_told_apart_and_needs_no_token():
    assert len({operation["operationId"] for operation in OPERATIONS.values()}) == len(OPERATIONS)
    assert all(operation["summary"] for operation in OPERATIONS.values())
    assert {tag for operation in OPERATIONS.values() for tag in operation["tags"]} == {
        tag["name"] for tag in DOCUMENT["tags"]
    }
    assert DOCUMENT["security"] == []
    assert not any(where[-1:] == ("securitySchemes",) for where, _ in nodes(DOCUMENT))


def test_the_document_leads_nowhere_outside_of_itself():
    references = [value for where, value in nodes(DOCUMENT) if where[-1:] == ("$ref",)]

    assert references
    assert all(target({"$ref": reference}) for reference in references)
    assert all(reference.startswith("#/components/") for reference in references)


def test_everything_that_is_declared_is_used():
    used = {value for where, value in nodes(DOCUMENT) if where[-1:] == ("$ref",)}

    for kind, declared in DOCUMENT["components"].items():
        assert {f"#/components/{kind}/{name}" for name in declared} <= used


def test_every_member_parameter_and_answer_is_described():
    for where, value in nodes(DOCUMENT):
        named = len(where) > 1 and where[-2] in {"properties", "schemas", "responses", "parameters"}
        if named and isinstance(value, dict) and "$ref" not in value:
            assert value.get("description"), where


def test_every_example_fits_its_schema():
    count = 0
    for where, value in nodes(DOCUMENT):
        if not isinstance(value, dict) or where[-1:] == ("properties",):
            continue
        schema = value.get("schema") or value
        examples = value.get("examples", [])
        inline = examples if isinstance(examples, list) else [one["value"] for one in examples.values()]
        for example in [*inline, *([value["example"]] if "example" in value else [])]:
            count += 1
            assert misfits(schema, example) == [], (where, example)
    assert count > 60


def test_every_body_has_an_example():
    contents = [value for where, value in nodes(DOCUMENT) if where[-1:] == ("content",)]

    assert all(media["examples"] for content in contents for media in content.values())


def test_every_operation_declares_the_guard_and_every_body_its_refusals():
    for (_, path), operation in OPERATIONS.items():
        if path in LINKED:
            continue
        assert operation["responses"]["403"] == {"$ref": "#/components/responses/Forbidden"}
        if "requestBody" in operation:
            assert {"400", "413", "415"} <= set(operation["responses"])


@pytest.mark.parametrize("path", READS)
def test_every_real_answer_is_as_declared(api, path):
    answer = api.control(path_of(api, path), token="", environ_overrides={AUTHORITY: b"a certificate"})

    assert answer.status == 200
    assert unlike_declared(OPERATIONS["get", path], answer) == []


@pytest.mark.parametrize("path", [path for path in READS if path not in LINKED])
def test_a_refused_reader_is_answered_as_declared(api, path):
    answer = api.control(path_of(api, path), headers={"Host": "elsewhere.example"})

    assert answer.status == 403
    assert unlike_declared(OPERATIONS["get", path], answer) == []


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_every_request_that_the_document_shows_is_accepted_and_answered_as_declared(api, method, path):
    operation = OPERATIONS[method, path]
    for example in operation["requestBody"]["content"]["application/json"]["examples"].values():
        sent = json.dumps(example["value"])
        answer = api.control(path_of(api, path), method.upper(), data=sent, content_type="application/json")

        assert answer.status in {200, 201}
        assert unlike_declared(operation, answer) == []
        for session in api.control("sessions").data[1:]:
            api.control(f"sessions/{session['name']}", "DELETE")
        api.control("reset", "POST")
        api.create()


@pytest.mark.parametrize(("method", "path"), WRITES)
@pytest.mark.parametrize(
    ("sent", "media", "status"),
    [("[]", "application/json", 400), ("{}", "text/plain", 415), ("x" * (1 << 21), "application/json", 413)],
)
def test_a_refused_body_is_answered_as_declared(api, method, path, sent, media, status):
    answer = api.control(path_of(api, path), method.upper(), data=sent, content_type=media)

    large_is_fine = path == "/state" and status == 413
    assert answer.status == (400 if large_is_fine else status)
    assert unlike_declared(OPERATIONS[method, path], answer) == []


@pytest.mark.parametrize(
    ("path", "status"),
    [(f"platform/{NOBODY}/devices", 404), ("platform/nonsense/devices", 400), ("activate/nonsense", 404)],
)
def test_a_path_that_leads_nowhere_is_answered_as_declared(api, path, status):
    kind = "/activate/{token}" if path.startswith("activate") else "/platform/{customerId}/devices"
    answer = api.control(path)

    assert answer.status == status
    assert unlike_declared(OPERATIONS["get", kind], answer) == []


def test_the_other_acts_are_answered_as_declared(api):
    for method, path, query in (
        ("post", "/reset", ""),
        ("post", "/reset", "?to=empty"),
        ("post", "/reset", "?to=moon"),
        ("post", "/reset", "?part=clock"),
        ("delete", "/mail/messages", "?kind=activation"),
        ("post", "/snapshots/{name}", ""),
        ("post", "/snapshots/{name}/restore", ""),
        ("delete", "/snapshots/{name}", ""),
        ("delete", "/snapshots/{name}", ""),
        ("post", "/snapshots/{name}/restore", ""),
        ("delete", "/sessions/{name}", ""),
        ("delete", "/sessions/{name}", ""),
    ):
        answer = api.control(path_of(api, path) + query, method.upper())
        assert unlike_declared(OPERATIONS[method, path], answer) == []


def test_a_state_has_the_members_of_a_world_file():
    world = world_schema.schema()
    for name in ("State", "StateExport"):
        assert list(DOCUMENT["components"]["schemas"][name]["properties"]) == list(world["properties"])
    assert DOCUMENT["components"]["schemas"]["State"]["required"] == world["required"]


def test_both_documents_are_served_whole(api):
    assert api.control("control.json").json == DOCUMENT
    assert api.control("openapi.json").json == openapi.document(
        CATALOG, __version__, profile=profile.default(CATALOG)
    )
