"""Connections of the server: what waitress does not do of itself."""

from __future__ import annotations

import os
import select
import socket
import struct
from contextlib import suppress
from ssl import SSLContext, SSLSocket, SSLWantReadError, SSLWantWriteError
from threading import Lock
from time import time
from typing import TYPE_CHECKING, Any, cast

from waitress.channel import HTTPChannel
from waitress.task import ErrorTask, WSGITask

from dimensions_emulator import NAME
from dimensions_emulator.domain import ticks
from dimensions_emulator.wire import envelope
from dimensions_emulator.wire.waiting import GONE, STOPPING, TooManyWaiting, pause

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response
    from waitress.task import Task

    from dimensions_emulator.wire.broken import Broken

BAD_REQUEST, NOT_IMPLEMENTED, UNAVAILABLE = 400, 501, 503
HANG_UP = getattr(select, "POLLRDHUP", 0)
RESET = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
"""SO_LINGER of a socket whose closing resets the connection."""
DRAINED = 1 << 16
TOGETHER = 1 << 16
PLAIN = "This port speaks HTTPS; call it with https://."


class Breaking(Exception):
    """An answer that the task shall break."""

    def __init__(self, broken: Broken) -> None:
        super().__init__(broken)
        self.broken = broken


class Unreadable(ErrorTask):
    """Answers a request that is no HTTP in the envelope too; none of them is this server's fault."""

    def execute(self) -> None:
        error = cast("Any", self.request).error
        code = BAD_REQUEST if error.code == NOT_IMPLEMENTED else error.code
        reason = "Bad Request" if error.code == NOT_IMPLEMENTED else error.reason
        _send(self, problem(code, f"{reason}: {error.body}"))


class Answering(WSGITask):
    """Runs the application; breaks answers on demand."""

    channel: Channel
    request: Any
    _broken = False

    def execute(self) -> None:
        try:
            super().execute()
        except Breaking as fault:
            self._break(fault.broken)
        except TooManyWaiting as full:
            if self.wrote_header:
                raise
            self._refuse(full)

    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ.update(self.channel.server.extras)
        environ[GONE] = self.channel.gone
        return environ

    def write(self, data: bytes) -> None:
        """Send the head together with a body that is not long: one packet in place of two."""
        size = self.content_length
        if size is None or not 0 < len(data) <= min(size, TOGETHER) or self.wrote_header or not self.has_body:
            super().write(data)
            return
        head = self.build_response_header()
        self.wrote_header = True
        self.content_bytes_written = len(data)
        self.channel.write_soon(head + data)

    def build_response_header(self) -> bytes:
        if self.channel.server.extras[STOPPING].is_set():
            self.request.headers["CONNECTION"] = "close"
        return super().build_response_header()

    def set_close_on_finish(self) -> None:
        """Close the connection after this answer, but not because an answer has no body."""
        asked = self.request.headers.get("CONNECTION", "").lower() == "close"
        if self.has_body or asked or self.version != "1.1":
            super().set_close_on_finish()

    def finish(self) -> None:
        if not self._broken:
            super().finish()

    def _break(self, broken: Broken) -> None:
        if broken.kind == "hang":
            try:
                pause(self.environ or {}, broken.seconds)
            except TooManyWaiting as full:
                self._refuse(full)
                return
        self._broken = self.close_on_finish = True
        if broken.kind == "reset":
            self.channel.reset()
        elif broken.kind == "truncate" and broken.part:
            self.write(broken.part)

    def _refuse(self, full: TooManyWaiting) -> None:
        self.response_headers = []
        _send(self, problem(UNAVAILABLE, str(full.description), {"Retry-After": "1"}))


class Channel(HTTPChannel):
    """A connection whose peer can be lost on purpose, and is noticed when it hangs up."""

    task_class = Answering
    error_task_class = Unreadable
    server: Any
    _fileno: int | None
    abrupt = False

    def reset(self) -> None:
        """Have the connection reset when it is closed."""
        self.abrupt = True
        if self.socket is not None:
            with suppress(OSError):
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    def handle_close(self) -> None:
        super().handle_close()
        if self.request is not None:  # half read; a long body of it is in a file
            self.request.close()

    def close(self) -> None:
        """Close what is on its way along with the connection."""
        self.handle_close()

    def gone(self) -> bool:
        """Whether the peer hung up while its request is in work; always not where the system cannot tell."""
        number = self._fileno
        if not self.connected or number is None:
            return True
        if not hasattr(select, "poll"):
            return False
        look = select.poll()
        look.register(number, HANG_UP)
        return bool(look.poll(0))


class TlsChannel(Channel):
    """A connection with TLS; one thread at a time is in its TLS state."""

    def __init__(self, server: Any, connection: SSLSocket, *rest: Any, **named: Any) -> None:
        self._tls = connection
        self._turn = Lock()
        self._shaken = self._shaking_out = self._plain = False
        super().__init__(server, connection, *rest, **named)

    def readable(self) -> bool:
        return super().readable() if self._shaken else not self._shaking_out

    def writable(self) -> bool:
        return bool(super().writable()) or self._shaking_out

    def handle_read(self) -> None:
        if self._plain:
            self._drain()
        if self._plain or (not self._shaken and not self._shake()):
            return
        data = self._decrypted()
        if data:
            self.last_activity = time()
            self.received(data)
        elif data is not None:
            self.handle_close()

    def handle_write(self) -> None:
        if self._shaken or self.will_close:
            super().handle_write()
        else:
            self._shake()

    def send(self, data: bytes, do_close: bool = True) -> int:  # noqa: FBT001, FBT002  waitress calls it so
        with self._turn:
            try:
                return self._tls.send(data)
            except (SSLWantReadError, SSLWantWriteError):
                return 0
            except OSError:
                pass
        if do_close:
            self.handle_close()
        return 0

    def handle_close(self) -> None:
        with self._turn:
            if self._shaken and not self.abrupt:
                with suppress(OSError, ValueError):
                    self._tls.unwrap()  # says good-bye; the peer's is not waited for
        super().handle_close()

    def _shake(self) -> bool:
        """Go on with the handshake; whether it is done."""
        try:
            self._tls.do_handshake()
        except SSLWantReadError:
            self._shaking_out = False
        except SSLWantWriteError:
            self._shaking_out = True
        except OSError as fault:
            if getattr(fault, "reason", None) == "HTTP_REQUEST":
                self._explain()
            else:
                self.handle_close()
        else:
            self._shaken, self._shaking_out = True, False
        return self._shaken

    def _decrypted(self) -> bytes | None:
        """Everything that has arrived whole, None if nothing has; empty at the end of the connection."""
        with self._turn:
            try:
                data = self._tls.recv(self.adj.recv_bytes)
                while data and (left := self._tls.pending()):
                    data += self._tls.recv(left)
            except (SSLWantReadError, SSLWantWriteError):
                return None
            except OSError:
                return b""
        return data

    def _explain(self) -> None:
        """Tell a caller without TLS, past the TLS state of the socket."""
        self._plain, self._shaking_out = True, False
        answer = problem(BAD_REQUEST, PLAIN, {"Connection": "close"})
        head = f"HTTP/1.1 {answer.status}\r\n{answer.headers}".encode("latin-1")
        with suppress(OSError):
            socket.socket.send(self._tls, head + answer.get_data())
            socket.socket.shutdown(self._tls, socket.SHUT_WR)

    def _drain(self) -> None:
        """Throw away what a caller without TLS sends: left unread, it would take the answer with it."""
        try:
            data = socket.socket.recv(self._tls, DRAINED)
        except OSError:
            data = b""
        if not data:
            self.handle_close()


def secured(context: SSLContext) -> Callable[..., None]:
    """Give what makes a channel with TLS of an accepted connection."""

    def accept(server: Any, connection: socket.socket, *rest: Any, **named: Any) -> None:
        try:
            wrapped: SSLSocket = context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        except (OSError, ValueError):
            connection.close()  # it was gone already
        else:
            TlsChannel(server, wrapped, *rest, **named)

    return accept


def problem(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    """An error that the server itself answers with."""
    answer = envelope.error(status, None, message, ticks.now(), {"X-Emulator": NAME, **(headers or {})})
    answer.headers["Content-Length"] = str(len(answer.get_data()))
    return answer


def _send(task: Task, answer: Response) -> None:
    body = answer.get_data()
    task.complete = True
    task.status = answer.status
    task.response_headers = list(answer.headers)
    task.content_length = len(body)
    task.set_close_on_finish()
    task.write(body)
