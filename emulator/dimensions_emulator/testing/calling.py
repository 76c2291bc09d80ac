"""Calls of the application in this process, as the server would make them."""

from __future__ import annotations

import errno
import os
import sys
import time
from concurrent.futures import Future
from dataclasses import dataclass
from io import BytesIO
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote_to_bytes, urlsplit

from dimensions_emulator.wire.broken import Broken
from dimensions_emulator.wire.waiting import GONE, STOPPING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

PORTS = {"http": 80, "https": 443}
UNPREFIXED = {"CONTENT_TYPE", "CONTENT_LENGTH"}
BODILESS = {204, 304}
CLOSED = "the server closed the connection without an answer"
Headers = list[tuple[str, str]]
Result = TypeVar("Result")


class Hung(Exception):
    """The answer is held back; `args[0]` says for how many seconds, before the connection is closed."""


class Disconnected(ConnectionError):
    """The connection is closed before an answer came."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request; its URL is absolute and as the client wrote it."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `length` is what the answer declares, which a broken one does not keep."""

    status: int
    reason: str
    headers: Headers
    parts: Parts
    length: int | None


class Parts:
    """The pieces of an answer's body; closing waits for nobody who is waiting for the next one.

    `gone` tells the application that nobody does.
    """

    def __init__(self, pieces: Iterable[bytes], gone: Event) -> None:
        self._pieces = pieces
        self._iterator: Iterator[bytes] = iter(pieces)
        self._turn = Lock()
        self._gone = gone

    def next(self) -> bytes:
        """The next piece, empty at the end."""
        with self._turn:
            over = self._gone.is_set()
            piece = b"" if over else next((piece for piece in self._iterator if piece), b"")
        if self._gone.is_set():
            self.close()
        return piece

    def close(self) -> None:
        """Tell the application that nobody reads on, as soon as it is not at work."""
        self._gone.set()
        if self._turn.acquire(blocking=False):
            try:
                getattr(self._pieces, "close", _nothing)()
            finally:
                self._turn.release()


class Switched:
    """An application until it is off; from then on it refuses like a port where nothing listens."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application
        self._off = False

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self._off:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "the emulator is stopped")
        return self._application(environ, start_response)

    def off(self) -> None:
        self._off = True


class Direct:
    """An application to call; requests that name no session are of the given one."""

    def __init__(self, application: WSGIApplication, session: str | None = None) -> None:
        self._application = application
        self._session = session

    def call(self, asked: Asked, patience: float | None = None) -> Answer:
        """The answer.

        Raises what a socket would: `TimeoutError` after so many seconds, `ConnectionResetError`,
        `Disconnected`.
        """
        gone = Event()
        try:
            return within(patience, lambda: self.ask(asked, gone))
        except TimeoutError:
            gone.set()
            raise
        except Hung as hung:
            return hang_up(hung, patience)

    def ask(self, asked: Asked, gone: Event) -> Answer:
        """The answer, however long it takes, unless the caller is gone; raises `Hung` where none comes."""
        head: list[Any] = []

        def start(status: str, headers: Headers, _: Any = None) -> Callable[[bytes], object]:
            head[:] = status, headers
            return _unwritten

        environ = _environ(asked, self._session) | {STOPPING: gone, GONE: gone.is_set}
        pieces = self._application(environ, start)
        if isinstance(pieces, Broken):
            pieces = _broken(pieces)
        status, _, reason = head[0].partition(" ")
        length = next((int(value) for name, value in head[1] if name.lower() == "content-length"), None)
        bodiless = asked.method == "HEAD" or int(status) in BODILESS
        if bodiless or length is not None:
            whole = b"".join(pieces)
            getattr(pieces, "close", _nothing)()
            pieces = [] if bodiless else [whole]
        return Answer(int(status), reason, head[1], Parts(pieces, gone), None if bodiless else length)


def within(seconds: float | None, act: Callable[[], Result]) -> Result:
    """The outcome of an act; raises `TimeoutError` when it takes longer, and lets it go on unattended."""
    if seconds is None:
        return act()
    outcome: Future[Result] = Future()

    def run() -> None:
        try:
            outcome.set_result(act())
        except BaseException as fault:  # noqa: BLE001  raised where it is waited for
            outcome.set_exception(fault)

    Thread(target=run, name="dimensions-call", daemon=True).start()
    return outcome.result(seconds)


def hang_up(hung: Hung, patience: float | None) -> Answer:
    """Wait as long as the answer is held back, or the client waits; then raise what the client sees."""
    held: float = hung.args[0]
    time.sleep(held if patience is None else min(held, patience))
    if patience is not None and patience < held:
        raise TimeoutError("timed out") from None
    raise Disconnected(CLOSED) from None


def _broken(broken: Broken) -> Iterable[bytes]:
    if broken.kind == "reset":
        raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
    if broken.kind == "hang":
        raise Hung(broken.seconds)
    if not broken.part:
        raise Disconnected(CLOSED)
    return [broken.part]


def _environ(asked: Asked, session: str | None) -> WSGIEnvironment:
    parts = urlsplit(asked.url)
    path = unquote_to_bytes(parts.path).decode("latin-1")
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": asked.method.upper(),
        "SCRIPT_NAME": "",
        "PATH_INFO": "/" + path.lstrip("/"),
        "QUERY_STRING": parts.query,
        "REQUEST_URI": parts._replace(scheme="", netloc="", path=parts.path or "/").geturl(),
        "SERVER_NAME": parts.hostname or "localhost",
        "SERVER_PORT": str(parts.port or PORTS[parts.scheme]),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": BytesIO(asked.body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in asked.headers:
        _add(environ, name.upper(), value.strip(" \t"))
    environ.setdefault("HTTP_HOST", parts.netloc.rpartition("@")[2])
    if environ.pop("HTTP_TRANSFER_ENCODING", None) is not None or asked.body:
        environ["CONTENT_LENGTH"] = str(len(asked.body))
    if session is not None and not environ["PATH_INFO"].startswith("/s/"):
        environ.setdefault("HTTP_X_EMULATOR_SESSION", session)
        if environ["HTTP_X_EMULATOR_SESSION"] == session:
            environ["HTTP_X_EMULATOR_SESSION_MUST_EXIST"] = "true"
    return environ


def _add(environ: WSGIEnvironment, name: str, value: str) -> None:
    """Add a header, to its other values if it has some; the server drops names with underscores too."""
    if "_" in name:
        return
    key = name.replace("-", "_")
    key = key if key in UNPREFIXED else f"HTTP_{key}"
    environ[key] = f"{environ[key]}, {value}" if key in environ else value


def _nothing() -> None:
    pass


def _unwritten(_: bytes) -> object:
    raise NotImplementedError("answers are given as a whole")
