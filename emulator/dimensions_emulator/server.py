"""The server process: listens, seeds, serves, stops."""

from __future__ import annotations

import logging
import select
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from waitress import wasyncore
from waitress.server import create_server

from dimensions_emulator import NAME, listening
from dimensions_emulator.channels import Breaking, Channel, problem, secured
from dimensions_emulator.domain import ticks
from dimensions_emulator.wire import envelope
from dimensions_emulator.wire.broken import Broken
from dimensions_emulator.wire.waiting import AUTHORITY, STOPPING, WAITING, TooManyWaiting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from dimensions_emulator.tls import Identity

THREADS = 8
CONNECTIONS = 400
"""Open connections beside those that wait."""
GRACE = 5.0
SEEDING = "The world is still being made; try again."


class Gate:
    """Answers 503 until the application is there, then hands every request to it."""

    def __init__(self) -> None:
        self.application: WSGIApplication | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self.application is None:
            return self._seeding(environ, start_response)
        body = self.application(environ, start_response)
        if isinstance(body, Broken):
            raise Breaking(body)
        return body

    def _seeding(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        headers = {"Retry-After": "1"}
        if environ["PATH_INFO"] == "/_emulator/livez":
            answer = envelope.done(ticks.now(), headers={"X-Emulator": NAME, **headers})
        else:
            answer = problem(503, SEEDING, headers)
        return answer(environ, start_response)


class Room:
    """Runs one more worker for each request that waits, so that none of them takes the turn of others."""

    def __init__(self, dispatcher: Any, most: int) -> None:
        self._dispatcher = dispatcher
        self._most = most
        self._lock = Lock()
        self._waiting = 0
        self._closed = False

    @contextmanager
    def __call__(self) -> Iterator[None]:
        self._change(1)
        try:
            yield
        finally:
            self._change(-1)

    @property
    def waiting(self) -> int:
        """How many requests wait just now."""
        return self._waiting

    def close(self) -> None:
        """Start no worker any more."""
        with self._lock:
            self._closed = True

    def _change(self, by: int) -> None:
        with self._lock:
            if by > 0 and self._waiting >= self._most:
                raise TooManyWaiting(self._most)
            self._waiting += by
            if not self._closed:
                self._dispatcher.set_thread_count(THREADS + self._waiting)


class Server:
    """An HTTP server in a thread of its own; `port` is the one it got, of a Unix socket 80."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        max_body: int,
        max_waiting: int = 100,
        unix_socket: str | None = None,
        tls: Identity | None = None,
    ) -> None:
        """Start to listen, answering 503; raises `ListenFailed`."""
        self._gate = Gate()
        listener = listening.at_path(unix_socket) if unix_socket else listening.at_port(host, port)
        self._path = unix_socket
        self._place = listening.identity(unix_socket) if unix_socket else None
        self.port: int = 80 if unix_socket else listener.getsockname()[1]
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._server = cast(
            "Any",
            create_server(
                self._gate,
                sockets=[listener],
                threads=THREADS,
                ident=None,
                server_name="localhost" if unix_socket else listening.reachable(host),
                url_scheme="https" if tls else "http",
                # The application refuses large bodies in the envelope; far larger ones are not even read.
                max_request_body_size=max(16 * max_body, 257 << 20),
                connection_limit=listening.connections(CONNECTIONS + max_waiting),
                asyncore_use_poll=hasattr(select, "poll"),
                outbuf_high_watermark=1 << 20,  # a stream whose reader is slow waits from here on
                clear_untrusted_proxy_headers=False,  # links follow what the proxy in front says
            ),
        )
        self._server.effective_port = self.port
        self._server.channel_class = secured(tls.context) if tls else Channel
        self._stopping = Event()
        self._room = Room(self._server.task_dispatcher, max_waiting)
        self._server.extras = {WAITING: self._room, STOPPING: self._stopping}
        if tls:
            self._server.extras[AUTHORITY] = tls.authority
        self._thread = Thread(target=self._server.run, name="http", daemon=True)
        self._thread.start()

    def serve(self, application: WSGIApplication) -> None:
        """Hand requests to the application from now on."""
        self._gate.application = application

    def stop(self) -> None:
        """Take no more connections, let requests in flight finish within the grace time, then close.

        Requests that wait hear of the stop, and end.
        """
        self._server.accepting = False
        self._stopping.set()
        deadline, pause = monotonic() + GRACE, Event()
        while self._busy() and monotonic() < deadline:
            pause.wait(0.01)
        self._room.close()
        self._server.task_dispatcher.shutdown(timeout=0.1)  # a worker would pull a trigger closed already
        self._server.trigger.pull_trigger(self._close)
        self._thread.join(GRACE)
        if self._path and listening.identity(self._path) == self._place:
            with suppress(OSError):
                Path(self._path).unlink()

    def _busy(self) -> bool:
        channels = list(self._server.active_channels.values())
        return any(channel.requests or channel.total_outbufs_len for channel in channels)

    def _close(self) -> None:
        # Runs in the server's own thread, whose loop ends once nothing is left to watch.
        wasyncore.close_all(self._server._map, ignore_all=True)  # noqa: SLF001  it has no stop of its own
