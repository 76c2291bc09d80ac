import pytest

from dimensions_emulator.settings import Settings, resolve
from raw_http import connected, raw_server, request
from small_world import US, emulator, user_id

PAGE = "https://app.example"
USERS = f"/api/v1.0/customers/{US}/users"
USER = f"{USERS}/{user_id(1)}"
ASKED = {"Origin": PAGE, "Access-Control-Request-Method": "PATCH"}


def allowing(*origins):
    return emulator(settings=Settings(cors=origins))


def cors(answer):
    return {name: value for name, value in answer.headers.items() if name.startswith("Access-Control-")}


def listed(text):
    return set(text.split(", "))


def test_a_page_may_read_what_the_api_answers(api):
    answer = api.call("GET", USER, headers={"Origin": PAGE})

    assert answer.status == 200
    assert cors(answer)["Access-Control-Allow-Origin"] == "*"
    assert {
        "Location",
        "Retry-After",
        "X-Emulator-Rule",
        "X-Emulator-Request-Id",
        "X-Emulator-Session",
    } <= listed(cors(answer)["Access-Control-Expose-Headers"])
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Vary" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "sent", "status"),
    [
        ("GET", USERS, {"token": "wrong"}, 401),
        ("GET", USERS, {"token": "scopeless"}, 403),
        ("GET", f"{USERS}/nobody", {}, 400),
        ("GET", f"{USERS}/{user_id(99)}", {}, 404),
        ("GET", "/api/v1.0/nothing", {}, 404),
        ("PUT", USERS, {}, 405),
        ("POST", USERS, {"data": "{}", "content_type": "text/csv"}, 415),
        ("HEAD", USERS, {}, 200),
        ("OPTIONS", "/api/v1.0/nothing", {}, 404),
        ("GET", f"/s/mine{USERS}", {}, 200),
        ("GET", f"/s/mine{USERS}", {"token": "wrong"}, 401),
        ("GET", f"/s/{'x' * 65}{USERS}", {}, 400),
        (
            "GET",
            USERS,
            {"headers": {"X-Emulator-Session": "gone", "X-Emulator-Session-Must-Exist": "1"}},
            404,
        ),
    ],
)
def test_every_answer_may_be_read_refusals_too(api, method, path, sent, status):
    answer = api.call(method, path, **{**sent, "headers": {"Origin": PAGE, **sent.get("headers", {})}})

    assert answer.status == status
    assert cors(answer)["Access-Control-Allow-Origin"] == "*"


def test_a_crash_may_be_read_too(api, monkeypatch):
    monkeypatch.setattr("dimensions_emulator.domain.users.delete", None)

    answer = api.call("DELETE", USER, headers={"Origin": PAGE})

    assert (answer.status, cors(answer)["Access-Control-Allow-Origin"]) == (500, "*")


@pytest.mark.parametrize("prefix", ["", "/s/mine"])
def test_a_preflight_is_answered_with_what_the_route_takes(api, prefix):
    headers = {**ASKED, "Access-Control-Request-Headers": "authorization,content-type,x-emulator-session"}

    answer = api.call("OPTIONS", prefix + USER, token="", headers=headers)

    assert (answer.status, answer.body) == (204, b"")
    assert listed(cors(answer).pop("Access-Control-Allow-Methods")) == {
        "GET",
        "HEAD",
        "PATCH",
        "DELETE",
        "OPTIONS",
    }
    assert cors(answer)["Access-Control-Allow-Origin"] == "*"
    assert cors(answer)["Access-Control-Allow-Headers"] == "authorization,content-type,x-emulator-session"
    assert int(cors(answer)["Access-Control-Max-Age"]) > 0
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert answer.headers["X-Emulator"]


def test_a_preflight_opens_no_session_and_asks_no_token(api):
    api.call("OPTIONS", f"/s/unseen{USER}", token="", headers=ASKED)
    answer = api.call(
        "GET", USER, headers={"X-Emulator-Session": "unseen", "X-Emulator-Session-Must-Exist": "1"}
    )

    assert answer.status == 404


@pytest.mark.parametrize("wanted", ["", "a b", "a:b", "a,,b", "é", "x" * 5000, "a\tb"])
def test_a_preflight_for_headers_that_are_none_names_none(api, wanted):
    answer = api.call("OPTIONS", USER, headers={**ASKED, "Access-Control-Request-Headers": wanted})

    assert answer.status == 204
    assert "Access-Control-Allow-Headers" not in answer.headers


def test_options_without_a_page_tells_what_the_route_takes(api):
    answer = api.call("OPTIONS", USERS, token="")

    assert (answer.status, answer.body, cors(answer)) == (204, b"", {})
    assert listed(answer.headers["Allow"]) == {"GET", "HEAD", "POST", "OPTIONS"}
    assert "Content-Type" not in answer.headers


def test_options_of_an_unknown_path_is_no_route(api):
    answer = api.call("OPTIONS", "/api/v1.0/nothing", headers=ASKED)

    assert (answer.status, answer.rule) == (404, "ROUTE")


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
@pytest.mark.parametrize("path", ["/_emulator/health", "/_emulator/nothing", "/s/mine/_emulator/health"])
def test_nothing_is_said_about_the_control_plane(method, path):
    for api in (allowing("*"), allowing(PAGE)):
        answer = api.call(method, path, headers=ASKED)

        assert (cors(answer), answer.headers.get("Vary")) == ({}, None)


def test_callers_that_are_no_pages_get_nothing_more(api):
    answer = api.call("GET", USER)

    assert (cors(answer), answer.headers.get("Vary")) == ({}, None)


def test_of_listed_origins_the_one_that_asks_is_named():
    api = allowing("https://other.example", "HTTPS://App.example")

    answer = api.call("GET", USER, headers={"Origin": PAGE})

    assert cors(answer)["Access-Control-Allow-Origin"] == PAGE
    assert answer.headers["Vary"] == "Origin"


@pytest.mark.parametrize(
    "origin", ["https://elsewhere.example", "null", PAGE + ".evil", "http://app.example", PAGE + ":8443", ""]
)
def test_an_origin_that_is_not_listed_gets_no_permission(origin):
    api = allowing(PAGE)

    read, asked = (
        api.call(method, USER, headers={**ASKED, "Origin": origin}) for method in ("GET", "OPTIONS")
    )

    assert (read.status, asked.status) == (200, 204)
    assert all(not name.startswith("Access-Control-Allow") for name in (*cors(read), *cors(asked)))
    assert read.headers["Vary"] == asked.headers["Vary"] == "Origin"


def test_what_depends_on_the_origin_says_so_to_everybody():
    assert allowing(PAGE).call("GET", USER).headers["Vary"] == "Origin"


def test_without_cors_no_page_is_let_in_and_options_still_tells_what_the_route_takes():
    api = emulator(settings=resolve({"cors": ("off",)}, {}))

    read, asked = (api.call(method, USER, headers=ASKED) for method in ("GET", "OPTIONS"))

    assert (cors(read), cors(asked)) == ({}, {})
    assert (asked.status, "PATCH" in asked.headers["Allow"]) == (204, True)


def test_a_connection_is_kept_over_a_preflight():
    with raw_server() as server, connected(server) as wire:
        for _ in range(3):
            asked = wire.send(
                request("OPTIONS", USERS, **{k.replace("-", "_"): v for k, v in ASKED.items()})
            ).answer()
            assert asked[0] == 204
            assert wire.send(request(Origin=PAGE)).answer()[0] == 200
