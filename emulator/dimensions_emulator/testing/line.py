"""What the parts of a session speak through."""

from __future__ import annotations

import json
from contextlib import contextmanager
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from dimensions_emulator.testing.errors import EmulatorError, Refused
from dimensions_emulator.testing.link import PATIENCE, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from http.client import HTTPResponse

    from dimensions_emulator.tenancy import Tenancy
    from dimensions_emulator.testing.link import Link

SESSION, EXISTING = "X-Emulator-Session", "X-Emulator-Session-Must-Exist"
REFUSALS = 400


class Line:
    """Calls the control plane and the API for one session; without a name for the default one."""

    def __init__(self, link: Link, name: str | None, tenancy: Callable[[Line], Tenancy]) -> None:
        self.link = link
        self.headers: dict[str, str] = {} if name is None else {SESSION: name, EXISTING: "true"}
        self._tenancy = tenancy
        self._known: Tenancy | None = None

    @property
    def tenancy(self) -> Tenancy:
        if self._known is None:
            self._known = self._tenancy(self)
        return self._known

    def control(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, Any] | None = None,
        patience: float = PATIENCE,
    ) -> Any:
        """What a call of the control plane gives; raises `Refused`."""
        target = _target(path, query)
        return given(f"{method} {target}", self.send(method, target, body, {}, patience)).get("data")

    @contextmanager
    def stream(self, path: str, query: Mapping[str, Any], patience: float) -> Iterator[HTTPResponse]:
        """An answer of the control plane to be read while it comes; raises `Refused`."""
        target = _target(path, query)
        with self.link.stream(target, self.headers, patience) as answer:
            if answer.status >= REFUSALS:
                given(f"GET {target}", Reply(answer.status, dict(answer.headers), answer.read()))
            yield answer

    def api(
        self, method: str, path: str, body: Any, *, customer: str | None, headers: Mapping[str, str]
    ) -> Any:
        """What a call of the API about a customer's users gives; raises `Refused`."""
        tenancy = self.tenancy
        if tenancy.token is None or (customer or tenancy.customer_id) is None:
            raise EmulatorError("no token of this world opens a customer; mint one with tokens.mint()")
        target = f"/api/v1.0/customers/{customer or tenancy.customer_id}/users{path}"
        sent = {"Authorization": f"Bearer {tenancy.token}", **headers}
        return given(f"{method} {target}", self.send(method, target, body, sent, PATIENCE)).get("data")

    def send(self, method: str, target: str, body: Any, headers: Mapping[str, str], patience: float) -> Reply:
        """The answer, whatever it is; raises `EmulatorError` where none comes."""
        raw = None if body is None else json.dumps(body).encode()
        typed = {} if raw is None else {"Content-Type": "application/json"}
        try:
            return self.link.send(method, target, raw, {**self.headers, **typed, **headers}, patience)
        except (OSError, HTTPException) as fault:
            raise EmulatorError(f"{method} {target} was not answered: {fault}") from fault


def given(call: str, reply: Reply) -> Any:
    """The body of an answer that is no refusal; raises `Refused`."""
    told = _json(reply)
    if reply.status < REFUSALS:
        return told
    headers = reply.headers
    raise Refused(
        call,
        reply.status,
        told.get("message", ""),
        told.get("errorCode"),
        headers.get("X-Emulator-Rule"),
        headers.get("X-Emulator-Request-Id"),
    )


def _target(path: str, query: Mapping[str, Any] | None) -> str:
    asked = {name: value for name, value in (query or {}).items() if value is not None}
    return f"/_emulator/{path}" + (f"?{urlencode(asked)}" if asked else "")


def segment(value: object) -> str:
    """A value as one segment of a path."""
    return quote(str(value), safe="")


def _json(reply: Reply) -> dict[str, Any]:
    try:
        told = reply.json()
    except ValueError:
        raise EmulatorError(f"the answer is not JSON: {reply.body[:200]!r}") from None
    if not isinstance(told, dict):
        raise EmulatorError(f"the answer is no envelope: {reply.body[:200]!r}")
    return told
