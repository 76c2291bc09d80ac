import pytest

from small_world import UC, Api, emulator, supervisor, user_id

CREATE, LIST, GET = {"operation": "createUser"}, {"operation": "listUsers"}, {"operation": "getUser"}


@pytest.fixture
def busy(api):
    """Has listed (1), created (2), failed to create (3), got (4) and listed again (5)."""
    api.list()
    api.create("ada@example.com", [UC])
    api.create("bob@example.com", [supervisor(1), supervisor(2)])
    api.get(user_id(1))
    api.list()
    return api


def verify(api: Api, **given):
    return api.control("requests/verify", "POST", json=given)


@pytest.mark.parametrize(
    ("times", "verified"),
    [
        (None, True),
        (2, True),
        (1, False),
        (3, False),
        (0, False),
        ({"atLeast": 2}, True),
        ({"atLeast": 3}, False),
        ({"atMost": 2}, True),
        ({"atMost": 1}, False),
        ({"atLeast": 1, "atMost": 2}, True),
        ({"atLeast": 0, "atMost": 1}, False),
    ],
)
def test_requests_are_counted_against_what_is_expected(busy, times, verified):
    answer = verify(busy, match=CREATE, **({} if times is None else {"times": times}))

    assert answer.status == (200 if verified else 406)
    assert (answer.data["verified"], answer.data["count"]) == (verified, 2)
    assert answer.data["dropped"] == 0


def test_no_request_can_be_expected(busy):
    assert verify(busy, match={"method": "DELETE"}, times=0).status == 200
    assert verify(busy, match={"method": "DELETE"}).status == 406


@pytest.mark.parametrize(
    ("times", "words", "expected"),
    [
        (3, "exactly 3 requests", 3),
        (1, "exactly 1 request ", 1),
        (0, "no request ", 0),
        ({"atLeast": 3}, "at least 3 requests", {"atLeast": 3}),
        ({"atMost": 1}, "at most 1 request ", {"atLeast": 0, "atMost": 1}),
        ({"atLeast": 3, "atMost": 4}, "3 to 4 requests", {"atLeast": 3, "atMost": 4}),
    ],
)
def test_a_failure_says_what_was_expected(busy, times, words, expected):
    answer = verify(busy, match=CREATE, times=times)

    assert f'Expected {words.strip()} with operation "createUser"; found 2 among 5' in answer.message
    assert answer.data["expected"] == expected


def test_too_few_are_told_with_the_closest_requests_and_what_does_not_fit(busy):
    body = {"email": "ada@example.com", "roles": ["customer.user"]}
    match = {
        "method": "POST",
        "status": 201,
        "bodyPatterns": [{"equalToJson": body, "ignoreExtraElements": True}],
    }
    answer = verify(busy, match=match)

    first, second, third = answer.data["closest"]
    assert (first["id"], second["id"]) == ("default.2", "default.3")
    assert first["mismatches"] == [
        {"field": "body $.roles[0]", "expected": '"customer.user"', "found": '"customer.user.uc"'}
    ]
    assert [misfit["field"] for misfit in second["mismatches"]] == ["body $.email", "status"]
    assert [misfit["field"] for misfit in third["mismatches"]] == ["method", "body", "status"]
    assert first["request"]["url"] == busy.users
    assert first["curl"].startswith("curl ")
    lines = answer.message.splitlines()
    assert lines[0].startswith('Expected at least 1 request with method "POST", body JSON equal to {"email"')
    assert lines[0].endswith(", status 201; found 0 among 5. The closest:")
    assert lines[1:3] == [
        f"  default.2 POST {busy.users} → 201",
        '    body $.roles[0]: expected "customer.user", found "customer.user.uc"',
    ]


def test_of_requests_that_are_as_close_the_newest_are_shown(busy):
    answer = verify(busy, match={"headers": {"X-Trace": {"absent": False}}})

    assert [near["id"] for near in answer.data["closest"]] == ["default.5", "default.4", "default.3"]


def test_of_requests_that_differ_in_as_many_parts_the_most_alike_is_shown_first(busy):
    for path in ("/zzz", f"{busy.users}s", "/yyy"):
        busy.call("GET", path)

    answer = verify(busy, match={"urlPath": f"{busy.users}ss"})
    assert answer.data["closest"][0]["id"] == "default.7"


def test_too_many_are_named(busy):
    answer = verify(busy, match=CREATE, times=1)

    assert answer.message.endswith("found 2 among 5: default.2, default.3.")
    assert [(near["id"], near["mismatches"]) for near in answer.data["closest"]] == [
        ("default.2", []),
        ("default.3", []),
    ]


def test_very_many_are_not_all_named():
    api = emulator()
    for _ in range(13):
        api.list()

    message = verify(api, match=LIST, times=0).message
    assert message.endswith("default.9, default.10 and 3 more.")


def test_an_empty_journal_is_told_as_such():
    answer = verify(emulator(), match=CREATE)

    assert answer.message == 'Expected at least 1 request with operation "createUser"; found 0 among 0.'
    assert answer.data["closest"] == []


@pytest.mark.parametrize(
    "sequence",
    [
        [LIST],
        [LIST, CREATE, CREATE, GET, LIST],
        [LIST, GET],
        [CREATE, LIST],
        [{"status": 201}, {"status": 400}],
        [{}, {}, {}, {}, {}],
    ],
)
def test_a_sequence_may_have_others_between_its_requests(busy, sequence):
    answer = verify(busy, sequence=sequence)

    assert answer.status == 200
    assert (answer.data["count"], answer.data["expected"]) == (len(sequence), len(sequence))


@pytest.mark.parametrize(
    ("sequence", "came"),
    [
        ([GET, CREATE], 1),
        ([LIST, LIST, LIST], 2),
        ([{"status": 400}, {"status": 201}], 1),
        ([CREATE, CREATE, CREATE], 2),
        ([{"method": "PURGE"}, LIST], 0),
        ([{}] * 6, 5),
    ],
)
def test_a_sequence_that_did_not_come_is_told_with_how_far_it_came(busy, sequence, came):
    answer = verify(busy, sequence=sequence)

    assert answer.status == 406
    assert (answer.data["verified"], answer.data["count"], answer.data["expected"]) == (
        False,
        came,
        len(sequence),
    )
    assert f"of which the first {came} came; number {came + 1} did not come" in answer.message


def test_a_request_of_a_sequence_that_came_too_early_is_named(busy):
    message = verify(busy, sequence=[GET, CREATE]).message

    assert (
        'number 2 did not come after default.4, with operation "createUser", but came earlier, as default.3'
        in message
    )
    assert f"\n  default.5 GET {busy.users} → 200\n    operation: expected" in message


def test_what_had_to_go_is_told_with_a_failure():
    from dimensions_emulator.settings import Settings  # noqa: PLC0415

    api = emulator(settings=Settings(journal=2))
    for _ in range(5):
        api.list()

    answer = verify(api, match=LIST, times=5)
    assert "\n3 older requests had to go from the journal." in answer.message
    assert answer.data["dropped"] == 3


def test_only_the_session_of_the_request_is_looked_at(busy):
    busy.call("GET", f"/s/mine{busy.users}")

    answer = busy.control(
        "requests/verify", "POST", json={"match": LIST, "times": 1}, headers={"X-Emulator-Session": "mine"}
    )
    assert answer.status == 200


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "The body has a match"),
        ({"times": 1}, "The body has a match"),
        ({"match": CREATE, "sequence": [CREATE]}, "a match with times, or a sequence, not both"),
        ({"sequence": [CREATE], "times": 1}, "not both"),
        ({"matches": CREATE}, "no member 'matches'; there are: match, sequence, times"),
        ({"match": []}, "match is an object"),
        ({"match": {"methd": "GET"}}, "match has no member 'methd'"),
        ({"match": CREATE, "times": -1}, "times is a whole number from 0, not -1"),
        ({"match": CREATE, "times": "1"}, 'times is a whole number from 0, not "1"'),
        ({"match": CREATE, "times": True}, "times is a whole number from 0, not true"),
        ({"match": CREATE, "times": 1.5}, "times is a whole number from 0, not 1.5"),
        ({"match": CREATE, "times": {}}, "with the smaller one first"),
        ({"match": CREATE, "times": {"atLeast": 2, "atMost": 1}}, "with the smaller one first"),
        ({"match": CREATE, "times": {"min": 2}}, "times has no member 'min'; there are: atLeast, atMost"),
        ({"match": CREATE, "times": {"atMost": None}}, "times.atMost is a whole number"),
        ({"sequence": []}, "sequence is an array of 1 to 100 patterns"),
        ({"sequence": [{}] * 101}, "sequence is an array of 1 to 100 patterns"),
        ({"sequence": {}}, "sequence is an array"),
        ({"sequence": [{}, 1]}, "sequence[1] is an object"),
        ({"sequence": [{"operation": "x"}]}, 'sequence[0].operation cannot be "x"'),
    ],
)  # fmt: skip
def test_a_question_that_cannot_be_is_refused(busy, given, words):
    answer = verify(busy, **given)

    assert answer.status == 400
    assert words in answer.message


NASTY = [
    None,
    True,
    0,
    -1,
    10**400,
    1e308,
    "",
    "\ud800",
    "\x00",
    [],
    {},
    [[]],
    {"": {}},
    "x" * 2000,
    {"equalTo": {}},
    {"matches": "["},
]
MEMBERS = ["method", "url", "urlPath", "urlPattern", "urlPathPattern", "queryParameters", "headers", "bodyPatterns", "operation", "customer", "user", "caller", "rule", "errorCode", "status"]  # fmt: skip


@pytest.mark.parametrize("member", MEMBERS)
def test_nothing_nasty_crashes_it(busy, member):
    for value in (
        *NASTY,
        *([one] for one in NASTY),
        *({"a": one} for one in NASTY),
        {"a": {"equalToJson": NASTY}},
    ):
        for act, given in (
            ("count", {member: value}),
            ("find", {member: value}),
            ("verify", {"match": {member: value}}),
            ("verify", {"sequence": [{member: value}]}),
            ("verify", {"match": {}, "times": value}),
        ):
            answer = busy.control(f"requests/{act}", "POST", json=given)
            assert answer.status in {200, 400, 406}, (act, given)
