import pytest

from dimensions_emulator.domain import ticks
from small_world import ELSEWHERE, NOBODY, US, emulator, user_id

BODY = {"json": {}}
PATCH = {"json": []}
OPERATIONS = [
    ("GET", "", {}),
    ("POST", "", BODY),
    ("GET", f"/{user_id(1)}", {}),
    ("PATCH", f"/{user_id(1)}", PATCH),
    ("DELETE", f"/{user_id(1)}", {}),
    ("PUT", f"/{user_id(1)}/devices/pbx/d/assign", BODY),
    ("POST", f"/{user_id(1)}/devices/pbx/d/unassign", BODY),
    ("POST", f"/{user_id(1)}/sendActivationEmail", {}),
    ("POST", f"/{user_id(1)}/sendUConnectActivationEmail", {}),
]


@pytest.mark.parametrize(("method", "path", "kw"), OPERATIONS)
@pytest.mark.parametrize(
    "authorization", [None, "", "good", "Basic good", "Bearer", "Bearer bad", "Bearer expired"]
)
def test_every_operation_needs_a_valid_token(api, method, path, kw, authorization):
    before = api.state()
    headers = {} if authorization is None else {"Authorization": authorization}

    answer = api.client.open(api.users + path, method=method, headers=headers, **kw)

    assert answer.status_code == 401
    assert answer.data == b""
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "Content-Type" not in answer.headers
    assert answer.headers["X-Emulator-Rule"] == "AUTH-REQUIRED"
    assert api.state() == before


@pytest.mark.parametrize(("method", "path", "kw"), OPERATIONS)
def test_every_operation_needs_the_scope(api, method, path, kw):
    before = api.state()

    answer = api.call(method, api.users + path, token="scopeless", **kw)

    assert (answer.status, answer.body, answer.rule) == (403, b"", "AUTH-SCOPE")
    assert api.state() == before


@pytest.mark.parametrize(("method", "path", "kw"), OPERATIONS)
def test_no_operation_reaches_another_resellers_customer(api, method, path, kw):
    before = api.state()
    if "devices" in path:
        kw = {"json": {"clientType": "desktop"}}

    answer = api.call(method, api.users + path, token="other", **kw)

    assert (answer.status, answer.rule) == (404, "TENANT-ISOLATION")
    assert api.state() == before


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_of_a_token_is_read_without_case(api, scheme):
    assert api.call("GET", api.users, headers={"Authorization": f"{scheme} good"}).status == 200


def test_a_token_works_until_it_expires():
    now = [ticks.parse("2019-12-31T23:59:59.9999999Z")]
    api = emulator(clock=lambda: now[0])

    assert api.call("GET", api.users, token="expired").status == 200
    now[0] += 1
    assert api.call("GET", api.users, token="expired").status == 401


def test_a_caller_of_one_customer_sees_just_that_one(api):
    api.token = "customer"

    assert api.list().status == 200
    api.customer = ELSEWHERE
    assert api.list().rule == "TENANT-ISOLATION"


def test_checks_come_in_their_order(api):
    def rule(customer, who, body, token="good"):
        path = f"/api/v1.0/customers/{customer}/users/{who}"
        return api.call("PATCH", path, token=token, **body).rule

    bad = {"data": "{", "content_type": "application/json"}
    broken = {"json": [{"op": "add", "path": "/roles/-", "value": "unknown"}]}

    assert rule("x", "x", bad, token="bad") == "AUTH-REQUIRED"
    assert rule("x", "x", bad, token="scopeless") == "AUTH-SCOPE"
    assert rule("x", "y", bad) == "ID-FORMAT"
    assert rule(NOBODY, NOBODY, {"data": "{"}) == "MEDIA-TYPE"
    assert rule(NOBODY, NOBODY, bad) == "BODY-JSON"
    assert rule(NOBODY, NOBODY, broken) == "TENANT-UNKNOWN"
    assert rule(US, NOBODY, broken) == "USER-UNKNOWN"
    assert rule(US, user_id(1), broken) == "ROLE-KNOWN"


def test_malformed_ids_are_named_in_the_order_of_the_path(api):
    answer = api.call("GET", "/api/v1.0/accounts/first/customers/second/users/third")
    assert answer.message == "The value 'first' is not valid."
    answer = api.call("GET", f"/api/v1.0/accounts/{NOBODY}/customers/second/users/third")
    assert answer.message == "The value 'second' is not valid."
    answer = api.call("GET", f"/api/v1.0/customers/{US}/users/third")
    assert answer.message == "The value 'third' is not valid."
