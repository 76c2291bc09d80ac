import copy

import jsonpatch
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dimensions_emulator.domain import json_patch
from dimensions_emulator.domain.errors import Refused

DOCUMENT = {"displayName": "Me", "email": "me@example.com", "roles": ["a", "b", "c"]}
PATHS = ["/displayName", "/email", "/roles", "/roles/0", "/roles/1", "/roles/2", "/roles/3", "/roles/-", "/roles/01", "/roles/0/x", "/nope", "/~0", "/~1", ""]  # fmt: skip
VALUES = st.one_of(st.sampled_from(["a", "b", "Me", "new"]), st.lists(st.sampled_from(["a", "b", "d"]), max_size=3), st.integers(0, 1), st.booleans(), st.none())  # fmt: skip
OPERATIONS = st.fixed_dictionaries(
    {
        "op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]),
        "path": st.sampled_from(PATHS),
        "from": st.sampled_from(PATHS),
        "value": VALUES,
    }
)


def ours(document, operations):
    return json_patch.apply(json_patch.parse(operations), document)


def fits(document):
    """Our document's members keep their types; a library knows none."""
    return (
        set(document) == set(DOCUMENT)
        and all(
            document[name] is None or isinstance(document[name], str) for name in ("displayName", "email")
        )
        and isinstance(document["roles"], list)
        and all(isinstance(role, str) for role in document["roles"])
    )


@settings(max_examples=1500)
@given(st.lists(OPERATIONS, max_size=5))
@example([{"op": "move", "path": "/roles/2", "from": "/roles/0", "value": None}])
@example([{"op": "copy", "path": "/roles", "from": "/roles", "value": None}])
def test_what_we_accept_comes_out_as_with_a_library(operations):
    before = copy.deepcopy(DOCUMENT)
    try:
        result = ours(DOCUMENT, operations)
    except Refused:
        result = None
    assert before == DOCUMENT

    if result is not None:
        # Removing a whole member empties it here, where the library takes the member away.
        wanted = {"displayName": None, "email": None, "roles": []} | jsonpatch.apply_patch(
            DOCUMENT, operations
        )
        assert result == wanted


@settings(max_examples=1500)
@given(st.lists(OPERATIONS, min_size=1, max_size=4))
def test_what_a_library_accepts_and_fits_a_user_we_accept(operations):
    document = copy.deepcopy(DOCUMENT)
    for operation in operations:
        typed = operation["op"] != "test" or type(operation["value"]) in (str, list)
        whole = "" in (operation["path"], operation["from"] if operation["op"] in ("move", "copy") else "/")
        try:
            document = jsonpatch.apply_patch(document, [operation])
        except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError):
            return
        if not typed or whole or not fits(document):
            return

    assert ours(DOCUMENT, operations) == document


@pytest.mark.parametrize(
    ("current", "value"), [("1", 1), ("true", True), ("null", None), ("", None), ("0", False)]
)
def test_values_are_equal_only_if_their_json_types_are(current, value):
    document = {**DOCUMENT, "displayName": current}

    with pytest.raises(Refused):
        ours(document, [{"op": "test", "path": "/displayName", "value": value}])


def test_a_test_of_a_list_looks_at_its_order():
    assert ours(DOCUMENT, [{"op": "test", "path": "/roles", "value": ["a", "b", "c"]}]) == DOCUMENT
    with pytest.raises(Refused):
        ours(DOCUMENT, [{"op": "test", "path": "/roles", "value": ["c", "b", "a"]}])


@pytest.mark.parametrize(
    ("operation", "roles"),
    [
        ({"op": "add", "path": "/roles/0", "value": "x"}, ["x", "a", "b", "c"]),
        ({"op": "add", "path": "/roles/3", "value": "x"}, ["a", "b", "c", "x"]),
        ({"op": "replace", "path": "/roles/1", "value": "x"}, ["a", "x", "c"]),
        ({"op": "remove", "path": "/roles/0"}, ["b", "c"]),
        ({"op": "move", "from": "/roles/0", "path": "/roles/2"}, ["b", "c", "a"]),
        ({"op": "move", "from": "/roles/0", "path": "/roles/-"}, ["b", "c", "a"]),
        ({"op": "move", "from": "/roles/1", "path": "/roles/1"}, ["a", "b", "c"]),
        ({"op": "copy", "from": "/roles/2", "path": "/roles/0"}, ["c", "a", "b", "c"]),
        ({"op": "copy", "from": "/displayName", "path": "/roles/-"}, ["a", "b", "c", "Me"]),
        ({"op": "remove", "path": "/roles"}, []),
        ({"op": "add", "path": "/roles", "value": ["z"]}, ["z"]),
    ],
)
def test_lists_change_as_the_standard_says(operation, roles):
    assert ours(DOCUMENT, [operation])["roles"] == roles


def test_a_copied_list_is_a_copy():
    patch = [
        {"op": "copy", "from": "/roles", "path": "/roles"},
        {"op": "add", "path": "/roles/-", "value": "x"},
    ]

    assert ours(DOCUMENT, patch)["roles"] == ["a", "b", "c", "x"]
    assert DOCUMENT["roles"] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("operation", "replaces"),
    [
        ({"op": "replace", "path": "/roles", "value": []}, True),
        ({"op": "add", "path": "/roles", "value": []}, True),
        ({"op": "remove", "path": "/roles"}, True),
        ({"op": "move", "from": "/roles", "path": "/displayName"}, True),
        ({"op": "test", "path": "/roles", "value": []}, False),
        ({"op": "copy", "from": "/roles", "path": "/displayName"}, False),
        ({"op": "remove", "path": "/roles/0"}, False),
    ],
)
def test_it_is_known_whether_the_whole_list_is_replaced(operation, replaces):
    assert json_patch.replaces_list(json_patch.parse([operation])) is replaces
