"""Mailboxes that fail, by the pattern of their address."""

import pytest

from dimensions_emulator.settings import Settings
from mail_server import Inbox, serving
from small_world import UC, WEB, emulator, person, user_id

ME = user_id(3)
USUAL = "550 5.1.1 No such mailbox"


@pytest.fixture
def api():
    return emulator({"me@example.com": person(3, WEB)})


def fail(api, to, **more):
    return api.control("mail/failures", "POST", json={"to": to, **more})


def failed(api, query=""):
    return [mail["to"] for mail in api.mails(query) if mail["delivery"]["status"] == "failed"]


def test_mail_to_a_failing_mailbox_is_shown_as_failed_and_the_call_succeeds(api):
    answer = fail(api, "*@bounce.example", reason="452 4.2.2 Mailbox full")

    assert answer.status == 201
    assert answer.data == {"id": 1, "to": "*@bounce.example", "reason": "452 4.2.2 Mailbox full"}
    assert api.create("new@bounce.example").status == 201
    assert api.create("new@example.com").status == 201
    assert [mail["delivery"] for mail in api.mails()] == [
        {"status": "failed", "reason": "452 4.2.2 Mailbox full"},
        {"status": "delivered"},
    ]


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("me@example.com", True),
        ("ME@Example.com", True),
        ("*", True),
        ("m?@*", True),
        ("[a-m]e@example.*", True),
        ("me@example.co", False),
        ("e@example.com", False),
        ("?@example.com", False),
        ("me@example.com*.com", False),
        (".*", False),
        ("me@example[.]com", True),
        ("[z-a]", False),
        ("[", False),
        ("(", False),
        ("\\", False),
        ("*" * 200, True),
        ("*a" * 100, False),
    ],
)
def test_a_pattern_is_for_whole_addresses_without_case(api, pattern, fits):
    assert fail(api, pattern).status == 201

    api.call("POST", f"{api.users}/{ME}/sendActivationEmail")

    assert failed(api) == (["me@example.com"] if fits else [])


def test_a_reason_is_given_where_none_was(api):
    assert fail(api, "*").data["reason"] == USUAL


def test_the_first_pattern_that_fits_gives_the_reason(api):
    fail(api, "new@*", reason="first")
    fail(api, "*", reason="second")
    api.create()

    assert api.mails()[0]["delivery"]["reason"] == "first"


def test_patterns_are_listed_and_taken_back(api):
    fail(api, "a@*")
    fail(api, "b@*")
    assert [(one["id"], one["to"]) for one in api.control("mail/failures").data] == [(1, "a@*"), (2, "b@*")]

    assert api.control("mail/failures/1", "DELETE").status == 200
    assert [one["to"] for one in api.control("mail/failures").data] == ["b@*"]
    missing = api.control("mail/failures/1", "DELETE")
    assert (missing.status, missing.message) == (404, "There is no pattern '1'; there are: 2.")

    assert api.control("mail/failures", "DELETE").status == 200
    assert api.control("mail/failures").data == []
    assert api.control("mail/failures/x", "DELETE").message == "There is no pattern 'x'; there are: none."
    api.create("b@example.com")
    assert failed(api) == []


def test_mail_sent_before_stays_delivered_and_mail_that_failed_stays_failed(api):
    api.create("first@example.com")
    fail(api, "*")
    api.create("second@example.com")
    api.control("mail/failures", "DELETE")

    assert failed(api) == ["second@example.com"]


def test_failed_mails_are_found_and_deleted_by_their_delivery(api):
    fail(api, "second@*")
    api.create("first@example.com")
    api.create("second@example.com")

    assert [mail["to"] for mail in api.mails("?delivery=failed")] == ["second@example.com"]
    assert [mail["to"] for mail in api.mails("?delivery=delivered")] == ["first@example.com"]
    assert api.control("mail/messages?delivery=failed", "DELETE").status == 200
    assert [mail["to"] for mail in api.mails()] == ["first@example.com"]


def test_mail_on_request_and_on_gaining_a_role_fails_too(api):
    fail(api, "*@example.com")
    api.call("POST", f"{api.users}/{ME}/sendUConnectActivationEmail")
    api.add(ME, UC)

    assert failed(api) == ["me@example.com"] * 2


def test_failed_mail_is_not_relayed():
    inbox = Inbox()
    with serving(inbox) as server:
        api = emulator(settings=Settings(smtp=("127.0.0.1", server.port)))
        fail(api, "bounce@*")
        api.create("bounce@example.com")
        api.create("new@example.com")
        api.app.extensions["dimensions_relay"].close(5.0)

    assert inbox.recipients == ["new@example.com"]


def test_a_failure_is_part_of_the_state(api):
    fail(api, "*", reason="Full")
    api.create("new@example.com", [UC])
    state, other = api.state(), emulator({})

    assert [mail["failure"] for mail in state["mails"]] == ["Full"] * 2
    assert other.control("state", "PUT", json=state).status == 200
    assert other.mails() == api.mails()
    api.control("mail/failures", "DELETE")
    api.create("other@example.com")
    assert "failure" not in api.state()["mails"][-1]


def test_patterns_are_of_one_session(api):
    fail(api, "*")
    other = {"X-Emulator-Session": "other"}

    assert api.control("mail/failures", headers=other).data == []
    body = {"email": "new@example.com", "displayName": "New", "roles": []}
    api.call("POST", api.users, json=body, headers=other)
    assert api.control("mail/messages", headers=other).data[0]["delivery"] == {"status": "delivered"}


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({}, "to is an address such as *@bounce.example"),
        ({"to": ""}, "to is an address"),
        ({"to": " "}, "to is an address"),
        ({"to": "x" * 201}, "of 1 to 200 printable characters."),
        ({"to": "a\nb"}, "printable"),
        ({"to": 7}, "to is not a string"),
        ({"to": ["*"]}, "to is not a string"),
        ({"to": "*", "reason": ""}, "reason is a text"),
        ({"to": "*", "reason": "x" * 201}, "reason is a text"),
        ({"to": "*", "reason": "a\r\nb"}, "reason is a text"),
        ({"to": "*", "raeson": "x"}, "The body has no member 'raeson'; there are: reason, to."),
    ],
)
def test_a_pattern_that_makes_no_sense_is_refused(api, wanted, told):
    answer = api.control("mail/failures", "POST", json=wanted)

    assert answer.status == 400
    assert told in answer.message
    assert api.control("mail/failures").data == []


def test_there_are_so_many_patterns_and_no_more(api):
    for number in range(100):
        assert fail(api, f"user{number}@*").status == 201

    answer = fail(api, "*")

    assert (answer.status, answer.message) == (409, "There are 100 patterns, which is the most; delete some.")
    api.control("mail/failures/1", "DELETE")
    assert fail(api, "*").data["id"] == 101
