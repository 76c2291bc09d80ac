"""Parts of a world go back on their own, and fit what stays."""

import json
from itertools import combinations

import pytest

from small_world import OTHER_RESELLER, RESELLER, SOFTPHONE, UC, US, WEB, emulator, person, user_id

PARTS = [",".join(some) for size in (1, 2, 3) for some in combinations(("users", "mail", "charges"), size)]
OTHER_US, OTHER = "cccccccc-0000-4000-8000-0000000000dd", "aaaaaaaa-0000-4000-8000-0000000000dd"
WORLD = {"X-Emulator-Session": "one"}


@pytest.fixture
def api():
    """An API whose session `one` began with mails, charges and links in its world."""
    devices = [{"id": "mine", "customer": "us", "owner": "me@example.com"}]
    api = emulator({"me@example.com": person(3, WEB, UC, SOFTPHONE)}, devices=devices)
    api.create("seeded@example.com", [WEB, UC])
    api.control("sessions", "POST", json={"name": "one", "world": api.state(), "seed": 1})
    return api


def state(api):
    return api.control("state", headers=WORLD).data


def put(api, document):
    return api.control("state", "PUT", json=document, headers=WORLD)


def moved(api, before, after):
    """The session's world with another id for a tenant."""
    assert put(api, json.loads(json.dumps(state(api)).replace(before, after))).status == 200


def back(api, part):
    assert api.control(f"reset?part={part}", "POST", headers=WORLD).status == 200


def create(api, email, customer=US):
    body = {"email": email, "displayName": "New", "roles": [WEB, UC]}
    path = f"/api/v1.0/customers/{customer}/users"
    return api.call("POST", path, json=body, headers=WORLD, charges="true")


def callers(api):
    return {caller["name"]: caller for caller in state(api)["callers"]}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(("before", "after"), [(US, OTHER_US), (RESELLER, OTHER)])
def test_what_a_partial_reset_leaves_can_be_imported(api, part, before, after):
    moved(api, before, after)
    create(api, "later@example.com", US if before == RESELLER else OTHER_US)
    back(api, part)
    left = state(api)

    assert put(api, left).status == 200
    assert state(api) == left


def test_users_and_their_tenants_go_back_alone(api):
    before = state(api)
    create(api, "later@example.com")
    back(api, "users")

    after = state(api)
    for name in ("accounts", "customers", "users", "devices", "callers"):
        assert after[name] == before[name]
    assert after["ever"]["users"] == before["ever"]["users"]
    assert [mail["to"] for mail in after["mails"][-2:]] == ["later@example.com"] * 2
    assert len(after["charges"]) == len(before["charges"]) + 1


def test_ids_repeat_once_users_went_back(api):
    first = create(api, "later@example.com").data["id"]
    back(api, "users")

    assert create(api, "later@example.com").data["id"] == first


def test_devices_belong_to_their_users_again_once_users_went_back(api):
    me = f"{api.users}/{user_id(3)}"
    before = state(api)["devices"]
    assert api.call("DELETE", me, headers=WORLD).status == 200
    assert "owner" not in state(api)["devices"][0]
    back(api, "users")
    assert state(api)["devices"] == before
    assert api.call("DELETE", me, headers=WORLD).status == 200

    assert "owner" not in state(api)["devices"][0]


def test_mails_and_their_links_go_back_alone(api):
    before = state(api)
    create(api, "later@example.com")
    link = f"/_emulator/activate/{state(api)['mails'][-1]['token']}"
    tokens = set(state(api)["activations"]) - set(before["activations"])
    back(api, "mail")

    after = state(api)
    for name in ("mails", "activations", "links"):
        assert after[name] == before[name]
    assert (after["ever"]["mails"], len(tokens)) == (before["ever"]["mails"], 1)
    assert "later@example.com" in after["users"]
    assert len(after["charges"]) == len(before["charges"]) + 1
    assert api.call("GET", link, headers=WORLD).status == 404


def test_charges_go_back_alone(api):
    before = state(api)
    create(api, "later@example.com")
    back(api, "charges")

    after = state(api)
    assert after["charges"] == before["charges"]
    assert after["ever"]["charges"] == before["ever"]["charges"]
    assert "later@example.com" in after["users"]
    assert len(after["mails"]) > len(before["mails"])


def test_mails_links_and_charges_of_customers_that_are_gone_go_too(api):
    moved(api, US, OTHER_US)
    assert state(api)["mails"]
    back(api, "users")

    left = state(api)
    assert [left[name] for name in ("mails", "activations", "links", "charges")] == [[], {}, {}, []]


def test_mails_of_customers_that_are_not_there_do_not_come_back(api):
    moved(api, US, OTHER_US)
    back(api, "mail,charges")

    assert (state(api)["mails"], state(api)["charges"]) == ([], [])
    assert OTHER_US in state(api)["customers"]


def test_callers_keep_what_they_still_see_and_go_if_that_is_nothing(api):
    wanted = {"name": "both", "accounts": [OTHER_RESELLER], "customers": [US]}
    assert api.control("tokens", "POST", json=wanted, headers=WORLD).status == 201
    moved(api, US, OTHER_US)
    assert callers(api)["both"]["customers"] == [OTHER_US]
    back(api, "users")

    assert set(callers(api)) == {"reseller", "other", "late", "no scope", "both"}
    assert (callers(api)["both"]["accounts"], callers(api)["both"]["customers"]) == ([OTHER_RESELLER], [])


def test_callers_of_accounts_that_are_gone_go_where_all_customers_stay(api):
    moved(api, RESELLER, OTHER)
    back(api, "users")

    assert set(callers(api)) == {"other", "one customer"}


def test_a_caller_that_never_saw_anything_stays(api):
    document = state(api)
    document["callers"].append({"name": "blind", "token": "blind"})
    put(api, json.loads(json.dumps(document).replace(US, OTHER_US)))
    back(api, "users")

    assert "blind" in callers(api)


def test_nothing_goes_where_the_tenants_are_the_same(api):
    document = state(api)
    document["users"]["me@example.com"]["displayName"] = "Me"
    put(api, document)
    before = state(api)
    back(api, "users")

    after = state(api)
    assert after["users"]["me@example.com"]["displayName"] == "Person 3"
    assert {**after, "users": {}} == {**before, "users": {}}


@pytest.mark.parametrize("how", ["reset", "reset?part=faults", "import"])
def test_faults_failing_mailboxes_and_limits_go_back_together(api, how):
    api.control("faults", "POST", json={"answer": {"status": 503}}, headers=WORLD)
    api.control("mail/failures", "POST", json={"to": "*"}, headers=WORLD)
    api.control("rate-limit", "PUT", json={"requests": 1, "seconds": 60}, headers=WORLD)
    if how == "import":
        put(api, state(api))
    else:
        api.control(how, "POST", headers=WORLD)

    assert api.control("faults", headers=WORLD).data == []
    assert api.control("mail/failures", headers=WORLD).data == []
    assert {api.call("GET", api.users, headers=WORLD).status for _ in range(3)} == {200}


def test_an_import_keeps_the_tokens_that_name_the_session(api):
    minted = api.control("tokens", "POST", json={"session": "one"}).data["token"]
    other = api.control("tokens", "POST", json={}, headers=WORLD).data["token"]
    document = json.loads(json.dumps(state(api)))
    document["callers"] = []
    assert put(api, document).status == 200

    assert [caller["token"] for caller in state(api)["callers"]] == [minted]
    assert api.call("GET", api.users, token=minted).headers["X-Emulator-Session"] == "one"
    assert api.call("GET", api.users, token=minted).status == 200
    assert api.call("GET", api.users, token=other, headers=WORLD).status == 401


def test_a_token_that_an_import_brings_is_as_the_import_has_it(api):
    minted = api.control("tokens", "POST", json={"session": "one"}).data["token"]
    document = state(api)
    document["callers"] = [{"name": "mine", "token": minted, "customers": [US]}]
    put(api, document)

    assert [caller["name"] for caller in state(api)["callers"]] == ["mine"]


@pytest.mark.parametrize("how", ["reset", "import"])
def test_a_token_whose_tenants_an_import_takes_comes_back_with_them(api, how):
    minted, before = api.control("tokens", "POST", json={"session": "one"}).data["token"], state(api)
    put(api, {"version": 1, "accounts": {}, "customers": {}})
    assert state(api)["callers"] == []
    assert put(api, state(api)).status == 200

    if how == "import":
        put(api, {**before, "callers": []})
    else:
        api.control("reset", "POST", headers=WORLD)
    assert api.call("GET", api.users, token=minted).status == 200


def test_a_token_that_expired_stays_so_beyond_an_import(api):
    minted = api.control("tokens", "POST", json={"session": "one"}).data["token"]
    api.control("tokens/expire", "POST", json={"token": minted})
    document = state(api)
    document["callers"] = []
    put(api, document)

    assert api.call("GET", api.users, token=minted).status == 401
    assert state(api)["callers"][0]["token"] == minted


def test_a_token_for_tenants_that_the_seed_has_not_does_not_spoil_a_reset(api):
    moved(api, US, OTHER_US)
    wanted = {"session": "one", "customers": [OTHER_US]}
    minted = api.control("tokens", "POST", json=wanted).data["token"]
    users = f"/api/v1.0/customers/{OTHER_US}/users"
    put(api, {**state(api), "callers": []})
    assert api.call("GET", users, token=minted).status == 200
    api.control("reset", "POST", headers=WORLD)

    assert put(api, state(api)).status == 200
    assert api.call("GET", api.users, token=minted).status == 401
