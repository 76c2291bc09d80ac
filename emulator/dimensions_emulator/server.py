"""The server process: listens, seeds, serves, stops."""

from __future__ import annotations

import errno
import json
import logging
import socket
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import create_server
from waitress.task import ErrorTask

from dimensions_emulator import NAME
from dimensions_emulator.domain import ticks

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

THREADS = 8
GRACE = 5.0
NOT_IMPLEMENTED = 501
HEADERS = (("Content-Type", "application/json; charset=utf-8"), ("X-Emulator", NAME))
SEEDING = "The world is still being made; try again."


class ListenFailed(OSError):
    """The server cannot listen where it should; `args[0]` says why in one sentence."""


class Gate:
    """Answers 503 until the application is there, then hands every request to it."""

    def __init__(self) -> None:
        self.application: WSGIApplication | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self.application is not None:
            return self.application(environ, start_response)
        alive = environ["PATH_INFO"] == "/_emulator/livez"
        body = _envelope({"status": "success"}) if alive else _envelope(_error(503, SEEDING))
        headers = [*HEADERS, ("Content-Length", str(len(body)))]
        start_response("200 OK" if alive else "503 Service Unavailable", [*headers, ("Retry-After", "1")])
        return [body]


class Unreadable(ErrorTask):
    """Answers a request that is no HTTP in the envelope too; none of them is this server's fault."""

    def execute(self) -> None:
        error = cast("Any", self.request).error
        code, reason = (400, "Bad Request") if error.code == NOT_IMPLEMENTED else (error.code, error.reason)
        body = _envelope(_error(code, f"{reason}: {error.body}"))
        self.status = f"{code} {reason}"
        self.response_headers = list(HEADERS)
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Channel(HTTPChannel):
    error_task_class = Unreadable


class Server:
    """An HTTP server in a thread of its own; `port` is the one it got."""

    def __init__(self, host: str, port: int, *, max_body: int) -> None:
        """Start to listen, answering 503; raises `ListenFailed`."""
        self._gate = Gate()
        # The application refuses large bodies in the envelope; far larger ones are not even read.
        limit = max(16 * max_body, 257 << 20)
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
            listener = socket.socket(family, socket.SOCK_STREAM)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
        except (OSError, UnicodeError) as fault:
            raise ListenFailed(_reason(fault, host, port)) from None
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._server = cast(
            "Any",
            create_server(
                self._gate,
                sockets=[listener],
                threads=THREADS,
                ident=None,
                server_name=host,
                max_request_body_size=limit,
                clear_untrusted_proxy_headers=False,  # links follow what the proxy in front says
            ),
        )
        self._server.channel_class = Channel
        self.port: int = listener.getsockname()[1]
        self._thread = Thread(target=self._server.run, name="http", daemon=True)
        self._thread.start()

    def serve(self, application: WSGIApplication) -> None:
        """Hand requests to the application from now on."""
        self._gate.application = application

    def stop(self) -> None:
        """Take no more connections, let requests in flight finish within the grace time, then close."""
        self._server.accepting = False
        deadline, pause = monotonic() + GRACE, Event()
        while self._busy() and monotonic() < deadline:
            pause.wait(0.01)
        self._server.task_dispatcher.shutdown(timeout=0.1)  # a worker would pull a trigger closed already
        self._server.trigger.pull_trigger(self._close)
        self._thread.join(GRACE)

    def _busy(self) -> bool:
        channels = list(self._server.active_channels.values())
        return any(channel.requests or channel.total_outbufs_len for channel in channels)

    def _close(self) -> None:
        # Runs in the server's own thread, whose loop ends once nothing is left to watch.
        wasyncore.close_all(self._server._map, ignore_all=True)  # noqa: SLF001  it has no stop of its own


def _error(status: int, message: str) -> dict[str, Any]:
    return {"error": status, "message": message, "status": "error"}


def _envelope(body: dict[str, Any]) -> bytes:
    return json.dumps({**body, "timestamp": ticks.text(ticks.now())}, separators=(",", ":")).encode()


def _reason(fault: OSError | UnicodeError, host: str, port: int) -> str:
    if isinstance(fault, socket.gaierror | UnicodeError):
        return f"the host '{host}' is not known; --host takes a name or an address of this machine"
    if fault.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use; choose another with --port (0 takes any free one)"
    return f"cannot listen on {host}:{port}: {fault.strerror}"
