"""The readiness of a server, asked for over HTTP until it is there."""

from __future__ import annotations

import socket
import time
from functools import partial
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import HTTPHandler, ProxyHandler, build_opener

if TYPE_CHECKING:
    from http.client import HTTPResponse
    from urllib.request import Request

PAUSE, LONGEST, SHORTEST = 0.05, 5.0, 0.1
"""Seconds between two questions, and for one."""


class NotReady(Exception):
    """The server was not ready in time; `args[0]` is why."""


def wait(url: str, seconds: float, unix_socket: str | None = None) -> None:
    """Return once the emulator at a URL is ready, reached past a socket's path where one is given.

    Raises `NotReady`.
    """
    opener = build_opener(ProxyHandler({}), *([] if unix_socket is None else [Through(unix_socket)]))
    deadline, reason = time.monotonic() + seconds, "no answer"
    while True:
        left = deadline - time.monotonic()
        try:
            with opener.open(
                f"{url.rstrip('/')}/_emulator/readyz", timeout=max(min(left, LONGEST), SHORTEST)
            ) as answer:
                if "X-Emulator" in answer.headers:
                    return
                reason = "something else answers there"
        except HTTPError as fault:
            reason = f"it answers {fault.code}"
        except (OSError, HTTPException) as fault:
            reason = str(getattr(fault, "reason", fault)).strip() or "no answer"
        if time.monotonic() >= deadline:
            raise NotReady(reason)
        time.sleep(min(PAUSE, max(left, 0)))


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
