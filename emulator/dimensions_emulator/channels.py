"""Connections of the server: what waitress does not do of itself."""

from __future__ import annotations

import errno
import os
import select
import socket
import struct
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from waitress.channel import HTTPChannel
from waitress.task import ErrorTask, WSGITask

from dimensions_emulator import NAME
from dimensions_emulator.domain import ticks
from dimensions_emulator.wire import envelope
from dimensions_emulator.wire.waiting import GONE, STOPPING, WAITING, TooManyWaiting, pause

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response
    from waitress.task import Task

    from dimensions_emulator.wire.broken import Broken

BAD_REQUEST, NOT_IMPLEMENTED, UNAVAILABLE = 400, 501, 503
NO_FILES = frozenset({errno.EMFILE, errno.ENFILE})
"""Errors of a system that opens no more files."""
HANG_UP = getattr(select, "POLLRDHUP", 0)
RESET = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
"""SO_LINGER of a socket whose closing resets the connection."""
TOGETHER = 1 << 16


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
    request: Any
    _fileno: int | None
    _flush_exception: Callable[..., Any]
    _flush_some: Callable[..., bool]
    abrupt = False

    def reset(self) -> None:
        """Have the connection reset when it is closed."""
        self.abrupt = True
        if self.socket is not None:
            with suppress(OSError):
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    def send_continue(self) -> None:
        """Ask for the body, but not where none is to come: waitress would take the request for half read."""
        if self.request.completed:
            self.request.expect_continue = False
        else:
            super().send_continue()

    def handle_error(self) -> None:
        """Close the connection after a fault, in one line where only files are short."""
        fault = sys.exc_info()[1]
        if isinstance(fault, OSError) and fault.errno in NO_FILES:
            self.logger.warning("Closed a connection: %s", fault.strerror)
            self.handle_close()
        else:
            super().handle_error()

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

    def _flush_outbufs_below_high_watermark(self) -> None:
        """Wait for a slow reader as requests wait, so that it takes no turn of others."""
        if not self._full():
            return
        with self.outbuf_lock:
            self._flush_exception(self._flush_some, do_close=False)
            if not self._full():
                return
            try:
                with self.server.extras[WAITING]():
                    self._await_reader()
            except TooManyWaiting as full:
                self._give_up(str(full.description))

    def _full(self) -> bool:
        """Whether a reader has to take something before there is more for it."""
        return bool(self.connected and self.total_outbufs_len > self.adj.outbuf_high_watermark)

    def _await_reader(self) -> None:
        while self._full():
            before, patience = self.total_outbufs_len, self.adj.channel_timeout
            self.server.pull_trigger()
            if not self.outbuf_lock.wait(patience) and self.total_outbufs_len >= before:
                self._give_up(f"the caller read nothing for {patience} s.")

    def _give_up(self, reason: str) -> None:
        """Reset the connection, in the server's own thread; it need not hear from the caller for that."""
        self.logger.warning("Closed a connection with an answer half sent: %s", reason)
        self.reset()
        self.connected = False
        self.server.trigger.pull_trigger(self.handle_close)


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
