"""An emulator that tests start and stop, wherever it runs."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from urllib.parse import urlsplit

import pytest

import mail_server
from dimensions_emulator.testing import AsyncEmulator, Emulator, EmulatorError, StartFailed
from mail_server import Inbox, free_port
from raw_target import raw_target, reply
from server_process import environment, listening, serving
from small_world import US, small_document

MODES = {"thread": {}, "in-process": {"in_process": True}, "process": {"process": True}}
SERVED = {name: mode for name, mode in MODES.items() if name != "in-process"}
ADA = "ada@mail.example"


@pytest.fixture(params=MODES.values(), ids=MODES)
def mode(request):
    return request.param


@pytest.fixture(params=SERVED.values(), ids=SERVED)
def served(request):
    return request.param


def test_an_emulator_tells_what_a_client_needs(mode):
    with Emulator(**mode) as emulator:
        assert emulator.api_url == f"{emulator.url}/api/v1.0"
        assert emulator.token == "emulator-token-reseller"
        assert emulator.customer_id == "cccccccc-0000-4000-8000-000000000001"
        assert emulator.account_id == "aaaaaaaa-0000-4000-8000-000000000001"
        assert len(emulator.users.list()) == 17


def test_an_emulator_without_a_server_says_that_nothing_listens_at_its_address(mode):
    with Emulator(**mode) as emulator, emulator.session() as session:
        nothing = "(in process: nothing listens there)" if "in_process" in mode else ""
        assert nothing in repr(emulator)
        assert repr(session).endswith(f"{session.url} {nothing}".rstrip() + ">")


def test_a_world_can_be_named_a_file_or_a_document(mode, tmp_path):
    (tmp_path / "world.yaml").write_text(
        f"version: 1\naccounts: {{a: {{name: A}}}}\ncustomers: {{c: {{id: {US}, account: a, name: C, countryCode: US}}}}\n"
        "callers: [{name: me, token: mine, accounts: [a], scopes: [onboarding]}]\n",
        "utf-8",
    )
    for world, token, users in (
        ("empty", "emulator-token-reseller", 0),
        (tmp_path / "world.yaml", "mine", 0),
        (small_document(), "customer", 2),
    ):
        with Emulator(world, **mode) as emulator:
            assert len(emulator.users.list()) == users
            assert emulator.token in {token, "good"}


def test_a_seed_makes_ids_repeat_wherever_the_emulator_runs():
    made = set()
    for mode in MODES.values():
        with Emulator(seed=5, **mode) as emulator:
            made.add(emulator.users.create(ADA).id)

    assert len(made) == 1


def test_two_at_once_share_nothing(mode):
    with Emulator(**mode) as one, Emulator(**mode) as other:
        one.users.create(ADA)

        assert one.users.find(ADA)
        assert other.users.find(ADA) is None


def test_a_stopped_emulator_is_gone_and_can_be_stopped_again(mode):
    emulator = Emulator(**mode).start()
    port = urlsplit(emulator.url).port

    emulator.stop()
    emulator.stop()

    assert port is None or not listening(port)
    with pytest.raises(EmulatorError, match="this emulator is stopped"):
        emulator.users.list()
    with pytest.raises(EmulatorError, match="this emulator is stopped"):
        emulator.session()


def test_a_stopped_emulator_can_be_started_again_from_the_beginning(mode):
    emulator = Emulator(**mode)
    with emulator:
        emulator.users.create(ADA)
    with emulator:
        assert emulator.users.find(ADA) is None


def test_starting_twice_is_starting_once(mode):
    with Emulator(**mode) as emulator:
        emulator.users.create(ADA)
        assert emulator.start().users.find(ADA)


def test_a_session_that_outlives_its_emulator_ends_quietly(mode):
    with Emulator(**mode) as emulator:
        session = emulator.session()
    session.discard()


def test_what_is_not_started_says_so():
    emulator = Emulator()

    with pytest.raises(
        EmulatorError, match=r"not started, so there is no users; use it in a with, or start\(\) it"
    ):
        emulator.users.list()
    with pytest.raises(EmulatorError, match=r"^not started; use it in a with, or start\(\) it$"):
        emulator.session()
    assert repr(emulator) == "<Emulator not started>"
    with emulator, pytest.raises(AttributeError, match="'Emulator' object has no attribute 'usres'"):
        emulator.usres  # noqa: B018


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"world": "nowhere"}, "there is no world 'nowhere'; name one of empty, office, "),
        ({"seed": -1}, "--seed cannot be -1; it is a whole number from 0"),
        ({"world": {"version": 1, "acounts": {}}}, "acounts"),
        ({"world": "empty", "users": 3}, "empty"),
        ({"unix_socket": "socket"}, "tests reach their emulator by its URL; leave out unix_socket"),
    ],
)
def test_what_cannot_start_tells_why(mode, given, reason):
    with pytest.raises(StartFailed) as failed:
        Emulator(**given, **mode).start()

    assert reason in str(failed.value)
    assert "Fatal" not in str(failed.value)


@pytest.mark.parametrize("kind", [Emulator, AsyncEmulator])
def test_a_mistyped_keyword_is_told_where_it_stands(kind):
    with pytest.raises(TypeError, match=r"^Emulator\(\) has no 'wrld'; it has activation_lifetime, "):
        kind(wrld="office")


def test_every_mistake_of_a_world_file_is_told_with_its_line(mode, tmp_path):
    (tmp_path / "world.yaml").write_text("version: 1\naccounts: []\nusers: 3\n", "utf-8")

    with pytest.raises(StartFailed) as failed:
        Emulator(tmp_path / "world.yaml", **mode).start()

    assert f"{tmp_path}/world.yaml:2: " in str(failed.value)
    assert f"{tmp_path}/world.yaml:3: " in str(failed.value)


def test_a_port_in_use_is_told(served):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartFailed, match=f"port {port} on 127.0.0.1 is in use"):
            Emulator(port=port, **served).start()


def test_a_failed_start_leaves_nothing_behind(mode):
    port = free_port()
    with pytest.raises(StartFailed):
        Emulator("nowhere", port=port, **mode).start()

    assert not listening(port)


def test_neither_environment_nor_settings_file_change_it(mode, monkeypatch, tmp_path):
    monkeypatch.setenv("DIMENSIONS_EMULATOR_SEED", "3")
    (tmp_path / "dimensions-emulator.toml").write_text('admin_token = "long-enough"\n', "utf-8")
    monkeypatch.chdir(tmp_path)

    with Emulator(**mode) as emulator:
        assert emulator.sessions()[0]["seed"] is None


def test_an_emulator_with_an_admin_token_is_steered_with_it(mode):
    with Emulator(admin_token="long-enough", **mode) as emulator:
        assert emulator.clock.now
        with emulator.session() as session:
            assert session.state()


def test_what_needs_a_server_is_not_passed_over_without_one(tmp_path):
    with pytest.raises(StartFailed, match="state needs a server; leave out in_process"):
        Emulator(in_process=True, state=str(tmp_path / "state.json")).start()


def test_it_cannot_be_in_two_places():
    with pytest.raises(TypeError):
        Emulator(in_process=True, process=True)


def test_a_process_ends_when_the_one_that_started_it_is_killed():
    script = (
        "import sys; from dimensions_emulator.testing import Emulator; "
        "print(Emulator(process=True).start().url, flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        port = urlsplit(parent.stdout.readline().strip()).port
        assert listening(port)
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while listening(port):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_server_is_reached_by_other_processes(served):
    with Emulator(**served) as emulator:
        script = (
            f"import urllib.request; print(urllib.request.urlopen('{emulator.url}/_emulator/readyz').status)"
        )
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30
        )

    assert done.stdout == "200\n"


def test_threads_share_an_emulator(mode):
    with Emulator(**mode) as emulator:

        def work(number):
            with emulator.session() as session:
                for turn in range(5):
                    session.users.create(f"{number}-{turn}@mail.example")
                found.append(sum("@mail.example" in user.email for user in session.users.list()))

        found = []
        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert found == [5] * 8


def test_a_running_emulator_is_attached_to_and_left_running(tmp_path):
    with serving(cwd=tmp_path) as server:
        with Emulator.at(server.url) as emulator:
            assert emulator.token == "emulator-token-reseller"
            with emulator.session("mine") as session:
                session.users.create(ADA)
                assert session.requests_session().get(f"{session.url}/_emulator/health", timeout=10).ok
        assert server.call("GET", "/_emulator/readyz")[0] == 200


def test_a_running_emulator_may_ask_for_its_admin_token(tmp_path):
    with serving("--admin-token", "long-enough", cwd=tmp_path) as server:
        with pytest.raises(EmulatorError, match=r"lets nobody steer it so: .*admin token"):
            Emulator.at(server.url)
        with pytest.raises(EmulatorError, match=r"admin token.*; the one that was given is another"):
            Emulator.at(server.url, admin_token="wrong-token")
        with Emulator.at(server.url, admin_token="long-enough") as emulator:
            assert emulator.sessions()


@pytest.mark.parametrize("mode", [{}, {"process": True}], ids=["thread", "process"])
def test_an_emulator_with_tls_is_trusted_by_its_authority(mode, tmp_path):
    with Emulator(tls=True, **mode) as emulator:
        assert emulator.users.list()
    with Emulator(tls=True, tls_directory=str(tmp_path), **mode) as emulator:
        assert emulator.url.startswith("https://127.0.0.1:")
        assert len(emulator.users.list()) == 17
        assert len(emulator.users.list()) == 17
        with Emulator.at(emulator.url, ca=tmp_path / "ca.pem") as attached:
            assert attached.sessions()
        with pytest.raises(EmulatorError, match="certificate verify failed"):
            Emulator.at(emulator.url)


def test_a_connection_that_the_server_closed_is_not_used_again(tmp_path):
    with Emulator() as emulator:
        emulator.users.list()
        emulator.faults.add(operation="getUser", break_="reset", count=1)
        with pytest.raises(EmulatorError, match=r"was not answered: .*reset by peer"):
            emulator.users.get(emulator.customer_id)
        assert emulator.users.list()
        port, users = urlsplit(emulator.url).port, len(emulator.users.list())
        line = emulator.line
        emulator._host.stop()
        with Emulator(port=port) as other:
            other.users.create(ADA)
            assert len(other.users.list()) == users + 1
            assert line.control("GET", "health")["holds"]["users"] == 29


def test_mails_are_relayed_without_a_server_too():
    inbox = Inbox()
    with (
        mail_server.serving(inbox) as server,
        Emulator(in_process=True, smtp=f"127.0.0.1:{server.port}") as emulator,
    ):
        emulator.users.create(ADA)
        deadline = time.monotonic() + 10
        while not inbox.recipients:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_where_no_emulator_is_none_is_attached_to():
    with pytest.raises(EmulatorError, match=r"no emulator answers at http://127\.0\.0\.1:1"):
        Emulator.at("http://127.0.0.1:1")
    with pytest.raises(EmulatorError, match="'nonsense' is not a URL"):
        Emulator.at("nonsense")
    with raw_target(lambda _: reply()) as target, pytest.raises(EmulatorError, match="is no emulator"):
        Emulator.at(target.url)


def test_transports_need_the_emulator_in_this_process():
    with (
        Emulator(process=True) as emulator,
        pytest.raises(EmulatorError, match="give the client the base URL"),
    ):
        emulator.httpx_transport()


@pytest.mark.parametrize(
    ("library", "wanted"), [("httpx", "httpx_transport"), ("requests", "requests_session")]
)
def test_a_library_that_is_missing_is_named(library, wanted, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)

    with Emulator(in_process=True) as emulator, pytest.raises(EmulatorError, match=f"pip install {library}"):
        getattr(emulator, wanted)()


def test_the_client_needs_neither_requests_nor_httpx():
    script = (
        "import sys; sys.modules['requests'] = sys.modules['httpx'] = sys.modules['pytest'] = None; "
        "from dimensions_emulator.testing import AsyncEmulator, Emulator\n"
        "for mode in ({}, {'in_process': True}):\n"
        "    with Emulator(**mode) as emulator: print(len(emulator.users.list()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        cwd=os.curdir,
    )

    assert (done.stdout, done.stderr) == ("17\n17\n", "")
