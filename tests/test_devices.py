import pytest

from small_world import ADMIN, NOBODY, SOFTPHONE, UC, UK, US, WEB, emulator, person, user_id

ME, OTHER = user_id(3), user_id(4)


@pytest.fixture
def api():
    return world()


def world(*roles, **kw):
    users = {
        "admin@example.com": person(1, WEB, ADMIN),
        "me@example.com": person(3, *(roles or (WEB, UC, SOFTPHONE))),
        "other@example.com": person(4, WEB, UC, SOFTPHONE),
    }
    devices = [
        {"id": "mine", "customer": "us", "owner": "me@example.com"},
        {"id": "second", "customer": "us", "owner": "me@example.com"},
        {"id": "others", "customer": "us", "owner": "other@example.com"},
        {"id": "nobodys", "customer": "us"},
        {"id": "uk", "customer": "uk"},
    ]
    return emulator(users, devices=devices, **kw)


def tied(api):
    return {d["id"]: d.get("clientType") for d in api.control(f"platform/{US}/devices").data}


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize("client", ["desktop", "mobile", "webrtc", "crm"])
def test_a_device_is_assigned_and_unassigned_by_put_and_post(api, method, client):
    answer = api.device(ME, "mine", client=client, method=method)
    assert answer.status == 201
    assert list(answer.json) == ["status", "timestamp"]
    assert tied(api)["mine"] == client

    answer = api.device(ME, "mine", "unassign", client, method)
    assert answer.status == 201
    assert tied(api)["mine"] is None


def test_assigning_again_moves_the_device(api):
    api.device(ME, "mine", client="desktop")

    assert api.device(ME, "mine", client="mobile").status == 201

    assert tied(api) == {"mine": "mobile", "second": None, "others": None, "nobodys": None}


@pytest.mark.parametrize("act", ["assign", "unassign"])
def test_an_unknown_device_is_not_found(api, act):
    for device in ("unknown", "uk"):
        answer = api.device(ME, device, act)
        assert (answer.status, answer.rule, len(answer.body)) == (404, "DEVICE-OWNED", 95)


@pytest.mark.parametrize("act", ["assign", "unassign"])
@pytest.mark.parametrize("device", ["others", "nobodys"])
def test_a_device_that_is_not_the_users_is_refused(api, device, act):
    before = api.state()

    answer = api.device(ME, device, act)

    assert (answer.status, answer.code, answer.rule) == (400, "DeviceNotAssignedToUser", "DEVICE-OWNED")
    assert device in answer.message
    assert api.state() == before


@pytest.mark.parametrize(("roles", "missing"), [([WEB], UC), ([WEB, UC], SOFTPHONE), ([WEB, SOFTPHONE], UC)])
def test_a_softphone_needs_both_roles(roles, missing):
    api = world(*roles)

    answer = api.device(ME, "mine")

    assert (answer.status, answer.code, answer.rule) == (400, "SoftphoneRolesMissing", "DEVICE-ROLES")
    assert missing in answer.message
    assert tied(api)["mine"] is None


def test_a_device_can_be_unassigned_after_the_roles_went(api):
    api.device(ME, "mine")
    api.replace(ME, WEB)

    assert api.device(ME, "mine", "unassign").status == 201
    assert tied(api)["mine"] is None


@pytest.mark.parametrize("client", ["Desktop", "desktop ", "phone", "", 5, ["desktop"], {}, True])
def test_another_client_type_is_refused_with_its_text(api, client):
    answer = api.device(ME, "mine", client=client)

    assert (answer.status, answer.rule) == (400, "DEVICE-CLIENT")
    assert answer.message.startswith("The value '")


@pytest.mark.parametrize("body", [{}, {"clientType": None}, {"other": 1}])
def test_a_missing_client_type_is_named(api, body):
    answer = api.call("PUT", f"{api.users}/{ME}/devices/pbx/mine/assign", json=body)

    assert (answer.status, answer.rule, answer.message) == (
        400,
        "DEVICE-CLIENT",
        "The ClientType field is required.",
    )


def test_the_body_is_looked_at_before_the_tenant_and_the_user(api):
    assert api.device(NOBODY, "mine", client="x").rule == "DEVICE-CLIENT"
    assert api.device(NOBODY, "mine").rule == "USER-UNKNOWN"
    api.customer = UK
    assert api.device(ME, "mine").rule == "TENANT-ISOLATION"


def test_unassigning_another_client_type_succeeds_and_changes_nothing(api):
    api.device(ME, "mine", client="desktop")

    assert api.device(ME, "mine", "unassign", "mobile").status == 201

    assert tied(api)["mine"] == "desktop"


def test_unassigning_another_client_type_can_be_refused(deciding):
    api = world(profile=deciding(unassign_mismatch="refuse"))
    api.device(ME, "mine", client="desktop")

    answer = api.device(ME, "mine", "unassign", "mobile")

    assert (answer.status, answer.code, answer.rule) == (400, "DeviceClientMismatch", "DEVICE-CLIENT")
    assert api.device(ME, "mine", "unassign", "desktop").status == 201
