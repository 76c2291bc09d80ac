"""Listeners to the events of an emulator, in process and by a real connection."""

from __future__ import annotations

import json
import socket
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from typing import Any

from dimensions_emulator.server import Server
from dimensions_emulator.wire.waiting import GONE, STOPPING

PATIENCE = 10.0


@dataclass
class Block:
    """One block of a stream of events."""

    id: int | None = None
    event: str | None = None
    data: Any = None
    retry: int | None = None
    comment: str | None = None


def blocks(text):
    return [_block(block) for block in text.split("\n\n") if block]


def _block(text):
    block = Block()
    for line in text.split("\n"):
        name, _, value = line.partition(": ")
        name = name or "comment"
        setattr(block, name, json.loads(value) if name in {"id", "data", "retry"} else value)
    return block


def events(api, query="", **headers):
    """The events that are kept, all of them unless the query says otherwise: those of a server that stops."""
    environ = {STOPPING: Event(), GONE: bool}
    environ[STOPPING].set()
    answer = api.control(f"events?after=0{query}", environ_overrides=environ, headers=headers)
    assert answer.status == 200, answer.body
    first, *found, last = blocks(answer.body.decode())
    assert (first.retry, last.event) == (2000, "end")
    return found


class Listener:
    """A client on a socket of its own."""

    def __init__(self, port, query="", *, buffer=None, path="/_emulator/events", **headers):
        self.socket = socket.socket()
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", port))
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        self.socket.sendall(f"GET {path}{query} HTTP/1.0\r\nHost: localhost\r\n{lines}\r\n".encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.headers = {}
        while line := self.file.readline().strip():
            name, _, value = line.decode().partition(": ")
            self.headers[name] = value

    def block(self):
        """The next block; None at the end."""
        lines = []
        while (line := self.file.readline()) not in {b"", b"\n"}:
            lines.append(line.decode().rstrip("\n"))
        return _block("\n".join(lines)) if lines else None

    def rest(self):
        return list(iter(self.block, None))

    def close(self):
        self.file.close()
        self.socket.close()


def session(api, name="default"):
    """The session itself."""
    application = api.app.wsgi_app
    while not hasattr(application, "_sessions"):
        application = application._application
    return application._sessions.look(name)


@contextmanager
def served(api, **more):
    server = Server("127.0.0.1", 0, max_body=1 << 20, **more)
    server.serve(api.app.wsgi_app)
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def listening(port, query="", **more):
    listener = Listener(port, query, **more)
    try:
        yield listener
    finally:
        listener.close()
