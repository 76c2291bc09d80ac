import pytest

from small_world import ADMIN, SETTINGS, US, WEB, emulator, person, user_id

ME = user_id(3)


@pytest.fixture
def api():
    return emulator(
        {
            "admin@example.com": person(1, WEB, ADMIN),
            "other@example.com": person(2, WEB),
            "me@example.com": person(3, WEB, SETTINGS, displayName="Me"),
        }
    )


def op(kind, path, *value, **more):
    return {"op": kind, "path": path, **({"value": value[0]} if value else {}), **more}


def test_the_name_is_replaced_and_nothing_else(api):
    before = api.get(ME).data

    assert api.patch(ME, op("replace", "/displayName", "Other Name")).status == 200

    assert api.get(ME).data == {**before, "displayName": "Other Name"}


def test_the_address_is_replaced_and_the_old_one_is_free(api):
    assert api.patch(ME, op("replace", "/email", "changed@example.com")).status == 200

    assert api.get(ME).data["email"] == "changed@example.com"
    assert api.create("me@example.com").status == 201
    assert api.create("CHANGED@example.com").rule == "USER-UNIQUE-EMAIL"


def test_the_case_of_ones_own_address_can_be_changed(api):
    assert api.patch(ME, op("replace", "/email", "ME@example.com")).status == 200
    assert api.get(ME).data["email"] == "ME@example.com"


def test_another_users_address_is_refused(api):
    answer = api.patch(ME, op("replace", "/email", "OTHER@example.com"))

    assert (answer.status, answer.rule) == (400, "USER-UNIQUE-EMAIL")
    assert api.get(ME).data["email"] == "me@example.com"


def test_adding_a_role_keeps_the_rest(api):
    api.add(ME, "pbx.silentmonitor")

    assert api.roles(ME) == [WEB, SETTINGS, "pbx.silentmonitor"]


def test_replacing_the_roles_replaces_the_list(api):
    api.replace(ME, WEB, "recording.viewer")

    assert api.roles(ME) == [WEB, "recording.viewer"]


def test_a_role_already_held_is_not_doubled(api):
    assert api.add(ME, SETTINGS).status == 200

    assert api.roles(ME) == [WEB, SETTINGS]


def test_an_empty_patch_changes_nothing(api):
    before = api.state()

    assert api.patch(ME).status == 200
    assert api.state() == before


@pytest.mark.parametrize(
    ("operation", "rule", "message"),
    [
        (op("replace", "/foo", 1), "PATCH-TARGET", "The target location specified by path segment 'foo' was not found."),
        (op("add", "/foo/bar", 1), "PATCH-TARGET", "The target location specified by path segment 'foo' was not found."),
        (op("test", "/foo", 1), "PATCH-TARGET", "The target location specified by path segment 'foo' was not found."),
        (op("replace", "", {}), "PATCH-TARGET", "The target location specified by path segment '' was not found."),
        (op("replace", "/", 1), "PATCH-TARGET", "The target location specified by path segment '' was not found."),
        (op("replace", "/rol~1es", 1), "PATCH-TARGET", "The target location specified by path segment 'rol/es' was not found."),
        (op("remove", "/displayName/0"), "PATCH-TARGET", "The target location specified by path segment '0' was not found."),
        (op("remove", "/roles/0/x"), "PATCH-TARGET", "The target location specified by path segment 'x' was not found."),
        (op("replace", "/id", "x"), "PATCH-READ-ONLY", "The target location specified by path segment 'id' was not found."),
        (op("test", "/primaryTenant", US), "PATCH-READ-ONLY", "The target location specified by path segment 'primaryTenant' was not found."),
        (op("remove", "/isParent"), "PATCH-READ-ONLY", "The target location specified by path segment 'isParent' was not found."),
        (op("remove", "/roles/2"), "PATCH-TEXTS", "The index value provided by path segment '2' is out of bounds of the array size."),
        (op("remove", "/roles/-"), "PATCH-TEXTS", "The index value provided by path segment '-' is out of bounds of the array size."),
        (op("add", "/roles/3", WEB), "PATCH-TEXTS", "The index value provided by path segment '3' is out of bounds of the array size."),
        (op("remove", "/roles/99999999999999999999"), "PATCH-TEXTS", "The index value provided by path segment '99999999999999999999' is out of bounds of the array size."),
        (op("remove", "/roles/01"), "PATCH-TEXTS", "The path segment '01' is invalid for an array index."),
        (op("remove", "/roles/-1"), "PATCH-TEXTS", "The path segment '-1' is invalid for an array index."),
        (op("remove", "/roles/x"), "PATCH-TEXTS", "The path segment 'x' is invalid for an array index."),
        (op("remove", "/roles/"), "PATCH-TEXTS", "The path segment '' is invalid for an array index."),
        (op("remove", "/roles/١"), "PATCH-TEXTS", "The path segment '١' is invalid for an array index."),
        (op("test", "/displayName", "You"), "PATCH-TEXTS", "The current value 'Me' at path '/displayName' is not equal to the test value 'You'."),
        (op("test", "/roles", [WEB]), "PATCH-TEXTS", f"The current value '[\"{WEB}\",\"{SETTINGS}\"]' at path '/roles' is not equal to the test value '[\"{WEB}\"]'."),
        (op("replace", "/displayName", 5), "PATCH-TEXTS", "The value '5' is invalid for target location."),
        (op("replace", "/displayName", [True]), "PATCH-TEXTS", "The value '[true]' is invalid for target location."),
        (op("replace", "/roles", "x"), "PATCH-TEXTS", "The value 'x' is invalid for target location."),
        (op("replace", "/roles", None), "PATCH-TEXTS", "The value 'null' is invalid for target location."),
        (op("add", "/roles/-", 5), "PATCH-TEXTS", "The value '5' is invalid for target location."),
        (op("replace", "/roles", [WEB, None]), "PATCH-TEXTS", "The value 'null' is invalid for target location."),
        (op("copy", "/displayName", **{"from": "/roles"}), "PATCH-TEXTS", f"The value '[\"{WEB}\",\"{SETTINGS}\"]' is invalid for target location."),
        (op("nonsense", "/roles", 1), "PATCH-OPERATIONS", "Invalid JsonPatch operation 'nonsense'."),
        (op("Replace", "/roles", 1), "PATCH-OPERATIONS", "Invalid JsonPatch operation 'Replace'."),
        ({"op": 5, "path": "/roles"}, "PATCH-OPERATIONS", "Invalid JsonPatch operation '5'."),
        ({"path": "/roles"}, "PATCH-OPERATIONS", "The op field is required."),
        ({"op": "remove"}, "PATCH-OPERATIONS", "The path field is required."),
        (op("replace", "/displayName"), "PATCH-OPERATIONS", "The value field is required."),
        (op("move", "/displayName"), "PATCH-OPERATIONS", "The from field is required."),
        (op("replace", "displayName", "x"), "PATCH-TEXTS", "The provided string 'displayName' is an invalid path."),
        (op("replace", "/a~2", "x"), "PATCH-TEXTS", "The provided string '/a~2' is an invalid path."),
        ({"op": "remove", "path": 5}, "PATCH-TEXTS", "The provided string '5' is an invalid path."),
        (op("move", "/roles/0", **{"from": "/roles"}), "PATCH-TEXTS", "The provided string '/roles/0' is an invalid path."),
        (op("remove", "/displayName"), "USER-FIELDS", "The DisplayName field is required."),
        (op("replace", "/email", None), "USER-FIELDS", "The Email field is required."),
        (op("replace", "/displayName", "x" * 101), "USER-FIELDS", "The field DisplayName must be a string with a maximum length of 100."),
        (op("move", "/email", **{"from": "/displayName"}), "USER-FIELDS", "The Email field is not a valid e-mail address."),
    ],
)  # fmt: skip
def test_an_operation_that_cannot_be_is_refused_with_its_text(api, operation, rule, message):
    before = api.state()

    answer = api.patch(ME, operation)

    assert (answer.status, answer.rule, answer.message) == (400, rule, message)
    assert api.state() == before


def test_a_patch_is_applied_whole_or_not_at_all(api):
    before = api.state()

    answer = api.patch(
        ME,
        op("replace", "/displayName", "Changed"),
        op("add", "/roles/-", "pbx.silentmonitor"),
        op("replace", "/email", "changed@example.com"),
        op("test", "/displayName", "Me"),
    )

    assert answer.rule == "PATCH-TEXTS"
    assert api.state() == before


def test_operations_see_what_those_before_them_did(api):
    answer = api.patch(
        ME,
        op("replace", "/displayName", "Changed"),
        op("test", "/displayName", "Changed"),
        op("remove", "/roles/1"),
        op("add", "/roles/0", "recording.viewer"),
        op("copy", "/roles/-", **{"from": "/roles/0"}),
        op("move", "/roles/0", **{"from": "/roles/1"}),
    )

    assert answer.status == 200
    assert api.get(ME).data["displayName"] == "Changed"
    assert api.roles(ME) == [WEB, "recording.viewer"]


def test_members_that_an_operation_does_not_define_are_ignored(api):
    assert api.patch(ME, op("remove", "/roles/1", comment="x", value=5)).status == 200
    assert api.roles(ME) == [WEB]


def test_a_user_of_another_tenant_cannot_be_patched(api):
    api.customer = "cccccccc-0000-4000-8000-0000000000bb"

    answer = api.patch(ME, op("replace", "/displayName", "x"))

    assert (answer.status, answer.rule) == (404, "TENANT-ISOLATION")
