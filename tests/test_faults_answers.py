"""What a struck request is answered with, and what becomes of the state."""

import json
from contextlib import contextmanager

import pytest
from flask import Response
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder

from dimensions_emulator.sandbox.faults import Plan
from dimensions_emulator.wire import fault_answers
from dimensions_emulator.wire.broken import Broken
from dimensions_emulator.wire.waiting import TooManyWaiting
from small_world import ADMIN, UC, US, WEB, user_id

ENVELOPE = ["error", "message", "status", "timestamp"]


def add(api, **fault):
    answer = api.control("faults", "POST", json=fault)
    assert answer.status == 201, answer.message
    return answer.data


def raw(api, method="GET", path="", **more):
    """Status, headers and body as the server gets them."""
    head = []
    headers = {"Authorization": "Bearer good"}
    environ = EnvironBuilder(api.users + path, method=method, headers=headers, **more).get_environ()
    body = api.app.wsgi_app(environ, lambda status, headers, _=None: head.extend((status, dict(headers))))
    return int(head[0][:3]), head[1], body


def emails(api):
    api.control("faults", "DELETE")
    return [user["email"] for user in api.list().data]


@pytest.fixture
def met(api):
    """What was met of the last request."""
    seen = []
    application = api.app.wsgi_app

    def watched(environ, start_response):
        answer = application(environ, start_response)
        seen[:] = [environ.get("dimensions.met")]
        return answer

    api.app.wsgi_app = watched
    return lambda: seen[0]


@pytest.mark.parametrize(
    ("status", "message"),
    [(400, "Bad Request"), (429, "Too Many Requests"), (503, "Service Unavailable"), (599, "Status 599")],
)
def test_a_status_alone_is_an_error_in_the_envelope(api, status, message):
    add(api, answer={"status": status})
    answer = api.list()

    assert answer.status == status
    assert list(answer.json) == ENVELOPE
    assert (answer.json["error"], answer.message) == (status, message)
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["X-Emulator-Fault"] == "1"
    assert answer.rule is None


def test_a_code_and_a_message_stand_in_the_envelope(api):
    add(api, answer={"status": 500, "errorCode": "Custom", "message": "Oh \u00fc."})
    answer = api.list()

    assert (answer.status, answer.code, answer.message) == (500, "Custom", "Oh \u00fc.")
    assert list(answer.json) == ["error", "errorCode", *ENVELOPE[1:]]


@pytest.mark.parametrize(
    ("code", "status", "message"),
    [
        ("LastUserAdministrator", 400, "There must be at least one user administrator."),
        ("RolePrerequisiteMissing", 400, "The role '…' requires the role '…'."),
        ("UserAlreadyExists", 400, "A user with the e-mail address '…' already exists."),
    ],
)
def test_a_code_of_the_catalogue_brings_its_status_and_message(api, code, status, message):
    add(api, answer={"errorCode": code})
    answer = api.list()

    assert (answer.status, answer.code, answer.message, answer.rule) == (status, code, message, None)


def test_what_is_said_counts_more_than_the_catalogue(api):
    add(api, answer={"errorCode": "UserAlreadyExists", "status": 409}, count=1)
    add(api, answer={"errorCode": "RoleUnknown", "status": 422, "message": "No."})

    assert [(a.status, a.message) for a in (api.list(), api.list())] == [
        (409, "A user with the e-mail address '…' already exists."),
        (422, "No."),
    ]


def test_an_answer_that_has_no_body_in_the_api_has_none_here(api):
    real = api.call("GET", api.users, token="stranger")
    add(api, answer={"status": 401})
    answer = api.list()

    assert (answer.status, answer.body) == (real.status, real.body) == (401, b"")
    assert answer.headers["WWW-Authenticate"] == real.headers["WWW-Authenticate"]
    assert "Content-Type" not in answer.headers


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"status": "success"}),
        (201, {"status": "success"}),
        (302, {"status": "success"}),
        (204, None),
        (304, None),
    ],
)
def test_a_status_that_is_no_error_has_the_plain_envelope_or_no_body(api, status, body):
    add(api, answer={"status": status})
    answer = api.list()

    assert answer.status == status
    assert (answer.json and {"status": answer.json["status"]}) == body
    assert ("Content-Type" in answer.headers) == (body is not None)


@pytest.mark.parametrize("body", [{"a": [1.5, None]}, [], 0, False, {"\u00fc": 2**63}])
def test_a_body_of_json_is_sent_as_it_is(api, body):
    add(api, answer={"status": 200, "body": body})
    answer = api.list()

    assert json.loads(answer.body) == body
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize("text", ["", "<h1>502</h1>", "\u00fc\U0001f600", '{"no'])
def test_a_text_is_sent_as_text(api, text):
    add(api, answer={"status": 502, "body": text})
    answer = api.list()

    assert answer.body.decode() == text
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_the_largest_body_is_sent_whole(api):
    add(api, answer={"status": 200, "body": "x" * 65536})

    assert len(api.list().body) == 65536


def test_headers_go_with_the_answer(api):
    headers = {
        "Content-Type": "text/html",
        "Location": "/elsewhere",
        "X-Why": 'a; b="c"',
        "Retry-After": "Fri",
    }
    add(api, answer={"status": 302, "body": "<p>", "headers": headers})
    answer = api.list()

    assert {name: answer.headers[name] for name in headers} == headers
    assert answer.headers.getlist("Content-Type") == ["text/html"]


@pytest.mark.parametrize("body", [{}, {"body": "text"}])
def test_a_location_is_given_as_an_address(api, body):
    add(api, answer={"status": 302, "headers": {"Location": "/a b"}, **body})

    assert api.list().headers["Location"] == "/a%20b"


@pytest.mark.parametrize("seconds", [0, 7, 31_536_000])
def test_an_answer_says_when_to_try_again(api, seconds):
    add(api, answer={"status": 503, "retryAfter": seconds})

    assert api.list().headers["Retry-After"] == str(seconds)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "how",
    [
        {"answer": {"status": 503}},
        {"break": "reset"},
        {"break": "malformed"},
        {"break": "truncate"},
        {"break": "hang"},
    ],
)
def test_the_state_changes_only_where_the_answer_is_lost_after_it(api, when, how):
    add(api, match={"operation": "createUser"}, when=when, **how)
    mails = len(api.mails())

    assert api.create("ada@example.com", [UC]).headers["X-Emulator-Fault"] == "1"

    assert ("ada@example.com" in emails(api)) == (when == "after")
    assert len(api.mails()) > mails if when == "after" else len(api.mails()) == mails
    assert (api.charges() != []) == (when == "after")


def test_the_same_request_again_finds_what_the_lost_answer_has_done(api):
    add(api, match={"operation": "createUser"}, answer={"status": 503}, when="after", count=1)

    assert api.create().status == 503
    assert api.create().code == "UserAlreadyExists"


@pytest.mark.parametrize("how", [{"answer": {"status": 503}}, {"break": "malformed"}])
def test_the_answer_to_a_refused_request_is_lost_too(api, met, how):
    add(api, when="after", **how)
    answers = [
        api.create("not an address"),
        api.list("?pageIndex=x"),
        api.call("GET", api.users, token="stranger"),
        api.call("POST", api.users, data=b"{", content_type="application/json"),
        api.get(user_id(99)),
        api.add(user_id(1), "nonsense"),
    ]

    assert all(answer.headers["X-Emulator-Fault"] == "1" for answer in answers)
    assert all(answer.rule is None for answer in answers)
    assert met().refused is None
    assert api.control("faults").data[0]["struck"] == 6
    if "answer" in how:
        assert {answer.status for answer in answers} == {503}


def test_the_answer_of_a_crash_is_lost_too(api, monkeypatch, caplog):
    monkeypatch.setattr("dimensions_emulator.wire.users.tenant_of", None)
    add(api, answer={"status": 418}, when="after")

    assert api.list().status == 418
    assert "internal error" in caplog.text


def test_a_struck_request_is_told_of(api, met):
    add(api, match={"operation": "getUser"}, answer={"status": 503})
    api.get(user_id(1).upper())

    assert met().fault.id == 1
    assert (met().operation, met().caller, met().refused) == ("getUser", "reseller", None)
    api.list()
    assert met().fault is None


@pytest.mark.parametrize(("token", "caller"), [("expired", "late"), ("stranger", None), ("", None)])
def test_a_request_that_is_not_let_in_can_be_struck(api, met, token, caller):
    add(api, answer={"status": 503})

    assert api.call("GET", api.users, token=token).status == 503
    assert met().caller == caller


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("how", "seconds"),
    [({"break": "reset"}, 0), ({"break": "hang"}, 30), ({"break": "hang", "hangSeconds": 0.5}, 0.5)],
)
def test_a_connection_breaks_in_place_of_an_answer(api, when, how, seconds):
    add(api, when=when, **how)

    status, _, body = raw(api)

    assert isinstance(body, Broken)
    assert (body.kind, body.seconds, body.body) == (how["break"], seconds, b"")
    assert list(body) == []
    assert status == 503  # for servers that do not know how to break


def test_an_answer_is_truncated_under_its_whole_length(api):
    whole = api.list().body
    add(api, **{"break": "truncate", "when": "after"})

    status, headers, body = raw(api)

    assert status == 200
    assert body.kind == "truncate"
    assert headers["Content-Length"] == str(len(body.body))
    assert body.body[:200] == whole[:200]
    assert body.part == body.body[: len(body.body) // 2]


def test_an_answer_of_the_fault_can_be_truncated(api):
    add(api, answer={"status": 502, "body": "x" * 10}, **{"break": "truncate"})

    status, headers, body = raw(api)

    assert (status, headers["Content-Length"], body.part) == (502, "10", b"x" * 5)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", ["truncate", "malformed"])
def test_where_there_is_nothing_to_break_a_plain_success_is_broken(api, when, kind):
    add(api, when=when, **{"break": kind})

    status, _, body = raw(api, "POST", f"/{user_id(1)}/sendActivationEmail")  # answers 204

    got = body.part if kind == "truncate" else b"".join(body)
    assert status == 200
    assert got.startswith(b'{"status":"success"')
    assert not is_json(got)


def is_json(body):
    try:
        json.loads(body, strict=False)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("when", ["before", "after"])
def test_malformed_json_arrives_whole(api, when):
    add(api, when=when, **{"break": "malformed"})
    answer = api.list()

    assert answer.status == 200
    assert answer.headers["Content-Length"] == str(len(answer.body))
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert not is_json(answer.body)


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(TREES, st.booleans(), st.sampled_from(["", " ", "\n\t "]))
def test_whatever_is_malformed_is_no_json_and_still_utf_8(value, ascii_only, blanks):
    body = (json.dumps(value, ensure_ascii=ascii_only) + blanks).encode(errors="replace")
    broken = fault_answers.malformed(body)

    assert not is_json(broken)
    assert broken.decode()
    assert broken != body


def test_head_is_struck_as_get_is(api):
    add(api, match={"operation": "listUsers", "method": "HEAD"}, answer={"status": 503})
    answer = api.call("HEAD", api.users)

    assert (answer.status, answer.body, answer.headers["X-Emulator-Fault"]) == (503, b"", "1")
    assert api.list().status == 200


def test_a_real_refusal_that_is_only_late_keeps_its_rule(api, met):
    add(api, latency={"type": "fixed", "milliseconds": 0})
    answer = api.get(user_id(99))

    assert (answer.status, answer.rule) == (404, "USER-UNKNOWN")
    assert answer.headers["X-Emulator-Fault"] == "1"
    assert met().refused.rule == "USER-UNKNOWN"


@pytest.mark.parametrize("when", ["before", "after"])
def test_too_many_that_wait_are_turned_away(api, met, when):
    @contextmanager
    def full():
        raise TooManyWaiting(5)
        yield

    add(api, latency={"type": "fixed", "milliseconds": 1}, when=when)
    answer = api.call("GET", api.users + "?pageIndex=x", environ_overrides={"dimensions.waiting": full})

    assert answer.status == 503
    assert met().refused is None
    assert answer.headers["Retry-After"] == "1"
    assert "--max-waiting" in answer.message
    assert (api.list().status, api.list().headers["X-Emulator-Fault"]) == (200, "1")


def test_a_change_of_the_first_administrator_is_undone_by_nothing(api):
    add(
        api,
        match={"operation": "patchUser"},
        answer={"errorCode": "ChargesNotAccepted", "status": 402},
        when="after",
    )
    answer = api.replace(user_id(2), WEB, ADMIN)

    assert (answer.status, answer.code) == (402, "ChargesNotAccepted")
    api.control("faults", "DELETE")
    assert ADMIN in api.roles(user_id(2))


def test_an_answer_without_a_plan_is_the_real_one(api):
    with api.app.test_request_context(f"/api/v1.0/customers/{US}/users"):
        real = Response("x")

        assert fault_answers.given(Plan(), {}, real, 0) is real
