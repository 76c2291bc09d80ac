"""Tokens listed, expired and revoked."""

from hashlib import sha256

import pytest

from dimensions_emulator.domain import ticks
from small_world import RESELLER, US, WEB, emulator, person

SEEDED = ["late", "no scope", "one customer", "other", "reseller"]


@pytest.fixture
def api():
    return emulator({"me@example.com": person(1, WEB)})


def mint(api, **wanted):
    return api.control("tokens", "POST", json=wanted).data["token"]


def act(api, name, **kw):
    return api.control(f"tokens/{name}", "POST", json=kw)


def works(api, token, **kw):
    return api.call("GET", api.users, token=token, **kw).status == 200


def listed(api, **kw):
    return {token["name"]: token for token in api.control("tokens", **kw).data}


def test_tokens_are_listed_by_name_with_what_they_open(api):
    token = mint(api, name="portal", customers=[US], scopes=["onboarding", "b"], lifetimeSeconds=3600)

    tokens = api.control("tokens").data

    assert [entry["name"] for entry in tokens] == sorted([*SEEDED, "portal"])
    entry = listed(api)["portal"]
    assert ticks.parse(entry.pop("expires")) > ticks.now()
    assert entry == {
        "id": sha256(token.encode()).hexdigest()[:12],
        "name": "portal",
        "accounts": [],
        "customers": [US],
        "scopes": ["b", "onboarding"],
        "ending": token[-4:],
        "state": "valid",
    }


def test_the_list_lets_nobody_in(api):
    token = mint(api)

    assert token not in api.control("tokens").body.decode()
    assert {entry["ending"] for entry in listed(api).values()} == {"", token[-4:]}


def test_the_list_tells_which_tokens_hold(api):
    mint(api, name="new", lifetimeSeconds=60)

    states = {name: entry["state"] for name, entry in listed(api).items()}
    assert states == {**dict.fromkeys(SEEDED, "valid"), "late": "expired", "new": "valid"}
    api.control("clock/advance", "POST", json={"seconds": 60})
    assert listed(api)["new"]["state"] == "expired"


@pytest.mark.parametrize("by", ["token", "id"])
def test_a_token_that_is_expired_opens_nothing_from_then_on(api, by):
    token = mint(api, name="mine")
    named = {"token": token, "id": listed(api)["mine"]["id"]}[by]

    answer = act(api, "expire", **{by: named})

    assert (answer.status, answer.data["state"], answer.data["name"]) == (200, "expired", "mine")
    assert not works(api, token)
    assert works(api, "good")
    assert listed(api)["mine"] == answer.data


def test_what_expired_before_keeps_its_time(api):
    assert act(api, "expire", token="expired").data["expires"] == "2020-01-01T00:00:00.0000000Z"


def test_a_token_holds_again_when_the_clock_is_set_back(api):
    act(api, "expire", token="good")
    assert not works(api, "good")

    api.control("clock", "PUT", json={"now": "2020-01-01T00:00:00Z"})

    assert works(api, "good")


@pytest.mark.parametrize("by", ["token", "id"])
def test_a_token_that_is_revoked_is_gone(api, by):
    token = mint(api, name="mine")
    named = {"token": token, "id": listed(api)["mine"]["id"]}[by]

    assert act(api, "revoke", **{by: named}).status == 200

    assert not works(api, token)
    assert "mine" not in listed(api)
    assert act(api, "revoke", **{by: named}).status == 404
    assert works(api, "good")


def test_a_reset_brings_back_what_the_world_began_with(api):
    minted = mint(api)
    act(api, "revoke", token="good")
    act(api, "expire", token="customer")

    api.control("reset", "POST")

    assert works(api, "good")
    assert works(api, "customer")
    assert not works(api, minted)


@pytest.mark.parametrize("name", ["expire", "revoke"])
@pytest.mark.parametrize(
    ("wanted", "status", "told"),
    [
        ({}, 400, "The body names one token, by its token or by its id."),
        ({"token": None}, 400, "one token"),
        ({"token": "good", "id": "x"}, 400, "one token"),
        ({"token": 7}, 400, "token is not a string"),
        ({"id": ["x"]}, 400, "id is not a string"),
        ({"tokne": "good"}, 400, "The body has no member 'tokne'; there are: id, token."),
        ({"token": "nonsense"}, 404, "This session has no such token; GET /_emulator/tokens lists"),
        ({"token": ""}, 404, "no such token"),
        ({"id": "nonsense"}, 404, "no such token"),
        ({"id": ""}, 404, "no such token"),
    ],
)
def test_what_names_no_token_is_refused(api, name, wanted, status, told):
    before = api.state()

    answer = act(api, name, **wanted)

    assert answer.status == status
    assert told in answer.message
    assert api.state() == before


IN_OTHER = {"X-Emulator-Session": "other"}


def test_a_token_of_a_session_names_it_by_itself(api):
    token = mint(api, session="other", accounts=[RESELLER])

    answer = api.call("GET", api.users, token=token)

    assert (answer.status, answer.headers["X-Emulator-Session"]) == (200, "other")
    body = {"email": "new@example.com", "displayName": "New", "roles": []}
    assert api.call("POST", api.users, json=body, token=token).status == 201
    assert len(api.call("GET", api.users, token=token).data) == 2
    assert len(api.list().data) == 1
    assert [entry["name"] for entry in api.control("tokens", headers=IN_OTHER).data].count("minted") == 1
    assert "minted" not in listed(api)


def test_a_session_is_made_for_its_token(api):
    assert api.control("sessions/other").status == 404

    data = api.control("tokens", "POST", json={"session": "other"}).data

    assert data["session"] == "other"
    assert api.control("sessions/other").status == 200
    assert works(api, data["token"])


def test_a_token_that_cannot_be_had_makes_no_session(api):
    assert api.control("tokens", "POST", json={"session": "other", "accounts": [US]}).status == 400
    assert api.control("tokens", "POST", json={"session": "other", "nonsense": 1}).status == 400

    assert api.control("sessions/other").status == 404


def test_a_token_of_a_session_outlives_its_reset(api):
    token, passing = mint(api, session="other"), api.control("tokens", "POST", json={}, headers=IN_OTHER)
    assert api.control("reset", "POST", headers=IN_OTHER).status == 200

    assert works(api, token)
    assert not works(api, passing.data["token"], headers=IN_OTHER)
    api.control("reset?to=empty", "POST", headers=IN_OTHER)
    assert works(api, token)


def test_a_token_of_a_session_goes_with_it(api):
    token = mint(api, session="other")
    api.control("sessions/other", "DELETE")

    answer = api.call("GET", api.users, token=token)

    assert answer.status == 404
    assert "'other' was deleted" in answer.message
    mint(api, session="other")
    assert not works(api, token)


def test_a_token_of_a_session_is_revoked_for_good_from_anywhere(api):
    token = mint(api, session="other")

    assert act(api, "revoke", token=token).status == 200

    assert not works(api, token)
    assert not works(api, token, headers=IN_OTHER)
    api.control("reset", "POST", headers=IN_OTHER)
    assert not works(api, token, headers=IN_OTHER)


def test_a_token_that_is_revoked_goes_on_naming_its_session(api):
    token = mint(api, session="other")
    act(api, "revoke", token=token)

    answer = api.call("GET", api.users, token=token)

    assert (answer.status, answer.headers["X-Emulator-Session"]) == (401, "other")
    (entry,) = api.control("requests", headers=IN_OTHER).data["requests"]
    assert (entry["session"], entry["rule"]) == ("other", "AUTH-REQUIRED")
    assert act(api, "revoke", token=token).status == 404


def test_a_token_of_a_session_is_expired_by_the_clock_of_that(api):
    api.control("clock", "PUT", json={"now": "2031-01-01T00:00:00Z"}, headers=IN_OTHER)
    token = mint(api, session="other", lifetimeSeconds=60)
    api.control("clock/advance", "POST", json={"seconds": 3600})
    assert works(api, token)

    assert act(api, "expire", token=token).data["expires"].startswith("2031-01-01T00:00:0")
    assert not works(api, token)


def test_the_default_session_has_tokens_of_its_own_too(api):
    token = mint(api, session="default")
    api.control("reset", "POST")

    assert works(api, token)
    assert works(api, token, headers=IN_OTHER), "new sessions begin as the default one does"
