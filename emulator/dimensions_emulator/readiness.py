"""The readiness of a server, asked for over HTTP until it is there."""

from __future__ import annotations

import socket
import time
from functools import partial
from http.client import HTTPConnection, HTTPException
from queue import Empty, SimpleQueue
from threading import TIMEOUT_MAX, Thread
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import HTTPHandler, ProxyHandler, build_opener

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.client import HTTPResponse
    from urllib.request import OpenerDirector, Request

PAUSE, LONGEST, SHORTEST = 0.05, 5.0, 0.5
"""Seconds between two questions, for one step of a question, and for a question whatever is left."""


class NotReady(Exception):
    """The server was not ready in time; `args[0]` is why."""


def wait(url: str, seconds: float, unix_socket: str | None = None) -> None:
    """Return once the emulator at a URL is ready, reached past a socket's path where one is given.

    Raises `NotReady`.
    """
    opener = build_opener(ProxyHandler({}), *([] if unix_socket is None else [Through(unix_socket)]))
    deadline = time.monotonic() + seconds
    while True:
        left = max(deadline - time.monotonic(), SHORTEST)
        reason = _within(left, partial(_reason, opener, url, min(left, LONGEST)))
        if reason is None:
            return
        left = deadline - time.monotonic()
        if left <= 0:
            raise NotReady(reason)
        time.sleep(min(PAUSE, left))


def _within(seconds: float, ask: Callable[[], str | None]) -> str | None:
    """The answer to a question; the timeout of a socket bounds each of its steps, which may be many."""
    answers: SimpleQueue[str | None] = SimpleQueue()
    Thread(target=lambda: answers.put(ask()), name="question", daemon=True).start()
    try:
        return answers.get(timeout=min(seconds, TIMEOUT_MAX))
    except Empty:
        return "timed out"


def _reason(opener: OpenerDirector, url: str, seconds: float) -> str | None:
    """Why the server is not ready, or `None` if it is."""
    try:
        with opener.open(f"{url.rstrip('/')}/_emulator/readyz", timeout=seconds) as answer:
            return None if "X-Emulator" in answer.headers else "something else answers there"
    except HTTPError as fault:
        return f"it answers {fault.code}"
    except (OSError, HTTPException, ValueError) as fault:  # the last for a host that no name can be
        return str(getattr(fault, "reason", fault)).strip() or "no answer"


class Through(HTTPHandler):
    """Opens URLs through a Unix socket, whatever their host."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(partial(_Connection, path=self._path), req)


class _Connection(HTTPConnection):
    def __init__(self, *where: Any, path: str, **named: Any) -> None:
        super().__init__(*where, **named)
        self._path = path

    def connect(self) -> None:
        if not hasattr(socket, "AF_UNIX"):
            raise OSError("this system has no Unix sockets")
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
