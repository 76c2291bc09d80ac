"""A load generator: keep-alive connections in processes of their own, each with one request in flight."""

from __future__ import annotations

import selectors
import socket
from array import array
from dataclasses import dataclass, field
from time import perf_counter_ns

SECOND = 1_000_000_000
HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"


@dataclass(frozen=True, slots=True)
class Job:
    """What one process does: a connection for each entry of `messages`, whose requests take turns."""

    address: tuple[str, int]
    messages: tuple[tuple[bytes, ...], ...]
    numbered: bool
    first: int
    status: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """Times in nanoseconds of the requests answered as they should be, and a word on the others."""

    times: array[int]
    elapsed: float
    unexpected: int
    example: str


@dataclass(slots=True)
class Connection:
    """A keep-alive connection with the time at which its request left."""

    sock: socket.socket
    messages: tuple[bytes, ...]
    turn: int = 0
    left: int = 0
    received: bytearray = field(default_factory=bytearray)

    def send(self, serial: int | None) -> None:
        message = self.messages[self.turn % len(self.messages)]
        self.turn += 1
        if serial is not None:
            message = message % serial
        self.left = perf_counter_ns()
        self.sock.sendall(message)

    def receive(self) -> tuple[int, bytes] | None:
        """Take what has arrived; the status and the whole answer once it is complete."""
        chunk = self.sock.recv(1 << 18)
        if not chunk:
            raise ConnectionError("the server hung up")
        self.received += chunk
        end = self.received.find(HEAD_END)
        if end < 0 or len(self.received) < end + len(HEAD_END) + _length(bytes(self.received[:end])):
            return None
        answer = bytes(self.received)
        self.received.clear()
        return int(answer[9:12]), answer


def drive(job: Job) -> Outcome:
    """Keep every connection busy for the time given."""
    connections = [Connection(_connect(job.address), messages) for messages in job.messages]
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection.sock, selectors.EVENT_READ, connection)
        try:
            return _drive(job, connections, selector)
        finally:
            for connection in connections:
                connection.sock.close()


def _drive(job: Job, connections: list[Connection], selector: selectors.BaseSelector) -> Outcome:
    times, unexpected, example, serial = array("Q"), 0, "", job.first
    start = perf_counter_ns()
    end = start + int(job.seconds * SECOND)
    for connection in connections:
        serial += 1
        connection.send(serial if job.numbered else None)
    flying, now = len(connections), start
    while flying:
        for connection in _readable(connections, selector):
            if (answer := connection.receive()) is None:
                continue
            now = perf_counter_ns()
            if answer[0] == job.status:
                times.append(now - connection.left)
            else:
                unexpected, example = unexpected + 1, example or answer[1][:300].decode("latin-1")
            if now < end:
                serial += 1
                connection.send(serial if job.numbered else None)
            else:
                flying -= 1
    return Outcome(times, (now - start) / SECOND, unexpected, example)


def _readable(connections: list[Connection], selector: selectors.BaseSelector) -> list[Connection]:
    if len(connections) == 1:
        return connections  # its recv blocks, which spares a system call
    return [key.data for key, _ in selector.select()]


def _connect(address: tuple[str, int]) -> socket.socket:
    sock = socket.create_connection(address, timeout=30)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _length(head: bytes) -> int:
    at = head.lower().find(LENGTH)
    if at < 0:
        return 0
    return int(head[at + len(LENGTH) :].split(b"\r\n", 1)[0])
