import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from raw_http import USERS, chunked, connected, creation, is_envelope, raw_server, request
from small_world import user_id


@pytest.fixture(scope="module")
def server():
    with raw_server() as running:
        yield running


@pytest.fixture
def wire(server):
    with connected(server) as connection:
        yield connection


def alive(server):
    with connected(server) as other:
        return other.send(request()).answer()[0] == 200


BODY = creation("unread")
POST = request("POST", Content_Type="application/json", Transfer_Encoding="chunked")
BROKEN = {
    "lower-case method": (request("get"), 400),
    "no protocol": (b"GET " + USERS.encode() + b"\r\n\r\n", 401),
    "unknown version": (request(version="HTTP/9.9"), 200),
    "blank in the target": (request(target="/api v1"), 400),
    "bytes in the target": (request(target="/\xff\xfe"), 400),
    "two lengths": (request("POST", body=BODY, Content_Length=f"{len(BODY)}\r\nContent-Length: 1"), 400),
    "twice the same length": (
        request("POST", body=BODY, Content_Length=f"{len(BODY)}\r\nContent-Length: {len(BODY)}"),
        400,
    ),
    "negative length": (request("POST", body=BODY, Content_Length="-1"), 400),
    "length that is no number": (request("POST", body=BODY, Content_Length="many"), 400),
    "unknown transfer coding": (
        request("POST", Content_Type="application/json", Transfer_Encoding="gzip"),
        400,
    ),
    "chunk size that is no number": (POST + b"zz\r\n", 400),
    "header without a colon": (request(Host="localhost\r\nnonsense"), 400),
    "bare line feed": (request(Host="localhost\nX: y"), 400),
    "NUL in a header": (request(Host="local\x00host"), 400),
    "not HTTP": (b"220 mail.example ESMTP\r\n\r\n", 400),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_good_http_is_refused_in_the_envelope_or_answered(name, server, wire):
    raw, expected = BROKEN[name]

    status, headers, body = wire.send(raw).answer()

    assert status == expected
    assert {"date", "content-length"} <= set(headers)
    if status >= 400 and status != 401:
        assert is_envelope(body)
        assert headers["content-type"] == "application/json; charset=utf-8"
        assert wire.closed()
    assert alive(server)


@pytest.mark.parametrize(
    "raw", [request(X="x" * 300_000), request(Host="localhost" + "\r\nX: y" * 50_000)], ids=["one", "many"]
)
def test_headers_that_are_too_large_are_refused_or_hung_up_on(raw, server, wire):
    try:
        status, _, body = wire.send(raw).answer()
    except ConnectionError:  # what was not read can take the answer with it
        pass
    else:
        assert (status, is_envelope(body)) == (431, True)
    assert alive(server)


@pytest.mark.parametrize("size", [200_000, 250_000])
def test_large_headers_are_read(size, wire):
    assert wire.send(request(X="x" * size)).answer()[0] == 200


@pytest.mark.parametrize(
    "raw",
    [
        request("POST", body=creation("cut"), Content_Length=1000),
        POST + chunked(creation("cut"))[:-9],
        POST,
        request()[:40],
        request()[:-2],
        b"",
        b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=lambda raw: repr(raw[-24:]),
)
def test_a_request_that_breaks_off_changes_nothing(raw, server, wire):
    wire.send(raw).connection.shutdown(socket.SHUT_WR)

    assert wire.closed()
    with connected(server) as other:
        assert b"cut" not in other.send(request()).answer()[2]


def test_clients_that_hang_up_before_the_answer_are_no_trouble(server):
    for number in range(30):
        with connected(server) as rude:
            rude.send(request("POST", body=creation(f"rude{number}")))
            rude.connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00"
            )

    assert alive(server)


def test_a_client_that_sends_byte_by_byte_is_answered(wire):
    for byte in request(target=f"{USERS}/{user_id(1)}"):
        wire.send(bytes([byte]))

    assert wire.answer()[0] == 200


def test_fifty_clients_at_once_are_all_answered(server):
    def client(number):
        with connected(server) as wire:
            made = wire.send(request("POST", body=creation(f"crowd{number}"))).answer()
            read = wire.send(request(target=f"{USERS}/{json.loads(made[2])['data']['id']}")).answer()
            return made[0], read[0], json.loads(read[2])["data"]["email"]

    with ThreadPoolExecutor(50) as clients:
        seen = list(clients.map(client, range(50)))

    assert seen == [(201, 200, f"rawcrowd{number}@mail.example") for number in range(50)]


def test_idle_connections_keep_nobody_out(server):
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(60)]
    try:
        time.sleep(0.1)
        assert alive(server)
    finally:
        for connection in idle:
            connection.close()
