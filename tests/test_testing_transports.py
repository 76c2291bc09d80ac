"""Clients of requests and httpx on an application without a socket, as they are on a real one."""

import asyncio
import threading
import time
from types import SimpleNamespace

import httpx
import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.util.retry import Retry

from dimensions_emulator.server import Server
from dimensions_emulator.testing.calling import Direct
from dimensions_emulator.testing.httpx_transports import AsyncDirectTransport, DirectTransport
from dimensions_emulator.testing.requests_adapter import DirectAdapter
from dimensions_emulator.wire.broken import Broken
from dimensions_emulator.wire.waiting import over
from small_world import US, emulator

ORIGIN = "https://dimensions.example:8443"
BODY = b'{"data":"0123456789"}'
BROKEN = {"reset": Broken("reset"), "hang": Broken("hang", 0.05), "truncate": Broken("truncate", body=BODY)}


class Application:
    """A WSGI application with odd manners; it keeps what it was asked."""

    def __init__(self):
        self.asked = []
        self.bodies = []
        self.closed = threading.Event()
        self.given_up = threading.Event()

    def __call__(self, environ, start_response):
        self.asked.append(environ)
        self.bodies.append(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        return getattr(self, environ["PATH_INFO"].strip("/").partition("/")[0])(environ, start_response)

    def plain(self, _, start_response):
        start_response(
            "200 OK", [("Content-Length", str(len(BODY))), ("X-Mixed-cAse", "1"), ("X-Emulator", "e")]
        )
        return [BODY]

    def twice(self, _, start_response):
        start_response("200 Fine", [("Link", "<a>"), ("Link", "<b>"), ("Content-Length", "0")])
        return []

    def nothing(self, _, start_response):
        start_response("204 No Content", [])
        return []

    def moved(self, _, start_response):
        start_response("307 Temporary Redirect", [("Location", "/plain"), ("Content-Length", "0")])
        return []

    def busy(self, _, start_response):
        busy = len(self.asked) < 3
        start_response("503 Busy" if busy else "200 OK", [("Content-Length", "0"), ("Retry-After", "0")])
        return []

    def broken(self, environ, start_response):
        start_response("200 OK", [("Content-Length", str(len(BODY)))])
        return BROKEN[environ["PATH_INFO"].rpartition("/")[2]]

    def short(self, _, start_response):
        start_response("200 OK", [("Content-Length", "1")])
        return Broken("truncate")

    def slow(self, environ, start_response):
        for _ in range(200):
            if over(environ):
                self.given_up.set()
                break
            time.sleep(0.01)
        return self.plain(environ, start_response)

    def events(self, environ, start_response):
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        return Events(self, environ)


class Events:
    """Two events, and then a third that never comes."""

    def __init__(self, application, environ):
        self._application = application
        self._environ = environ
        self._left = iter([b"data: 1\n\n", b"data: 2\n\n"])

    def __iter__(self):
        return self

    def __next__(self):
        for event in self._left:
            return event
        while not over(self._environ):
            time.sleep(0.01)
        raise StopIteration

    def close(self):
        self._application.closed.set()


@pytest.fixture
def application():
    return Application()


@pytest.fixture
def session(application):
    with requests.Session() as session:
        session.mount("https://", DirectAdapter(Direct(application)))
        yield session


@pytest.fixture
def server(application):
    """The address of a server that has the same application."""
    server = Server("127.0.0.1", 0, max_body=1 << 20)
    server.serve(application)
    yield f"http://127.0.0.1:{server.port}"
    server.stop()


class Blocking:
    """httpx's asynchronous client with the manners of the other one, so that one test can ask both."""

    def __init__(self, application=None):
        self._application = application

    def request(self, *given, **named):
        direct = None if self._application is None else AsyncDirectTransport(Direct(self._application))

        async def ask():
            async with httpx.AsyncClient(transport=direct) as client:
                return await client.request(*given, **named)

        return asyncio.run(ask())


def _requests(application):
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, DirectAdapter(Direct(application)))
    return session


def _httpx(application):
    return httpx.Client(transport=DirectTransport(Direct(application)))


PLAIN = {requests.Session: requests.Session, httpx.Client: httpx.Client, Blocking: Blocking}


@pytest.fixture(params=[_requests, _httpx, Blocking], ids=["requests", "httpx", "httpx-async"])
def client(request, application):
    return request.param(application)


def streamed(client, pieces):
    """The pieces as the client takes a body that is made while it is sent."""
    if not isinstance(client, Blocking):
        return iter(pieces)

    async def give():
        for piece in pieces:
            yield piece

    return give()


def body_of(client, body):
    return {"data" if isinstance(client, requests.Session) else "content": body}


def test_an_answer_arrives_with_status_headers_and_body(client):
    answer = client.request("GET", f"{ORIGIN}/plain")

    assert (answer.status_code, answer.content) == (200, BODY)
    assert answer.headers["x-MIXED-case"] == "1"


def test_the_application_sees_the_address_that_the_client_was_given(client, application):
    client.request("GET", f"{ORIGIN}/plain/a%20b%2Fc/%C3%A9?x=1&x=%2C&y", headers={"X-Mine": "yes"})

    asked = application.asked[0]
    assert asked["PATH_INFO"] == "/plain/a b/c/\u00c3\u00a9"
    assert asked["QUERY_STRING"] == "x=1&x=%2C&y"
    assert asked["REQUEST_URI"] == "/plain/a%20b%2Fc/%C3%A9?x=1&x=%2C&y"
    assert (asked["wsgi.url_scheme"], asked["HTTP_HOST"]) == ("https", "dimensions.example:8443")
    assert (asked["SERVER_NAME"], asked["SERVER_PORT"]) == ("dimensions.example", "8443")
    assert asked["HTTP_X_MINE"] == "yes"


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
def test_a_body_arrives_whole(client, application, method):
    client.request(method, f"{ORIGIN}/plain", **body_of(client, b"a\x00\xff" * 50_000))

    assert application.bodies == [b"a\x00\xff" * 50_000]
    assert application.asked[0]["REQUEST_METHOD"] == method


def test_a_body_that_is_made_while_it_is_sent_arrives_whole_with_its_length(client, application):
    body = streamed(client, [b"one", b"\r\n", b"three" * 10_000])
    client.request("POST", f"{ORIGIN}/plain", **body_of(client, body))

    assert application.bodies == [b"one\r\n" + b"three" * 10_000]
    assert application.asked[0]["CONTENT_LENGTH"] == "50005"
    assert "HTTP_TRANSFER_ENCODING" not in application.asked[0]


def test_a_file_arrives_whole(session, application, tmp_path):
    (tmp_path / "body").write_bytes(b"x" * 100_000)
    with (tmp_path / "body").open("rb") as file:
        session.post(f"{ORIGIN}/plain", data=file)

    assert application.bodies == [b"x" * 100_000]


def test_a_header_that_is_sent_twice_is_joined_and_one_with_an_underscore_dropped_as_by_the_server(
    application,
):
    _httpx(application).get(f"{ORIGIN}/plain", headers=[("X-A", "1"), ("X-A", "2"), ("X_B", "3")])

    assert application.asked[0]["HTTP_X_A"] == "1, 2"
    assert "HTTP_X_B" not in application.asked[0]


def test_a_header_that_comes_twice_stays_two(application):
    assert _httpx(application).get(f"{ORIGIN}/twice").headers.get_list("link") == ["<a>", "<b>"]
    answer = _requests(application).get(f"{ORIGIN}/twice")
    assert answer.raw.headers.getlist("link") == ["<a>", "<b>"]
    assert answer.reason == "Fine"


def test_a_head_request_gets_the_headers_alone(client):
    answer = client.request("HEAD", f"{ORIGIN}/plain")

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(BODY))


def test_an_answer_without_a_body_has_none(client):
    answer = client.request("DELETE", f"{ORIGIN}/nothing")

    assert (answer.status_code, answer.content) == (204, b"")


def test_a_redirect_is_the_clients_business(client, application):
    follow = {"allow_redirects" if isinstance(client, requests.Session) else "follow_redirects": True}
    answer = client.request("POST", f"{ORIGIN}/moved", **follow, **body_of(client, b"kept"))

    assert answer.content == BODY
    assert str(answer.url) == f"{ORIGIN}/plain"
    assert application.bodies == [b"kept", b"kept"]


def test_a_request_is_of_the_session_of_its_transport_unless_it_names_one(application):
    with requests.Session() as session:
        session.mount("https://", DirectAdapter(Direct(application, "mine")))
        session.get(f"{ORIGIN}/plain")
        session.get(f"{ORIGIN}/plain", headers={"X-Emulator-Session": "theirs"})

    assert [asked["HTTP_X_EMULATOR_SESSION"] for asked in application.asked] == ["mine", "theirs"]


def test_a_request_whose_path_names_a_session_is_of_that_session():
    direct = Direct(emulator().app, "mine")
    with requests.Session() as session:
        session.mount("https://", DirectAdapter(direct))
        answer = session.get(f"{ORIGIN}/s/theirs/_emulator/health")

    assert answer.headers["X-Emulator-Session"] == "theirs"


def faulty(client, kind, **more):
    return client.request("GET", f"{ORIGIN}/broken/{kind}", **more)


FAULTS = {
    "requests": {
        "reset": (requests.ConnectionError, "Connection reset by peer"),
        "hang": (requests.ConnectionError, "Remote end closed connection without response"),
        "truncate": (requests.exceptions.ChunkedEncodingError, "10 bytes read, 11 more expected"),
    },
    "httpx": {
        "reset": (httpx.ReadError, None),
        "hang": (httpx.RemoteProtocolError, "Server disconnected without sending a response"),
        "truncate": (httpx.RemoteProtocolError, r"received 10 bytes, expected 21"),
    },
}


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("place", ["in-process", "socket"])
def test_a_broken_answer_raises_what_it_raises_on_a_socket(client, server, kind, place):
    fault, told = FAULTS["requests" if isinstance(client, requests.Session) else "httpx"][kind]
    caller, origin = (client, ORIGIN) if place == "in-process" else (PLAIN[type(client)](), server)

    with pytest.raises(fault, match=told):
        caller.request("GET", f"{origin}/broken/{kind}")


def test_a_held_back_answer_is_a_timeout_for_who_waits_less_long(client):
    fault = requests.ReadTimeout if isinstance(client, requests.Session) else httpx.ReadTimeout

    with pytest.raises(fault):
        faulty(client, "hang", timeout=0.01)


def test_a_late_answer_is_a_timeout_and_the_application_learns_that_nobody_waits(client, application):
    fault = requests.ReadTimeout if isinstance(client, requests.Session) else httpx.ReadTimeout

    with pytest.raises(fault):
        client.request("GET", f"{ORIGIN}/slow", timeout=0.05)
    assert application.given_up.wait(5)


def test_retries_that_a_consumer_configured_are_made(application):
    with requests.Session() as session:
        retries = Retry(total=3, status_forcelist=[503], backoff_factor=0)
        session.mount(
            "https://", DirectAdapter(Direct(application), HTTPAdapter(max_retries=retries).max_retries)
        )
        answer = session.get(f"{ORIGIN}/busy")

    assert (answer.status_code, len(application.asked)) == (200, 3)


def test_neither_proxies_nor_certificates_of_the_environment_matter(client, monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")

    assert client.request("GET", f"{ORIGIN}/plain").status_code == 200
    assert client.request("GET", "http://dimensions.example/plain").status_code == 200


def test_events_come_one_by_one_through_requests_until_the_reader_leaves(session, application):
    with session.get(f"{ORIGIN}/events", stream=True) as answer:
        lines = answer.iter_lines()
        assert [next(lines) for _ in range(3)] == [b"data: 1", b"", b"data: 2"]

    assert application.closed.wait(5)


def test_events_come_one_by_one_through_httpx_until_the_reader_leaves(application):
    with _httpx(application).stream("GET", f"{ORIGIN}/events") as answer:
        lines = answer.iter_lines()
        assert [next(lines) for _ in range(3)] == ["data: 1", "", "data: 2"]

    assert application.closed.wait(5)


def test_events_come_one_by_one_through_asynchronous_httpx_until_the_reader_leaves(application):
    async def read():
        async with (
            httpx.AsyncClient(transport=AsyncDirectTransport(Direct(application))) as client,
            client.stream("GET", f"{ORIGIN}/events") as answer,
        ):
            lines = answer.aiter_lines()
            return [await anext(lines) for _ in range(3)]

    assert asyncio.run(read()) == ["data: 1", "", "data: 2"]
    assert application.closed.wait(5)


def test_an_event_that_does_not_come_is_a_timeout(application):
    with (
        pytest.raises(httpx.ReadTimeout),
        _httpx(application).stream("GET", f"{ORIGIN}/events", timeout=0.05) as answer,
    ):
        list(answer.iter_lines())
    with (
        pytest.raises(requests.ConnectionError, match="Read timed out"),
        _requests(application).get(f"{ORIGIN}/events", stream=True, timeout=0.05) as answer,
    ):
        list(answer.iter_lines())


def test_the_event_loop_goes_on_while_an_asynchronous_client_waits(application):
    async def ask():
        async with httpx.AsyncClient(transport=AsyncDirectTransport(Direct(application))) as client:
            waiting = [asyncio.create_task(client.get(f"{ORIGIN}/slow")) for _ in range(60)]
            await asyncio.sleep(0.05)
            start = time.monotonic()
            assert (await client.get(f"{ORIGIN}/plain")).status_code == 200
            took = time.monotonic() - start
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            return SimpleNamespace(took=took)

    assert asyncio.run(ask()).took < 1
    assert application.given_up.wait(5)


@pytest.mark.parametrize("made", [_requests, _httpx, Blocking], ids=["requests", "httpx", "httpx-async"])
def test_consumers_call_the_emulator_under_their_own_address(made):
    users = f"{ORIGIN}/api/v1.0/customers/{US}/users"
    wanted = {"email": "new@example.com", "displayName": "New"}
    answer = made(emulator().app).request(
        "POST", users, json=wanted, headers={"Authorization": "Bearer good"}
    )

    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{users}/{answer.json()['data']['id']}"


@pytest.mark.parametrize("client", [requests.Session, httpx.Client], ids=["requests", "httpx"])
def test_a_truncated_answer_that_has_no_half_does_not_come(application, server, client):
    def outcome(session, origin):
        with session, pytest.raises((requests.ConnectionError, httpx.RemoteProtocolError)) as raised:
            session.head(f"{origin}/short")
        return type(raised.value)

    mounted = (
        client() if client is requests.Session else client(transport=DirectTransport(Direct(application)))
    )
    if client is requests.Session:
        mounted.mount("https://", DirectAdapter(Direct(application)))

    assert outcome(mounted, ORIGIN) == outcome(client(), server)


def test_an_answer_without_a_body_is_framed_by_nothing(session, server):
    with requests.Session() as plain:
        real = plain.get(f"{server}/nothing")
    here = session.get(f"{ORIGIN}/nothing")

    assert "Transfer-Encoding" not in real.headers
    assert "Transfer-Encoding" not in here.headers


def test_older_urllib3_has_no_socket_to_ask_the_system_about(application, monkeypatch):
    taken, take = [], HTTPConnectionPool._get_conn

    def get(pool, timeout=None):
        pooled = [connection for connection in pool.pool.queue if connection is not None]
        taken.extend(connection.sock for connection in pooled)
        return take(pool, timeout)

    monkeypatch.setattr(HTTPConnectionPool, "_get_conn", get)
    with requests.Session() as session:
        retries = Retry(total=4, status_forcelist=[503], respect_retry_after_header=False)
        session.mount("https://", DirectAdapter(Direct(application), retries))
        assert session.get(f"{ORIGIN}/busy").status_code == 200

    assert taken == [None, None]
