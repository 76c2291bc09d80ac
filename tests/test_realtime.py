import pytest

from small_world import (
    ACD,
    ADMIN,
    ESSENTIAL,
    PBX,
    REALTIME,
    UC,
    UK,
    WEB,
    emulator,
    person,
    supervisor,
    user_id,
)

BOSS, PHONE, PLAIN, OTHER = (user_id(n) for n in (1, 2, 3, 4))


@pytest.fixture
def api():
    return emulator(
        {
            "boss@example.com": person(1, WEB, ADMIN),
            "phone@example.com": person(2, WEB, PBX),
            "plain@example.com": person(3, WEB),
            "essential@example.com": person(4, WEB, ESSENTIAL),
            "uk@example.com": person(5, WEB, ESSENTIAL, customer="uk"),
        }
    )


@pytest.mark.parametrize("level", [3, 4, 5])
def test_the_first_higher_supervisor_gives_realtime_to_all_pbx_users_of_the_customer(api, level):
    assert api.add(BOSS, supervisor(level)).status == 200

    assert REALTIME in api.roles(PHONE)
    assert REALTIME in api.roles(OTHER)
    assert REALTIME not in api.roles(PLAIN)
    assert REALTIME not in api.roles(BOSS)
    api.customer = UK
    assert REALTIME not in api.roles(user_id(5))


@pytest.mark.parametrize("level", [1, 2])
def test_a_lower_supervisor_gives_nothing(api, level):
    api.add(BOSS, supervisor(level))

    assert REALTIME not in api.roles(PHONE)


def test_a_created_supervisor_is_the_first_one_too(api):
    assert api.create(roles=[supervisor(3), PBX]).data["roles"] == [supervisor(3), PBX, WEB, REALTIME]

    assert REALTIME in api.roles(PHONE)


def test_raising_a_lower_supervisor_counts_as_the_first(api):
    api.add(BOSS, supervisor(2))
    api.patch(BOSS, {"op": "replace", "path": "/roles/2", "value": supervisor(3)})

    assert REALTIME in api.roles(PHONE)


def test_a_second_supervisor_spreads_nothing_again(api):
    api.add(BOSS, supervisor(3))
    api.drop(PHONE, REALTIME)
    api.add(PLAIN, supervisor(4))

    assert REALTIME not in api.roles(PHONE)


def test_a_higher_supervisor_changing_level_spreads_nothing_again(api):
    api.add(BOSS, supervisor(3))
    api.drop(PHONE, REALTIME)
    api.patch(BOSS, {"op": "replace", "path": "/roles/2", "value": supervisor(5)})

    assert REALTIME not in api.roles(PHONE)


def test_realtime_is_not_withdrawn_with_the_supervisor(api):
    api.add(BOSS, supervisor(3))
    api.drop(BOSS, supervisor(3))

    assert REALTIME in api.roles(PHONE)


def test_later_pbx_users_get_realtime_while_a_higher_supervisor_exists(api):
    assert api.add(PLAIN, PBX).status == 200
    assert REALTIME not in api.roles(PLAIN)
    api.drop(PLAIN, PBX)
    api.add(BOSS, supervisor(3))

    api.add(PLAIN, PBX)
    created = api.create(roles=[PBX]).data

    assert REALTIME in api.roles(PLAIN)
    assert REALTIME in created["roles"]

    api.drop(BOSS, supervisor(3))
    assert REALTIME not in api.create("later@example.com", [PBX]).data["roles"]


def test_a_first_supervisor_after_the_last_one_went_spreads_again(api):
    api.add(BOSS, supervisor(3))
    api.drop(BOSS, supervisor(3))
    api.drop(PHONE, REALTIME)
    api.add(BOSS, supervisor(4))

    assert REALTIME in api.roles(PHONE)


def test_spread_roles_are_charged_and_all_of_it_needs_acceptance(api):
    before = api.state()
    assert api.add(BOSS, supervisor(3), charges=None).rule == "CHARGES-ACCEPTED"
    assert api.state() == before

    api.add(BOSS, supervisor(3))

    assert sorted(api.charges()) == sorted([(BOSS, supervisor(3)), (PHONE, REALTIME), (OTHER, REALTIME)])


def test_each_accepted_licensed_grant_is_one_charge(api):
    api.replace(PHONE, WEB, PBX, ACD, UC, "recording.viewer")
    api.replace(PHONE, WEB, PBX, ACD)
    api.add(PHONE, UC)

    assert api.charges() == [(PHONE, ACD), (PHONE, UC), (PHONE, UC)]


@pytest.mark.parametrize("spelling", [None, "", "false", "0", "1", "yes", "truee", "true,true"])
def test_a_licensed_role_needs_the_charges_accepted(api, spelling):
    before = api.state()

    for answer in (api.add(PLAIN, UC, charges=spelling), api.create(roles=[UC], charges=spelling)):
        assert (answer.status, answer.code, answer.rule) == (400, "ChargesNotAccepted", "CHARGES-ACCEPTED")
        assert UC in answer.message
    assert api.state() == before


@pytest.mark.parametrize("spelling", ["true", "True", "TRUE", " true "])
def test_charges_are_accepted_in_any_case(api, spelling):
    assert api.add(PLAIN, UC, charges=spelling).status == 200


def test_free_changes_need_no_acceptance(api):
    assert api.add(PLAIN, ADMIN, charges=None).status == 200
    assert api.replace(PHONE, WEB, charges=None).status == 200
    assert api.create(charges=None).status == 201
    assert api.charges() == []


def test_licences_are_counted_by_customer_and_role(api):
    def count(role):
        return {entry["customer"]: entry["roles"][role] for entry in api.control("licences").data}[
            api.customer
        ]

    assert (count(PBX), count(REALTIME), count(UC)) == (1, 0, 0)
    api.add(BOSS, supervisor(3))
    created = api.create(roles=[PBX, UC]).data["id"]
    assert (count(PBX), count(REALTIME), count(UC)) == (2, 3, 1)
    api.delete(created)
    assert (count(PBX), count(REALTIME), count(UC)) == (1, 2, 0)
