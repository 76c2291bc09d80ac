import json
import time

import pytest

from dimensions_emulator.sandbox import matching
from dimensions_emulator.sandbox.exchange import Exchange
from dimensions_emulator.sandbox.journal import KEPT_BODY, Entry
from dimensions_emulator.sandbox.met import Met
from dimensions_emulator.sandbox.value_patterns import PatternInvalid
from small_world import UC, US, supervisor, user_id

PATH = f"/api/v1.0/customers/{US}/users"
KNOWN = {"operation": ("createUser", "listUsers"), "rule": ("ROUTE",)}


def exchange(
    method="POST", path=PATH, query="", body=b"", headers=None, mount="", sent=None, status=200, **facts
):
    met = Met()
    for name, value in facts.items():
        setattr(met, name, value)
    named = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in (headers or {}).items()}
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": mount,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "wsgi.url_scheme": "http",
        **named,
    }
    told = {**environ, "CONTENT_LENGTH": str(len(body) if sent is None else sent)}
    return Exchange(
        Entry(1, "default.1", 0, tuple(told), tuple(told.values()), body, status, [], b"", 0, 0.1, met, 0)
    )


def fits(pattern, **request):
    return matching.read(pattern, KNOWN).fits(exchange(**request))


def misfits(pattern, **request):
    found = matching.read(pattern, KNOWN).misfits(exchange(**request))
    return [tuple(misfit) for misfit in found]


@pytest.mark.parametrize(
    ("pattern", "request_", "fit"),
    [
        ({}, {}, True),
        ({"method": "POST"}, {}, True),
        ({"method": "post"}, {}, True),
        ({"method": "ANY"}, {}, True),
        ({"method": "GET"}, {}, False),
        ({"url": PATH}, {}, True),
        ({"url": PATH}, {"query": "a=1"}, False),
        ({"url": f"{PATH}?a=1"}, {"query": "a=1"}, True),
        ({"urlPath": PATH}, {"query": "a=1"}, True),
        ({"urlPath": "/users"}, {}, False),
        ({"urlPath": f"/s/mine{PATH}"}, {"mount": "/s/mine"}, True),
        ({"urlPath": PATH}, {"mount": "/s/mine"}, True),
        ({"urlPath": f"/s/other{PATH}"}, {"mount": "/s/mine"}, False),
        ({"url": f"{PATH}?a=1"}, {"mount": "/s/mine", "query": "a=1"}, True),
        ({"urlPath": "/a b"}, {"path": "/a b"}, True),
        ({"urlPath": "/a%20b"}, {"path": "/a b"}, True),
        ({"urlPath": "/s/mine/x"}, {"path": "/s/mine/x"}, True),
        ({"urlPattern": ".*/users\\?a=[0-9]+"}, {"query": "a=12"}, True),
        ({"urlPattern": ".*/users"}, {"query": "a=12"}, False),
        ({"urlPathPattern": "/api/v1\\.0/customers/[^/]+/users"}, {"mount": "/s/mine"}, True),
        ({"urlPathPattern": "users"}, {}, False),
        ({"queryParameters": {"a": {"equalTo": "1 2"}}}, {"query": "a=1+2&b="}, True),
        ({"queryParameters": {"a": {"equalTo": "2"}}}, {"query": "a=1&a=2"}, True),
        ({"queryParameters": {"b": {"equalTo": ""}}}, {"query": "a=1&b="}, True),
        ({"queryParameters": {"A": {"absent": True}}}, {"query": "a=1"}, True),
        ({"queryParameters": {"a": {"absent": True}}}, {"query": "a=1"}, False),
        ({"queryParameters": {"a": {"absent": False}}}, {"query": "a=1"}, True),
        ({"headers": {"x-trace": {"equalTo": "abc"}}}, {"headers": {"X-Trace": "abc"}}, True),
        ({"headers": {"X-Trace": {"equalTo": "ABC"}}}, {"headers": {"X-Trace": "abc"}}, False),
        ({"headers": {"X-Trace": {"equalTo": "ABC", "caseInsensitive": True}}}, {"headers": {"X-Trace": "abc"}}, True),
        ({"headers": {"X-Trace": {"contains": "b"}}}, {"headers": {"X-Trace": "abc"}}, True),
        ({"headers": {"X-Trace": {"contains": "b"}}}, {}, False),
        ({"headers": {"X-Trace": {"doesNotContain": "b"}}}, {"headers": {"X-Trace": "abc"}}, False),
        ({"headers": {"X-Trace": {"doesNotContain": "b"}}}, {}, True),
        ({"headers": {"X-Trace": {"matches": "[a-c]+"}}}, {"headers": {"X-Trace": "abc"}}, True),
        ({"headers": {"X-Trace": {"matches": "[a-b]+"}}}, {"headers": {"X-Trace": "abc"}}, False),
        ({"headers": {"X-Trace": {"matches": "a|abc"}}}, {"headers": {"X-Trace": "abc"}}, True),
        ({"headers": {"X-Trace": {"doesNotMatch": "[a-c]+"}}}, {"headers": {"X-Trace": "abc"}}, False),
        ({"headers": {"X-Trace": {"doesNotMatch": "[a-b]+"}}}, {"headers": {"X-Trace": "abc"}}, True),
        ({"headers": {"X-Trace": {"absent": True}}}, {}, True),
        ({"bodyPatterns": [{"equalTo": "ü"}]}, {"body": "ü".encode()}, True),
        ({"bodyPatterns": [{"contains": "a"}, {"contains": "c"}]}, {"body": b"abc"}, True),
        ({"bodyPatterns": [{"contains": "a"}, {"contains": "x"}]}, {"body": b"abc"}, False),
        ({"bodyPatterns": [{"contains": "\x00b"}]}, {"body": b"\xff\x00b"}, True),
        ({"bodyPatterns": [{"matches": ".*b.*"}]}, {"body": b"abc"}, True),
        ({"bodyPatterns": [{"absent": True}]}, {}, True),
        ({"bodyPatterns": [{"absent": True}]}, {"body": b"a"}, False),
        ({"bodyPatterns": [{"equalTo": "a" * KEPT_BODY}]}, {"body": b"a" * KEPT_BODY, "sent": KEPT_BODY + 1}, False),
        ({"operation": "createUser"}, {"operation": "createUser"}, True),
        ({"operation": "createUser"}, {"operation": "listUsers"}, False),
        ({"operation": "createUser"}, {}, False),
        ({"customer": US.upper()}, {"customer": US.replace("-", "")}, True),
        ({"user": user_id(1)}, {"user": f"{{{user_id(1)}}}"}, True),
        ({"user": "nonsense"}, {"user": "nonsense"}, True),
        ({"caller": "reseller"}, {"caller": "reseller"}, True),
        ({"status": 200}, {"status": 200}, True),
        ({"status": 200}, {"status": 201}, False),
        ({"status": 0}, {"status": 0}, True),
        ({"rule": "ROUTE"}, {}, False),
        ({"errorCode": "X"}, {}, False),
    ],
)  # fmt: skip
def test_a_pattern_fits_or_not(pattern, request_, fit):
    assert fits(pattern, **request_) is fit
    assert (misfits(pattern, **request_) == []) is fit


@pytest.mark.parametrize(
    ("expected", "body", "options", "fit"),
    [
        ({"a": 1, "b": [1, 2]}, {"b": [1, 2], "a": 1}, (), True),
        ({"a": 1}, {"a": 1.0}, (), True),
        ({"a": 1}, {"a": True}, (), False),
        ({"a": 0}, {"a": False}, (), False),
        ({"a": None}, {}, (), False),
        ({"a": None}, {"a": None}, (), True),
        ({"a": 1}, {"a": "1"}, (), False),
        ({"a": 1}, {"a": 1, "b": 2}, (), False),
        ({"a": 1}, {"a": 1, "b": 2}, ("ignoreExtraElements",), True),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, ("ignoreExtraElements",), True),
        ({"a": 1, "b": 2}, {"a": 1}, ("ignoreExtraElements",), False),
        ([1, 2], [2, 1], (), False),
        ([1, 2], [2, 1], ("ignoreArrayOrder",), True),
        ([1, 1, 2], [2, 1, 2], ("ignoreArrayOrder",), False),
        ([1], [1, 2], ("ignoreArrayOrder",), False),
        ([1], [1, 2], (), False),
        ([1], [1, 2], ("ignoreExtraElements",), True),
        ([2], [1, 2], ("ignoreExtraElements",), False),
        ([2], [1, 2], ("ignoreExtraElements", "ignoreArrayOrder"), True),
        ([1, 2], [1], ("ignoreExtraElements",), False),
        ([{"a": 1}, {"a": 1, "b": 2}], [{"a": 1, "b": 2}, {"a": 1}], ("ignoreExtraElements", "ignoreArrayOrder"), True),
        ([[2, 1], [3]], [[3], [1, 2]], ("ignoreArrayOrder",), True),
        ('{"a": [1]}', {"a": [1]}, (), True),
        ('"text"', "text", (), True),
        ({}, [], (), False),
        ([], {}, (), False),
        (1, 1, (), True),
    ],
)  # fmt: skip
def test_json_is_compared_as_json(expected, body, options, fit):
    pattern = {"bodyPatterns": [{"equalToJson": expected, **dict.fromkeys(options, True)}]}

    assert fits(pattern, body=json.dumps(body).encode()) is fit


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 5000])
def test_what_is_no_json_fits_none(body):
    assert not fits({"bodyPatterns": [{"equalToJson": {}}]}, body=body)


def test_a_body_that_is_not_whole_fits_no_json():
    body = b"[]".ljust(KEPT_BODY)
    assert fits({"bodyPatterns": [{"equalToJson": []}]}, body=body)
    assert not fits({"bodyPatterns": [{"equalToJson": []}]}, body=body, sent=KEPT_BODY + 1)


@pytest.mark.parametrize(
    ("pattern", "request_", "told"),
    [
        ({"method": "GET"}, {}, [("method", '"GET"', '"POST"')]),
        ({"urlPath": "/x"}, {"mount": "/s/m", "path": "/y"}, [("urlPath", '"/x"', '"/s/m/y", "/y"')]),
        ({"headers": {"X": {"matches": "a+"}}}, {}, [("headers.X", 'a match of "a+"', "nothing")]),
        ({"headers": {"X": {"absent": True}}}, {"headers": {"X": "1"}}, [("headers.X", "nothing", '"1"')]),
        ({"headers": {"X": {"absent": False}}}, {}, [("headers.X", "something", "nothing")]),
        ({"queryParameters": {"a": {"doesNotContain": "1"}}}, {"query": "a=1&a=2"}, [("queryParameters.a", 'not something with "1" in it', '"1", "2"')]),
        ({"bodyPatterns": [{"equalTo": "A", "caseInsensitive": True}]}, {"body": b"b"}, [("body", '"A" in any case', '"b"')]),
        ({"bodyPatterns": [{"equalToJson": {"a": [1, {"b": 2}]}}]}, {"body": b'{"a": [1, {"b": 3}]}'}, [("body $.a[1].b", "2", "3")]),
        ({"bodyPatterns": [{"equalToJson": {"a": 1}}]}, {"body": b'{"a": 1, "z": 2}'}, [("body $.z", "nothing", "2")]),
        ({"bodyPatterns": [{"equalToJson": {"a": 1}}]}, {"body": b"{}"}, [("body $.a", "1", "nothing")]),
        ({"bodyPatterns": [{"equalToJson": [1, 2], "ignoreArrayOrder": True}]}, {"body": b"[2, 3]"}, [("body $[*]", "1", "nothing")]),
        ({"bodyPatterns": [{"equalToJson": {}}]}, {}, [("body", "JSON equal to {}", "nothing")]),
        ({"status": 201, "operation": "createUser"}, {}, [("operation", '"createUser"', "nothing"), ("status", "201", "200")]),
    ],
)  # fmt: skip
def test_a_misfit_tells_where_what_was_expected_and_what_was_found(pattern, request_, told):
    assert misfits(pattern, **request_) == told


def test_long_values_are_told_shortened():
    ((_, expected, found),) = misfits({"bodyPatterns": [{"equalTo": "a" * 5000}]}, body=b"b" * 5000)

    assert len(expected) < 400
    assert len(found) < 400


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ([], "match is an object, not []"),
        (None, "match is an object"),
        ({"methd": "GET"}, "match has no member 'methd'; there are: method, url"),
        ({"method": 1}, "match.method is a string, not 1"),
        ({"url": ""}, 'match.url is a string, not ""'),
        ({"urlPathPattern": "("}, "match.urlPathPattern is no regular expression"),
        ({"urlPattern": "a)|(b"}, "match.urlPattern is no regular expression"),
        ({"urlPattern": "(?=a)a"}, "look-around and back-references"),
        ({"urlPattern": "(a)\\1"}, "look-around and back-references"),
        ({"urlPattern": "((a{1000}){1000}){1000}"}, "takes much memory"),
        ({"urlPattern": "a" * 1001}, "more than 1000 characters"),
        ({"headers": []}, "match.headers is an object of at most 50 patterns"),
        ({"headers": {str(number): {"absent": True} for number in range(51)}}, "at most 50"),
        ({"headers": {"X": "text"}}, 'match.headers.X is an object such as {"equalTo": "…"}, not "text"'),
        ({"headers": {"X": {}}}, "match.headers.X has nothing, and needs one of equalTo, contains"),
        ({"headers": {"X": {"equalTo": "a", "contains": "b"}}}, "has contains, equalTo, and needs one of"),
        ({"headers": {"X": {"equals": "a"}}}, "has equals, and needs one of equalTo"),
        ({"headers": {"X": {"equalTo": 1}}}, "match.headers.X.equalTo is a string, not 1"),
        ({"headers": {"X": {"absent": "yes"}}}, "match.headers.X.absent is true or false"),
        ({"headers": {"X": {"equalTo": "a", "caseInsensitive": 1}}}, "caseInsensitive is true or false"),
        ({"headers": {"X": {"contains": "a", "caseInsensitive": True}}}, "no member 'caseInsensitive' beside contains; there are none"),
        ({"headers": {"X": {"equalToJson": {}}}}, "has equalToJson, and needs one of"),
        ({"queryParameters": {"a": {"hasExactly": []}}}, "has hasExactly, and needs one of"),
        ({"bodyPatterns": {}}, "match.bodyPatterns is an array of at most 50 patterns"),
        ({"bodyPatterns": [{"absent": True}] * 51}, "at most 50"),
        ({"bodyPatterns": [{"matchesJsonPath": "$.a"}]}, "has matchesJsonPath, and needs one of equalTo, contains, doesNotContain, matches, doesNotMatch, absent, equalToJson; compare with equalToJson and ignoreExtraElements"),
        ({"bodyPatterns": [{"equalToJson": "{"}]}, "match.bodyPatterns[0].equalToJson is JSON, or a string with JSON in it"),
        ({"bodyPatterns": [{"equalToJson": {}, "ignoreArrayOrder": "x"}]}, "ignoreArrayOrder is true or false"),
        ({"operation": "createUsers"}, 'match.operation cannot be "createUsers"; there are: createUser, listUsers'),
        ({"rule": "X"}, "match.rule cannot be"),
        ({"status": "200"}, "match.status is a status code"),
        ({"status": True}, "match.status is a status code"),
        ({"status": 600}, "match.status is a status code"),
        ({"status": 10**400}, "match.status is a status code"),
    ],
)  # fmt: skip
def test_a_pattern_that_cannot_be_is_refused_with_the_place_and_what_could_be(pattern, words):
    with pytest.raises(PatternInvalid) as refused:
        matching.read(pattern, KNOWN)

    assert words in refused.value.args[0]


@pytest.mark.parametrize("regex", ["(a+)+b", "(a|a)*b", "(a|aa)+$", "(.*)*x", "([a-z]+)*[0-9]"])
def test_no_regular_expression_takes_long(regex):
    started = time.perf_counter()

    assert not fits({"bodyPatterns": [{"matches": regex}]}, body=b"a" * (KEPT_BODY - 1) + b"!")
    assert time.perf_counter() - started < 2


def test_a_comparison_of_json_that_takes_long_is_given_up():
    many = [{"a": number} for number in range(2000)]
    body = json.dumps([{"a": number} for number in range(2000, 3500)]).encode()[:KEPT_BODY]
    body = body[: body.rindex(b"}") + 1] + b"]"
    pattern = matching.read({"bodyPatterns": [{"equalToJson": many, "ignoreArrayOrder": True}]}, KNOWN)
    request = exchange(body=body)

    with pytest.raises(PatternInvalid, match="takes too long; leave out ignoreArrayOrder"):
        any(pattern.fits(request) for _ in range(10_000))


def test_json_that_is_nested_deeply_is_refused_or_compared():
    def nested(depth):
        return json.loads("[" * depth + "]" * depth)

    body = b"[" * 900 + b"]" * 900
    with pytest.raises(PatternInvalid, match="takes too long"):
        fits({"bodyPatterns": [{"equalToJson": nested(900)}]}, body=body)
    assert fits({"bodyPatterns": [{"equalToJson": nested(50)}]}, body=b"[" * 50 + b"]" * 50)


class TestOverHttp:
    @pytest.fixture
    def busy(self, api):
        api.list("?pageIndex=0")
        api.create("ada@example.com", [UC])
        api.create("bob@example.com", [supervisor(1), supervisor(2)])
        api.call("POST", f"/s/mine{api.users}", json={}, charges="true")
        return api

    @pytest.mark.parametrize(
        ("pattern", "numbers"),
        [
            ({"method": "POST"}, [2, 3]),
            ({"errorCode": "SupervisorRolesExclusive"}, [3]),
            ({"rule": "ROLE-SUPERVISOR-EXCLUSIVE", "customer": US}, [3]),
            ({"operation": "createUser", "status": 201}, [2]),
            (
                {
                    "bodyPatterns": [
                        {"equalToJson": {"email": "ada@example.com"}, "ignoreExtraElements": True}
                    ]
                },
                [2],
            ),
            ({"queryParameters": {"pageIndex": {"matches": "\\d"}}}, [1]),
        ],
    )
    def test_requests_are_found_and_counted(self, busy, pattern, numbers):
        found = busy.control("requests/find", "POST", json=pattern).data
        counted = busy.control("requests/count", "POST", json=pattern).data

        assert [entry["id"] for entry in found["requests"]] == [f"default.{number}" for number in numbers]
        assert found["meta"]["total"] == counted["count"] == len(numbers)
        assert counted["requestJournalDisabled"] is found["requestJournalDisabled"] is False

    def test_the_error_code_of_a_fault_is_found(self, busy):
        busy.control("faults", "POST", json={"answer": {"errorCode": "RoleUnknown"}, "count": 1})
        busy.list()

        assert busy.control("requests/count", "POST", json={"errorCode": "RoleUnknown"}).data["count"] == 1

    @pytest.mark.parametrize("act", ["count", "find"])
    def test_a_pattern_that_cannot_be_is_refused(self, busy, act):
        answer = busy.control(f"requests/{act}", "POST", json={"urlPatern": "x"})

        assert (answer.status, "no member 'urlPatern'" in answer.message) == (400, True)
