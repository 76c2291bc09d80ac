"""The suite's command line, here and in processes of its own, and a proxy that keeps what passes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.client import HTTPResponse
from socket import create_connection
from types import SimpleNamespace
from urllib.parse import urlsplit

from click.testing import CliRunner

from dimensions_contracts.cli import main
from raw_target import RawTarget, reply
from server_process import call, environment

SUITE = "from dimensions_contracts.cli import main; main(prog_name='dimensions-contracts')"
CUSTOMER = "cccccccc-0000-4000-8000-000000000001"
TOKEN = "emulator-token-reseller"
PATIENCE = 60.0
OURS = ("DIMENSIONS_", "NO_COLOR", "FORCE_COLOR")


def arguments(command, url, *more, token=TOKEN, customer=CUSTOMER):
    named = [("--token", token), ("--customer", customer)]
    given = [text for name, value in named if value is not None for text in (name, value)]
    return [command, url, *given, *map(str, more)]


def suite(*given):
    """Run the command line in this process, with whatever variables it would take unset."""
    done = CliRunner().invoke(main, list(map(str, given)), env=dict.fromkeys(_variables()))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return SimpleNamespace(code=done.exit_code, out=done.stdout, err=done.stderr)


def check(url, *more, command="check", **named):
    return suite(*arguments(command, url, *more, **named))


def started(*given, cwd, program=SUITE, **variables):
    """Start the command line in a process of its own."""
    kept = {name: value for name, value in environment().items() if name not in _variables()}
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, given)],
        cwd=cwd,
        env={**kept, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def ended(process):
    """What a process said until it ended."""
    try:
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    return SimpleNamespace(code=process.returncode, out=out, err=err)


def _variables():
    return [
        name for name in os.environ if name.startswith(OURS) and not name.startswith("DIMENSIONS_EMULATOR")
    ]


class Proxy(RawTarget):
    """Passes calls on to a server; `hold` may keep the answer of one, `hidden` paths are not found."""

    def __init__(self, url, hidden=None):
        self._upstream = urlsplit(url)
        self._hidden = hidden
        self._local = threading.local()
        self._rules = []
        self._released = threading.Event()
        self._refused = None
        super().__init__(self._pass)

    @property
    def calls(self):
        """Method and path of every call."""
        return [tuple(line.split(" ")[:2]) for line in self.lines]

    @property
    def writes(self):
        return [request for request in self.received if not request.startswith((b"GET ", b"HEAD "))]

    def hold(self, pattern, count=1, *, before=False):
        """Answer the call that fits, the last of so many, no more; `before` does not pass it on either."""
        rule = SimpleNamespace(
            pattern=re.compile(pattern), left=count, before=before, reached=threading.Event()
        )
        self._rules.append(rule)
        return rule.reached

    def refuse(self, pattern, status):
        """Answer calls that fit with this status in place of the server."""
        self._refused = re.compile(pattern), status

    def allow(self):
        """Refuse no more."""
        self._refused = None

    def close(self):
        self._released.set()
        super().close()

    def _pass(self, request):
        line = request.partition(b"\r\n")[0].decode("latin-1")
        if self._hidden is not None and re.match(self._hidden, line.split(" ")[1]):
            return reply(404, b"<h1>Not found</h1>", "Content-Type: text/html")
        if self._refused is not None and self._refused[0].match(line):
            return reply(self._refused[1], b"")
        held = next((rule for rule in self._rules if rule.left and rule.pattern.match(line)), None)
        if held is not None:
            held.left -= 1
            held = held if not held.left else None
        answer = None if held is not None and held.before else self._forward(request)
        if held is not None:
            held.reached.set()
            self._released.wait(PATIENCE)
            return None
        return answer

    def _forward(self, request):
        with create_connection((self._upstream.hostname, self._upstream.port), timeout=PATIENCE) as upstream:
            upstream.sendall(request)
            method = request.partition(b" ")[0].decode()
            with HTTPResponse(upstream, method=method) as response:
                response.begin()
                body = response.read()
                head = [f"HTTP/1.1 {response.status} {response.reason}"]
                head += [f"{name}: {value}" for name, value in response.getheaders()]
        return "\r\n".join([*head, "", ""]).encode("latin-1") + body


class Mutant:
    """An emulator with a deviation, in a process of its own."""

    def __init__(self, name, cwd):
        command = [sys.executable, "-m", "mutants", name, "--port", "0"]
        self._process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.url = json.loads(self._process.stdout.readline())["url"]

    def call(self, method, path):
        return call(urlsplit(self.url).port, method, path)

    def close(self):
        self._process.kill()
        self._process.communicate()


@contextmanager
def mutant(name, cwd):
    serving = Mutant(name, cwd)
    try:
        yield serving
    finally:
        serving.close()


@contextmanager
def proxied(url, hidden=None):
    proxy = Proxy(url, hidden)
    try:
        yield proxy
    finally:
        proxy.close()


def report(path):
    return json.loads(path.read_text("utf-8"))


def lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
