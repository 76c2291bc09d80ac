import pytest

from dimensions_contracts import catalog
from small_world import (
    ACD,
    ADMIN,
    ESSENTIAL,
    PBX,
    REALTIME,
    REMOTE,
    SETTINGS,
    SOFTPHONE,
    TEAMS,
    UC,
    UK,
    WEB,
    WORKSPACE,
    emulator,
    person,
    supervisor,
    user_id,
)

ME = user_id(3)
ROLES = catalog.load().roles


def with_me(*roles, **kw):
    users = {"admin@example.com": person(1, WEB, ADMIN), "me@example.com": person(3, *roles)}
    return emulator(users, **kw)


def refusal(answer):
    return answer.status, answer.code, answer.rule


@pytest.mark.parametrize(
    "role", ["nonsense", "", "Customer.User", "customer.user ", "customer.user.supervisorl6"]
)
def test_a_role_outside_the_catalogue_is_refused(role):
    api = with_me(WEB)

    for answer in (api.add(ME, role), api.replace(ME, WEB, role), api.create(roles=[role])):
        assert refusal(answer) == (400, "RoleUnknown", "ROLE-KNOWN")
        assert answer.message == f"The role '{role}' is not known."


@pytest.mark.parametrize("role", list(ROLES.values()), ids=lambda role: role.key)
def test_the_spellings_of_a_role_lead_to_its_key(role):
    for spelling in (role.seed_spelling, *role.aliases):
        api = with_me(WEB, UC, SETTINGS, PBX)
        answer = api.add(ME, spelling)
        assert answer.rule != "ROLE-KNOWN"
        if answer.status == 200:
            assert role.key in api.roles(ME)


@pytest.mark.parametrize(
    ("key", "prerequisite"), [(key, need) for key, role in ROLES.items() for need in role.prerequisites]
)
def test_a_role_without_its_prerequisite_is_refused(key, prerequisite):
    others = [need for need in ROLES[key].prerequisites if need != prerequisite]
    api = with_me(*others)

    answer = api.add(ME, key)

    assert refusal(answer) == (400, "RolePrerequisiteMissing", "ROLE-PREREQUISITE")
    assert answer.message.endswith(f" requires the role '{prerequisite}'.")
    assert api.roles(ME) == others


@pytest.mark.parametrize(
    "key", [key for key, role in ROLES.items() if not role.read_only and key != ESSENTIAL]
)
def test_a_role_with_its_prerequisites_is_given(key):
    held = {WEB, *ROLES[key].prerequisites} - {key}
    api = with_me(*held)

    assert api.add(ME, key).status == 200
    assert key in api.roles(ME)


@pytest.mark.parametrize(
    ("key", "prerequisite"),
    [(key, need) for key, role in ROLES.items() for need in role.prerequisites if not role.read_only],
)
@pytest.mark.parametrize("by", ["drop", "replace"])
def test_a_prerequisite_that_is_still_needed_cannot_be_taken(key, prerequisite, by):
    held = list({WEB, *ROLES[key].prerequisites, key})
    api = with_me(*held)

    if by == "drop":
        answer = api.drop(ME, prerequisite)
    else:
        answer = api.replace(ME, *(role for role in held if role != prerequisite))

    if by == "replace" and prerequisite == PBX:
        assert answer.status == 200
        assert PBX in api.roles(ME)
    else:
        assert answer.rule == "ROLE-PREREQUISITE"
        assert sorted(api.roles(ME)) == sorted(held)


def test_a_role_and_its_prerequisites_can_be_given_and_taken_together():
    api = with_me(WEB)

    assert api.replace(ME, REMOTE, SOFTPHONE, UC, WEB).status == 200
    assert api.replace(ME, WEB).status == 200
    assert api.roles(ME) == [WEB]


@pytest.mark.parametrize("first", range(1, 6))
@pytest.mark.parametrize("second", range(1, 6))
def test_two_supervisor_roles_exclude_each_other(first, second):
    api = with_me(WEB, supervisor(first))

    answer = api.add(ME, supervisor(second))

    if first == second:
        assert answer.status == 200
    else:
        assert refusal(answer) == (400, "SupervisorRolesExclusive", "ROLE-SUPERVISOR-EXCLUSIVE")
        assert api.create(roles=[supervisor(first), supervisor(second)]).rule == "ROLE-SUPERVISOR-EXCLUSIVE"
    assert api.roles(ME) == [WEB, supervisor(first)]


def test_one_supervisor_role_can_take_the_place_of_another():
    api = with_me(WEB, supervisor(1))

    assert api.patch(ME, {"op": "replace", "path": "/roles/1", "value": supervisor(5)}).status == 200
    assert api.roles(ME) == [WEB, supervisor(5)]


def test_the_teams_role_is_neither_given_nor_taken():
    api = with_me(WEB)
    assert refusal(api.add(ME, TEAMS)) == (400, "RoleReadOnly", "ROLE-READ-ONLY")
    assert api.replace(ME, WEB, TEAMS).rule == "ROLE-READ-ONLY"
    assert api.create(roles=[TEAMS]).rule == "ROLE-READ-ONLY"

    api = with_me(WEB, TEAMS)
    assert api.drop(ME, TEAMS).rule == "ROLE-READ-ONLY"
    assert api.add(ME, SETTINGS).status == 200


def test_replacing_the_roles_keeps_the_teams_role():
    api = with_me(WEB, TEAMS, SETTINGS)

    assert api.replace(ME, WEB).status == 200
    assert sorted(api.roles(ME)) == sorted([WEB, TEAMS])


@pytest.mark.parametrize("role", [PBX, ESSENTIAL])
def test_replacing_the_roles_keeps_the_pbx_role(role):
    api = with_me(WEB, role, SETTINGS)

    assert api.replace(ME, WEB).status == 200
    assert sorted(api.roles(ME)) == sorted([WEB, role])
    assert api.patch(ME, {"op": "remove", "path": "/roles"}).status == 200
    assert api.roles(ME) == [role]


def test_the_pbx_role_can_be_removed_by_itself():
    api = with_me(WEB, PBX)

    assert api.drop(ME, PBX).status == 200
    assert api.roles(ME) == [WEB]


@pytest.mark.parametrize(("code", "right", "wrong"), [("US", PBX, ESSENTIAL), ("GB", ESSENTIAL, PBX), ("UK", ESSENTIAL, PBX), ("gb", ESSENTIAL, PBX), ("DE", PBX, ESSENTIAL)])  # fmt: skip
def test_each_country_has_its_pbx_role(code, right, wrong):
    api = with_me(WEB, countryCode=code)

    answer = api.add(ME, wrong)
    assert refusal(answer) == (400, "RoleNotAvailable", "ROLE-UK-ESSENTIAL")
    assert answer.message == f"The role '{wrong}' is not available in this country; use '{right}'."
    assert api.create(roles=[wrong]).rule == "ROLE-UK-ESSENTIAL"
    assert api.add(ME, right).status == 200


def test_either_pbx_role_satisfies_what_needs_one():
    api = with_me(WEB, ESSENTIAL, countryCode="GB")
    assert api.add(ME, REALTIME).status == 200
    assert api.add(ME, ACD).status == 200


def test_without_the_agent_feature_there_is_no_agent_role():
    api = with_me(WEB, PBX, features={"agent": 0})
    answer = api.add(ME, ACD)
    assert refusal(answer) == (400, "FeatureNotLicensed", "ROLE-ACD-FEATURE")

    api = with_me(WEB, PBX, features={"agent": 1})
    assert api.add(ME, ACD).status == 200


def test_an_agent_from_before_the_feature_went_can_still_be_changed():
    api = with_me(WEB, PBX, ACD, features={"agent": 0})

    assert api.add(ME, SETTINGS).status == 200
    assert api.drop(ME, ACD).status == 200


def test_workspace_administrators_need_both_prerequisites():
    api = with_me(WEB)

    assert api.add(ME, WORKSPACE).rule == "ROLE-PREREQUISITE"
    assert api.replace(ME, WEB, SETTINGS, WORKSPACE).status == 200


def test_a_user_with_roles_that_break_the_rules_can_still_be_renamed():
    api = with_me(SETTINGS, supervisor(1), supervisor(2))

    assert api.patch(ME, {"op": "replace", "path": "/displayName", "value": "x"}).status == 200
    assert api.add(ME, SETTINGS).status == 200


def test_roles_are_those_of_one_tenant():
    visitor = person(3, WEB, primaryTenant="us")
    visitor["memberships"]["uk"] = [WEB, SETTINGS]
    api = emulator({"admin@example.com": person(1, WEB, ADMIN), "me@example.com": visitor})

    api.add(ME, "recording.viewer")

    assert api.roles(ME) == [WEB, "recording.viewer"]
    api.customer = UK
    assert api.roles(ME) == [WEB, SETTINGS]
