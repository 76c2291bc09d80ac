"""A target made of a socket: it keeps every byte it receives, and answers what a test says."""

from __future__ import annotations

import json
import re
import socket
import threading
from contextlib import contextmanager, suppress

LENGTH = re.compile(rb"content-length: *([0-9]+)", re.IGNORECASE)


class RawTarget:
    """`answer` takes a request as bytes and gives bytes, or an iterable of bytes that are sent one by one.

    An answer of None hangs up.
    """

    def __init__(self, answer, wrap=None):
        self.answer = answer
        self._wrap = wrap or (lambda connection: connection)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._connections = []
        self.received = []
        self.accepted = 0
        self.raw = b""
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def lines(self):
        """The request lines."""
        return [request.partition(b"\r\n")[0].decode() for request in self.received]

    def close(self):
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _accept(self):
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            self._connections.append(plain)
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain):
        with suppress(OSError, ValueError), self._wrap(plain) as connection:
            while (request := self._request(connection)) is not None:
                self.received.append(request)
                answer = self.answer(request)
                if answer is None:
                    return
                for piece in [answer] if isinstance(answer, bytes) else answer:
                    connection.sendall(piece)

    def _request(self, connection):
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(1 << 16)
            if not piece:
                return None
            data += piece
            self.raw += piece
        head, _, body = data.partition(b"\r\n\r\n")
        found = LENGTH.search(head)
        while found and len(body) < int(found[1]):
            piece = connection.recv(1 << 16)
            body += piece
            self.raw += piece
        return head + b"\r\n\r\n" + body


@contextmanager
def raw_target(answer, wrap=None):
    target = RawTarget(answer, wrap)
    try:
        yield target
    finally:
        target.close()


def reply(status=200, body=b"{}", *lines, length=None):
    size = len(body) if length is None else length
    head = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {size}", *lines, "", ""]
    return "\r\n".join(head).encode("latin-1") + body


def json_reply(status, data, *lines):
    return reply(status, json.dumps(data).encode(), "Content-Type: application/json", *lines)


def head(request):
    """The header lines of a request, as they were written."""
    return request.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]


def body(request):
    return request.partition(b"\r\n\r\n")[2]
