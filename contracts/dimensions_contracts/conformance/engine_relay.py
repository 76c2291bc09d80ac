"""The engine's way to the target: every request of it is handed to the guard, it opens no socket."""

from __future__ import annotations

from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any, Protocol

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from schemathesis.transport.requests import SameHostRedirectsSession
from urllib3 import HTTPHeaderDict, HTTPResponse

from dimensions_contracts.conformance import generator, routes
from dimensions_contracts.conformance.guard import Unsafe
from dimensions_contracts.conformance.guids import usual
from dimensions_contracts.conformance.messages import Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from requests import PreparedRequest, Response

    from dimensions_contracts.conformance.messages import Answer

ORIGIN = generator.NOWHERE
"""Where the engine believes the target to be."""
REFUSED = "X-Refused-By-Guard"
OURS = frozenset({"authorization", "user-agent", "host", "connection", "content-length"})
MARKS = "x-schemathesis-"
FORBIDDEN, REFUSALS = 403, 400


class Wire(Protocol):
    """Where requests go to, and where answers are noted down."""

    @property
    def base_url(self) -> str: ...
    def send(self, request: Request) -> Answer: ...
    def record(self, operation: str, request: Request, answer: Answer) -> None: ...


class Leader(Protocol):
    """Who learns from answers, and tells when ids in a path are meant to be wrong."""

    def aim(self, path: str) -> str: ...
    def learn(self, request: Request, answer: Answer) -> None: ...


class Relay(BaseAdapter):
    """Stands where the engine has its connections.

    Tokens stay on this side: the engine holds the names of callers. What the guard refuses is answered 403
    with a header that tells so. Answers get the second spelling in place of the first: which key the role of
    administrators has is judged elsewhere. `stopped` is the reason why no answer came, if that happened;
    `gone` has the ids of the users that were deleted.
    """

    def __init__(
        self, wire: Wire, leader: Leader, callers: Sequence[str], spelled: tuple[bytes, bytes]
    ) -> None:
        super().__init__()
        self._wire = wire
        self._leader = leader
        self._spelled = spelled
        self._callers = {f"Bearer {name}": name for name in callers}
        self.sent = 0
        self.refused = 0
        self.gone: set[str | None] = set()
        self.stopped: Exception | None = None

    @contextmanager
    def mounted(self) -> Iterator[None]:
        """Give every session of the engine this way and no other."""
        usual = SameHostRedirectsSession.get_adapter
        SameHostRedirectsSession.get_adapter = lambda *_, **__: self  # type: ignore[method-assign]
        try:
            yield
        finally:
            SameHostRedirectsSession.get_adapter = usual  # type: ignore[method-assign]

    def send(self, request: PreparedRequest, *_: Any, **__: Any) -> Response:
        """Hand a request over, and build the answer as the engine expects it of an adapter."""
        try:
            answer = self.deliver(self._request(request))
        except Unsafe as reason:
            self.refused += 1
            return _response(request, FORBIDDEN, {REFUSED: str(reason)}.items(), b"")
        except Exception as reason:  # whatever it is, it says nothing of the target
            self.stopped = self.stopped or reason
            raise requests.ConnectionError(str(reason)) from reason
        headers = ((name, value.replace(self._wire.base_url, ORIGIN)) for name, value in answer.headers)
        return _response(request, answer.status, headers, answer.body.replace(*self._spelled))

    def deliver(self, request: Request) -> Answer:
        """Send a request and let its answer be noted; raises `Unsafe`, `Fault` and `Spent`."""
        answer = self._wire.send(request)
        self.sent += 1
        self._leader.learn(request, answer)
        route = routes.route(request.method, request.path)
        self._wire.record((route and route.operation) or "", request, answer)
        if route is not None and route.operation == "deleteUser" and answer.status < REFUSALS:
            self.gone.add(usual(route.user or ""))
        return answer

    def close(self) -> None:
        """Nothing is held open; sessions ask for it."""

    def _request(self, prepared: PreparedRequest) -> Request:
        headers = [(name, _text(value)) for name, value in prepared.headers.items()]
        token = next((value for name, value in headers if name.lower() == "authorization"), None)
        caller = "none" if token is None else self._callers.get(token, "wrong")
        sent = tuple((name, value) for name, value in headers if not _is_ours(name.lower()))
        path = prepared.path_url
        return Request(
            prepared.method or "GET", path, sent, _bytes(prepared.body), caller, self._leader.aim(path)
        )


def _is_ours(name: str) -> bool:
    return name in OURS or name.startswith((MARKS, "accept-encoding"))


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _bytes(body: Any) -> bytes | None:
    if body is None or isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else b"".join(body)


def _response(
    prepared: PreparedRequest, status: int, headers: Iterable[tuple[str, str]], body: bytes
) -> Response:
    raw = HTTPResponse(
        BytesIO(body), HTTPHeaderDict(list(headers)), status, preload_content=False, decode_content=False
    )
    return HTTPAdapter().build_response(prepared, raw)
