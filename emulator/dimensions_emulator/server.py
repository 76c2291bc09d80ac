"""The server process: listens, seeds, serves, stops."""

from __future__ import annotations

import logging
import select
from contextlib import contextmanager
from threading import Event, Lock, Thread, get_ident
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from waitress import wasyncore
from waitress.server import create_server

from dimensions_emulator import NAME, listening
from dimensions_emulator.channels import NO_FILES, Breaking, Channel, problem
from dimensions_emulator.domain import ticks
from dimensions_emulator.tls_channels import secured
from dimensions_emulator.wire import envelope
from dimensions_emulator.wire.broken import Broken
from dimensions_emulator.wire.waiting import AUTHORITY, STOPPING, WAITING, TooManyWaiting

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from dimensions_emulator.tls import Identity

THREADS = 8
CONNECTIONS = 400
"""Open connections beside those that wait."""
GRACE = 5.0
REST = 1.0
"""Seconds without new connections where the system opens no more files."""
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
    """Runs one more worker for each that waits, so that none of them takes the turn of others.

    A worker whose request waits may have to wait for a slow reader too: it is counted once.
    """

    def __init__(self, dispatcher: Any, most: int) -> None:
        self._dispatcher = dispatcher
        self._most = most
        self._lock = Lock()
        self._waiting = 0
        self._workers: set[int] = set()
        self._closed = False

    @contextmanager
    def __call__(self) -> Iterator[None]:
        worker = get_ident()
        if worker in self._workers:
            yield
            return
        self._change(1)
        self._workers.add(worker)
        try:
            yield
        finally:
            self._workers.discard(worker)
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


class Door:
    """Takes connections; rests where no file can be opened for one, as it would come up again at once."""

    def __init__(self, server: Any) -> None:
        self._readable, self._accept, self._logger = server.readable, server.accept, server.logger
        self._opens = 0.0
        self._told = False

    def readable(self) -> bool:
        return bool(self._readable()) and monotonic() >= self._opens

    def accept(self) -> tuple[socket.socket, Any] | None:
        try:
            taken: tuple[socket.socket, Any] | None = self._accept()
        except OSError as fault:
            if fault.errno not in NO_FILES:
                raise
            self._opens = monotonic() + REST
            if not self._told:
                self._logger.warning("Takes no connections for now: %s", fault.strerror)
            self._told = True
            return None
        self._told = False
        return taken


class Server:
    """An HTTP server in a thread of its own; `port` is the one it got, of a Unix socket 80."""

    _server: Any = None

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
        """Start to listen, answering 503; raises `ListenFailed`, and leaves nothing behind if it raises."""
        self._gate, self._stopping = Gate(), Event()
        self._thread = Thread(target=self._run, name="http", daemon=True)
        self._listener = listening.at_path(unix_socket) if unix_socket else listening.at_port(host, port)
        try:
            self.port: int = 80 if unix_socket else self._listener.getsockname()[1]
            name = "localhost" if unix_socket else listening.reachable(host)
            self._server = self._made(name, max_body, max_waiting, tls)
            self._room = Room(self._server.task_dispatcher, max_waiting)
            self._server.extras = {WAITING: self._room, STOPPING: self._stopping}
            if tls:
                self._server.extras[AUTHORITY] = tls.authority
            self._thread.start()
        except BaseException:
            self._end()
            raise

    def _made(self, name: str, max_body: int, max_waiting: int, tls: Identity | None) -> Any:
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        server = cast(
            "Any",
            create_server(
                self._gate,
                sockets=[self._listener],
                backlog=listening.BACKLOG,
                threads=THREADS,
                ident=None,
                server_name=name,
                url_scheme="https" if tls else "http",
                # The application refuses large bodies in the envelope; far larger ones are not even read.
                max_request_body_size=max(16 * max_body, 257 << 20),
                connection_limit=listening.connections(CONNECTIONS + max_waiting),
                asyncore_use_poll=hasattr(select, "poll"),
                outbuf_high_watermark=1 << 20,  # a stream whose reader is slow waits from here on
                clear_untrusted_proxy_headers=False,  # links follow what the proxy in front says
            ),
        )
        door = Door(server)
        server.readable, server.accept = door.readable, door.accept
        server.effective_port = self.port
        server.channel_class = secured(tls.context) if tls else Channel
        return server

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
        self._end()

    def _end(self) -> None:
        if self._server is not None:
            self._server.task_dispatcher.shutdown(timeout=0.1)  # a worker would pull a trigger closed already
            if self._thread.is_alive():
                self._server.trigger.pull_trigger(self._close)
                self._thread.join(GRACE)
            else:
                self._close()
        self._listener.close()

    def _run(self) -> None:
        self._server.run()

    def _busy(self) -> bool:
        channels = list(self._server.active_channels.values())
        return any(channel.requests or channel.total_outbufs_len for channel in channels)

    def _close(self) -> None:
        # Runs in the server's own thread if that is at work; its loop ends once nothing is left to watch.
        wasyncore.close_all(self._server._map, ignore_all=True)  # noqa: SLF001  it has no stop of its own
