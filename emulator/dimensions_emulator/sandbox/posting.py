"""The thread that sends to webhooks."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from threading import Thread
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dimensions_emulator import NAME
from dimensions_emulator.sandbox.webhooks import Attempt
from dimensions_emulator.unattended import in_thread

if TYPE_CHECKING:
    from asyncio import StreamReader
    from collections.abc import Awaitable, Callable, Mapping

    from dimensions_emulator.sandbox.webhooks import Delivery, Webhook

AT_ONCE = 64
WAIT = 2.0
"""Seconds before the second attempt, twice as many before the third, and so on."""
READ = 64 << 10
LONGEST_REASON = 200
BODILESS = {204, 304}


class _Loop(asyncio.SelectorEventLoop):
    """Looks names up in threads that nobody waits for in the end, as the interpreter does for asyncio's."""

    async def getaddrinfo(self, *asked: Any, **more: Any) -> Any:
        return await in_thread(lambda: socket.getaddrinfo(*asked, **more), "webhooks-name")


class Posting(Thread):
    """Sends the deliveries of a webhook one after the other, and those of many webhooks side by side.

    No more than `AT_ONCE` attempts are made at a time, so that many receivers do not eat up the sockets.
    """

    def __init__(self, pause: Callable[[float], Awaitable[None]] | None, timeout: float) -> None:
        super().__init__(name="webhooks", daemon=True)
        self._pause = pause or asyncio.sleep
        self._timeout = timeout
        self._loop = _Loop()
        self._stopped = self._loop.create_future()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._tasks: dict[Webhook, asyncio.Task[None]] = {}
        self._trust: ssl.SSLContext | None = None

    def begin(self, webhook: Webhook) -> None:
        """Deliver what waits for a webhook."""
        self._loop.call_soon_threadsafe(self._begin, webhook)

    def end(self, webhook: Webhook) -> None:
        """Break off what is being delivered to a webhook."""
        self._loop.call_soon_threadsafe(self._end, webhook)

    def stop(self, timeout: float) -> None:
        """Break off everything, and wait so many seconds for the thread to end."""
        self._loop.call_soon_threadsafe(self._stopped.set_result, None)
        self.join(timeout)

    def run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._until_stopped())

    async def _until_stopped(self) -> None:
        await self._stopped

    def _begin(self, webhook: Webhook) -> None:
        task = self._tasks[webhook] = self._loop.create_task(self._deliver(webhook))
        task.add_done_callback(lambda done: self._forget(webhook, done))

    def _end(self, webhook: Webhook) -> None:
        if task := self._tasks.get(webhook):
            task.cancel()

    def _forget(self, webhook: Webhook, task: asyncio.Task[None]) -> None:
        if self._tasks.get(webhook) is task:
            del self._tasks[webhook]

    async def _deliver(self, webhook: Webhook) -> None:
        last = webhook.wanted.retries + 1
        while delivery := webhook.next():
            for number in range(1, last + 1):
                async with self._places:
                    attempt = await self._attempt(webhook, delivery, number)
                wait = None if attempt.reason is None or number == last else number * WAIT
                webhook.note(delivery, attempt, wait)
                if wait is None:
                    break
                await self._pause(wait)

    async def _attempt(self, webhook: Webhook, delivery: Delivery, number: int) -> Attempt:
        at, started = webhook.clock.now(), perf_counter()
        status = reason = None
        try:
            async with asyncio.timeout(self._timeout):
                status = await self._post(webhook.wanted.url, *webhook.sent(delivery, number))
        except TimeoutError:
            reason = f"no answer within {self._timeout:g} s"
        except Exception as fault:  # noqa: BLE001  the thread outlives whatever a receiver does to it
            reason = _reason(fault)
        else:
            reason = _complaint(status)
        return Attempt(at, round((perf_counter() - started) * 1000, 1), status, reason)

    async def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        place = urlsplit(url)
        secure = place.scheme == "https"
        if secure and self._trust is None:
            self._trust = ssl.create_default_context()
        port = place.port or (443 if secure else 80)
        reader, writer = await asyncio.open_connection(
            place.hostname, port, ssl=self._trust if secure else None
        )
        try:
            target = (place.path or "/") + (f"?{place.query}" if place.query else "")
            writer.write(_head(target, place.netloc, {**headers, "Content-Length": str(len(body))}) + body)
            return await _status(reader)
        finally:
            writer.transport.abort()


def _head(target: str, host: str, headers: Mapping[str, str]) -> bytes:
    own = {"Host": host, "User-Agent": NAME, "X-Emulator": NAME, "Connection": "close"}
    lines = [f"{name}: {value}" for name, value in {**own, **headers}.items()]
    return "\r\n".join([f"POST {target} HTTP/1.1", *lines, "", ""]).encode("ascii")


async def _status(reader: StreamReader) -> int:
    """The status of the answer; its body is read only for the receiver's sake."""
    status = 100
    while 100 <= status < 200:  # noqa: PLR2004  what comes before the answer
        version, _, rest = (await reader.readline()).partition(b" ")
        if not version:
            raise EOFError
        if not version.startswith(b"HTTP/1.") or not rest[:3].isdigit():
            raise ValueError
        status = int(rest[:3])
        headers = await _headers(reader)
    if status not in BODILESS:
        with suppress(OSError, EOFError, ValueError):
            await _skip(reader, headers)
    return status


async def _headers(reader: StreamReader) -> dict[bytes, bytes]:
    headers: dict[bytes, bytes] = {}
    while line := await reader.readline():
        if not line.strip():
            return headers
        name, _, value = line.partition(b":")
        headers[name.strip().lower()] = value.strip()
    raise EOFError


async def _skip(reader: StreamReader, headers: Mapping[bytes, bytes]) -> None:
    """Read the body to its end, where not every receiver closes the connection as it was asked to."""
    left = READ
    if headers.get(b"transfer-encoding", b"").lower().endswith(b"chunked"):
        while left > 0 and (size := int((await reader.readline()).partition(b";")[0], 16)):
            await reader.readexactly(min(size, left) + 2)
            left -= size
        return
    left = min(int(headers.get(b"content-length", READ)), READ)
    while left > 0 and (piece := await reader.read(left)):
        left -= len(piece)


def _complaint(status: int) -> str | None:
    if 200 <= status < 300:  # noqa: PLR2004  the good ones of HTTP
        return None
    redirected = "; redirects are not followed" if 300 <= status < 400 else ""  # noqa: PLR2004
    return f"it answered {status}{redirected}"


def _reason(fault: Exception) -> str:
    match fault:
        case EOFError() | ConnectionResetError() | BrokenPipeError():
            return "it closed the connection before it had answered"
        case ConnectionRefusedError():
            return "nobody listens there"
        case ssl.SSLError():
            return f"TLS: {getattr(fault, 'verify_message', '') or fault.reason}"
        case UnicodeError():
            return "its host is no name"
        case ValueError():
            return "its answer is not HTTP"
    return f"{getattr(fault, 'strerror', None) or fault}"[:LONGEST_REASON]
