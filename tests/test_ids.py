import pytest

from small_world import US, emulator, user_id

USER = user_id(1)
DIGITS = USER.replace("-", "")


@pytest.mark.parametrize(
    "spelling",
    [USER, USER.upper(), DIGITS, DIGITS.upper(), f"{{{USER}}}", f"{{{USER.upper()}}}", f"({USER})"],
)
def test_any_usual_spelling_names_the_same_user(api, spelling):
    answer = api.get(spelling)

    assert answer.status == 200
    assert answer.data["id"] == USER


def test_tenants_can_be_spelled_in_any_usual_way_too(api):
    api.customer = f"{{{US.upper()}}}"

    assert api.list().status == 200


@pytest.mark.parametrize(
    "spelling",
    [
        "x",
        "1",
        USER[:-1],
        USER + "0",
        f"{USER}%20",
        f"{{{USER}",
        f"{USER}}}",
        f"{{{DIGITS}}}",
        f"urn:uuid:{USER}",
        USER.replace("b", "g"),
        "bbbb-bbbb" + USER[9:],
        DIGITS[:31] + "١",
        f"{USER}%0A",
        "null",
        "..",
        "%00",
        "x" * 5000,
    ],
)
def test_anything_else_is_refused_with_its_text(api, spelling):
    answer = api.get(spelling)

    assert (answer.status, answer.rule) == (400, "ID-FORMAT")
    assert answer.message.startswith("The value '")
    assert answer.message.endswith("' is not valid.")
    assert "errorCode" not in answer.json


def test_a_slash_in_an_id_leads_to_no_route(api):
    assert api.get("a%2Fb").rule == "ROUTE"


def test_device_ids_are_opaque():
    device = {"id": "x/y z?ü", "customer": "us", "owner": "admin@example.com"}
    api = emulator(devices=[device])

    assert api.device(USER, "x%2Fy%20z%3F%C3%BC").rule == "DEVICE-ROLES"
    assert api.device(USER, "nonsense").rule == "DEVICE-OWNED"
