import pytest

from dimensions_emulator.domain import ticks
from small_world import ELSEWHERE, NOBODY, OTHER_RESELLER, RESELLER, UK, US, WEB, emulator, person, user_id

SECOND = 10_000_000
TEN_YEARS = 10 * 365 * 24 * 3600


class Clock:
    now = 15_750_433_639_251_680

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def api(clock):
    return emulator(
        {"me@example.com": person(1, WEB), "uk@example.com": person(2, WEB, customer="uk")}, clock=clock
    )


def mint(api, **wanted):
    return api.control("tokens", "POST", json=wanted)


def opened(api, token):
    """The customers whose users the token shows."""
    found = set()
    for customer in (US, UK, ELSEWHERE):
        answer = api.call("GET", f"/api/v1.0/customers/{customer}/users", token=token)
        assert answer.status in {200, 404}
        found |= {customer} if answer.status == 200 else set()
    return found


def test_a_token_asked_for_without_a_wish_opens_everything_for_ever(api, clock):
    answer = mint(api)

    assert answer.status == 201
    assert list(answer.json) == ["data", "status", "timestamp"]
    token, number = answer.data.pop("token"), answer.data.pop("id")
    assert len(number) == 12
    assert answer.data == {
        "name": "minted",
        "accounts": [RESELLER, OTHER_RESELLER],
        "customers": [],
        "scopes": ["onboarding"],
        "session": "default",
    }
    clock.now += 20 * TEN_YEARS * SECOND
    assert opened(api, token) == {US, UK, ELSEWHERE}


def test_a_minted_token_writes_too(api):
    api.token = mint(api).data["token"]

    assert api.create().status == 201
    assert api.delete(user_id(1)).status == 200


def test_each_token_is_another_one(api):
    tokens = {mint(api).data["token"] for _ in range(20)}

    assert len(tokens) == 20
    assert all(token.startswith("emulator-token-") and len(token) > 30 for token in tokens)
    assert all(opened(api, token) for token in tokens)


@pytest.mark.parametrize(
    ("wanted", "sees"),
    [
        ({"accounts": [RESELLER]}, {US, UK}),
        ({"accounts": [OTHER_RESELLER]}, {ELSEWHERE}),
        ({"accounts": [RESELLER, OTHER_RESELLER]}, {US, UK, ELSEWHERE}),
        ({"customers": [UK]}, {UK}),
        ({"customers": [US, ELSEWHERE]}, {US, ELSEWHERE}),
        ({"accounts": [OTHER_RESELLER], "customers": [US]}, {US, ELSEWHERE}),
        ({"accounts": [], "customers": []}, set()),
        ({"accounts": None, "customers": [US]}, {US}),
        ({"accounts": [RESELLER.upper()]}, {US, UK}),
        ({"customers": [US.replace("-", ""), f"{{{US}}}"]}, {US}),
    ],
)
def test_a_token_opens_what_it_was_asked_for(api, wanted, sees):
    token = mint(api, **wanted).data["token"]

    assert opened(api, token) == sees


def test_a_token_for_a_customer_does_not_open_the_account_above(api):
    path = f"/api/v1.0/accounts/{RESELLER}/customers/{US}/users"

    assert api.call("GET", path, token=mint(api, customers=[US]).data["token"]).status == 404
    assert api.call("GET", path, token=mint(api, accounts=[RESELLER]).data["token"]).status == 200


@pytest.mark.parametrize(
    ("scopes", "status"),
    [(["onboarding"], 200), (["b", "onboarding", "a"], 200), ([], 403), (["webhooks"], 403), (None, 200)],
)
def test_scopes_are_those_asked_for(api, scopes, status):
    data = mint(api, scopes=scopes).data

    assert data["scopes"] == (["onboarding"] if scopes is None else sorted(scopes))
    assert api.call("GET", api.users, token=data["token"]).status == status


def test_a_token_has_the_name_it_was_asked_for(api):
    name = "Portal \u00fc" * 10

    assert mint(api, name=name).data["name"] == name
    assert name in [caller["name"] for caller in api.state()["callers"]]
    assert mint(api, name="").data["name"] == mint(api, name=None).data["name"] == "minted"


@pytest.mark.parametrize("seconds", [1, 3600, TEN_YEARS])
def test_a_token_holds_for_its_lifetime(api, clock, seconds):
    data = mint(api, lifetimeSeconds=seconds).data

    expires = clock.now + seconds * SECOND
    assert data["expires"] == ticks.text(expires)
    clock.now = expires - 1
    assert api.call("GET", api.users, token=data["token"]).status == 200
    clock.now = expires
    assert api.call("GET", api.users, token=data["token"]).status == 401


def test_a_lifetime_of_nothing_is_expired_at_once(api):
    data = mint(api, lifetimeSeconds=0).data

    assert api.call("GET", api.users, token=data["token"]).status == 401


def test_no_lifetime_is_for_ever(api):
    assert "expires" not in mint(api, lifetimeSeconds=None).data


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"accounts": [NOBODY]}, f"accounts names '{NOBODY}', which this world does not have."),
        ({"accounts": [US]}, f"accounts names '{US}'"),
        ({"customers": [US, NOBODY]}, f"customers names '{NOBODY}'"),
        ({"customers": [RESELLER]}, f"customers names '{RESELLER}'"),
        (
            {"customers": ["nonsense"]},
            "customers[0] is the id of a customer, not 'nonsense'; GET /_emulator/",
        ),
        ({"accounts": [""]}, "accounts[0] is the id of an account, not ''; GET /_emulator/state tells"),
        ({"accounts": RESELLER}, "accounts is not an array of strings"),
        ({"customers": {US: 1}}, "customers is not an array of strings"),
        ({"customers": [1]}, "customers is not an array of strings"),
        ({"scopes": "onboarding"}, "scopes is not an array of strings"),
        ({"scopes": [None]}, "scopes is not an array of strings"),
        ({"scopes": [""]}, "A scope is not empty."),
        ({"scopes": [str(n) for n in range(21)]}, "scopes are at most 20 strings of at most 100 characters."),
        ({"scopes": ["x" * 101]}, "scopes are at most 20 strings of at most 100 characters."),
        ({"session": ""}, "no name of a session"),
        ({"session": "a/b"}, "no name of a session"),
        ({"session": 7}, "session is not a string"),
        ({"name": 7}, "name is not a string"),
        ({"name": "x" * 101}, "name is a string of at most 100 characters."),
        *[
            ({"lifetimeSeconds": value}, f"lifetimeSeconds is a whole number from 0 to {TEN_YEARS}.")
            for value in (-1, TEN_YEARS + 1, 10**30, 1.5, 60.0, "60", True, [], {})
        ],
    ],
)
def test_a_wish_that_cannot_be_met_is_refused_and_leaves_no_token(api, wanted, told):
    before = api.state()

    answer = mint(api, **wanted)

    assert (answer.status, list(answer.json)) == (400, ["error", "message", "status", "timestamp"])
    assert told in answer.message
    assert api.state() == before


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({}, 415),
        ({"data": b"{}", "content_type": "text/plain"}, 415),
        ({"data": b"", "content_type": "application/json"}, 400),
        ({"json": []}, 400),
        ({"json": None, "data": b"null", "content_type": "application/json"}, 400),
        ({"data": b'{"name": "a", "name": "b"}', "content_type": "application/json"}, 400),
    ],
)
def test_a_body_that_is_no_object_is_refused(api, sent, status):
    assert api.control("tokens", "POST", **sent).status == status


def test_in_a_world_without_accounts_a_token_opens_nothing(api):
    empty = b'{"version": 1, "accounts": {}, "customers": {}}'
    api.control("state", "PUT", data=empty, content_type="application/json")

    data = mint(api).data

    assert data["accounts"] == data["customers"] == []
    assert opened(api, data["token"]) == set()
