"""What is asked of the client the wrong way, or at the wrong time."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import date

import httpx
import pytest
import requests

from dimensions_emulator.testing import AsyncEmulator, AsyncSession, Emulator, EmulatorError, awaiting, hosts
from server_process import environment, serving
from stub_server import stub_server

ADA, BOB = "ada@mail.example", "bob@mail.example"
WEB, SETTINGS = "customer.user", "customer.settings"
FORKED = """
import multiprocessing, time
from dimensions_emulator.testing import Emulator

def create(session):
    time.sleep(0.3)
    assert session.users.create("ada@mail.example").email == "ada@mail.example"

with Emulator(process=True) as emulator, emulator.session() as session:
    session.users.create("before@mail.example")
    child = multiprocessing.get_context("fork").Process(target=create, args=(session,))
    child.start()
    assert session.mail.wait_for(to="ada@mail.example").to == "ada@mail.example"
    child.join()
    assert child.exitcode == 0
"""
INTERRUPTED = """
import time
from dimensions_emulator.testing import Emulator

with Emulator(process=True) as emulator, emulator.session() as session:
    print("ready", flush=True)
    try:
        time.sleep(60)
    finally:
        time.sleep(1)
        assert session.users.list()
"""


@pytest.fixture(scope="module")
def emulator():
    with Emulator(in_process=True) as emulator:
        yield emulator


@pytest.fixture
def session(emulator):
    with emulator.session() as session:
        yield session


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_gets_its_own_answers(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FORKED],
        env=environment(),
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups")
def test_an_interrupt_at_the_terminal_ends_the_tests_before_their_emulator(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED],
        env=environment(),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        assert running.stdout.readline() == "ready\n"
        os.killpg(running.pid, signal.SIGINT)
        _, told = running.communicate(timeout=30)

    assert told.rstrip().endswith("KeyboardInterrupt")
    assert "EmulatorError" not in told
    assert running.returncode == -signal.SIGINT


def failing(server):
    server.stop()
    raise KeyError("mine")


def test_what_went_wrong_in_a_session_is_told_even_if_its_emulator_is_gone(tmp_path):
    with serving(cwd=tmp_path) as server, Emulator.at(server.url) as emulator:
        with pytest.raises(KeyError, match="mine"), emulator.session():
            failing(server)
        with pytest.raises(EmulatorError, match="was not answered"):
            emulator.sessions()


def test_a_session_that_cannot_be_ended_is_told_where_all_else_went_well(tmp_path):
    with serving(cwd=tmp_path) as server, Emulator.at(server.url) as emulator:
        session = emulator.session()
        server.stop()
        with pytest.raises(EmulatorError, match="was not answered"), session:
            pass


def test_what_went_wrong_in_an_asynchronous_session_is_told_even_if_its_emulator_is_gone(tmp_path):
    async def test(server):
        async with await AsyncEmulator.at(server.url) as emulator:
            with pytest.raises(KeyError, match="mine"):
                async with emulator.session():
                    failing(server)

    with serving(cwd=tmp_path) as server:
        asyncio.run(test(server))


@pytest.mark.parametrize("mode", [{}, {"in_process": True}], ids=["thread", "in-process"])
def test_no_transport_reaches_an_emulator_that_is_stopped(mode):
    emulator = Emulator(**mode).start()
    session = emulator.session()
    url = f"{session.api_url}/customers/{session.customer_id}/users"
    plain, here = session.requests_session(), httpx.Client(transport=session.httpx_transport())
    waiting = httpx.AsyncClient(transport=session.httpx_async_transport())
    assert {client.get(url).status_code for client in (plain, here)} == {401}
    emulator.stop()

    with pytest.raises(requests.ConnectionError):
        plain.get(url)
    with pytest.raises(httpx.ConnectError):
        here.get(url)
    with pytest.raises(httpx.ConnectError):
        asyncio.run(waiting.get(url))
    plain.close()
    here.close()
    with emulator:
        assert emulator.users.list()


def test_threads_that_start_and_stop_an_emulator_have_one(monkeypatch):
    begun, begin = [], hosts.without_server

    def slow(flags):
        time.sleep(0.05)
        begun.append(begin(flags))
        return begun[-1]

    monkeypatch.setattr(hosts, "without_server", slow)
    emulator = Emulator(in_process=True)
    threads = [threading.Thread(target=emulator.start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(begun) == 1
    emulator.stop()


@pytest.mark.parametrize("rest", ["/s/mine", "/s/mine/", "/api/v1.0", "/s/mine/api/v1.0"])
def test_the_address_of_a_place_in_an_emulator_is_not_taken_for_its_own(rest):
    url = "http://127.0.0.1:1/behind"

    with pytest.raises(EmulatorError) as raised:
        Emulator.at(url + rest)

    assert str(raised.value) == f"'{url + rest}' leads to a place in an emulator; its own address is '{url}'"


def test_an_emulator_without_a_control_plane_cannot_be_steered(tmp_path):
    with serving("--no-admin", cwd=tmp_path) as server, pytest.raises(EmulatorError, match="--no-admin"):
        Emulator.at(server.url)


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (403, b"<p>no</p>", "the answer is not JSON: b'<p>no</p>'"),
        (200, b"{}", "something else answers at /_emulator"),
    ],
)
def test_what_stands_before_an_emulator_may_keep_its_control_plane_to_itself(status, body, told):
    def application(environ, start_response):
        steering = environ["PATH_INFO"] == "/_emulator/health"
        headers = [("Content-Length", str(len(body)))] + ([] if steering else [("X-Emulator", "e")])
        start_response(f"{status} So" if steering else "200 OK", headers)
        return [body]

    with stub_server(application) as server, pytest.raises(EmulatorError) as raised:
        Emulator.at(f"http://127.0.0.1:{server.port}", admin_token="long-enough")

    assert str(raised.value).endswith(f"lets nobody steer it so: {told}")


@pytest.mark.parametrize("url", ["http://127.0.0.1:x", "http://127.0.0.1:99999", "localhost", "ftp://x"])
def test_what_is_no_url_is_told(url):
    with pytest.raises(EmulatorError, match="is not a URL such as"):
        Emulator.at(url)


@pytest.mark.parametrize("token", ["tök€", "with blank", "", "a\nb"])
def test_an_admin_token_fits_into_a_header(token):
    with pytest.raises(EmulatorError, match="printable ASCII"):
        Emulator.at("http://127.0.0.1:1", admin_token=token)


def test_an_asynchronous_emulator_that_has_not_started_can_be_shown():
    assert repr(AsyncEmulator()) == "<AsyncEmulator of <Emulator not started>>"


def test_an_asynchronous_call_outside_of_asyncio_says_so(session):
    call = AsyncSession(session).users.list()

    with pytest.raises(EmulatorError, match="are for asyncio"):
        call.send(None)


def test_what_is_awaited_needs_a_loop_of_asyncio():
    with pytest.raises(EmulatorError, match="are for asyncio"):
        awaiting.in_thread(list).send(None)


MISTAKES = {
    "roles is a list of role keys, not 'customer.user'": lambda s: s.users.create(ADA, WEB),
    "grant() takes role keys one by one, not ['customer.user']": lambda s: s.users.grant("1", [WEB]),
    "revoke() takes role keys one by one, not ['customer.user']": lambda s: s.users.revoke("1", [WEB]),
    "accounts is a list of account ids, not 'abc'": lambda s: s.tokens.mint(accounts="abc"),
    "customers is a list of customer ids, not 'abc'": lambda s: s.tokens.mint(customers="abc"),
    "scopes is a list of scopes, not 3": lambda s: s.tokens.mint(scopes=[3]),
    "import_users() takes users one by one, each a dict; not [{}]": lambda s: s.platform.import_users([{}]),
    "a time is a datetime, not '2026-01-01'": lambda s: s.clock.set("2026-01-01"),
    "a time is a datetime, not datetime.date(2026, 1, 1)": lambda s: s.clock.freeze(date(2026, 1, 1)),
    "headers of a match is a dict, not 'X'": lambda s: s.journal.verify(headers="X"),
    "a match is a dict, not 'status'": lambda s: s.journal.verify(sequence={"status": 200}),
    "timeout is a number of seconds, not None": lambda s: s.mail.wait_for(timeout=None),
}


@pytest.mark.parametrize(("told", "act"), MISTAKES.items(), ids=MISTAKES)
def test_a_value_of_the_wrong_kind_is_told(session, told, act):
    with pytest.raises(TypeError) as raised:
        act(session)

    assert str(raised.value) == told


def test_a_world_is_named_or_given(emulator):
    with pytest.raises(TypeError, match="a world is a name, the path of a world file, or a world document"):
        emulator.session(world=3)


def test_roles_are_taken_one_by_one(session):
    user = session.users.create(ADA, [WEB, SETTINGS])

    assert session.users.revoke(user.id, SETTINGS).roles == [WEB]
    assert session.users.grant(user.id, SETTINGS).roles == [WEB, SETTINGS]


@pytest.mark.parametrize("url", ["/users", "ftp://x/users"])
def test_httpx_refuses_the_urls_that_it_refuses_on_a_socket(session, url):
    with httpx.Client() as plain, pytest.raises(httpx.UnsupportedProtocol) as real:
        plain.get(url)

    here = httpx.Client(transport=session.httpx_transport())
    with here, pytest.raises(httpx.UnsupportedProtocol) as raised:
        here.get(url)

    assert str(raised.value) == str(real.value)
