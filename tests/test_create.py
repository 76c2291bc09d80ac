import pytest

from dimensions_emulator.ids import SeededIds
from dimensions_emulator.settings import Settings
from small_world import ADMIN, UK, US, WEB, emulator, person, user_id


def test_a_created_user_can_be_read(api):
    created = api.create("New.User@example.com", [ADMIN], name="New User").data

    read = api.get(created["id"]).data
    assert read == {**created, "isParent": False}
    assert read["email"] == "New.User@example.com"
    assert read["primaryTenant"] == US


@pytest.mark.parametrize("roles", [[], [WEB], [ADMIN], [ADMIN, WEB]])
def test_a_created_user_always_gets_website_access_once(api, roles):
    assert sorted(api.create(roles=roles).data["roles"]) == sorted({*roles, WEB})


def test_roles_may_be_left_out_or_null(api):
    for body in (
        {"email": "a@b.example", "displayName": "A"},
        {"email": "c@d.example", "displayName": "C", "roles": None},
    ):
        assert api.call("POST", api.users, json=body).data["roles"] == [WEB]


def test_a_role_given_twice_is_held_once(api):
    assert api.create(roles=[WEB, ADMIN, WEB, ADMIN]).data["roles"] == [WEB, ADMIN]


@pytest.mark.parametrize("spelling", ["admin@example.com", "ADMIN@EXAMPLE.COM", "Admin@Example.com"])
@pytest.mark.parametrize("customer", [US, UK])
def test_an_address_in_use_is_refused_however_it_is_spelled(api, spelling, customer):
    api.customer = customer
    before = api.state()

    answer = api.create(spelling)

    assert (answer.status, answer.code, answer.rule) == (400, "UserAlreadyExists", "USER-UNIQUE-EMAIL")
    assert spelling in answer.message
    assert api.state() == before


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("ΑΣ@mail.example", "ας@mail.example", True),
        ("ΑΣ@mail.example", "ασ@mail.example", True),
        ("ÉMILE@mail.example", "émile@mail.example", True),
        ("straße@mail.example", "strasse@mail.example", False),
        ("ﬁ@mail.example", "fi@mail.example", False),
    ],
)
def test_addresses_of_any_script_are_compared_without_case(api, first, second, same):
    assert api.create(first).status == 201
    assert api.create(second).status == (400 if same else 201)


def test_the_address_of_a_deleted_user_is_free_again(api):
    api.delete(user_id(2))

    assert api.create("plain@example.com").status == 201


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "The Email field is required."),
        ({"displayName": "A"}, "The Email field is required."),
        ({"email": None, "displayName": "A"}, "The Email field is required."),
        ({"email": "", "displayName": "A"}, "The Email field is required."),
        ({"email": "a@b.example"}, "The DisplayName field is required."),
        ({"email": "a@b.example", "displayName": ""}, "The DisplayName field is required."),
        (
            {"email": "a@b.example", "displayName": "x" * 101},
            "The field DisplayName must be a string with a maximum length of 100.",
        ),
        (
            {"email": "x" * 191 + "@b.example", "displayName": "A"},
            "The field Email must be a string with a maximum length of 200.",
        ),
        ({"email": "nonsense", "displayName": "A"}, "The Email field is not a valid e-mail address."),
        ({"email": "a@b@c.example", "displayName": "A"}, "The Email field is not a valid e-mail address."),
        ({"email": " a@b.example", "displayName": "A"}, "The Email field is not a valid e-mail address."),
        ({"email": "a@b.example\n", "displayName": "A"}, "The Email field is not a valid e-mail address."),
        ({"email": "a b@c.example", "displayName": "A"}, "The Email field is not a valid e-mail address."),
        ({"email": "@b.example", "displayName": "A"}, "The Email field is not a valid e-mail address."),
        ({"email": "a@", "displayName": "A"}, "The Email field is not a valid e-mail address."),
    ],
)
def test_a_field_that_does_not_fit_is_named(api, body, message):
    answer = api.call("POST", api.users, json=body)

    assert (answer.status, answer.rule, answer.message) == (400, "USER-FIELDS", message)


@pytest.mark.parametrize("length", [1, 99, 100])
def test_names_up_to_a_hundred_characters_fit(api, length):
    assert api.create(name="é" * length).status == 201


@pytest.mark.parametrize("length", [199, 200])
def test_addresses_up_to_two_hundred_characters_fit(api, length):
    domain = "@" + ".".join(["d" * 60] * 2) + ".example"
    assert api.create("x" * (length - len(domain)) + domain).status == 201


@pytest.mark.parametrize("email", ["o'brien+tag@mail.example", "zoë@büro.example", "a_b-c.d@e-f.example"])
def test_addresses_of_many_kinds_are_addresses(api, email):
    assert api.create(email).data["email"] == email


def test_a_refused_create_leaves_no_trace(api):
    before = api.state()

    assert api.create(roles=["customer.user.uc.remote"]).status == 400
    assert api.create(roles=["customer.user.uc"], charges=None).status == 400

    assert api.state() == before


def test_ids_repeat_with_a_seed_and_differ_without():
    def created(seed):
        return emulator(settings=Settings(seed=seed)).create().data["id"]

    assert created(7) == created(7)
    assert len({created(7), created(8), created(None), created(None)}) == 4


def test_a_seeded_id_is_never_given_twice():
    api = emulator(settings=Settings(seed=7))
    first, second = api.create("a@b.example").data["id"], api.create("c@d.example").data["id"]
    api.delete(first)
    api.control("state", "PUT", json=api.state())

    assert api.create("e@f.example").data["id"] != second
    assert api.list().json["page_size"] == 4


def test_a_derived_id_that_is_taken_is_passed_over():
    taken = SeededIds(7).guid(1)
    api = emulator({"taken@example.com": {**person(1, WEB, ADMIN), "id": taken}}, settings=Settings(seed=7))

    assert api.create().data["id"] == SeededIds(7).guid(2)
