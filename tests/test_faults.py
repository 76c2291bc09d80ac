"""Faults as they are listed, made, changed and deleted, and whom they strike."""

import pytest

from small_world import ADMIN, ELSEWHERE, UK, US, WEB, emulator, person, user_id

BUSY = {"answer": {"status": 503}}
ADA = "Ada@example.com"


@pytest.fixture
def api():
    users = {"admin@example.com": person(1, WEB, ADMIN), ADA: person(2, WEB)}
    devices = [{"id": "one", "customer": "us", "owner": ADA}]
    return emulator(users, devices=devices)


def add(api, **fault):
    answer = api.control("faults", "POST", json=fault)
    assert answer.status == 201, answer.message
    return answer.data


def struck(answer):
    return answer.headers.get("X-Emulator-Fault")


def test_a_session_begins_without_faults(api):
    assert api.control("faults").data == []
    assert struck(api.list()) is None


def test_a_fault_is_shown_with_everything_that_was_said_and_what_was_not(api):
    said = {
        "match": {"operation": "createUser", "customer": US, "user": ADA, "path": "*", "method": "POST"},
        "answer": {
            "status": 429,
            "errorCode": "Busy",
            "message": "Later.",
            "headers": {"X-Why": "test"},
            "retryAfter": 7,
        },
        "break": "truncate",
        "latency": {"type": "uniform", "lower": 1, "upper": 2.5},
        "count": 3,
        "after": 1,
        "probability": 0.5,
        "when": "after",
    }

    assert add(api, **said) == {"id": 1, **said, "struck": 0}
    assert add(api, **BUSY) == {
        "id": 2,
        "match": {},
        "answer": {"status": 503},
        "after": 0,
        "probability": 1.0,
        "when": "before",
        "struck": 0,
    }


def test_faults_are_listed_in_the_order_of_their_making(api):
    made = [add(api, **BUSY) for _ in range(3)]

    listed = api.control("faults")
    assert listed.data == made
    assert listed.json["page_size"] == 3
    assert [api.control(f"faults/{fault['id']}").data for fault in made] == made


def test_what_is_null_is_as_if_left_out(api):
    names = ("match", "break", "hangSeconds", "latency", "count", "after", "probability", "when")
    fault = add(api, answer={"status": 500, "body": None, "headers": None}, **dict.fromkeys(names))

    assert fault == add(api, answer={"status": 500}) | {"id": fault["id"]}


def test_a_deleted_fault_strikes_no_more(api):
    add(api, **BUSY)
    second = add(api, answer={"status": 500})
    assert api.list().status == 503

    assert api.control("faults/1", "DELETE").status == 200
    assert api.list().status == 500
    assert api.control("faults").data == [{**second, "struck": 1}]

    assert api.control("faults", "DELETE").status == 200
    assert api.list().status == 200
    assert api.control("faults").data == []


def test_the_id_of_a_deleted_fault_is_not_given_again(api):
    add(api, **BUSY)
    api.control("faults", "DELETE")

    assert add(api, **BUSY)["id"] == 2


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("missing", ["2", "0", "-1", "x", "1.0", "%D9%A1", "9" * 5000, "01%20"])
def test_a_fault_that_is_not_there_is_told_with_those_that_are(api, method, missing):
    add(api, **BUSY)
    answer = api.control(f"faults/{missing}", method, **({"json": {}} if method == "PATCH" else {}))

    assert answer.status == 404
    assert answer.message.endswith("; there are: 1.")


def test_where_there_are_no_faults_that_is_said(api):
    assert api.control("faults/1").message == "There is no fault '1'; there are none."


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_filter_is_refused_as_there_are_none(api, method):
    add(api, **BUSY)
    answer = api.control("faults?operation=createUser", method)

    assert (answer.status, answer.message) == (400, "There is no filter 'operation' here; there are none.")
    assert len(api.control("faults").data) == 1


def test_a_change_takes_members_one_by_one_and_keeps_what_was_counted(api):
    add(api, match={"method": "GET", "customer": US}, answer={"status": 503, "retryAfter": 2}, count=1)
    api.list()

    changed = api.control("faults/1", "PATCH", json={"answer": {"status": 500}, "match": {"method": None}})

    assert changed.status == 200
    assert changed.data == api.control("faults/1").data
    assert changed.data["match"] == {"customer": US}
    assert changed.data["answer"] == {"status": 500, "retryAfter": 2}
    assert (changed.data["count"], changed.data["struck"]) == (1, 1)
    assert api.list().status == 200


def test_a_larger_count_lets_a_spent_fault_strike_again(api):
    add(api, **BUSY, count=1)
    assert [api.list().status for _ in range(2)] == [503, 200]

    api.control("faults/1", "PATCH", json={"count": 2})

    assert [api.list().status for _ in range(2)] == [503, 200]


def test_a_change_can_take_an_answer_away_and_put_a_latency_in(api):
    add(api, **BUSY, match={"method": "PUT"})

    changed = api.control(
        "faults/1", "PATCH", json={"answer": None, "latency": {"type": "fixed", "milliseconds": 5}}
    )

    assert "answer" not in changed.data
    assert changed.data["latency"] == {"type": "fixed", "milliseconds": 5}


def test_a_latency_is_changed_as_a_whole(api):
    add(api, latency={"type": "uniform", "lower": 1, "upper": 2})

    changed = api.control("faults/1", "PATCH", json={"latency": {"type": "fixed", "milliseconds": 0}})

    assert changed.data["latency"] == {"type": "fixed", "milliseconds": 0}


@pytest.mark.parametrize(
    "body", [{"a": [1, {"b": None}]}, [], "text", "", 0, False, 2**63, 0.25, "\u00fc\U0001f600"]
)
def test_a_body_survives_a_change_of_something_else(api, body):
    add(api, answer={"status": 200, "body": body})

    changed = api.control("faults/1", "PATCH", json={"answer": {"status": 500}})

    assert changed.data["answer"] == {"status": 500, "body": body}


@pytest.mark.parametrize("change", [{"answer": None}, {"struck": 0}, {"id": 7}, {"answer": {"status": None}}])
def test_a_change_that_does_not_fit_changes_nothing(api, change):
    before = add(api, **BUSY)

    assert api.control("faults/1", "PATCH", json=change).status == 400
    assert api.control("faults/1").data == before


@pytest.mark.parametrize(
    ("match", "hits"),
    [
        ({}, {"list", "create", "get", "delete", "assign", "elsewhere", "unknown"}),
        ({"operation": "createUser"}, {"create"}),
        ({"operation": "getUser"}, {"get"}),
        ({"operation": "assignDevice"}, {"assign"}),
        ({"customer": UK}, set()),
        ({"customer": ELSEWHERE}, {"elsewhere"}),
        ({"customer": f"{{{US.upper()}}}"}, {"list", "create", "get", "delete", "assign", "unknown"}),
        ({"user": user_id(2)}, {"get", "assign"}),
        ({"user": user_id(2).replace("-", "").upper()}, {"get", "assign"}),
        ({"user": "aDA@EXAMPLE.com"}, {"get", "assign"}),
        ({"user": "new@example.com"}, {"create"}),
        ({"user": "nobody@example.com"}, set()),
        ({"caller": "reseller"}, {"list", "create", "get", "delete", "assign"}),
        ({"caller": "good"}, {"list", "create", "get", "delete", "assign"}),
        ({"caller": "other"}, {"elsewhere"}),
        ({"caller": "stranger"}, {"unknown"}),
        ({"method": "delete"}, {"delete"}),
        ({"method": "PUT"}, {"assign"}),
        ({"path": "/api/v1.0/customers/*/users"}, {"list", "create", "elsewhere", "unknown"}),
        ({"path": "*/devices/*"}, {"assign"}),
        ({"path": "/v1.0/*"}, set()),
        ({"path": f"/api/v1.0/customers/{US}/users/?{user_id(2)[1:]}"}, {"get"}),
        ({"path": "*/USERS"}, set()),
        ({"method": "GET", "user": ADA}, {"get"}),
        ({"method": "POST", "user": ADA}, set()),
    ],
)
def test_a_fault_strikes_the_requests_that_it_matches(api, match, hits):
    add(api, match=match, answer={"status": 418})
    answers = {
        "list": api.list(),
        "create": api.create("New@example.com"),
        "get": api.get(user_id(2)),
        "delete": api.delete(user_id(1)),
        "assign": api.device(user_id(2).upper(), "one"),
        "elsewhere": api.call("GET", f"/api/v1.0/customers/{ELSEWHERE}/users", token="other"),
        "unknown": api.call("GET", api.users, token="stranger"),
    }

    assert {name for name, answer in answers.items() if answer.status == 418} == hits
    assert {name for name, answer in answers.items() if struck(answer) == "1"} == hits
    assert api.control("faults").data[0]["struck"] == len(hits)


@pytest.mark.parametrize(
    "sent", [b"", b"{", b"[]", b'{"email": 7}', b'{"email": null}', b'{"email": "x@y.z"}', b"\xff", b'"a"']
)
def test_a_body_that_names_nobody_is_nobodys(api, sent):
    add(api, match={"user": "new@example.com"}, answer={"status": 418})

    answer = api.call("POST", api.users, data=sent, content_type="application/json")

    assert answer.status == 400
    assert struck(answer) is None


def test_a_caller_without_a_token_has_no_name(api):
    add(api, match={"caller": "reseller"}, **BUSY)

    for header in ("Basic good", "", "Bearer"):
        assert api.call("GET", api.users, headers={"Authorization": header}).status == 401


def test_an_expired_caller_can_be_struck_by_its_name(api):
    add(api, match={"caller": "late"}, **BUSY)

    assert api.call("GET", api.users, token="expired").status == 503


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1.0/nothing"),
        ("GET", "/"),
        ("PUT", f"/api/v1.0/customers/{US}/users"),
        ("GET", "/_emulator/health"),
    ],
)
def test_what_is_no_operation_is_not_struck(api, method, path):
    add(api, **BUSY)

    assert struck(api.call(method, path)) is None
    assert api.control("faults").data[0]["struck"] == 0


def test_requests_of_every_spelling_of_the_prefix_are_struck(api):
    add(api, match={"path": "/v1.0/*"}, **BUSY)
    api.base = "/v1.0"

    assert api.list().status == 503
    assert api.call("GET", f"/s/default/v1.0/customers/{US}/users").status == 503


def test_a_token_given_as_caller_is_not_shown(api):
    token = "emulator-token-abcdefgh1234"

    assert add(api, match={"caller": token}, **BUSY)["match"] == {"caller": "…1234"}
    assert add(api, match={"caller": "good"}, **BUSY)["match"] == {"caller": "…"}
    assert add(api, match={"caller": "reseller"}, **BUSY)["match"] == {"caller": "reseller"}
    assert token not in api.control("faults").body.decode()
    assert token not in api.control("faults/1", "PATCH", json={"count": 1}).body.decode()
    assert api.call("GET", api.users, token=token).status == 503


def test_faults_are_of_their_session_alone(api):
    api.control("faults", "POST", json=BUSY, headers={"X-Emulator-Session": "one"})

    assert api.call("GET", api.users, headers={"X-Emulator-Session": "one"}).status == 503
    assert api.call("GET", api.users, headers={"X-Emulator-Session": "two"}).status == 200
    assert api.list().status == 200


@pytest.mark.parametrize("how", [("reset", "POST"), ("reset?part=faults", "POST")])
def test_a_reset_takes_all_faults_away(api, how):
    add(api, **BUSY)
    api.control(*how)

    assert api.control("faults").data == []
    assert api.list().status == 200


def test_a_reset_of_other_parts_leaves_the_faults(api):
    add(api, **BUSY)
    api.control("reset?part=users,mail", "POST")

    assert len(api.control("faults").data) == 1


def test_another_state_takes_all_faults_away(api):
    state = api.state()
    add(api, **BUSY)
    assert api.control("state", "PUT", json={"version": 7}).status == 400
    assert len(api.control("faults").data) == 1

    assert api.control("state", "PUT", json=state).status == 200

    assert api.control("faults").data == []
