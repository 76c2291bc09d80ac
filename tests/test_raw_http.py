from email.utils import parsedate_to_datetime

import pytest

from raw_http import LIMIT, USERS, chunked, connected, creation, is_envelope, raw_server, request
from small_world import user_id


@pytest.fixture(scope="module")
def server():
    with raw_server() as running:
        yield running


@pytest.fixture
def wire(server):
    with connected(server) as connection:
        yield connection


def test_every_answer_has_a_date_and_a_length(wire):
    status, headers, body = wire.send(request()).answer()

    assert status == 200
    assert parsedate_to_datetime(headers["date"]).tzinfo is not None
    assert headers["content-length"] == str(len(body))
    assert "transfer-encoding" not in headers


def test_requests_sent_at_once_are_answered_in_their_order(wire):
    wire.send(*(request(target=f"{USERS}/{user_id(number)}") for number in (1, 2, 3, 1)))

    assert [wire.answer()[0] for _ in range(4)] == [200, 200, 404, 200]


def test_a_connection_is_kept_for_many_requests_of_all_kinds(wire):
    seen = [
        wire.send(one).answer()[0]
        for one in (
            request(),
            request("POST", USERS, creation("keep")),
            request("POST", USERS, b"{"),
            request(target="/nothing"),
            request("TRACE"),
            request(Authorization=None),
            request(),
        )
    ]

    assert seen == [200, 201, 400, 404, 405, 401, 200]


def test_an_answer_without_a_body_has_neither_type_nor_length_and_no_body(wire):
    status, headers, _ = wire.send(request("POST", f"{USERS}/{user_id(2)}/sendActivationEmail")).answer()

    assert (status, headers.get("content-type"), headers.get("content-length")) == (204, None, None)
    assert "connection" not in headers
    assert wire.send(request()).answer()[0] == 200


def test_an_answer_without_a_body_ends_the_connection_of_those_who_ask_for_it(wire):
    target = f"{USERS}/{user_id(2)}/sendActivationEmail"
    status, headers, _ = wire.send(request("POST", target, Connection="close")).answer()

    assert (status, headers["connection"]) == (204, "close")
    assert wire.closed()


@pytest.mark.parametrize("encoding", ["gzip", "br, gzip;q=0.9, *", "identity;q=0"])
def test_no_answer_is_compressed(encoding, wire):
    plain = wire.send(request("HEAD")).answer(bodiless=True)[1]["content-length"]
    status, headers, body = wire.send(request(Accept_Encoding=encoding)).answer()

    assert (status, len(body)) == (200, int(plain))
    assert "content-encoding" not in headers


def test_the_next_request_may_come_before_the_answer(wire):
    for _ in range(20):
        wire.send(request("POST", f"{USERS}/{user_id(2)}/sendActivationEmail"), request())

        assert (wire.answer()[0], wire.answer()[0]) == (204, 200)


def test_an_answer_to_head_has_the_length_and_no_body(wire):
    status, headers, _ = wire.send(request("HEAD")).answer(bodiless=True)

    assert (status, int(headers["content-length"]) > 0) == (200, True)
    assert wire.send(request()).answer()[0] == 200


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_body_may_come_in_chunks(size, wire):
    head = request("POST", Content_Type="application/json", Transfer_Encoding="chunked")

    status, _, body = wire.send(head, chunked(creation(f"chunk{size}"), size)).answer()

    assert status == 201, body
    assert wire.send(request()).answer()[0] == 200


def test_a_client_may_ask_before_it_sends_the_body(wire):
    body = creation("expect")
    wire.send(request("POST", body=body, Expect="100-continue").removesuffix(body))

    assert wire.answer()[0] == 100
    assert wire.send(body).answer()[0] == 201


NOTHING_TO_COME = {
    "POST without a body": (request("POST", "/_emulator/reset", Expect="100-continue"), 200),
    "empty body": (request("POST", "/_emulator/reset", b"", Expect="100-continue"), 200),
    "GET": (request(Expect="100-continue"), 200),
    "length that is no number": (request("POST", Content_Length="many", Expect="100-continue"), 400),
    "far too long a body": (request("POST", Content_Length=10**12, Expect="100-continue"), 413),
}


@pytest.mark.parametrize("name", NOTHING_TO_COME)
def test_a_client_that_asks_is_answered_at_once_where_no_body_is_to_come(name, wire):
    raw, status = NOTHING_TO_COME[name]

    assert wire.send(raw).answer()[0] == status
    if status == 200:
        assert wire.send(request(target="/nothing")).answer()[0] == 404
    else:
        assert wire.closed()


def test_a_client_that_asks_for_nothing_may_ask_for_a_body_next(wire):
    body = creation("next")
    wire.send(request("POST", "/_emulator/reset", Expect="100-continue"))
    wire.send(request("POST", body=body, Expect="100-continue").removesuffix(body))

    assert [wire.answer()[0] for _ in range(2)] == [200, 100]
    assert wire.send(body).answer()[0] == 201


@pytest.mark.parametrize("head", ["Content-Length", "chunked"])
def test_a_body_above_the_limit_is_refused_in_the_envelope(head, wire):
    body = b'{"email":"' + b"x" * LIMIT + b'"}'
    if head == "chunked":
        wire.send(
            request("POST", Content_Type="application/json", Transfer_Encoding="chunked"), chunked(body, 512)
        )
    else:
        wire.send(request("POST", body=body))

    status, headers, answer = wire.answer()

    assert (status, headers["x-emulator-rule"], is_envelope(answer)) == (413, "BODY-JSON", True)


def test_a_length_that_promises_gigabytes_is_refused_before_they_come(wire):
    status, _, _ = wire.send(request("POST", Content_Type="application/json", Content_Length=10**12)).answer()

    assert status == 413


@pytest.mark.parametrize("target", ["http://localhost" + USERS, "http://elsewhere.example:81" + USERS])
def test_a_target_may_be_a_whole_url(target, wire):
    assert wire.send(request(target=target)).answer()[0] == 200


@pytest.mark.parametrize("host", ["a..b", "x" * 300, "a@b", "localhost:99999"])
def test_the_api_is_the_same_whatever_the_host_is_called(host, wire):
    assert wire.send(request(Host=host)).answer()[0] == 200


def test_an_upgrade_that_is_not_offered_is_passed_over(wire):
    assert wire.send(request(Connection="Upgrade", Upgrade="websocket")).answer()[0] == 200


def test_an_old_client_without_a_host_is_answered_and_let_go(wire):
    status, headers, _ = wire.send(request(version="HTTP/1.0", Host=None)).answer()

    assert (status, headers["connection"]) == (200, "close")
    assert wire.closed()


ODD = [
    ("//api/v1.0/customers/x/users", 400),
    (USERS.replace("/users", "//users"), 404),
    (USERS + "/", 404),
    (USERS + "/%ff%fe", 400),
    (USERS + "/%c3%28", 400),
    (USERS + "/%00", 400),
    (USERS + "/%zz", 400),
    (USERS + "/..%2f..", 404),
    (USERS + "?%ff=%fe&pageIndex=%ff", 400),
    ("/%F0%9F%98%80", 404),
    ("*", 404),
    ("http://", 404),
    ("/" + "a" * 20_000, 404),
    ("/_emulator/%ff", 404),
]


@pytest.mark.parametrize(("target", "status"), ODD, ids=[target[:60] for target, _ in ODD])
def test_an_odd_target_is_answered_in_the_envelope(target, status, wire):
    answer = wire.send(request(target=target)).answer()

    assert (answer[0], is_envelope(answer[2])) == (status, True)
    assert wire.send(request()).answer()[0] == 200


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE", "OPTIONS", "CONNECT"])
@pytest.mark.parametrize("target", [target for target, _ in ODD], ids=[target[:60] for target, _ in ODD])
def test_an_odd_target_is_no_trouble_to_any_method(target, method, wire):
    status, _, _ = wire.send(request(method, target, b"[]")).answer()

    assert status in ({200, 204, 400, 404, 405} if method == "OPTIONS" else {200, 400, 404, 405})
