"""What sends the requests of httpx clients to an application of this process."""

from __future__ import annotations

import math
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING, TypeVar

import anyio
import httpx

from dimensions_emulator.testing.calling import PORTS, Answer, Asked, Direct, Disconnected, Hung, within

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

Result = TypeVar("Result")


class DirectTransport(httpx.BaseTransport):
    def __init__(self, direct: Direct) -> None:
        self._direct = direct

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        patience = _patience(request)
        with _faults_of_httpx():
            answer = self._direct.call(_asked(request), patience)
        return _response(answer, _Stream(answer, patience))


class AsyncDirectTransport(httpx.AsyncBaseTransport):
    """Calls the application in a thread; the event loop goes on meanwhile."""

    def __init__(self, direct: Direct) -> None:
        self._direct = direct

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        patience = _patience(request)
        asked = _asked(request)
        gone = Event()
        with _faults_of_httpx(), anyio.fail_after(patience):
            try:
                answer = await _in_thread(lambda: self._direct.ask(asked, gone))
            except Hung as hung:
                await anyio.sleep(hung.args[0])
                raise Disconnected from None
            except anyio.get_cancelled_exc_class():
                gone.set()
                raise
        return _response(answer, _AsyncStream(answer, patience))


class _Stream(httpx.SyncByteStream):
    def __init__(self, answer: Answer, patience: float | None) -> None:
        self._answer = answer
        self._patience = patience if answer.length is None else None

    def __iter__(self) -> Iterator[bytes]:
        left = self._answer.length
        with _faults_of_httpx():
            while piece := within(self._patience, self._answer.parts.next):
                left = left and left - len(piece)
                yield piece
        _check(self._answer, left)

    def close(self) -> None:
        self._answer.parts.close()


class _AsyncStream(httpx.AsyncByteStream):
    def __init__(self, answer: Answer, patience: float | None) -> None:
        self._answer = answer
        self._patience = patience

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = self._answer.length
        while piece := await self._next():
            left = left and left - len(piece)
            yield piece
        _check(self._answer, left)

    async def aclose(self) -> None:
        self._answer.parts.close()

    async def _next(self) -> bytes:
        if self._answer.length is not None:
            return self._answer.parts.next()
        with _faults_of_httpx(), anyio.fail_after(self._patience):
            return await _in_thread(self._answer.parts.next)


async def _in_thread(act: Callable[[], Result]) -> Result:
    unlimited = anyio.CapacityLimiter(math.inf)
    return await anyio.to_thread.run_sync(act, abandon_on_cancel=True, limiter=unlimited)


@contextmanager
def _faults_of_httpx() -> Iterator[None]:
    """Raise what httpx raises where a socket fails so."""
    try:
        yield
    except TimeoutError as fault:
        raise httpx.ReadTimeout("timed out") from fault
    except Disconnected as fault:
        raise httpx.RemoteProtocolError("Server disconnected without sending a response.") from fault
    except ConnectionRefusedError as fault:
        raise httpx.ConnectError(str(fault)) from fault
    except ConnectionError as fault:
        raise httpx.ReadError(str(fault)) from fault


def _check(answer: Answer, left: int | None) -> None:
    if left:
        told = f"received {(answer.length or 0) - left} bytes, expected {answer.length}"
        raise httpx.RemoteProtocolError(
            f"peer closed connection without sending complete message body ({told})"
        )


def _patience(request: httpx.Request) -> float | None:
    patience: float | None = request.extensions.get("timeout", {}).get("read")
    return patience


def _asked(request: httpx.Request) -> Asked:
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw)
    url = request.url
    if url.scheme not in PORTS:
        missing = "is missing an 'http://' or 'https://' protocol"
        told = f"has an unsupported protocol '{url.scheme}://'" if url.scheme else missing
        raise httpx.UnsupportedProtocol(f"Request URL {told}.")
    target = url.raw_path.decode("ascii")
    return Asked(
        request.method, f"{url.scheme}://{url.netloc.decode('ascii')}{target}", headers, request.content
    )


def _response(answer: Answer, stream: httpx.SyncByteStream | httpx.AsyncByteStream) -> httpx.Response:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    extensions = {"http_version": b"HTTP/1.1", "reason_phrase": answer.reason.encode("latin-1")}
    return httpx.Response(answer.status, headers=headers, stream=stream, extensions=extensions)
