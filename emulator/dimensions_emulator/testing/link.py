"""The way to one emulator: over a socket, or to its application in this process."""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from dimensions_emulator.testing.errors import EmulatorError
from dimensions_emulator.testing.memory_socket import MemorySocket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dimensions_emulator.testing.calling import Direct

PATIENCE = 30.0
ADMIN_TOKEN = "X-Emulator-Admin-Token"  # noqa: S105  a header's name


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body) if self.body else {}


class Link:
    """Sends requests on connections that it keeps; threads share it."""

    def __init__(
        self, url: str, connect: Callable[[], HTTPConnection], admin_token: str | None = None
    ) -> None:
        self.url = url
        self.closed = False
        self._path = urlsplit(url).path.rstrip("/")
        self._connect = connect
        self._own = {} if admin_token is None else {ADMIN_TOKEN: admin_token}
        self._idle: deque[HTTPConnection] = deque()
        self._process = os.getpid()

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        patience: float = PATIENCE,
    ) -> Reply:
        """Send a request once; the path begins at the emulator's address.

        Raises what the connection raises (`OSError`, `http.client.HTTPException`).
        """
        with self._answer(method, path, body, headers or {}, patience) as answer:
            return Reply(answer.status, cast("Any", answer.headers), answer.read())

    @contextmanager
    def stream(self, path: str, headers: Mapping[str, str], patience: float) -> Iterator[HTTPResponse]:
        """An answer to be read while it comes."""
        with self._answer("GET", path, None, headers, patience) as answer:
            yield answer

    def close(self) -> None:
        self.closed = True
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def _answer(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], patience: float
    ) -> Iterator[HTTPResponse]:
        if self.closed:
            raise EmulatorError("this emulator is stopped")
        connection = self._connection()
        connection.timeout = patience
        if connection.sock is not None:
            connection.sock.settimeout(patience)
        own = self._own if path.startswith("/_emulator") else {}
        try:
            connection.request(method, self._path + path, body, {**own, **headers})
            answer = connection.getresponse()
        except BaseException:
            connection.close()
            raise
        try:
            yield answer
        finally:
            whole = answer.isclosed()
            answer.close()
            if whole and not self.closed:
                self._idle.append(connection)
            else:
                connection.close()

    def _connection(self) -> HTTPConnection:
        if self._process != os.getpid():  # forked: the kept connections are the other process's
            self._process, self._idle = os.getpid(), deque()
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread was quicker
                break
            if _usable(connection.sock):
                return connection
            connection.close()
        return self._connect()


def over_socket(url: str, admin_token: str | None = None, ca: str | None = None) -> Link:
    """The way to an address; `ca` is the certificate of an authority to trust too, in PEM."""
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:  # of the port
        host = port = None
    if parts.scheme not in {"http", "https"} or not host:
        raise EmulatorError(f"'{url}' is not a URL such as http://127.0.0.1:4020")
    if admin_token is not None and not re.fullmatch("[!-~]+", admin_token):
        raise EmulatorError("the admin token is printable ASCII without blanks, as a header has it")
    if parts.scheme == "http":
        return Link(url, lambda: HTTPConnection(host, port), admin_token)
    trust = ssl.create_default_context()
    if ca is not None:
        trust.load_verify_locations(cadata=ca)
    return Link(url, lambda: HTTPSConnection(host, port, context=trust), admin_token)


def in_process(url: str, direct: Direct, admin_token: str | None = None) -> Link:
    """The way to an application, which believes to be called under the address."""

    class Connection(HTTPConnection):
        def connect(self) -> None:
            self.sock = cast("socket.socket", MemorySocket(direct, url, self.timeout))

    return Link(url, lambda: Connection(cast("str", urlsplit(url).hostname)), admin_token)


def _usable(sock: Any) -> bool:
    """Whether the other end still listens; a request on a connection that it closed would be lost."""
    if sock is None or isinstance(sock, MemorySocket):
        return sock is not None
    sock.settimeout(0)
    try:
        sock.recv(1, *([] if isinstance(sock, ssl.SSLSocket) else [socket.MSG_PEEK]))
    except (BlockingIOError, ssl.SSLWantReadError):
        return True
    except OSError:
        return False
    return False
