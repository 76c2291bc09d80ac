"""States at the edge of what the wire can carry are refused, or come back as they were."""

import json

import pytest

from dimensions_emulator.domain import document
from dimensions_emulator.settings import Settings
from small_world import UK, US, emulator, user_id

MAIL = {
    "id": 1,
    "kind": "activation",
    "customer": US,
    "user": user_id(1),
    "to": "a@mail.example",
    "displayName": "x",
    "origin": "http://x",
    "token": "t",
    "sent": "2020-01-01T00:00:00Z",
}
CHARGE = {
    "id": 1,
    "customer": US,
    "user": user_id(1),
    "role": "customer.user.uc",
    "at": "2020-01-01T00:00:00Z",
}


def put(api, **parts):
    state = json.dumps({**api.state(), **parts})
    return api.control("state", "PUT", data=state, content_type="application/json")


@pytest.mark.parametrize(
    "change",
    [
        {"id": 2**64},
        {"id": 1e300},
        {"sent": "9999-12-31T23:59:59-14:00"},
        {"sent": "0001-01-01T00:00:00+14:00"},
    ],
)
def test_a_mail_that_could_not_be_shown_is_refused(api, change):
    assert put(api, mails=[{**MAIL, **change}]).status == 400
    assert put(api, mails=[MAIL]).status == 200
    assert api.mails()[0]["id"] == 1


@pytest.mark.parametrize("change", [{"id": 2**64}, {"at": "9999-12-31T23:59:59-14:00"}])
def test_a_charge_that_could_not_be_shown_is_refused(api, change):
    assert put(api, charges=[{**CHARGE, **change}]).status == 400
    assert put(api, charges=[CHARGE]).status == 200
    assert api.charges() == [(user_id(1), "customer.user.uc")]


def test_a_feature_count_beyond_its_range_is_refused(api):
    customers = api.state()["customers"]
    customers[US]["features"]["agent"] = 2**64

    assert put(api, customers=customers).status == 400


def test_an_expiry_beyond_the_calendar_is_refused(api):
    callers = api.state()["callers"]
    callers[0]["expires"] = "9999-12-31T23:59:59-14:00"

    assert put(api, callers=callers).status == 400


def test_addresses_that_differ_by_more_than_case_are_two(api):
    assert api.create("straße@mail.example").status == 201
    assert api.create("strasse@mail.example").status == 201

    assert put(api).status == 200


def test_device_ids_are_those_of_one_customers_platform(api):
    users = [{"email": "a@mail.example", "displayName": "A", "devices": [{"id": "d"}]}]
    for customer in (US, UK):
        assert api.control(f"platform/{customer}/import", "POST", json={"users": users}).status == 201

    assert put(api).status == 200


@pytest.mark.parametrize("path", ["mail/messages", "charges"])
def test_a_customer_is_asked_for_in_any_spelling_of_its_id(api, path):
    api.create(roles=["customer.user.uc"])

    everything = api.control(path).data
    assert everything
    assert api.control(f"{path}?customer=%7B{US.upper()}%7D").data == everything
    assert api.control(f"{path}?customer={UK}").data == []
    refused = api.control(f"{path}?customer=x")
    assert (refused.status, refused.message.partition(",")[0]) == (400, "customer is the id of a customer")


def test_an_id_that_follows_from_a_key_is_no_other_users(api):
    users = api.state()["users"]
    del users["plain@example.com"]["id"]
    users["admin@example.com"]["id"] = document.user_id("plain@example.com")

    answer = put(api, users=users)

    assert answer.status == 400
    assert "already used" in answer.message
    assert api.list().json["page_size"] == 2


def test_numbers_that_are_equal_are_the_same_id(api):
    assert put(api, mails=[MAIL, {**MAIL, "id": 1.0, "token": "u"}]).status == 400
    assert put(api, mails=[MAIL, {**MAIL, "id": 2}]).status == 400
    assert put(api, mails=[MAIL, {**MAIL, "id": 2, "token": "u"}]).status == 200


def test_nothing_is_numbered_twice_after_an_import():
    api = emulator(settings=Settings(seed=1))
    first = api.create("a@mail.example").data["id"]
    link = api.mails()[0]["links"][0].removeprefix("http://localhost")
    api.delete(first)
    api.control("mail/messages", "DELETE")

    assert put(api).status == 200

    assert api.create("b@mail.example").data["id"] != first
    assert api.mails()[0]["id"] == 2
    assert api.call("GET", link).status == 404


def test_a_link_outlives_its_mail_and_an_import(api):
    api.create()
    link = api.mails()[0]["links"][0].removeprefix("http://localhost")
    api.control("mail/messages", "DELETE")

    assert put(api).status == 200

    assert api.call("GET", link).status == 200


def test_misspelt_filters_delete_nothing(api):
    api.create()

    assert api.control("mail/messages?knid=activation", "DELETE").status == 400
    assert api.control("mail/messages?kind=nonsense", "DELETE").status == 400
    assert len(api.mails()) == 1


def test_a_misspelt_member_gives_no_token_for_everything(api):
    assert api.control("tokens", "POST", json={"account": [US]}).status == 400
