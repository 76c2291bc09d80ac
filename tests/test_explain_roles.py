"""The roles that an explanation takes a wish for, and what it does not give up of it."""

import pytest

from dimensions_emulator.explain import search
from dimensions_emulator.explain.repairs.spellings import TOGETHER
from explain_stage import ME, explained, op, replayed, stage
from small_world import ACD, ADMIN, PBX, SOFTPHONE, UC, WEB, supervisor

OLD, NEW = supervisor(1), supervisor(2)
CRM = "customer.user.crm"
MISSPELLED = ["custmer.user.uc", "custmer.user.pbx", "custmer.user.acd", "custmer.user.crm"]


@pytest.mark.parametrize(
    "operations",
    [
        [op("add", "/roles/-", value=NEW)],
        [op("add", "/roles/-", value=NEW), op("replace", "/displayName", value="N")],
        [op("replace", "/roles", value=[WEB, OLD, NEW])],
    ],
)
def test_the_supervisor_role_that_is_asked_for_stays_and_the_one_that_is_held_goes(operations):
    api = stage()
    api.add(ME, OLD)

    change = explained(api, api.patch(ME, *operations, charges=None))["change"]

    assert change["summary"] == f"Take {OLD} away and send the header accept-charges: true."
    assert [answer.status_code for answer in replayed(api, change)] == [200]
    assert NEW in api.roles(ME)
    assert OLD not in api.roles(ME)


def test_a_patch_that_would_do_nothing_is_no_change_that_passes(monkeypatch):
    api = stage()
    api.add(ME, OLD)
    monkeypatch.setattr(search, "DEPTH", 1)

    change = explained(api, api.add(ME, NEW, charges=None))["change"]

    assert change["verified"] is False
    assert change["partial"]["rule"] == "CHARGES-ACCEPTED"


@pytest.mark.parametrize(
    ("spelled", "meant"),
    [
        ("user.crm", [CRM]),
        ("crm", [CRM]),
        ("CRM", [CRM]),
        ("user.acd", [ACD, PBX]),
        ("softphone", [SOFTPHONE, UC]),
        ("usr.admin", [ADMIN]),
        ("Manage User", [ADMIN]),
        ("admin", []),
        ("customer.admin", []),
        ("administrator", []),
    ],
)
def test_a_role_is_taken_for_the_one_that_ends_so_and_for_an_administrators_only_if_it_is_near(
    spelled, meant
):
    api = stage()

    change = explained(api, api.create(roles=[spelled]))["change"]

    assert change["requests"][0]["body"]["roles"] == meant


def test_the_administrators_role_is_found_by_either_key_and_told_by_that_of_the_profile(deciding):
    api = stage(profile=deciding(admin_role_key="admin.user"))

    change = explained(api, api.create(roles=["usr.admin"]))["change"]

    assert change["summary"] == "Write admin.user for 'usr.admin'."


def test_all_misspelled_roles_are_one_change():
    api = stage()

    change = explained(api, api.create(roles=[*MISSPELLED, "?!"], charges=None))["change"]

    assert change["requests"][0]["body"]["roles"] == [UC, PBX, ACD, CRM]
    assert change["tried"] == 3
    assert change["summary"] == (
        f"Write {UC} for 'custmer.user.uc', write {PBX} for 'custmer.user.pbx', write {ACD} for "
        f"'custmer.user.acd', write {CRM} for 'custmer.user.crm', leave out '?!' and send the header "
        "accept-charges: true."
    )
    assert [answer.status_code for answer in replayed(api, change)] == [201]


def test_all_misspelled_roles_of_a_patch_are_one_change():
    api = stage()
    steps = [op("add", "/roles/-", value=role) for role in [*MISSPELLED, "?!"]]

    change = explained(api, api.patch(ME, *steps, charges=None))["change"]

    assert change["verified"] is True
    assert [answer.status_code for answer in replayed(api, change)] == [200]
    assert {UC, PBX, ACD, CRM} <= set(api.roles(ME))


def test_more_unknown_roles_than_are_looked_at_are_left_out():
    api = stage()
    roles = [f"custmer.user.uc{number}" for number in range(TOGETHER + 7)]

    change = explained(api, api.create(roles=roles))["change"]

    assert change["requests"][0]["body"]["roles"] == [UC] * TOGETHER
    assert change["summary"].endswith(" and leave out the other 7 that are no roles.")
    assert change["tried"] == 2
