"""Named worlds: shipped, built from a seed, and lawful."""

import json
import uuid
from collections import Counter

import pytest

from dimensions_contracts import catalog
from dimensions_emulator import world_check
from dimensions_fixtures import builder, worlds

CATALOG = catalog.load()
TENANTS = {
    "reseller": "aaaaaaaa-0000-4000-8000-000000000001",
    "other-reseller": "aaaaaaaa-0000-4000-8000-000000000002",
    "us": "cccccccc-0000-4000-8000-000000000001",
    "uk": "cccccccc-0000-4000-8000-000000000002",
    "other": "cccccccc-0000-4000-8000-000000000003",
}
PLATFORM = {key for key, role in CATALOG.roles.items() if role.platform}
HIGHER = {f"customer.user.supervisorl{level}" for level in (3, 4, 5)}


@pytest.fixture(params=worlds.NAMES)
def world(request):
    return worlds.document(request.param)


def held(world, customer=None):
    """All sets of roles: of one customer or of all."""
    return [
        set(roles)
        for user in world["users"].values()
        for key, roles in user["memberships"].items()
        if customer in (None, key)
    ]


def satisfied(role, roles):
    return all(needed in roles or (needed in PLATFORM and roles & PLATFORM) for needed in role.prerequisites)


@pytest.mark.parametrize("name", worlds.SHIPPED)
def test_a_shipped_world_is_what_its_blueprint_builds(name):
    path = worlds.FOLDER / f"{name}.json"
    assert path.read_text("utf-8") == worlds.text(builder.build(name)), "run: python -m dimensions_fixtures"


def test_a_world_has_no_mistakes(world):
    assert world_check.mistakes(world, CATALOG) == []


def test_a_world_is_plain_json(world):
    assert json.loads(worlds.text(world)) == world


def test_roles_are_held_with_their_prerequisites(world):
    for roles in held(world):
        assert all(satisfied(CATALOG.roles[key], roles) for key in roles)


def test_a_user_has_at_most_one_supervisor_role(world):
    assert all(len(roles & CATALOG.groups["supervisor"]) <= 1 for roles in held(world))


def test_the_pbx_user_role_is_the_one_of_the_country(world):
    for key, customer in world["customers"].items():
        wrong = "customer.user.pbx" if customer["countryCode"] == "GB" else "customer.user.uc.essential"
        assert not any(wrong in roles for roles in held(world, key))


def test_real_time_goes_with_a_higher_supervisor(world):
    for key in world["customers"]:
        users = held(world, key)
        if any(roles & HIGHER for roles in users):
            assert all("customer.user.pbx.realtime" in roles for roles in users if roles & PLATFORM)


def test_agents_are_licensed(world):
    for key, customer in world["customers"].items():
        if any("customer.user.acd" in roles for roles in held(world, key)):
            assert customer.get("features", {"agent": 1})["agent"] > 0


def test_tenant_ids_are_pinned(world):
    tenants = world["accounts"] | world["customers"]
    assert {key: tenant["id"] for key, tenant in tenants.items()} == {key: TENANTS[key] for key in tenants}
    assert all(uuid.UUID(id_).version == 4 for id_ in TENANTS.values())


def test_callers_have_stable_tokens_and_the_other_reseller_sees_nothing_of_the_first(world):
    callers = {caller["token"].removeprefix("emulator-token-"): caller for caller in world["callers"]}
    assert list(callers) == ["reseller", "other-reseller", "customer", "no-scope", "expired"]
    assert callers["other-reseller"]["accounts"] == ["other-reseller"]
    assert callers["customer"]["customers"] == ["us"]
    assert "accounts" not in callers["customer"]
    assert callers["no-scope"]["scopes"] == []
    assert callers["expired"]["expires"] < "2021"


def test_addresses_are_on_reserved_domains(world):
    assert all(
        email.rpartition("@")[2] in {"example.com", "example.org", "example.net"} for email in world["users"]
    )


def test_the_empty_world_has_tenants_and_no_users():
    world = worlds.document("empty")
    assert world["users"] == {}
    assert {"us", "uk"} < set(world["customers"])


def test_the_office_holds_every_role():
    assert {role for roles in held(worlds.document("office")) for role in roles} == set(CATALOG.roles)


def test_the_office_has_the_special_cases():
    world = worlds.document("office")
    users = world["users"]
    parents = [user for user in users.values() if user.get("primaryTenant") == "reseller"]
    assert [set(user["memberships"]) for user in parents] == [{"us", "uk"}]
    assert any(
        set(u["memberships"]) == {"us", "uk"} and u.get("primaryTenant") == "us" for u in users.values()
    )
    assert {"customer.user.pbx"} in held(world, "us")
    assert {"customer.user.uc.essential"} in held(world, "uk")
    assert 20 <= len(users) <= 30


def test_every_office_customer_has_two_user_administrators():
    world = worlds.document("office")
    for key in world["customers"]:
        assert sum({"user.admin", "customer.user"} <= roles for roles in held(world, key)) >= 2


def test_the_office_has_devices_of_every_state():
    world = worlds.document("office")
    softphone = {"customer.user.uc", "customer.user.uc.softphone"}
    states = Counter()
    for device in world["devices"]:
        if "owner" not in device:
            states["unowned"] += 1
        elif softphone <= set(world["users"][device["owner"]]["memberships"][device["customer"]]):
            states[device.get("clientType", "free")] += 1
        else:
            states["not allowed"] += 1
    assert states == {"free": 3, "desktop": 1, "not allowed": 1, "unowned": 1}


def test_the_call_centre_has_agents_and_supervisors_of_every_level():
    world = worlds.document("call-centre")
    assert world["customers"]["us"]["syncAcdAgentWithPbx"] is True
    users = held(world, "us")
    assert {role for roles in users for role in roles} >= CATALOG.groups["supervisor"]
    assert sum({"customer.user.acd", "customer.user.pbx.realtime"} <= roles for roles in users) >= 10


@pytest.mark.parametrize("name", ["office", "call-centre", "crowd"])
def test_the_same_seed_gives_the_same_document_and_another_gives_other_people(name):
    one, same, other = (worlds.document(name, seed=seed, users=40) for seed in (5, 5, 6))
    assert one == same
    assert not set(one["users"]) & set(other["users"])
    ids = {user["id"] for world in (one, other) for user in world["users"].values()}
    assert len(ids) == 80


@pytest.mark.parametrize("number", [1, 10, 75])
@pytest.mark.parametrize("name", ["office", "call-centre", "crowd"])
def test_any_number_of_users_is_lawful_and_starts_with_the_same_cast(name, number):
    world = worlds.document(name, users=number)
    assert len(world["users"]) == number
    assert world_check.mistakes(world, CATALOG) == []
    cast = [user["memberships"] for user in worlds.document(name)["users"].values()]
    assert [user["memberships"] for user in world["users"].values()][: len(cast)] == cast[:number]
    for roles in held(world):
        assert all(satisfied(CATALOG.roles[key], roles) for key in roles)


def test_locales_replace_those_of_the_cast():
    world = worlds.document("office", locales=("ja_JP",))
    assert not any(user["displayName"].isascii() for user in world["users"].values())


def test_the_crowd_tells_its_progress_to_the_end():
    told = []
    world = worlds.document("crowd", users=2_549, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (2_549, 2_549)
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert len(told) <= 110
    assert len(world["users"]) == 2_549


def test_the_crowd_is_a_thousand_unless_told_otherwise():
    assert len(worlds.document("crowd")["users"]) == builder.CROWD_USERS == 1_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "offices"}, "there is no world 'offices'; expected one of empty, office"),
        ({"name": "empty", "users": 5}, "the world 'empty' has no users"),
        ({"name": "office", "users": 0}, "0 is not a number of users; expected 1 or more"),
        ({"name": "crowd", "users": -1}, "-1 is not a number of users"),
        ({"name": "office", "locales": ("xx",)}, "'xx' is not a locale"),
    ],
)
def test_what_a_world_cannot_be_is_refused_in_words(arguments, message):
    with pytest.raises(ValueError, match=message):
        worlds.document(**arguments)
