import json

import pytest

from small_world import (
    ACD,
    ADMIN,
    ELSEWHERE,
    ESSENTIAL,
    NOBODY,
    PBX,
    REALTIME,
    UK,
    US,
    WEB,
    emulator,
    person,
    supervisor,
    user_id,
)


def world(level=None, **customer):
    users = {
        "admin@example.com": person(1, WEB, ADMIN, *([supervisor(level)] if level else [])),
        "me@example.com": person(3, WEB),
    }
    devices = [
        {"id": "mine", "customer": "us", "owner": "me@example.com", "name": "Desk", "clientType": "desktop"},
        {"id": "nobodys", "customer": "us"},
        {"id": "uk", "customer": "uk"},
    ]
    return emulator(users, devices=devices, **customer)


@pytest.fixture
def api():
    return world()


def entry(email="new@example.com", *devices, **more):
    return {"email": email, "displayName": "New", "devices": [{"id": device} for device in devices], **more}


def bring_in(api, *users, customer=US):
    return api.control(f"platform/{customer}/import", "POST", json={"users": list(users)})


def devices(api, customer=US):
    return {device.pop("id"): device for device in api.control(f"platform/{customer}/devices").data}


def refused(api, answer, status=400):
    """The text of a refusal that changed nothing."""
    assert (answer.status, list(answer.json)) == (status, ["error", "message", "status", "timestamp"])
    assert json.dumps(api.state()) == json.dumps(world().state())
    return answer.message


@pytest.mark.parametrize(("customer", "role"), [(US, PBX), (UK, ESSENTIAL), (ELSEWHERE, PBX)])
def test_an_imported_user_gets_the_platform_role_of_the_country_and_no_website_access(api, customer, role):
    answer = bring_in(api, entry(), customer=customer)

    assert answer.status == 201
    assert [(user["email"], user["roles"]) for user in answer.data] == [("new@example.com", [role])]
    user = api.state()["users"]["new@example.com"]
    assert user["id"] == answer.data[0]["id"]
    assert (user["displayName"], user["primaryTenant"]) == ("New", customer)
    assert user["memberships"] == {customer: [role]}


def test_an_imported_user_is_a_user_of_the_api(api):
    imported = bring_in(api, entry()).data[0]

    got = api.get(imported["id"]).data
    assert (got["primaryTenant"], got["isParent"], got["roles"]) == (US, False, [PBX])
    assert api.list().data[-1]["id"] == imported["id"]


@pytest.mark.parametrize(
    ("customer", "agent", "gets"),
    [
        ({"syncAcdAgentWithPbx": True}, True, True),
        ({"syncAcdAgentWithPbx": True}, False, False),
        ({"syncAcdAgentWithPbx": True}, None, False),
        ({"syncAcdAgentWithPbx": False}, True, False),
        ({}, True, False),
        ({"syncAcdAgentWithPbx": True, "features": {"agent": 0}}, True, False),
        ({"syncAcdAgentWithPbx": True, "features": {"agent": 1}}, True, True),
    ],
)
def test_an_agent_of_the_platform_gets_the_agent_role_where_the_customer_wants_and_may(customer, agent, gets):
    api = world(**customer)

    imported = bring_in(api, entry(**({} if agent is None else {"agent": agent}))).data[0]

    assert imported["roles"] == [PBX, *([ACD] if gets else [])]


@pytest.mark.parametrize(
    ("level", "gets"), [(None, False), (1, False), (2, False), (3, True), (4, True), (5, True)]
)
def test_an_imported_user_gets_the_real_time_role_where_a_high_supervisor_is(level, gets):
    imported = bring_in(world(level), entry()).data[0]

    assert imported["roles"] == [PBX, *([REALTIME] if gets else [])]


def test_a_supervisor_of_another_customer_gives_no_real_time_role():
    assert bring_in(world(5), entry(), customer=UK).data[0]["roles"] == [ESSENTIAL]


def test_a_user_of_the_system_keeps_name_and_roles_and_gains_those_of_the_platform(api):
    answer = bring_in(api, entry("ME@example.com", displayName="Other", agent=True))

    assert [(user["id"], user["email"]) for user in answer.data] == [(user_id(3), "me@example.com")]
    assert answer.data[0]["roles"] == api.roles(user_id(3)) == [WEB, PBX]
    assert api.get(user_id(3)).data["displayName"] == "Person 3"
    assert bring_in(api, entry("me@example.com", displayName=None)).status == 201
    assert len(api.list().data) == 2


def test_a_user_of_another_customer_becomes_a_member(api):
    assert bring_in(api, entry("me@example.com"), customer=UK).data[0]["id"] == user_id(3)

    user = api.state()["users"]["me@example.com"]
    assert user["primaryTenant"] == US
    assert user["memberships"] == {US: [WEB], UK: [ESSENTIAL]}
    api.customer = UK
    assert [(user["id"], user["primaryTenant"]) for user in api.list().data] == [(user_id(3), US)]


def test_one_address_twice_is_one_user(api):
    first, second = bring_in(api, entry("new@example.com", "a"), entry("NEW@example.com", "b")).data

    assert first == second
    assert {devices(api)[key]["user"] for key in "ab"} == {first["id"]}


def test_devices_come_with_their_user(api):
    reported = {"id": "desk/1 \u00fc", "name": "Desk", "extension": "1001"}
    imported = bring_in(api, entry(devices=[reported, {"id": "bare", "name": None}])).data[0]

    known = devices(api)
    assert known["desk/1 \u00fc"] == {"name": "Desk", "extension": "1001", "user": imported["id"]}
    assert known["bare"] == {"name": "", "extension": "", "user": imported["id"]}
    assert "bare" not in devices(api, UK)


def test_a_device_changes_hands_and_is_no_softphone_any_more(api):
    new, old = bring_in(api, entry("new@example.com", "mine", "nobodys"), entry("me@example.com")).data

    assert devices(api)["mine"] == {"name": "", "extension": "", "user": new["id"]}
    assert api.device(old["id"], "mine", "unassign").code == "DeviceNotAssignedToUser"
    api.delete(old["id"])
    assert devices(api)["mine"]["user"] == new["id"]
    api.delete(new["id"])
    assert "user" not in devices(api)["mine"]


def test_a_device_that_stays_with_its_user_stays_a_softphone(api):
    bring_in(api, entry("me@example.com", devices=[{"id": "mine", "name": "Renamed"}]))

    mine = devices(api)["mine"]
    assert (mine["name"], mine["user"], mine["clientType"]) == ("Renamed", user_id(3), "desktop")


def test_licensed_roles_are_charged_once_and_nothing_is_mailed():
    api = world(3, syncAcdAgentWithPbx=True)
    who = bring_in(api, entry(agent=True)).data[0]["id"]

    assert api.charges() == [(who, PBX), (who, ACD), (who, REALTIME)]
    assert api.mails() == []
    bring_in(api, entry(agent=True))
    assert len(api.charges()) == 3
    assert api.control(f"charges?customer={UK}").data == []


MALFORMED = {
    "no object": ([], "not a JSON object"),
    "no users": ({}, '{"users": '),
    "null": ({"users": None}, '{"users": '),
    "no list": ({"users": {}}, '{"users": '),
    "nobody": ({"users": []}, '{"users": '),
}
MISTAKES = {
    "no entry": ("a@example.com", "users[1] is not a JSON object."),
    "no email": ({"displayName": "A"}, "The users[1].email field is required."),
    "empty email": (entry(""), "The users[1].email field is required."),
    "email in numbers": (entry(7), "users[1].email is not a string"),
    "no address": (entry("nobody"), "The users[1].email field is not a valid e-mail address"),
    "long email": (
        entry("a" * 200 + "@example.com"),
        "users[1].email must be a string with a maximum length",
    ),
    "no name": ({"email": "a@example.com"}, "The users[1].displayName field is required."),
    "empty name": (entry(displayName=""), "The users[1].displayName field is required."),
    "long name": (entry(displayName="x" * 101), "maximum length of 100"),
    "agent in words": (entry(agent="yes"), "users[1].agent is true or false."),
    "agent in numbers": (entry(agent=1), "agent is true or false."),
    "no agent": (entry(agent=None), "agent is true or false."),
    **{
        f"devices {value!r}": (entry(devices=value), "users[1].devices is an array")
        for value in ({}, "", 0, False, "a")
    },
    "device in words": (entry(devices=["a"]), "users[1].devices[0] is not a JSON object."),
    "device without id": (entry(devices=[{"name": "a"}]), "users[1].devices[0].id is missing"),
    "device with a number": (entry(devices=[{"id": 7}]), "users[1].devices[0].id is not a string"),
    "long device": (entry(devices=[{"id": "x" * 201}]), ".devices[0].id is a string of at most 200"),
    "long device name": (entry(devices=[{"id": "x", "name": "x" * 201}]), ".devices[0].name is a string"),
    "long extension": (entry(devices=[{"id": "x", "extension": "1" * 41}]), ".devices[0].extension is a"),
}


@pytest.mark.parametrize(("body", "told"), MALFORMED.values(), ids=MALFORMED)
def test_a_body_without_users_is_refused(api, body, told):
    assert told in refused(api, api.control(f"platform/{US}/import", "POST", json=body))


@pytest.mark.parametrize(("wrong", "told"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_one_user_keeps_all_out(api, wrong, told):
    good = entry("good@example.com", "mine", "fresh")

    assert told in refused(api, bring_in(api, good, wrong, entry("third@example.com")))


def test_an_import_needs_json(api):
    path = f"platform/{US}/import"

    assert api.control(path, "POST").status == 415
    assert api.control(path, "POST", data=b"{", content_type="application/json").status == 400


@pytest.mark.parametrize("act", ["import", "devices"])
def test_a_customer_that_is_not_there_is_not_found(api, act):
    for customer in (NOBODY, user_id(3), "aaaaaaaa-0000-4000-8000-0000000000aa"):
        path, body = f"platform/{customer}/{act}", {"users": [entry()]}
        answer = api.control(path, "POST", json=body) if act == "import" else api.control(path)
        assert refused(api, answer, 404) == "Not Found"


@pytest.mark.parametrize("act", ["import", "devices"])
@pytest.mark.parametrize("customer", ["nonsense", US + "0", "%7B" + US, "%ff", "1"])
def test_a_malformed_customer_is_refused(api, act, customer):
    path, body = f"platform/{customer}/{act}", {"users": [entry()]}
    answer = api.control(path, "POST", json=body) if act == "import" else api.control(path)

    assert refused(api, answer).startswith("customer is the id of a customer, not '")


@pytest.mark.parametrize("spelling", [US.upper(), US.replace("-", ""), f"{{{US}}}", f"({US})"])
def test_a_customer_may_be_spelled_in_any_usual_way(api, spelling):
    assert bring_in(api, entry(), customer=spelling).status == 201
    assert len(devices(api, spelling)) == 2
