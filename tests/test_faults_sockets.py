"""Faults as a client on a socket meets them."""

import json
from contextlib import closing
from http.client import HTTPConnection, IncompleteRead, RemoteDisconnected

import pytest

from raw_http import USERS, raw_server


@pytest.fixture(scope="module")
def server():
    with raw_server() as running:
        yield running


@pytest.fixture
def ask(server):
    """Asks on a connection of its own."""

    def send(method, path, body=None):
        with closing(HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
            headers = {"Authorization": "Bearer good", "Content-Type": "application/json"}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()

    yield send
    send("POST", "/_emulator/reset")


def fault(ask, **members):
    assert ask("POST", "/_emulator/faults", {"match": {"method": "POST"}, "count": 1, **members})[0] == 201


def create(ask):
    return ask("POST", USERS, {"email": "ada@example.com", "displayName": "Ada", "roles": []})


def created(ask):
    return b"ada@example.com" in ask("GET", USERS)[2]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("how", "met"),
    [
        ({"break": "reset"}, ConnectionResetError),
        ({"break": "hang", "hangSeconds": 0.05}, RemoteDisconnected),
        ({"break": "truncate"}, IncompleteRead),
        ({"break": "truncate", "answer": {"status": 502, "body": "Bad gateway"}}, IncompleteRead),
    ],
)
def test_a_client_meets_what_breaks_and_the_next_request_works(ask, how, met, when):
    fault(ask, when=when, **how)

    with pytest.raises(met) as raised:
        create(ask)

    assert raised.type is met
    assert created(ask) == (when == "after")
    assert ask("GET", "/_emulator/faults")[0] == 200


def test_a_client_meets_malformed_json(ask):
    fault(ask, **{"break": "malformed"})
    status, _, body = create(ask)

    assert status == 200
    with pytest.raises(ValueError, match="line 1"):
        json.loads(body)


@pytest.mark.parametrize("status", [200, 204, 299, 302, 304, 404, 418, 500, 503, 599])
def test_a_client_meets_any_answer_with_its_headers(ask, status):
    fault(ask, answer={"status": status, "retryAfter": 3, "headers": {"Date": "never", "Set-Cookie": "a=b"}})
    got, headers, _ = create(ask)

    assert got == status
    assert (headers["Retry-After"], headers["Set-Cookie"], headers["Date"]) == ("3", "a=b", "never")
    assert not created(ask)


def test_a_late_answer_comes_while_others_are_served(ask):
    fault(ask, latency={"type": "uniform", "lower": 20, "upper": 40})

    assert create(ask)[0] == 201
