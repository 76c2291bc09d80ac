"""A command beside a server of its own."""

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

import pytest

from dimensions_emulator import execution
from mail_server import free_port
from server_process import COMMAND, command, environment, listening

PYTHON = sys.executable
TESTS = [
    PYTHON,
    "-m",
    "pytest",
    "-q",
    *(f"-pno:{name}" for name in ("cacheprovider", "schemathesis", "hypothesispytest", "faker", "anyio")),
]
SHOW = (
    "import json, os; print(json.dumps({k: v for k, v in os.environ.items() if k.startswith('DIMENSIONS')}))"
)
LIST = """
import json, os, urllib.request
call = urllib.request.Request(
    f"{os.environ['DIMENSIONS_BASE_URL']}/customers/{os.environ['DIMENSIONS_CUSTOMER_ID']}/users",
    headers={"Authorization": f"Bearer {os.environ['DIMENSIONS_TOKEN']}"},
)
print(len(json.load(urllib.request.urlopen(call))["data"]))
"""
ASLEEP = """
import os, signal, sys, time
def leave(number, frame):
    os.write(1, b"got %d\\n" % number)
    sys.exit(CODE)
signal.signal(signal.SIGINT, leave)
signal.signal(signal.SIGTERM, leave)
print("asleep", flush=True)
for _ in range(300):
    time.sleep(0.1)
"""

COUNT = """
import os, signal, sys, time
def tell_server(number):
    if sys.argv[2:] == ["later"]:  # it gets each after this one, so that no two come at once
        os.kill(os.getppid(), number)
reading, writing = os.pipe()
os.set_blocking(writing, False)
signal.signal(signal.SIGINT, lambda number, frame: None)
signal.set_wakeup_fd(writing)  # gets a byte for each, where those that come at once are handled once
time.sleep(0.5)
tell_server(signal.SIGSTOP)
print("asleep", flush=True)
for _ in range(int(sys.argv[1])):
    seen = os.read(reading, 1)
    tell_server(signal.SIGCONT)
    time.sleep(1)
    os.set_blocking(reading, False)
    try:
        seen += os.read(reading, 100)
    except BlockingIOError:
        pass
    os.set_blocking(reading, True)
    print("interrupts:", len(seen), flush=True)
"""
TERMINAL = [PYTHON, "-c", "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"]
needs_bash = pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs the states of processes")


def executed(*arguments, cwd, **variables):
    return command("exec", *arguments, cwd=cwd, **{"PYTEST_ADDOPTS": "", **variables})


def started(*arguments, cwd):
    return subprocess.Popen(
        [*COMMAND, "exec", *arguments],
        cwd=cwd,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # without the terminal that the tests may have
    )


class Typist:
    """Someone at the terminal of an interactive shell, in which `run` is a command beside a server."""

    def __init__(self, process):
        self._process = process
        self._seen = b""

    def types(self, text):
        self._process.stdin.write(text.encode())
        self._process.stdin.flush()

    def reads(self, text):
        """What was written up to a text, without what has been read before."""
        deadline = time.monotonic() + 15
        while text.encode() not in self._seen:
            ready, _, _ = select.select([self._process.stdout], [], [], max(deadline - time.monotonic(), 0))
            more = os.read(self._process.stdout.fileno(), 65536) if ready else b""
            if not more:
                pytest.fail(f"no {text!r} in {self._seen!r}")
            self._seen += more
        before, _, self._seen = self._seen.partition(text.encode())
        return before.decode()

    def brings_to_the_foreground(self):
        """Give the terminal to the command, once the shell has told that it is stopped."""
        self.reads("Stopped")
        self.reads("\n")
        self.types("fg; echo status $?\n")
        self.reads("sh run\r\n")


@contextmanager
def at_shell(*command, cwd):
    line = " ".join(map(quote, [*COMMAND, "exec", "--", *command]))
    (cwd / "run").write_text(f"exec {line}\n", "utf-8")
    with subprocess.Popen(
        [*TERMINAL, "bash", "--norc", "--noprofile", "--noediting", "-i"],
        cwd=cwd,
        env=environment(HISTFILE="", PS1="> "),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as shell:
        try:
            yield Typist(shell)
        finally:
            shell.kill()


def until_stopped(pid):
    deadline = time.monotonic() + 15
    while Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "T":
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_command_finds_the_server_by_its_variables(tmp_path):
    done = executed("--", PYTHON, "-c", LIST, cwd=tmp_path)

    assert (done.returncode, done.stdout, done.stderr) == (0, "17\n", "")


def test_the_variables_are_these(tmp_path):
    done = executed(
        "--admin-token", "long-enough", "--", PYTHON, "-c", SHOW, cwd=tmp_path, DIMENSIONS_TOKEN="old"
    )

    told = json.loads(done.stdout)
    url = told["DIMENSIONS_URL"]
    assert told == {
        "DIMENSIONS_URL": url,
        "DIMENSIONS_EMULATOR_URL": url,
        "DIMENSIONS_BASE_URL": f"{url}/api/v1.0",
        "DIMENSIONS_TOKEN": "emulator-token-reseller",
        "DIMENSIONS_CUSTOMER_ID": "cccccccc-0000-4000-8000-000000000001",
        "DIMENSIONS_ACCOUNT_ID": "aaaaaaaa-0000-4000-8000-000000000001",
        "DIMENSIONS_EMULATOR_ADMIN_TOKEN": "long-enough",
    }


def test_the_server_takes_a_free_port_unless_told_and_is_gone_afterwards(tmp_path):
    port = free_port()
    with socket.create_server(("127.0.0.1", 4020)) if not listening(4020) else socket.socket():
        free = executed("--", PYTHON, "-c", SHOW, cwd=tmp_path)
    told = executed("--port", port, "--", PYTHON, "-c", SHOW, cwd=tmp_path)

    assert free.returncode == 0
    assert ":4020" not in free.stdout
    assert f"http://127.0.0.1:{port}/api/v1.0" in told.stdout
    assert not listening(port)


def test_the_settings_are_those_of_serve(tmp_path):
    (tmp_path / "dimensions-emulator.toml").write_text('world = "empty"\n', "utf-8")
    (tmp_path / "other.toml").write_text('world = "call-centre"\n', "utf-8")

    def users(*given, **variables):
        return executed(*given, "--", PYTHON, "-c", LIST, cwd=tmp_path, **variables).stdout

    assert users() == "0\n"
    assert users(DIMENSIONS_EMULATOR_WORLD="office") == "17\n"
    assert users("--config", "other.toml") == users("--world", "call-centre") == "22\n"


def test_serve_and_exec_have_the_same_settings(tmp_path):
    def options(name):
        lines = command(name, "--help", cwd=tmp_path).stdout.splitlines()
        return {line.split()[0] for line in lines if line.startswith("  --")}

    assert options("serve") - options("exec") == {"--json"}
    assert options("exec") - options("serve") == {"--min-coverage"}


def test_the_exit_code_is_that_of_the_command(tmp_path):
    assert executed("--", PYTHON, "-c", "raise SystemExit(7)", cwd=tmp_path).returncode == 7
    assert executed("--", "sh", "-c", "kill -9 $$", cwd=tmp_path).returncode == 128 + 9


def test_the_command_keeps_its_own_options_and_its_input_and_output(tmp_path):
    script = "import sys; print(sys.argv[1:], sys.stdin.read()); print('aside', file=sys.stderr)"
    done = subprocess.run(
        [*COMMAND, "exec", PYTHON, "-c", script, "--world", "--help", "--"],
        cwd=tmp_path,
        env=environment(),
        input="given",
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )

    assert (done.stdout, done.stderr) == ("['--world', '--help', '--'] given\n", "aside\n")


def test_a_command_that_is_not_there_ends_with_127_and_its_name(tmp_path):
    (tmp_path / "plain").write_text("", "utf-8")

    missing = executed("--", "no-such-command", cwd=tmp_path)
    assert missing.returncode == 127
    assert missing.stderr == "dimensions-emulator: cannot run no-such-command: No such file or directory\n"
    assert executed("--", tmp_path / "plain", cwd=tmp_path).returncode == 126


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--world", "nowhere", "--", "true"], "there is no world 'nowhere'"),
        (["--seed", "x", "--", "true"], "--seed cannot be 'x'"),
        (["--unix-socket", "s", "--", "true"], "exec tells the command a URL; leave out --unix-socket"),
        (
            ["--no-admin", "--min-coverage", "1", "--", "true"],
            "--min-coverage asks /_emulator; leave out --no-admin",
        ),
        (["--min-coverage", "101", "--", "true"], "101"),
        (["--min-coverage", "nan", "--", "true"], "'nan' is not a number"),
        ([], "COMMAND"),
    ],
)
def test_what_cannot_be_done_is_told_and_no_command_is_run(given, told, tmp_path):
    done = executed(*[text.replace("true", f"{PYTHON} -c print(1)") for text in given], cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_goes_on_to_the_command_which_may_take_its_time(number, tmp_path):
    with started("--", PYTHON, "-c", ASLEEP.replace("CODE", "5"), cwd=tmp_path) as running:
        assert running.stdout.readline() == "asleep\n"
        running.send_signal(number)
        out, err = running.communicate(timeout=15)

    assert (running.returncode, out, err) == (5, f"got {int(number)}\n", "")


def test_a_signal_at_the_end_of_the_start_keeps_the_command_from_running(monkeypatch, tmp_path):
    monkeypatch.setattr(execution.signal, "signal", lambda *_: None)
    child = execution._Child()
    child._pass_on(signal.SIGTERM, None)

    with pytest.raises(SystemExit) as left:
        child.run(["touch", str(tmp_path / "run")], {})

    assert left.value.code == 128 + signal.SIGTERM
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_world_is_made_ends_it_and_no_command_is_run(number, tmp_path):
    port = free_port()
    world = ["--world", "crowd", "--users", "200000", "--port", str(port)]
    with started(*world, "--", PYTHON, "-c", "print('run')", cwd=tmp_path) as running:
        while not listening(port):
            time.sleep(0.01)
        time.sleep(0.2)
        begun = time.monotonic()
        running.send_signal(number)
        out, err = running.communicate(timeout=15)

    assert (running.returncode, out, err) == (128 + number, "", "")
    assert time.monotonic() - begun < 3


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs the ids of threads")
def test_a_signal_that_another_thread_gets_goes_on_too(tmp_path):
    with started("--", PYTHON, "-c", ASLEEP.replace("CODE", "5"), cwd=tmp_path) as running:
        assert running.stdout.readline() == "asleep\n"
        threads = {int(each.name) for each in Path(f"/proc/{running.pid}/task").iterdir()} - {running.pid}
        os.kill(max(threads), signal.SIGTERM)
        out, err = running.communicate(timeout=15)

    assert (running.returncode, out, err) == (5, f"got {int(signal.SIGTERM)}\n", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_ends_what_the_command_has_started_too(number, tmp_path):
    grandchild = "import time; print('asleep', flush=True); time.sleep(60)"
    with started("--", "sh", "-c", f'{PYTHON} -c "{grandchild}"; true', cwd=tmp_path) as running:
        assert running.stdout.readline() == "asleep\n"
        running.send_signal(number)
        assert running.stdout.read() == ""  # which ends when nobody has it open any longer
        running.wait(15)

    assert running.returncode == 128 + number


@needs_proc
def test_a_signal_ends_a_command_that_is_stopped(tmp_path):
    with started("--", "sh", "-c", "echo $$; kill -STOP $$", cwd=tmp_path) as running:
        stopped = int(running.stdout.readline())
        until_stopped(stopped)
        running.send_signal(signal.SIGTERM)
        try:
            assert running.wait(15) == 128 + signal.SIGTERM
        except subprocess.TimeoutExpired:
            os.kill(stopped, signal.SIGKILL)
            raise


def test_a_hang_up_that_is_ignored_stays_so(tmp_path):
    script = "import signal; print(signal.getsignal(signal.SIGHUP) == signal.SIG_IGN, flush=True); input()"
    with subprocess.Popen(
        ["nohup", *COMMAND, "exec", "--", PYTHON, "-c", script],
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as running:
        assert running.stdout.readline() == "True\n"
        running.send_signal(signal.SIGHUP)
        running.communicate("\n", timeout=15)

    assert running.returncode == 0


def test_a_command_that_a_signal_ends_gives_128_and_its_number(tmp_path):
    script = "import time; print('asleep', flush=True); time.sleep(60)"
    with started("--", PYTHON, "-c", script, cwd=tmp_path) as running:
        running.stdout.readline()
        running.send_signal(signal.SIGTERM)
        assert running.wait(15) == 128 + signal.SIGTERM


def test_a_signal_before_the_command_runs_ends_it_all(tmp_path):
    script = "print('ran')"
    with started(
        "--world", "crowd", "--users", "100000", "--", PYTHON, "-c", script, cwd=tmp_path
    ) as running:
        time.sleep(0.5)
        running.send_signal(signal.SIGTERM)
        out, err = running.communicate(timeout=15)

    assert running.returncode in {128 + signal.SIGTERM, -signal.SIGTERM}
    assert (out, err) == ("", "")


@pytest.mark.parametrize("before", [[], ["sh", "-c", 'exec "$@" </dev/null', "sh"]], ids=["tty", "no input"])
@pytest.mark.parametrize(("name", "key"), [("SIGINT", b"\x03"), ("SIGQUIT", b"\x1c")])
def test_an_interrupt_from_the_terminal_comes_to_the_command_once(before, name, key, tmp_path):
    script = COUNT.replace("SIGINT", name)
    with subprocess.Popen(
        [*TERMINAL, *before, *COMMAND, "exec", "--", PYTHON, "-c", script, "1", "later"],
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as running:
        assert running.stdout.readline() == b"asleep\r\n"
        running.stdin.write(key)
        running.stdin.flush()
        seen = running.stdout.read()

    assert b"interrupts: 1\r\n" in seen
    assert running.returncode == 0


def test_a_command_in_a_terminal_may_read_from_it(tmp_path):
    script = "print('said', open('/dev/tty').readline(), flush=True)"
    within = ["sh", "-c", 'exec "$@" </dev/null', "sh"]
    done = subprocess.run(
        [*TERMINAL, *within, *COMMAND, "exec", "--", PYTHON, "-c", script],
        cwd=tmp_path,
        env=environment(),
        input=b"hello\n",
        stdout=subprocess.PIPE,
        timeout=30,
        check=False,
    )

    assert b"said hello" in done.stdout
    assert done.returncode == 0


@needs_bash
def test_a_command_that_is_brought_to_the_foreground_has_the_terminal(tmp_path):
    script = "print('said', input(), flush=True); input()"
    with at_shell(PYTHON, "-c", script, cwd=tmp_path) as typist:
        typist.types("sh run & wait $!\n")
        typist.brings_to_the_foreground()
        typist.types("hello\n")
        typist.reads("said hello\r\n")
        typist.types("\x03")
        typist.reads("KeyboardInterrupt")


@needs_bash
@needs_proc
def test_interrupts_come_once_each_to_a_command_that_was_stopped_and_goes_on(tmp_path):
    script = "import os; print('there', os.getpid(), flush=True); input()" + COUNT
    with at_shell(PYTHON, "-c", script, "2", cwd=tmp_path) as typist:
        typist.types("sh run\n")
        typist.reads("there ")
        reader = int(typist.reads("\r\n"))
        typist.types("\x1a")
        until_stopped(reader)  # before that it may still read what is typed next
        typist.brings_to_the_foreground()
        typist.types("\n")
        typist.reads("asleep\r\n")
        for _ in range(2):
            typist.types("\x03")
            typist.reads("interrupts: 1\r\n")
        typist.reads("status 0\r\n")


@needs_bash
@pytest.mark.parametrize("name", ["INT", "QUIT", "TERM"])
def test_a_signal_to_the_background_goes_on_to_the_command(name, tmp_path):
    script = ASLEEP.replace("SIGTERM", f"SIG{name}").replace("CODE", "5")
    with at_shell(PYTHON, "-c", script, cwd=tmp_path) as typist:
        typist.types("sh run &\n")
        typist.reads("asleep\r\n")
        typist.types(f"kill -{name} $!; wait $!; echo status $?\n")
        typist.reads(f"got {int(signal.Signals['SIG' + name])}\r\n")
        typist.reads("status 5\r\n")


def test_enough_coverage_is_told_and_passes(tmp_path):
    done = executed("--min-coverage", "1", "--", PYTHON, "-c", LIST, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (0, "17\n")
    assert " %, at least the 1 % asked for." in done.stderr
    assert "\n  operations 1 of 11; never createUser, getUser, " in done.stderr
    assert "listUsers" not in done.stderr


def test_too_little_coverage_fails_a_command_that_succeeded(tmp_path):
    done = executed("--min-coverage", "60", "--", PYTHON, "-c", LIST, cwd=tmp_path)

    assert done.returncode == 1
    assert " %, less than the 60 % asked for." in done.stderr


def test_a_command_that_failed_keeps_its_exit_code_whatever_it_met(tmp_path):
    done = executed("--min-coverage", "60", "--", PYTHON, "-c", "raise SystemExit(3)", cwd=tmp_path)

    assert done.returncode == 3
    assert "less than the 60 % asked for" in done.stderr


def test_what_tests_meet_through_the_plugin_counts(tmp_path):
    (tmp_path / "test_it.py").write_text(
        "def test_it(dimensions_world):\n    dimensions_world.users.in_journal().create('ada@mail.example')\n",
        "utf-8",
    )
    done = executed("--min-coverage", "1", "--", *TESTS, "-n", "2", "test_it.py", cwd=tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "createUser" not in done.stderr


def test_with_tls_the_command_is_told_the_authority(tmp_path):
    (tmp_path / "test_it.py").write_text(
        "import os\n"
        "def test_it(dimensions_world):\n"
        "    dimensions_world.users.in_journal().list()\n"
        "    assert os.environ['DIMENSIONS_BASE_URL'].startswith('https://')\n"
        "    print(os.environ['DIMENSIONS_EMULATOR_CA'])\n",
        "utf-8",
    )
    done = executed("--tls", "--min-coverage", "1", "--", *TESTS, "-s", "test_it.py", cwd=tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    authority = done.stdout.splitlines()[0]
    assert authority.endswith(".pem")
    assert not Path(authority).exists()


def test_the_log_is_written_where_it_is_asked_for(tmp_path):
    done = executed("--log-format", "json", "--", PYTHON, "-c", LIST, cwd=tmp_path)

    assert '"path": "/api/v1.0/customers/' in done.stderr
