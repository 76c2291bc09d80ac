"""Faults that cannot be had, and the words in which that is told."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from small_world import emulator

BUSY = {"answer": {"status": 503}}
SLOW = {"type": "fixed", "milliseconds": 5}


def answered(**members):
    return {"answer": {"status": 503, **members}}


def delayed(kind, **members):
    return {"latency": {"type": kind, **members}}


NUMBERS = (True, "1", [], {}, 1e30, 10**30)
WRONG = [
    ({}, "A fault does something: give it an answer, a break or a latency."),
    ({"match": {}, "count": 1}, "A fault does something"),
    ({"status": 503}, "A fault has no member 'status'; there are: after, answer, break, count,"),
    ({**BUSY, "Match": {}}, "A fault has no member 'Match'"),
    ({**BUSY, "struck": 0}, "A fault has no member 'struck'"),
    ({**BUSY, "match": {"tenant": "x"}}, "match has no member 'tenant'; there are: caller, customer,"),
    ({**BUSY, "match": []}, "match is an object."),
    (
        {**BUSY, "match": {"operation": "CreateUser"}},
        "match.operation is one of: listUsers, createUser, getUser",
    ),
    ({**BUSY, "match": {"operation": []}}, "match.operation is one of:"),
    ({**BUSY, "match": {"customer": "us"}}, "match.customer is the id of a customer, not 'us'."),
    ({**BUSY, "match": {"customer": 7}}, "match.customer is a text of 1 to 1000 characters."),
    ({**BUSY, "match": {"user": "ada"}}, "match.user is the id or the e-mail address of a user, not 'ada'."),
    ({**BUSY, "match": {"user": ""}}, "match.user is a text"),
    ({**BUSY, "match": {"user": "@" * 1001}}, "match.user is a text"),
    ({**BUSY, "match": {"caller": {}}}, "match.caller is a text"),
    ({**BUSY, "match": {"method": "BREW"}}, "match.method is one of: GET, HEAD, POST, PUT, PATCH, DELETE."),
    ({**BUSY, "match": {"path": "users"}}, "match.path is a glob such as"),
    ({"answer": []}, "answer is an object."),
    ({"answer": "503"}, "answer is an object."),
    (
        {"answer": {}},
        "answer.status is missing; only these errorCodes bring one of their own: ChargesNotAccepted,",
    ),
    ({"answer": {"errorCode": "Unheard"}}, "answer.status is missing"),
    ({"answer": {"errorCode": 7}}, "answer.errorCode is a text"),
    (answered(message=""), "answer.message is a text"),
    (
        answered(message="x", body="y"),
        "answer.body stands in place of errorCode and message; leave out either.",
    ),
    ({"answer": {"status": 200, "message": "x"}}, "belong to a status from 400, not to 200."),
    ({"answer": {"status": 302, "errorCode": "RoleUnknown"}}, "belong to a status from 400, not to 302."),
    ({"answer": {"status": 204, "body": {}}}, "An answer with the status 204 has no body"),
    ({"answer": {"status": 304, "body": ""}}, "An answer with the status 304 has no body"),
    (answered(code="x"), "answer has no member 'code'; there are: body, errorCode, headers,"),
    (answered(body="x" * 65537), "answer.body has at most 65536 bytes."),
    (answered(body=["\u00fc" * 40_000]), "answer.body has at most 65536 bytes."),
    (answered(body=2**64), "answer.body has a number beyond 64 bits"),
    (answered(body=[{"a": -(2**64)}]), "answer.body has a number beyond 64 bits"),
    (answered(headers=[]), "answer.headers is an object of at most 20 names with texts."),
    (answered(headers={f"X-{n}": "" for n in range(21)}), "answer.headers is an object of at most 20"),
    (answered(headers={"X Y": ""}), "answer.headers has 'X Y', which is no name of a header."),
    (answered(headers={"": ""}), "which is no name of a header."),
    (answered(headers={"X" * 101: ""}), "which is no name of a header."),
    (answered(headers={"X:": ""}), "which is no name of a header."),
    (answered(headers={"X\n": ""}), "which is no name of a header."),
    (answered(headers={"X": "a\r\nSet-Cookie: b"}), "answer.headers.X is a text of at most 1000 printable"),
    (answered(headers={"X": "a\n"}), "answer.headers.X is a text"),
    (answered(headers={"X": "\u00fc"}), "answer.headers.X is a text"),
    (answered(headers={"X": "a" * 1001}), "answer.headers.X is a text"),
    (answered(headers={"X": 1}), "answer.headers.X is a text"),
    (answered(headers={"X": None}), "answer.headers.X is a text"),
    (answered(headers={"X": "a", "x": "b"}), "answer.headers names a header twice."),
    (
        answered(headers={"Retry-after": "1"}, retryAfter=1),
        "answer.headers has Retry-After and answer.retryAfter",
    ),
    *[
        (answered(headers={name: "1"}), f"answer.headers has '{name}', which the server sets itself.")
        for name in (
            "Content-Length",
            "connection",
            "Transfer-Encoding",
            "X-Emulator-Rule",
            "x-emulator",
            "TE",
        )
    ],
    *[
        (answered(status=value), "answer.status is a whole number from 200 to 599.")
        for value in (199, 600, 0, -1, 503.0, *NUMBERS)
    ],
    *[
        (answered(retryAfter=value), "answer.retryAfter is a whole number from 0 to 31536000.")
        for value in (-1, 1.5, 31536001, *NUMBERS)
    ],
    *[
        ({"break": value}, "break is one of: reset, hang, truncate, malformed.")
        for value in ("RESET", "", 1, [], True)
    ],
    *[({**BUSY, "break": kind}, f"With the break {kind} no answer is sent") for kind in ("reset", "hang")],
    ({**BUSY, "hangSeconds": 1}, "hangSeconds belongs to the break hang; leave it out."),
    ({"break": "reset", "hangSeconds": 1}, "hangSeconds belongs to the break hang"),
    *[
        ({"break": "hang", "hangSeconds": value}, "hangSeconds is a number from 0 to 300.")
        for value in (-1, 300.5, *NUMBERS)
        if value != 1
    ],
    ({"latency": 5}, "latency is an object."),
    ({"latency": {}}, "latency.type is missing; it is one of: fixed, uniform, lognormal."),
    (delayed("normal"), "latency.type is one of: fixed, uniform, lognormal."),
    (delayed([]), "latency.type is one of:"),
    (delayed("fixed"), "latency.milliseconds is missing; a fixed latency has milliseconds."),
    (delayed("uniform", lower=1), "latency.upper is missing; a uniform latency has lower and upper."),
    (
        delayed("lognormal", median=None, sigma=1),
        "latency.median is missing; a lognormal latency has median and sigma.",
    ),
    (
        delayed("fixed", milliseconds=1, median=1),
        "A fixed latency has no member 'median'; there are: milliseconds, type.",
    ),
    (delayed("uniform", lower=2, upper=1), "latency.lower is not above latency.upper."),
    *[
        (delayed("fixed", milliseconds=value), "latency.milliseconds is a number from 0 to 60000.")
        for value in (-0.001, 60_000.5, *NUMBERS)
    ],
    *[
        (delayed("lognormal", median=value, sigma=1), "latency.median is a number from 0.001")
        for value in (0, -1)
    ],
    *[
        (delayed("lognormal", median=1, sigma=value), "latency.sigma is a number from 0 to 10.")
        for value in (-1, 11)
    ],
    *[
        ({**BUSY, "count": value}, "count is a whole number from 1 to 1000000.")
        for value in (0, -1, 1.5, *NUMBERS)
    ],
    *[
        ({**BUSY, "after": value}, "after is a whole number from 0 to 1000000.")
        for value in (-1, 0.5, *NUMBERS)
    ],
    *[
        ({**BUSY, "probability": value}, "probability is a number from 0 to 1.")
        for value in (-0.1, 1.01, *NUMBERS)
    ],
    *[({**BUSY, "when": value}, "when is one of: before, after.") for value in ("During", "", 0, [], {})],
]


@pytest.fixture(scope="module")
def one_api():
    return emulator()


@pytest.fixture(autouse=True)
def _without_faults(one_api):
    one_api.control("faults", "DELETE")


@pytest.mark.parametrize(("wanted", "told"), WRONG)
def test_what_does_not_fit_is_refused_by_its_name(one_api, wanted, told):
    answer = one_api.control("faults", "POST", json=wanted)

    assert (answer.status, list(answer.json)) == (400, ["error", "message", "status", "timestamp"])
    assert told in answer.message
    assert one_api.control("faults").data == []


@pytest.mark.parametrize(("wanted", "told"), WRONG)
def test_a_change_is_refused_in_the_same_words(one_api, wanted, told):
    if wanted in ({}, {"match": {}, "count": 1}) or wanted.get("answer") in ({}, {"errorCode": "Unheard"}):
        return  # fine as a change
    api = one_api
    fault = api.control("faults", "POST", json={**BUSY, "latency": SLOW}).data
    if "answer" not in wanted and wanted.keys() & {"break", "latency"}:
        wanted = {"answer": None, **wanted}

    answer = api.control(f"faults/{fault['id']}", "PATCH", json=wanted)

    assert answer.status == 400
    assert told in answer.message
    assert api.control("faults").data == [fault]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({}, 415),
        ({"data": b"{}", "content_type": "text/plain"}, 415),
        ({"data": b"", "content_type": "application/json"}, 400),
        ({"json": []}, 400),
        ({"data": b"null", "content_type": "application/json"}, 400),
        ({"data": b'{"answer": {"status": NaN}}', "content_type": "application/json"}, 400),
        ({"data": b'{"answer": {"status": 1e999}}', "content_type": "application/json"}, 400),
        ({"data": b'{"count": 1, "count": 1}', "content_type": "application/json"}, 400),
        (
            {
                "data": b'{"answer": {"status": 503, "message": "\\ud800"}}',
                "content_type": "application/json",
            },
            400,
        ),
    ],
)
@pytest.mark.parametrize(("method", "path"), [("POST", "faults"), ("PATCH", "faults/1")])
def test_a_body_that_is_no_json_object_is_refused(one_api, method, path, sent, status):
    assert one_api.control(path, method, **sent).status == status


@pytest.mark.parametrize("depth", [200, 300, 900])
def test_a_deeply_nested_body_is_sent_or_refused_and_never_an_error_later(one_api, depth):
    nested = "[" * depth + "]" * depth
    sent = f'{{"answer": {{"status": 200, "body": {nested}}}}}'

    answer = one_api.control("faults", "POST", data=sent, content_type="application/json")

    if answer.status == 201:
        assert one_api.list().body.decode() == nested
        assert one_api.control("faults").status == 200
    else:
        assert (answer.status, depth > 250) == (400, True)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = {
    "match": st.dictionaries(
        st.sampled_from(["operation", "customer", "user", "caller", "method", "path", "x"]),
        JSON | st.sampled_from(["createUser", "a@b", "GET", "/[a--b]*", "*[!", "/[[a]", "*" * 60]),
    ),
    "answer": st.dictionaries(
        st.sampled_from(["status", "errorCode", "message", "body", "headers", "retryAfter"]),
        JSON | st.sampled_from([200, 204, 401, 503, 599, "RoleUnknown"]),
    ),
    "latency": st.dictionaries(
        st.sampled_from(["type", "milliseconds", "lower", "upper", "median", "sigma"]),
        st.sampled_from([0, 1e-9, 0.001, 1, "fixed", "uniform", "lognormal", None]) | JSON,
    ),
    "break": st.sampled_from(["truncate", "malformed", "reset", None]),
    "hangSeconds": JSON,
    "count": JSON,
    "after": JSON,
    "probability": JSON,
    "when": JSON | st.sampled_from(["before", "after"]),
}


@settings(max_examples=300)
@given(wanted=st.fixed_dictionaries({}, optional={name: JSON | value for name, value in MEMBERS.items()}))
def test_no_json_whatever_makes_the_server_err(one_api, wanted):
    sent = {"data": json.dumps(wanted), "content_type": "application/json"}

    answer = one_api.control("faults", "POST", **sent)

    assert answer.status in {201, 400}
    if answer.status == 201:
        number = answer.data["id"]
        assert one_api.control("faults").status == 200
        shown = answer.data
        again = {name: value for name, value in shown.items() if name not in {"id", "struck"}}
        if "…" not in again["match"].get("caller", ""):
            assert one_api.control(f"faults/{number}", "PATCH", json=again).data == shown
        one_api.control(
            f"faults/{number}",
            "PATCH",
            json={"latency": None, "answer": {"status": 418}, "break": None, "hangSeconds": None},
        )
        assert one_api.list().status in {200, 418}
        one_api.control(f"faults/{number}", "DELETE")
