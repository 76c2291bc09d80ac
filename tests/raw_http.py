"""Bytes on a socket to a server with the small world, and the answers."""

from __future__ import annotations

import json
import socket
from contextlib import contextmanager
from io import BytesIO

from dimensions_emulator.server import Server
from dimensions_emulator.settings import Settings
from small_world import US, emulator

USERS = f"/api/v1.0/customers/{US}/users"
LIMIT = 4096
LINES = {"Host": "localhost", "Authorization": "Bearer good"}


@contextmanager
def raw_server():
    running = Server("127.0.0.1", 0, max_body=LIMIT)
    running.serve(emulator(settings=Settings(max_body=LIMIT)).app.wsgi_app)
    try:
        yield running
    finally:
        running.stop()


@contextmanager
def connected(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        wire = Wire(connection)
        with wire.stream:
            yield wire


class Wire:
    """A connection on which bytes are written and answers are read."""

    def __init__(self, connection):
        self.connection = connection
        self.stream = connection.makefile("rb")

    def send(self, *parts):
        self.connection.sendall(
            b"".join(part if isinstance(part, bytes) else part.encode() for part in parts)
        )
        return self

    def answer(self, *, bodiless=False):
        """The next answer: status, headers, body."""
        status = self.stream.readline()
        assert status.startswith((b"HTTP/1.1 ", b"HTTP/1.0 ")), status
        headers = {}
        while line := self.stream.readline().rstrip(b"\r\n"):
            name, _, value = line.decode("latin-1").partition(": ")
            assert name.lower() not in headers
            headers[name.lower()] = value
        number = int(status.split()[1])
        size = 0 if bodiless or number in {100, 204} else int(headers["content-length"])
        body = self.stream.read(size)
        assert len(body) == size
        return number, headers, body

    def closed(self):
        """Whether the server has hung up, without a word more."""
        try:
            return self.stream.read() == b""
        except ConnectionError:
            return True


def request(method="GET", target=USERS, body=None, version="HTTP/1.1", **headers):
    lines = {**LINES, **{name.replace("_", "-"): value for name, value in headers.items()}}
    if body is not None:
        lines = {"Content-Type": "application/json", "Content-Length": len(body), **lines}
    head = [
        f"{method} {target} {version}",
        *(f"{name}: {value}" for name, value in lines.items() if value is not None),
    ]
    return ("\r\n".join([*head, "", ""])).encode("latin-1") + (body or b"")


def chunked(body, size=7):
    source, parts = BytesIO(body), []
    while piece := source.read(size):
        parts.append(b"%x\r\n%s\r\n" % (len(piece), piece))
    return b"".join([*parts, b"0\r\n\r\n"])


def creation(number):
    return json.dumps({"email": f"raw{number}@mail.example", "displayName": "Raw"}).encode()


def is_envelope(body):
    return {"error", "message", "status"} <= set(json.loads(body))
