"""Each choice of each decision, seen by what it changes."""

from pathlib import Path

import pytest

from dimensions_contracts import catalog
from small_world import (
    ADMIN,
    ESSENTIAL,
    PBX,
    REALTIME,
    SETTINGS,
    TEAMS,
    UC,
    UK,
    US,
    WEB,
    emulator,
    person,
    supervisor,
    user_id,
)

FIRST, ME, PHONE = (user_id(n) for n in (1, 3, 4))


@pytest.fixture
def api_where(deciding):
    def make(**decisions):
        both = person(5, WEB, primaryTenant="us")
        both["memberships"]["uk"] = [WEB]
        users = {
            "admin@example.com": person(1, WEB, ADMIN),
            "me@example.com": person(3, WEB, TEAMS),
            "phone@example.com": person(4, WEB, PBX),
            "both@example.com": both,
        }
        return emulator(users, profile=deciding(**decisions), **customer)

    customer = {}
    make.customer = customer
    return make


def test_every_choice_has_a_test_here():
    source = Path(__file__).read_text("utf-8")
    for decision in catalog.load().decisions.values():
        assert decision.key.replace("-", "_") + "=" in source
        for choice in decision.choices[1:]:
            assert f'"{choice}"' in source


def test_the_administrator_role_key_can_be_admin_user(api_where):
    api = api_where(admin_role_key="admin.user")

    assert api.roles(FIRST) == [WEB, "admin.user"]
    assert api.create(roles=["user.admin"]).data["roles"] == ["admin.user", WEB]
    assert api.add(ME, "admin.user").status == 200
    test = {"op": "test", "path": "/roles/1", "value": "admin.user"}
    assert api.patch(FIRST, test, {"op": "remove", "path": "/roles/1"}).status == 200
    assert list(api.state()["users"].values())[1]["memberships"][US] == [WEB, TEAMS, ADMIN]


def test_the_served_contract_spells_the_administrator_role_as_decided(api_where):
    served = api_where(admin_role_key="admin.user").call("GET", "/_emulator/openapi.json").json

    keys = next(
        part["enum"]
        for part in served["components"]["schemas"].values()
        if "customer.user" in part.get("enum", ())
    )
    assert "admin.user" in keys
    assert "user.admin" not in str(served)


def test_refusals_spell_the_administrator_role_as_decided(api_where):
    api = api_where(admin_role_key="admin.user", aliases="reject")

    answer = api.replace(ME, "user.admin")

    assert answer.message == "The role 'admin.user' requires the role 'customer.user'."


def test_the_administrator_role_key_is_user_admin_by_default(api_where):
    api = api_where(admin_role_key="user.admin")

    assert api.create(roles=["admin.user"]).data["roles"] == ["user.admin", WEB]


def test_a_missing_prerequisite_can_be_added(api_where):
    api = api_where(prerequisite_missing="add")

    assert api.add(ME, "customer.workspace.admin").status == 200
    assert api.roles(ME) == [WEB, TEAMS, "customer.workspace.admin", SETTINGS]
    assert api.add(ME, "customer.user.uc.remote", charges=None).rule == "CHARGES-ACCEPTED"
    assert api.add(ME, "customer.user.acd").status == 200
    assert PBX in api.roles(ME)
    assert api.drop(ME, SETTINGS).status == 200
    assert SETTINGS in api.roles(ME)
    api.customer = UK
    assert ESSENTIAL in api.create(roles=["customer.user.acd"]).data["roles"]


def test_a_missing_prerequisite_can_be_allowed(api_where):
    api = api_where(prerequisite_missing="allow")

    assert api.add(ME, "customer.user.uc.remote").status == 200
    assert api.roles(ME) == [WEB, TEAMS, "customer.user.uc.remote"]


def test_of_two_supervisor_roles_the_last_can_win(api_where):
    api = api_where(supervisor_clash="last-wins")

    assert api.create(roles=[supervisor(2), supervisor(1)]).data["roles"] == [supervisor(1), WEB]
    api.add(ME, supervisor(4))
    api.patch(ME, {"op": "add", "path": "/roles/0", "value": supervisor(2)})
    assert api.roles(ME) == [supervisor(2), WEB, TEAMS]
    api.replace(ME, WEB, supervisor(5), supervisor(2))
    assert supervisor(2) in api.roles(ME)
    api.replace(ME, WEB, supervisor(2), supervisor(5))
    assert supervisor(5) in api.roles(ME)


def test_two_supervisor_roles_can_be_allowed(api_where):
    api = api_where(supervisor_clash="allow")

    api.add(ME, supervisor(1))
    assert api.add(ME, supervisor(2)).status == 200
    assert api.roles(ME) == [WEB, TEAMS, supervisor(1), supervisor(2)]


def test_changes_of_a_read_only_role_can_be_ignored(api_where):
    api = api_where(read_only_role="ignore")

    assert api.add(FIRST, TEAMS).status == 200
    assert TEAMS not in api.roles(FIRST)
    assert api.drop(ME, TEAMS).status == 200
    assert TEAMS in api.roles(ME)
    assert api.create(roles=[TEAMS]).data["roles"] == [WEB]
    assert api.replace(ME, WEB).status == 200
    assert TEAMS in api.roles(ME)


def test_the_pbx_role_of_another_country_can_be_allowed(api_where):
    api = api_where(uk_essential="allow")

    assert api.add(ME, ESSENTIAL).status == 200
    api.customer = UK
    assert api.create(roles=[PBX]).status == 201


@pytest.mark.parametrize(("choice", "spreads"), [("l3-l4-l5", True), ("l3-l4", False)])
def test_level_five_spreads_real_time_or_not(api_where, choice, spreads):
    api = api_where(realtime_trigger=choice)

    api.add(ME, supervisor(5))
    assert (REALTIME in api.roles(PHONE)) is spreads
    api.replace(ME, WEB, supervisor(4))
    assert REALTIME in api.roles(PHONE) or spreads


def test_unaccepted_charges_can_be_a_402(api_where):
    api = api_where(charges_missing="refuse-402")

    answer = api.add(ME, UC, charges=None)

    assert (answer.status, answer.json["error"], answer.code) == (402, 402, "ChargesNotAccepted")


def test_unaccepted_charges_can_be_ignored(api_where):
    api = api_where(charges_missing="ignore")

    assert api.add(ME, UC, charges=None).status == 200
    assert api.charges() == [(ME, UC)]


@pytest.mark.parametrize("status", ["400", "409"])
def test_an_address_in_use_is_refused_with_either_status(api_where, status):
    api = api_where(user_exists=status)

    for answer in (
        api.create("me@example.com"),
        api.patch(ME, {"op": "replace", "path": "/email", "value": "phone@example.com"}),
    ):
        assert (answer.status, answer.json["error"], answer.code) == (
            int(status),
            int(status),
            "UserAlreadyExists",
        )


@pytest.mark.parametrize("status", ["400", "409"])
def test_a_user_of_another_tenant_can_be_linked(api_where, status):
    api = api_where(existing_user_other_tenant="link", user_exists=status)
    api.customer = UK

    answer = api.create("ME@example.com", [SETTINGS], name="Ignored")

    assert answer.status == 201
    assert answer.data == {
        "id": ME,
        "displayName": "Person 3",
        "email": "me@example.com",
        "primaryTenant": US,
        "roles": [SETTINGS, WEB],
    }
    assert api.mails() == []
    assert api.create("me@example.com").status == int(status)
    assert api.add(ME, UC).status == 200
    assert api.mails() == []
    api.customer = US
    assert api.create("me@example.com").status == int(status)
    assert api.roles(ME) == [WEB, TEAMS]


def test_unknown_roles_can_be_ignored(api_where):
    api = api_where(role_unknown="ignore")

    assert api.create(roles=["nonsense", SETTINGS]).data["roles"] == [SETTINGS, WEB]
    assert api.add(ME, "nonsense").status == 200
    assert api.roles(ME) == [WEB, TEAMS]


def test_the_last_administrator_can_be_allowed_to_go(api_where):
    api = api_where(last_administrator="allow")

    assert api.delete(FIRST).status == 200


@pytest.mark.parametrize("choice", ["accept", "reject"])
def test_aliases_are_accepted_or_rejected(api_where, choice):
    api = api_where(aliases=choice)

    answer = api.call(
        "POST", f"/v1.0/clients/{US}/utilisateurs", json={"email": "a@b.example", "displayName": "A"}
    )

    assert answer.status == (201 if choice == "accept" else 404)


def test_unassigning_another_client_type_can_be_refused(api_where):
    api = api_where(unassign_mismatch="refuse")
    api.control(
        f"platform/{US}/import",
        "POST",
        json={"users": [{"email": "me@example.com", "devices": [{"id": "d"}]}]},
    )

    assert api.device(ME, "d", "unassign").code == "DeviceClientMismatch"


def test_a_delete_in_the_primary_tenant_can_stay_there(api_where):
    api = api_where(delete_in_primary="here")

    assert api.delete(user_id(5)).status == 200
    assert api.get(user_id(5)).status == 404
    api.customer = UK
    assert api.get(user_id(5)).data["primaryTenant"] == US
    assert api.delete(user_id(5)).status == 200
    assert api.create("both@example.com").status == 201


def test_a_choice_that_a_profile_leaves_out_is_the_default(api_where):
    decisions = api_where(uk_essential="allow").control("config").data["profile"]["decisions"]

    defaults = {key: decision.choices[0] for key, decision in catalog.load().decisions.items()}
    assert decisions == {**defaults, "uk-essential": "allow"}
