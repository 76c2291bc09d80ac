import pytest

from small_world import UK, WEB, emulator, person, user_id

PEOPLE = {f"person{n}@example.com": person(n, WEB) for n in range(1, 8)}


def ids(answer):
    return [item["id"] for item in answer.data]


def test_items_have_no_roles_and_page_size_counts_them():
    answer = emulator(PEOPLE).list()

    assert answer.json["page_size"] == 7
    assert "page_index" not in answer.json
    for item in answer.data:
        assert list(item) == ["id", "displayName", "email", "primaryTenant", "isParent"]


def test_users_come_in_the_order_of_their_creation():
    api = emulator(PEOPLE)
    created = api.create().data["id"]
    api.delete(user_id(3))
    api.patch(user_id(2), {"op": "replace", "path": "/displayName", "value": "Changed"})

    assert ids(api.list()) == [user_id(n) for n in (1, 2, 4, 5, 6, 7)] + [created]


def test_an_older_user_who_joins_later_keeps_its_place_by_creation(deciding):
    api = emulator(PEOPLE, profile=deciding(existing_user_other_tenant="link"))
    api.customer = UK
    created = api.create().data["id"]
    api.create("PERSON1@example.com")

    assert ids(api.list()) == [user_id(1), created]


@pytest.mark.parametrize(
    ("query", "numbers", "index"),
    [
        ("?pageIndex=0&pageSize=3", [1, 2, 3], 0),
        ("?pageIndex=1&pageSize=3", [4, 5, 6], 1),
        ("?pageIndex=2&pageSize=3", [7], 2),
        ("?pageIndex=3&pageSize=3", [], 3),
        ("?pageIndex=2147483647&pageSize=1000", [], 2147483647),
        ("?pageSize=2", [1, 2], 0),
        ("?pageIndex=0", [1, 2, 3, 4, 5, 6, 7], 0),
        ("?pageIndex=6&pageSize=1", [7], 6),
        ("?pageSize=1000", [1, 2, 3, 4, 5, 6, 7], 0),
    ],
)
def test_a_page_has_its_users_and_says_its_number(query, numbers, index):
    answer = emulator(PEOPLE).list(query)

    assert ids(answer) == [user_id(n) for n in numbers]
    assert answer.json["page_size"] == len(numbers)
    assert answer.json["page_index"] == index


@pytest.mark.parametrize(
    "query",
    [
        "?pageSize=0",
        "?pageSize=1001",
        "?pageSize=-1",
        "?pageIndex=-1",
        "?pageIndex=x",
        "?pageIndex=",
        "?pageIndex=1.5",
        "?pageIndex=%D9%A1",
        "?pageIndex=1e3",
        "?pageIndex=2147483648",
        "?pageIndex=99999999999999999999",
    ],
)
def test_a_page_that_cannot_be_is_refused(api, query):
    answer = api.list(query)

    assert (answer.status, answer.rule) == (400, "LIST-PAGING")
    assert answer.message == f"The value '{'١' if '%' in query else query.partition('=')[2]}' is not valid."


def test_the_default_page_has_a_thousand_users():
    many = {f"person{n}@example.com": person(n, WEB) for n in range(1, 1203)}
    api = emulator(many)

    assert api.list().json["page_size"] == 1202
    assert api.list("?pageIndex=0").json["page_size"] == 1000
    assert api.list("?pageIndex=1").json["page_size"] == 202


def test_members_are_listed_with_their_own_tenant_alone():
    guest = person(9, WEB, customer="uk")

    api = emulator({**PEOPLE, "guest@example.com": guest})

    assert user_id(9) not in ids(api.list())
    api.customer = UK
    assert ids(api.list()) == [user_id(9)]
