"""A socket for http.client, at whose other end is an application of this process."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from dimensions_emulator.testing.calling import BODILESS, Answer, Asked, Direct, Disconnected, within

if TYPE_CHECKING:
    from collections.abc import Iterator


class MemorySocket:
    """Takes requests as bytes and gives the answers so; everything between is the client's own code."""

    def __init__(self, direct: Direct, origin: str, patience: float | None) -> None:
        self._direct = direct
        self._origin = origin
        self._patience = patience
        self._sent = bytearray()

    def settimeout(self, seconds: float | None) -> None:
        self._patience = seconds

    def sendall(self, data: bytes) -> None:
        self._sent += data

    def makefile(self, _: str) -> io.BufferedReader:
        """The answer to what was sent; it is made when the first byte is read."""
        asked, self._sent = _asked(bytes(self._sent), self._origin), bytearray()
        return io.BufferedReader(_Incoming(self._pieces(asked)))

    def close(self) -> None:
        pass

    def _pieces(self, asked: Asked) -> Iterator[bytes]:
        try:
            answer = self._direct.call(asked, self._patience)
        except Disconnected:
            return
        try:
            framed = answer.length is None and asked.method != "HEAD" and answer.status not in BODILESS
            yield _head(answer, framed=framed)
            while piece := within(None if answer.length is not None else self._patience, answer.parts.next):
                yield b"%x\r\n%b\r\n" % (len(piece), piece) if framed else piece
            if framed:
                yield b"0\r\n\r\n"
        finally:
            answer.parts.close()


class _Incoming(io.RawIOBase):
    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._left:
            self._left = memoryview(next(self._pieces, b""))
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size

    def close(self) -> None:
        getattr(self._pieces, "close", bool)()
        super().close()


def _head(answer: Answer, *, framed: bool) -> bytes:
    lines = [
        f"HTTP/1.1 {answer.status} {answer.reason}",
        *(f"{name}: {text}" for name, text in answer.headers),
    ]
    if framed:
        lines.append("Transfer-Encoding: chunked")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _asked(sent: bytes, origin: str) -> Asked:
    head, _, body = sent.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    headers = tuple((name, value) for name, _, value in (line.partition(":") for line in lines))
    if any(name.lower() == "transfer-encoding" for name, _ in headers):
        body = b"".join(_unframed(body))
    return Asked(method, origin + target, headers, body)


def _unframed(body: bytes) -> Iterator[bytes]:
    """The pieces of a body that is sent in chunks."""
    start = 0
    while size := int(body[start : (end := body.index(b"\r\n", start))], 16):
        yield body[end + 2 : end + 2 + size]
        start = end + 4 + size
