"""One request and its answer on a connection, byte by byte as asked."""

from __future__ import annotations

import io
import select
import ssl
import time
from base64 import b64encode
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from dimensions_contracts.conformance.faults import Oversized, fault
from dimensions_contracts.conformance.messages import Answer

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from urllib.parse import SplitResult

    from _typeshed import WriteableBuffer

    Headers = Iterable[tuple[str, str]]

PORTS = {"http": 80, "https": 443}
CHUNK, LARGEST = 1 << 16, 16 << 20
IDLE, SHORTEST = 1.0, 0.001
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
WITHOUT_BODY = frozenset({204, 304})


class Origin(NamedTuple):
    """The one host that a session talks to."""

    scheme: str
    host: str
    port: int

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == PORTS[self.scheme] else f":{self.port}")

    @property
    def is_loopback(self) -> bool:
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


def origin(url: str) -> Origin:
    """Read the origin of a URL; raises `ValueError` with one sentence for a URL that is more or less."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname or not _has_port(parts):
        raise ValueError(f"{url} is not a URL like https://api.example.com.")
    if parts.username is not None or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(
            f"the URL of the target ends after host and port, like {parts.scheme}://{parts.netloc.rpartition('@')[2]}."
        )
    return Origin(parts.scheme, parts.hostname, parts.port or PORTS[parts.scheme])


class Exchange:
    """A connection to one origin, kept between calls; `timeout` in seconds holds for a whole call."""

    def __init__(self, to: Origin, *, timeout: float, ca_file: Path | None = None) -> None:
        self._to = to
        self._timeout = timeout
        self._proxy = None if to.is_loopback else _proxy(to)
        self._trust = ssl.create_default_context(cafile=ca_file) if to.scheme == "https" else None
        self._connection: HTTPConnection | None = None
        self.sent = 0
        self._used = 0.0
        self._keeps = True

    def send(
        self, method: str, path: str, headers: Headers, body: bytes | None, largest: int = LARGEST
    ) -> Answer:
        """Send one request and read its answer of at most `largest` bytes; raises `Fault`.

        A GET that finds the connection dead is sent again on a new one.
        """
        start = time.monotonic()
        kept = self._is_kept(start)
        self.sent += 1
        try:
            answer = self._exchanged(method, path, headers, body, start, largest)
        except (OSError, HTTPException, ValueError) as problem:
            self.close()
            if kept and method == "GET" and isinstance(problem, ConnectionError):
                self._keeps = False
                return self.send(method, path, headers, body, largest)
            raise fault(problem, self._to.url, self._timeout) from problem
        except BaseException:
            self.close()
            raise
        self._used = time.monotonic()
        return answer

    def close(self) -> None:
        """Hang up; the next call connects again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _is_kept(self, now: float) -> bool:
        """Tell whether a connection is open that may be used again; hangs up one that may not."""
        if self._connection is None or self._connection.sock is None:
            return False
        silent = not select.select([self._connection.sock], [], [], 0)[0]
        if not silent or not self._keeps or now - self._used > IDLE:
            self.close()
        return self._connection is not None

    def _exchanged(
        self, method: str, path: str, headers: Headers, body: bytes | None, start: float, largest: int
    ) -> Answer:
        deadline = start + self._timeout
        connection = self._connected(deadline)
        self._write(connection, method, path, headers, body)
        with connection.getresponse() as response:
            content = b"".join(_pieces(response, largest))
            if response.length:
                raise IncompleteRead(content, response.length)
            stray = response.stray() if isinstance(response, Timed) else b""
        if stray:
            self.close()
        took = (time.monotonic() - start) * 1000
        return Answer(response.status, tuple(response.getheaders()), content or stray, took)

    def _connected(self, deadline: float) -> HTTPConnection:
        connection = self._connection = self._connection or self._opened()
        if connection.sock is None:
            connection.connect()
        connection.sock.settimeout(max(deadline - time.monotonic(), SHORTEST))
        connection.response_class = cast("type[HTTPResponse]", partial(Timed, deadline=deadline))
        return connection

    def _write(
        self, connection: HTTPConnection, method: str, path: str, headers: Headers, body: bytes | None
    ) -> None:
        target = path if self._proxy is None or self._trust else self._to.url + path
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in (*headers, *self._proxy_headers(tunnel=False)):
            connection.putheader(name, value.encode("latin-1"))
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        elif method in WITH_BODY:
            connection.putheader("Content-Length", "0")
        try:
            connection.endheaders(body)
        except (BrokenPipeError, ConnectionResetError):
            """A server may answer before it has read all of a body, and hang up."""

    def _opened(self) -> HTTPConnection:
        at = self._proxy
        host, port = (self._to.host, self._to.port) if at is None else (at.hostname or "", at.port or 80)
        if self._trust is None:
            return HTTPConnection(host, port, timeout=self._timeout)
        connection = HTTPSConnection(host, port, timeout=self._timeout, context=self._trust)
        if at is not None:
            connection.set_tunnel(self._to.host, self._to.port, dict(self._proxy_headers(tunnel=True)))
        return connection

    def _proxy_headers(self, *, tunnel: bool) -> Iterator[tuple[str, str]]:
        if self._proxy is not None and self._proxy.username and tunnel == bool(self._trust):
            named = f"{unquote(self._proxy.username)}:{unquote(self._proxy.password or '')}"
            yield "Proxy-Authorization", f"Basic {b64encode(named.encode()).decode()}"


class Timed(HTTPResponse):
    """An answer that must be whole by a deadline, however slowly its bytes arrive."""

    def __init__(self, sock: socket.socket, *arguments: Any, deadline: float, **more: Any) -> None:
        super().__init__(sock, *arguments, **more)
        self._received = Received(self.fp, sock, deadline)
        self.fp = io.BufferedReader(self._received)

    def begin(self) -> None:
        """Read status and headers; `IncompleteRead` if they do not end."""
        super().begin()
        if self._received.ended:
            raise IncompleteRead(b"")

    def stray(self) -> bytes:
        """What came with an answer whose status allows no body."""
        if self.status not in WITHOUT_BODY:
            return b""
        return bytes(self._received.start).partition(b"\r\n\r\n")[2]


class Received(io.RawIOBase):
    """The bytes of a socket until a deadline; `start` keeps the first, `ended` tells that no more come."""

    def __init__(self, stream: BinaryIO, sock: socket.socket, deadline: float) -> None:
        self._stream = stream
        self._sock = sock
        self._deadline = deadline
        self.start = bytearray()
        self.ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)
        view = memoryview(buffer)
        size = self._sock.recv_into(view)
        self.ended = not size
        if len(self.start) < CHUNK:
            self.start += view[:size]
        return size

    def close(self) -> None:
        self._stream.close()
        super().close()


def _has_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


def _pieces(response: HTTPResponse, largest: int) -> Iterator[bytes]:
    size = 0
    while piece := response.read(CHUNK):
        size += len(piece)
        if size > largest:
            raise Oversized(largest >> 20)
        yield piece


def _proxy(to: Origin) -> SplitResult | None:
    named = getproxies()
    if proxy_bypass(f"{to.host}:{to.port}") or not named.get(to.scheme):
        return None
    return urlsplit(named[to.scheme] if "://" in named[to.scheme] else f"http://{named[to.scheme]}")
