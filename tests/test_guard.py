import pytest

from dimensions_emulator.settings import Settings
from small_world import US, emulator

FOREIGN = "rebound.example"


def asked(api, host, path="health", method="GET", **headers):
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.control(path, method, headers={"Host": host, **sent})


def cors(answer):
    return [name for name, _ in answer.headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize("port", ["", ":4020", ":80", ":"])
@pytest.mark.parametrize(
    "name",
    [
        "localhost",
        "LocalHost",
        "localhost.",
        "127.0.0.1",
        "127.0.0.1.",
        "[::1]",
        "[FE80::1]",
        "192.168.7.9",
        "8.8.8.8",
    ],
)
def test_this_machine_is_reached_by_its_names_and_by_any_address(api, name, port):
    assert asked(api, name + port).status == 200


@pytest.mark.parametrize(
    "host",
    [
        FOREIGN,
        FOREIGN + ":4020",
        FOREIGN.upper() + ".",
        "localhost.rebound.example",
        "notlocalhost",
        "127.0.0.1.rebound.example",
        "127.0.0.1.nip.io:4020",
        "xn--e1afmkfd.example",
    ],
)
def test_a_foreign_name_is_refused_with_the_way_to_allow_it(api, host):
    answer = asked(api, host)

    name = host.lower().partition(":")[0].removesuffix(".")
    assert answer.status == 403
    assert list(answer.json) == ["error", "message", "status", "timestamp"]
    assert f"'{name}'" in answer.message
    assert answer.message.endswith(f"--allowed-host {name}.")


@pytest.mark.parametrize(
    "host",
    ["[", "[::1", "::1", "a:b:c", "localhost:x", "localhost/", "me@localhost", "local host", ":80"],
)
def test_what_is_no_host_name_is_refused(api, host):
    assert asked(api, host).status == 403


@pytest.mark.parametrize("path", ["state", "config", "control.json"])
def test_nothing_is_shown_under_a_foreign_name(api, path):
    assert asked(api, FOREIGN, path).status == 403


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "reset"), ("POST", "tokens"), ("PUT", "state"), ("DELETE", "mail/messages")]
)
def test_nothing_is_done_under_a_foreign_name(api, method, path):
    api.create()
    before = api.state()

    assert asked(api, FOREIGN, path, method).status == 403

    assert api.state() == before


@pytest.mark.parametrize(
    "allowed", ["emulator.test", "Emulator.Test", "emulator.test.", "emulator.test:4020"]
)
def test_names_in_the_settings_are_allowed(allowed):
    api = emulator(settings=Settings(allowed_host=("one.test", allowed)))

    for host in ("one.test", "emulator.test", "EMULATOR.test.", "emulator.test:4020"):
        assert asked(api, host).status == 200
    assert asked(api, "sub.emulator.test").status == 403


def test_the_host_listened_on_is_allowed():
    api = emulator(settings=Settings(host="Box.lan"))

    assert asked(api, "box.lan:4020").status == 200
    assert asked(api, "localhost").status == 200
    assert asked(api, "other.lan").status == 403


@pytest.mark.parametrize("header", ["X-Forwarded-Host", "X-Host", "X-Original-Host", "Forwarded"])
def test_a_forwarded_name_opens_nothing(api, header):
    value = "host=localhost" if header == "Forwarded" else "localhost"

    assert asked(api, FOREIGN, **{header: value}).status == 403


def test_a_proxy_may_pass_on_a_foreign_name_when_it_calls_by_an_allowed_one(api):
    assert asked(api, "localhost", X_Forwarded_Host=FOREIGN).status == 200


@pytest.mark.parametrize(
    "origin",
    [
        "https://elsewhere.example",
        "http://localhost:3000",
        "http://localhost",
        "http://127.0.0.1:4020",
        "http://localhost:4020.elsewhere.example",
        "null",
        "",
        "file://",
        "localhost:4020",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_pages_of_another_origin_are_refused(api, origin, method):
    answer = asked(api, "localhost:4020", "reset" if method == "POST" else "state", method, Origin=origin)

    assert answer.status == 403
    assert cors(answer) == []
    assert f"'{origin}'" in answer.message


@pytest.mark.parametrize("origin", ["null", "", "http://localhost"])
def test_an_origin_without_a_host_to_compare_it_with_is_refused(api, origin):
    answer = api.client.get("/_emulator/health", environ_overrides={"HTTP_HOST": "", "HTTP_ORIGIN": origin})

    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:4020", "http://localhost:4020"),
        ("LOCALHOST:4020", "http://localhost:4020"),
        ("[::1]:4020", "http://[::1]:4020"),
        ("localhost", "https://localhost"),
    ],
)
def test_pages_of_this_server_may_use_the_control_plane(api, host, origin):
    assert asked(api, host, Origin=origin).status == 200
    assert asked(api, host, "reset", "POST", Origin=origin).status == 200


def test_a_page_of_a_rebound_name_is_refused_although_it_is_of_the_same_origin(api):
    assert asked(api, FOREIGN, "state", Origin=f"http://{FOREIGN}").status == 403


@pytest.mark.parametrize("origin", [None, "http://localhost", "https://elsewhere.example", "null"])
@pytest.mark.parametrize("path", ["health", "state", "mail/messages", "tokens", "nothing-here", "uc-client"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS", "HEAD"])
def test_no_answer_invites_other_origins(api, origin, path, method):
    headers = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type"}
    answer = api.control(path, method, headers=headers if origin is None else {**headers, "Origin": origin})

    assert cors(answer) == []


def test_the_emulated_api_is_reached_under_any_name_and_from_any_page(api):
    for path in (f"/api/v1.0/customers/{US}/users", f"/v1.0/customers/{US}/users"):
        assert api.call("GET", path, headers={"Host": FOREIGN}).status == 200
        assert api.call("GET", path, headers={"Origin": "https://elsewhere.example"}).status == 200


@pytest.mark.parametrize("path", ["activate/token", "uc-client"])
def test_the_links_in_mails_open_under_the_name_by_which_the_api_was_called(api, path):
    assert asked(api, FOREIGN, path).headers["Content-Type"].startswith("text/html")
