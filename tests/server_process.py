"""The command line in processes of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

COMMAND = [
    sys.executable,
    "-c",
    "from dimensions_emulator.cli import main; main(prog_name='dimensions-emulator')",
]
PATIENCE = 30.0


def environment(**more):
    """This process's environment without settings of ours, with its import path, so a checkout is enough."""
    ours = ("DIMENSIONS_EMULATOR_", "PYTHONUNBUFFERED")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "COLUMNS": "100", **more}


def command(*arguments, cwd, **variables):
    """Run a command to its end."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd,
        env=environment(**variables),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )


class ServerProcess:
    """A server that runs; what it writes is collected while it does."""

    def __init__(self, arguments, cwd, variables):
        self._errors = Path(cwd) / f"stderr-{time.monotonic_ns()}.txt"
        with self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [*COMMAND, "serve", *map(str, arguments)],
                cwd=cwd,
                env=environment(**variables),
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                encoding="utf-8",
            )
        self._lines = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self._lines.append(line.rstrip("\n"))

    @property
    def output(self):
        return list(self._lines)

    @property
    def errors(self):
        return self._errors.read_text("utf-8")

    @property
    def url(self):
        """Where it answers, from the line that says it is ready."""
        self.until(lambda: any(line.startswith(("Ready. ", "{")) for line in self.output))
        first = self.output[0]
        return json.loads(first)["url"] if first.startswith("{") else first.removeprefix("Ready. ")

    def until(self, fact, seconds=PATIENCE):
        deadline = time.monotonic() + seconds
        while not fact():
            if time.monotonic() > deadline:
                pytest.fail(f"in vain; it wrote {self.output} and {self.errors}")
            if self.process.poll() is not None and not fact():
                pytest.fail(f"it ended with {self.process.returncode}: {self.errors}")
            time.sleep(0.01)

    def log(self, *texts):
        """The lines of the log, once one of them has all the texts."""
        self.until(lambda: any(all(text in line for text in texts) for line in self.errors.splitlines()))
        return self.errors.splitlines()

    def call(self, method, path, body=None, **headers):
        place = urlsplit(self.url)
        return call(place.port, method, path, body, host=place.hostname, **headers)

    def stop(self, number=signal.SIGTERM, seconds=10.0):
        """Send the signal; the exit status and how long it took."""
        start = time.monotonic()
        self.process.send_signal(number)
        status = self.process.wait(seconds)
        self._reader.join(seconds)
        return status, time.monotonic() - start

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        self.process.stdout.close()


def call(port, method, path, body=None, *, host="127.0.0.1", **headers):
    """One request on a connection of its own: status, headers, body."""
    connection = HTTPConnection(host, port, timeout=PATIENCE)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def listening(port, host="127.0.0.1"):
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def serving(*arguments, cwd, port=0, **variables):
    place = [] if port is None else ["--port", port]
    server = ServerProcess([*place, *arguments], cwd, variables)
    try:
        yield server
    finally:
        server.close()
