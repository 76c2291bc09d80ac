from concurrent.futures import ThreadPoolExecutor

import pytest

from dimensions_emulator.settings import Settings
from dimensions_emulator.store.memory import MemoryStore
from explain_stage import ADMINISTRATOR, BOTH, ME, PHONE, SOFT, stage
from mail_server import free_port
from small_world import PBX, REALTIME, SETTINGS, SOFTPHONE, UC, UK, US, WEB, Api, supervisor

USERS = f"/api/v1.0/customers/{US}/users"
NEW = {"email": "new@example.com", "displayName": "New", "roles": [UC]}
CHARGES = {"accept-charges": "true"}
NOTHING = {"users": {"created": [], "updated": [], "deleted": []}, "devices": [], "mails": [], "charges": []}


@pytest.fixture
def api():
    return stage(settings=Settings(seed=1))


def tried(api, method, path, **more):
    answer = api.control("what-if", "POST", json={"method": method, "path": path, "token": "good", **more})
    assert answer.status == 200, answer.body
    return answer.data


def add(*roles):
    return [{"op": "add", "path": "/roles/-", "value": role} for role in roles]


def test_a_creation_is_tried_with_all_that_comes_of_it(api):
    told = tried(api, "POST", USERS, body=NEW, headers=CHARGES)

    assert told["status"] == 201
    assert told["body"]["data"]["roles"] == [UC, WEB]
    assert told["headers"]["Location"] == f"http://localhost{USERS}/{told['body']['data']['id']}"
    assert "rule" not in told
    (created,) = told["changes"]["users"]["created"]
    assert created == {
        "id": told["body"]["data"]["id"],
        "displayName": "New",
        "email": "new@example.com",
        "primaryTenant": US,
        "roles": {US: [UC, WEB]},
    }
    assert [(mail["kind"], mail["to"]) for mail in told["changes"]["mails"]] == [
        ("activation", "new@example.com"),
        ("uc-welcome", "new@example.com"),
    ]
    assert [(charge["user"], charge["role"]) for charge in told["changes"]["charges"]] == [
        (created["id"], UC)
    ]


def test_nothing_of_it_stays(api):
    before = api.state()

    tried(api, "POST", USERS, body=NEW, headers=CHARGES)
    tried(api, "DELETE", f"{USERS}/{ME}")
    tried(api, "GET", USERS, token="wrong")

    assert api.state() == before
    assert api.mails() == []
    assert api.charges() == []


def test_what_is_tried_takes_no_id_away(api):
    expected = tried(api, "POST", USERS, body=NEW, headers=CHARGES)["body"]["data"]["id"]
    tried(api, "POST", USERS, body=NEW, headers=CHARGES)

    assert api.create("new@example.com", [UC]).data["id"] == expected


def test_the_users_who_change_are_told_as_they_were_and_as_they_would_be(api):
    told = tried(api, "PATCH", f"{USERS}/{ME}", body=add(supervisor(3)), headers=CHARGES)

    users = told["changes"]["users"]
    assert (users["created"], users["deleted"]) == ([], [])
    changed = {
        user["id"]: (user["before"]["roles"][US], user["after"]["roles"][US]) for user in users["updated"]
    }
    assert changed == {
        ME: ([WEB, SETTINGS], [WEB, SETTINGS, supervisor(3)]),
        PHONE: ([WEB, PBX], [WEB, PBX, REALTIME]),
    }


def test_a_user_who_would_be_gone_is_told_with_the_devices(api):
    told = tried(api, "DELETE", f"{USERS}/{SOFT}")

    assert [user["id"] for user in told["changes"]["users"]["deleted"]] == [SOFT]
    assert told["changes"]["devices"] == [
        {"id": "soft", "customer": US, "before": {"user": SOFT, "clientType": "mobile"}, "after": {}}
    ]


def test_a_device_is_told_as_it_was_and_as_it_would_be(api):
    told = tried(api, "PUT", f"{USERS}/{SOFT}/devices/pbx/soft/assign", body={"clientType": "crm"})

    assert told["status"] == 201
    assert told["changes"] == NOTHING | {
        "devices": [
            {
                "id": "soft",
                "customer": US,
                "before": {"user": SOFT, "clientType": "mobile"},
                "after": {"user": SOFT, "clientType": "crm"},
            }
        ]
    }


def test_a_user_who_leaves_one_customer_is_updated(api):
    told = tried(api, "DELETE", f"/api/v1.0/customers/{UK}/users/{BOTH}")

    (user,) = told["changes"]["users"]["updated"]
    assert (set(user["before"]["roles"]), set(user["after"]["roles"])) == ({US, UK}, {US})


def test_a_refusal_is_told_with_its_explanation(api):
    told = tried(api, "PATCH", f"{USERS}/{ME}", body=add(SOFTPHONE))

    assert (told["status"], told["rule"]) == (400, "ROLE-PREREQUISITE")
    assert told["headers"]["X-Emulator-Rule"] == "ROLE-PREREQUISITE"
    assert (
        told["explanation"]["change"]["summary"]
        == f"Add {UC} to the roles and send the header accept-charges: true."
    )
    assert told["changes"] == NOTHING


def test_nothing_of_it_is_counted_or_kept(api):
    api.get(ME)
    journal = api.control("explain/default.70000").message

    tried(api, "POST", USERS, body=NEW, headers=CHARGES)
    tried(api, "DELETE", f"{USERS}/{ADMINISTRATOR}")

    assert api.control("explain/default.70000").message == journal


def test_no_mail_goes_out():
    api = stage(settings=Settings(smtp=("127.0.0.1", free_port())))
    relay = api.app.extensions["dimensions_relay"]
    before = relay.status()

    tried(api, "POST", USERS, body=NEW, headers=CHARGES)
    assert relay.status() == before
    api.create()
    assert relay.status() != before
    relay.close(0)


def test_faults_and_limits_strike_nothing_that_is_only_tried(api):
    api.control("faults", "POST", json={"answer": {"status": 503}})
    api.control("rate-limit", "PUT", json={"requests": 1, "seconds": 60})

    assert {api.get(ME).status for _ in range(3)} & {429, 503}
    assert {tried(api, "GET", f"{USERS}/{ME}")["status"] for _ in range(3)} == {200}


def test_the_session_is_that_of_the_request(api):
    headers = {"X-Emulator-Session": "mine"}
    api.call("POST", USERS, json=NEW, headers={**headers, **CHARGES})

    here = tried(api, "POST", USERS, body=NEW, headers=CHARGES)
    answer = api.control(
        "what-if",
        "POST",
        json={"method": "POST", "path": USERS, "token": "good", "body": NEW},
        headers=headers,
    )

    assert here["status"] == 201
    assert answer.data["rule"] == "USER-UNIQUE-EMAIL"


def test_links_follow_the_way_the_request_came(api):
    wish = {"method": "POST", "path": USERS, "token": "good", "headers": CHARGES, "body": NEW}
    answer = api.call("POST", "/s/mine/_emulator/what-if", json=wish)

    assert answer.data["headers"]["Location"].startswith(f"http://localhost/s/mine{USERS}/")


def test_the_clock_of_the_session_decides(api):
    assert tried(api, "GET", USERS, token="expired")["rule"] == "AUTH-REQUIRED"
    api.control("clock", "PUT", json={"now": "2019-06-01T00:00:00Z"})

    told = tried(api, "GET", USERS, token="expired")

    assert told["status"] == 200
    assert told["body"]["timestamp"].startswith("2019-06-01T00:00")


@pytest.mark.parametrize(
    ("body", "status", "rule"),
    [
        ('{"email":"t@example.com","displayName":"T"}', 201, None),
        ("{", 400, "BODY-JSON"),
        ("ÄÖ", 400, "BODY-JSON"),
        ([], 400, "BODY-JSON"),
        (5, 400, "BODY-JSON"),
        (False, 400, "BODY-JSON"),
        (None, 415, "MEDIA-TYPE"),
        ("", 415, "MEDIA-TYPE"),
        ({"email": 10**30, "more": 10**30}, 400, "BODY-JSON"),
        ({"email": "t@example.com", "displayName": "T", "more": [[[{}]], 10**30, 1.5]}, 201, None),
    ],
)
def test_a_body_is_a_text_or_a_value(api, body, status, rule):
    told = tried(api, "POST", USERS, body=body)

    assert (told["status"], told.get("rule")) == (status, rule)


def test_a_body_of_another_media_type_is_sent_as_such(api):
    told = tried(api, "POST", USERS, body="a=b", headers={"content-type": "text/plain"})

    assert told["rule"] == "MEDIA-TYPE"


def test_answers_without_a_body_are_told_as_such(api):
    told = tried(api, "POST", f"{USERS}/{ME}/sendActivationEmail")

    assert (told["status"], told["body"]) == (204, None)
    assert [mail["kind"] for mail in told["changes"]["mails"]] == ["activation"]


def test_a_path_may_have_a_query_and_escapes(api):
    assert tried(api, "GET", f"{USERS}?pageSize=1")["body"]["page_size"] == 1
    assert tried(api, "GET", f"{USERS}/%7B{ME}%7D")["status"] == 200
    assert tried(api, "GET", "/ünknown/\U0001f600")["rule"] == "ROUTE"
    assert tried(api, "get", USERS)["status"] == 200
    assert tried(api, "BREW", USERS)["rule"] == "METHOD-UNKNOWN"


@pytest.mark.parametrize(
    ("wish", "named"),
    [
        ({}, "method"),
        ({"method": 5, "path": USERS}, "method"),
        ({"method": "GET /", "path": USERS}, "method"),
        ({"method": ["GET"], "path": USERS}, "method"),
        ({"method": "GET"}, "path"),
        ({"method": "GET", "path": 5}, "path"),
        ({"method": "GET", "path": ""}, "path"),
        ({"method": "GET", "path": "api/v1.0"}, "path"),
        ({"method": "GET", "path": "http://localhost/api"}, "path"),
        ({"method": "GET", "path": "/a b"}, "path"),
        ({"method": "GET", "path": "/a\r\nb"}, "path"),
        ({"method": "GET", "path": "/" + "x" * 9000}, "path"),
        ({"method": "GET", "path": "/_emulator/state"}, "/_emulator"),
        ({"method": "POST", "path": "/%5Femulator/reset"}, "/_emulator"),
        ({"method": "GET", "path": "/s/mine/api/v1.0"}, "session"),
        ({"method": "GET", "path": "/%73/mine/_emulator/state"}, "session"),
        ({"method": "GET", "path": USERS, "headers": []}, "headers"),
        ({"method": "GET", "path": USERS, "headers": {"a b": "c"}}, "'a b'"),
        ({"method": "GET", "path": USERS, "headers": {"A": 5}}, "'A'"),
        ({"method": "GET", "path": USERS, "headers": {"A": "b\r\nC: d"}}, "'A'"),
        ({"method": "GET", "path": USERS, "headers": {"A": "\u20ac"}}, "'A'"),
        ({"method": "GET", "path": USERS, "headers": {"A": "b", "a": "c"}}, "twice"),
        ({"method": "GET", "path": USERS, "headers": {f"A{n}": "" for n in range(101)}}, "headers"),
        ({"method": "GET", "path": USERS, "headers": {"X-Emulator-Session": "mine"}}, "'X-Emulator-Session'"),
        ({"method": "GET", "path": USERS, "headers": {"Content-Length": "5"}}, "'Content-Length'"),
        ({"method": "GET", "path": USERS, "token": 5}, "token"),
        ({"method": "GET", "path": USERS, "token": "a\nb"}, "token"),
        ({"method": "GET", "path": USERS, "token": "t", "headers": {"authorization": "x"}}, "token"),
        ({"method": "GET", "path": USERS, "commit": True}, "'commit'"),
    ],
)  # fmt: skip
def test_a_wish_that_makes_no_request_is_refused_by_name(api, wish, named):
    before = api.state()

    answer = api.control("what-if", "POST", json=wish)

    assert answer.status == 400
    assert named in answer.message
    assert api.state() == before


@pytest.mark.parametrize("query", ["?commit=true", "?session=mine"])
def test_there_are_no_parameters(api, query):
    assert api.control("what-if" + query, "POST", json={"method": "GET", "path": USERS}).status == 400
    assert api.control("explain/default.1" + query).status == 400


def test_trying_waits_for_nobody_and_holds_nobody_up():
    store = MemoryStore()
    api = stage(store=store)
    with ThreadPoolExecutor(4) as pool, store.transaction("default"):
        others = [
            pool.submit(tried, Api(api.app), "POST", USERS, body=NEW, headers=CHARGES) for _ in range(20)
        ]
        assert {other.result(timeout=20)["status"] for other in others} == {201}


def test_trying_and_doing_at_once_mix_nothing_up():
    api = stage()
    with ThreadPoolExecutor(4) as pool:
        others = [
            pool.submit(tried, Api(api.app), "POST", USERS, body=NEW, headers=CHARGES) for _ in range(40)
        ]
        done = [api.create(f"real{number}@example.com").status for number in range(40)]
        assert {other.result()["status"] for other in others} == {201}

    assert done == [201] * 40
    assert "new@example.com" not in api.state()["users"]
