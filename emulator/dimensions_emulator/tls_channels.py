"""Connections with TLS."""

from __future__ import annotations

import socket
from contextlib import suppress
from ssl import SSLContext, SSLSocket, SSLWantReadError, SSLWantWriteError
from threading import Lock
from time import time
from typing import TYPE_CHECKING, Any

from dimensions_emulator.channels import BAD_REQUEST, Channel, problem

if TYPE_CHECKING:
    from collections.abc import Callable

DRAINED = 1 << 16
PLAIN = "This port speaks HTTPS; call it with https://."


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
