import json
from time import monotonic

import pytest

from dimensions_emulator.sandbox import redaction
from dimensions_emulator.settings import Settings
from listening import events
from small_world import US, emulator

TOKEN = "a-real-token/with+signs=="
ADMIN = "admin-secret-1234"


@pytest.fixture
def api():
    return emulator(settings=Settings(admin_token=ADMIN))


def everything(api):
    """All that the journal says, as one text."""
    admin = {"X-Emulator-Admin-Token": ADMIN}
    listed = api.control("requests", headers=admin)
    found = api.control("requests/find", "POST", json={}, headers=admin)
    failed = api.control("requests/verify", "POST", json={"match": {"method": "PURGE"}}, headers=admin)
    archive = api.control("requests.har", headers=admin)
    assert (listed.status, found.status, failed.status, archive.status) == (200, 200, 406, 200)
    one = api.control(f"requests/{listed.data['requests'][0]['id']}", headers=admin)
    return "\n".join(answer.body.decode() for answer in (listed, found, failed, archive, one))


def send(api, path, headers):
    """Send a request with these headers; the test client has its own mind about cookies."""
    api.client = api.app.test_client(use_cookies=False)
    named = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    api.call("GET", path, environ_overrides=named)


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {TOKEN}"},
        {"Authorization": f"bearer   {TOKEN}"},
        {"Authorization": TOKEN},
        {"Authorization": f"Custom {TOKEN}"},
        {"Proxy-Authorization": f"Basic {TOKEN}"},
        {"Cookie": f"session={TOKEN}"},
        {"X-Emulator-Admin-Token": TOKEN},
        {"X-Api-Key": TOKEN},
        {"X-Forwarded-Authorization": f"Bearer {TOKEN}"},
        {"X-Amz-Security-Token": TOKEN},
        {"Ocp-Apim-Api-Key": TOKEN},
    ],
    ids=lambda headers: next(iter(headers.items()))[0],
)
def test_headers_with_secrets_are_masked(api, headers):
    send(api, api.users, headers)

    text = everything(api)
    name = next(iter(headers))
    assert TOKEN not in text
    assert f'"{name}":"' in text


def test_the_scheme_of_a_token_stays(api):
    api.call("GET", api.users, token=TOKEN)

    assert '"Authorization":"Bearer ***"' in everything(api)


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Custom {TOKEN}"},
        {"Authorization": TOKEN},
        {"Cookie": f"a=b; session={TOKEN}"},
        {"X-Api-Key": TOKEN},
    ],
    ids=str,
)
def test_a_secret_of_any_header_is_masked_elsewhere_too(api, headers):
    send(api, f"{api.users}?copy={TOKEN}", headers)

    assert TOKEN not in everything(api)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"/api/v1.0/{TOKEN}/x", None),
        (f"/api/v1.0/customers/{US}/users?access_token={TOKEN}", None),
        (f"/api/v1.0/customers/{US}/users?access_token=a-real-token%2Fwith%2Bsigns%3D%3D", None),
        (f"/api/v1.0/customers/{US}/users", json.dumps({"email": TOKEN, "displayName": f"x{TOKEN}x"})),
        (f"/api/v1.0/customers/{US}/users", b"\xff" + TOKEN.encode()),
        (f"/api/v1.0/customers/{US}/users/{TOKEN}", None),
    ],
)
def test_the_token_of_a_request_is_masked_wherever_else_it_stands(api, path, body):
    headers = {"X-Trace": f"trace-{TOKEN}"}
    api.call("POST", path, token=TOKEN, data=body, content_type="application/json", headers=headers)

    text = everything(api)
    assert TOKEN not in text
    assert "a-real-token" not in text
    assert "with%2Bsigns" not in text


def test_a_token_in_an_answer_is_masked(api):
    answer = api.call("GET", f"/api/v1.0/customers/{TOKEN}/users", token="good")
    api.call("PUT", f"/api/v1.0/customers/{US}/nothing/{TOKEN}", token=TOKEN)

    assert answer.status != 200
    entry = api.control("requests", headers={"X-Emulator-Admin-Token": ADMIN}).data["requests"][-1]
    assert "nothing/***" in entry["response"]["body"]


def test_tokens_of_the_emulator_are_masked_without_a_header_that_names_them(api):
    api.call("GET", f"{api.users}?token=emulator-token-reseller&x=emulator-token-aB3_-x")

    text = everything(api)
    assert "token=***&x=***" in text
    assert "emulator-token" not in text


@pytest.mark.parametrize(
    "name", ["access_token", "token", "api_key", "apikey", "password", "secret", "Access_Token"]
)
@pytest.mark.parametrize("before", ["", "pageIndex=0&"])
def test_a_secret_by_its_name_in_the_query_is_masked(api, name, before):
    query = f"?{before}{name}=a-real-token%2Fx&tokens=5"
    send(api, api.users + query, {"Referer": f"https://app.example/{query}"})

    text = everything(api)
    assert f"?{before}{name}=***&tokens=5" in text
    assert "a-real-token" not in text


def test_a_login_in_a_url_is_masked(api):
    send(api, api.users, {"Referer": "https://me:opensesame@app.example/in@out?mail=a@mail.example"})

    text = everything(api)
    assert "https://***@app.example/in@out?mail=a@mail.example" in text
    assert "opensesame" not in text


def test_what_urls_in_a_body_hide_leaves_the_body_whole(api):
    sent = {"email": "https://me:opensesame@mail.example", "displayName": "/?token=opensesame"}
    api.call("POST", api.users, json=sent)

    (entry,) = api.control("requests", headers={"X-Emulator-Admin-Token": ADMIN}).data["requests"]
    assert json.loads(entry["request"]["body"]) == {
        "email": "https://***@mail.example",
        "displayName": "/?token=***",
    }


def test_masking_a_long_text_takes_no_time():
    mask = redaction.masking(())
    started = monotonic()
    for text in ("a" * 20_000, "://" * 7_000, "?token" * 4_000, "://a" * 5_000, "://" + "a" * 20_000):
        assert mask(text) == text

    assert monotonic() - started < 1


def test_an_explanation_shows_no_secret_of_the_query(api):
    answer = api.call("POST", f"{api.users}?access_token=a-real-token", json={"email": "nobody"})

    told = api.control(
        f"explain/{answer.headers['X-Emulator-Request-Id']}", headers={"X-Emulator-Admin-Token": ADMIN}
    )
    assert told.status == 200
    assert "a-real-token" not in told.body.decode()


@pytest.mark.parametrize(
    ("path", "token"),
    [
        (f"/api/v1.0/customers/{US}/users/{TOKEN.partition('/')[0]}", TOKEN.partition("/")[0]),
        (f"/api/v1.0/customers/{TOKEN.partition('/')[0]}/users", TOKEN.partition("/")[0]),
        (f"/api/v1.0/customers/{US}/users/{ADMIN}", "good"),
        (f"/api/v1.0/{ADMIN}/users", "good"),
        (f"/api/v1.0/customers/{US}/users/emulator-token-reseller", "good"),
    ],
)
def test_an_event_tells_no_secret(api, path, token):
    assert api.call("GET", path, token=token).status in {400, 401, 404}

    (event,) = events(api, **{"X-Emulator-Admin-Token": ADMIN})
    request = event.data["request"]
    assert request["path"] == path.replace(token, "***").replace(ADMIN, "***").replace(
        "emulator-token-reseller", "***"
    )
    for secret in (ADMIN, TOKEN.partition("/")[0], "emulator-token"):
        assert secret not in str(event.data)


def test_the_admin_token_is_masked_in_requests_that_do_not_send_it_as_such(api):
    api.call("GET", f"{api.users}?oops={ADMIN}")

    assert ADMIN not in everything(api)


def test_a_short_token_is_masked_where_it_stands_alone(api):
    api.call("GET", f"{api.users}?a=good&b=goods&c=very.good&d=good/x")

    assert "a=***&b=goods&c=very.good&d=***/x" in everything(api)


def test_patterns_are_compared_with_what_is_shown(api):
    api.list()

    headers = {"X-Emulator-Admin-Token": ADMIN}
    for wanted, count in (("Bearer .+", 1), ("Bearer good", 0), ("Bearer \\*{3}", 1)):
        pattern = {"headers": {"Authorization": {"matches": wanted}}}
        found = api.control("requests/count", "POST", json=pattern, headers=headers)
        assert found.data["count"] == count


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Authorization", "Bearer abc", "Bearer ***"),
        ("authorization", "Digest a=b, c=d", "Digest ***"),
        ("Authorization", "secret words here", "***"),
        ("Authorization", "", ""),
        ("Set-Cookie", "a=b", "***"),
        ("Accept", "Bearer abc", "Bearer abc"),
    ],
)
def test_a_header_is_shown_without_its_secret(name, value, shown):
    assert redaction.header(name, value) == shown


def test_what_opens_an_activation_link_is_a_secret_in_a_path():
    assert redaction.path("/s/mine/_emulator/activate/abc/d") == "/s/mine/_emulator/activate/***"
    assert redaction.path("/_emulator/mail") == "/_emulator/mail"
