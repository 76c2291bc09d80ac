"""The session that every request of a run goes through."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from dimensions_contracts.conformance import bodies, guids, routes
from dimensions_contracts.conformance.exchange import LARGEST, Exchange, Origin, origin
from dimensions_contracts.conformance.guard import Guard, Unsafe
from dimensions_contracts.conformance.messages import Answer, Fault, Request, Spent
from dimensions_contracts.versions import package_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from dimensions_contracts.conformance.ledger import Ledger
    from dimensions_contracts.conformance.routes import Route

__all__ = ["Answer", "Fault", "Guard", "GuardedSession", "Request", "Spent", "Unsafe", "origin"]

TOO_MANY, UNAVAILABLE = 429, 503
WAITS, LONGEST_WAIT = 3, 60.0
TIMEOUT = 15.0
CONTROL = "/_emulator/"
LARGEST_STATE = 256 << 20


class GuardedSession:
    """Sends what the guard allows to one target, notes what it creates, and counts.

    `callers` are the tokens by name, None for a call without one; a text with a space is a whole header.
    `rate` is in requests a second; `timeout` in seconds a call. `sent`, `refused` and `waited` count calls
    that went out, calls the guard refused and waits the target asked for.
    """

    def __init__(
        self,
        base_url: str,
        callers: Mapping[str, str | None],
        guard: Guard,
        ledger: Ledger,
        *,
        rate: float | None = None,
        max_requests: int | None = None,
        timeout: float = TIMEOUT,
        ca_file: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.target: Origin = origin(base_url)
        self.guard = guard
        self.ledger = ledger
        self.callers = dict(callers)
        self.refused = self.waited = 0
        self._exchange = Exchange(self.target, timeout=timeout, ca_file=ca_file)
        self._agent = f"dimensions-contracts/{package_version()} (run {guard.run_id})"
        self.pace(rate)
        self._next = float("-inf")
        self._most = max_requests
        self._clock, self._sleep, self._now = clock, sleep, now
        self._turn = threading.RLock()

    def send(self, request: Request) -> Answer:
        """Send a request; raises `Unsafe`, `Spent` or `Fault`."""
        with self._turn:
            try:
                self.guard.allow(request)
            except Unsafe:
                self.refused += 1
                raise
            route = routes.route(request.method, request.path)
            self._afford()
            n = self._intended(request, route)
            answer = self._answered(request)
            self._learn(request, route, answer, n)
            return answer

    @property
    def sent(self) -> int:
        """How many requests went out."""
        return self._exchange.sent

    def introduce(self, callers: Mapping[str, str | None]) -> None:
        """Know more callers, or their tokens anew."""
        self.callers.update(callers)

    def pace(self, rate: float | None) -> None:
        """Send no more than so many requests a second from now on."""
        self._interval = 1 / rate if rate else 0.0

    def unbounded(self) -> None:
        """Let the clean-up send what it needs, whatever was spent."""
        self._most = None

    def close(self) -> None:
        """Hang up."""
        self._exchange.close()

    def _answered(self, request: Request) -> Answer:
        answer = self._once(request)
        for _ in range(WAITS):
            wait = self._asked_to_wait(request, answer)
            if wait is None:
                break
            self.waited += 1
            self._sleep(wait)
            self._afford()
            answer = self._once(request)
        return answer

    def _once(self, request: Request) -> Answer:
        start = self._clock()
        if start < self._next:
            self._sleep(self._next - start)
        self._next = max(start, self._next) + self._interval
        largest = LARGEST_STATE if request.path.startswith(CONTROL) else LARGEST
        return self._exchange.send(
            request.method, request.path, self._headers(request), request.body, largest
        )

    def _headers(self, request: Request) -> list[tuple[str, str]]:
        headers = [("User-Agent", self._agent), *request.headers]
        token = self.callers[request.caller]
        if token is not None and not request.path.startswith(CONTROL):
            headers.append(("Authorization", token if " " in token else f"Bearer {token}"))
        return headers

    def _afford(self) -> None:
        if self._most is not None and self.sent >= self._most:
            raise Spent(f"the run may send {self._most} requests, and has.")

    def _asked_to_wait(self, request: Request, answer: Answer) -> float | None:
        """The seconds after which to send again; None if that was not asked for, or is not for us to do."""
        again = answer.status == TOO_MANY or (answer.status == UNAVAILABLE and request.method == "GET")
        asked = next((value for name, value in answer.headers if name.lower() == "retry-after"), "")
        if not again or not asked:
            return None
        wait = self._seconds(asked.strip())
        return None if wait is None or wait > LONGEST_WAIT else max(wait, 0.0)

    def _seconds(self, asked: str) -> float | None:
        if asked.isascii() and asked.isdigit():
            return float(asked)
        with suppress(ValueError, OverflowError):
            moment = parsedate_to_datetime(asked)
            return (moment.replace(tzinfo=moment.tzinfo or UTC) - self._now()).total_seconds()
        return None

    def _intended(self, request: Request, route: Route | None) -> int | None:
        if route is None or not _creates(request, route):
            return None
        email = bodies.member(request.body, "email")
        customer = guids.usual(route.customer or "") or route.customer or ""
        return self.ledger.intent(customer, request.caller, email if isinstance(email, str) else None)

    def _learn(self, request: Request, route: Route | None, answer: Answer, n: int | None) -> None:
        """Note who was created and deleted, and every id that the answer tells of."""
        if n is not None:
            users = list(_created(answer, self.guard)) if _is_success(answer) else []
            for user in users:
                self.guard.own(user)
                self.ledger.created(n, user)
            if not users:
                self.ledger.answered(n, answer.status)
        if route is not None and request.method == "DELETE" and _is_success(answer):
            self._gone(route)
        self._meet(request, answer)

    def _gone(self, route: Route) -> None:
        user = guids.usual(route.user or "")
        if user is not None and self.ledger.home(user) == guids.usual(route.customer or ""):
            self.ledger.deleted(user)

    def _meet(self, request: Request, answer: Answer) -> None:
        told = guids.within(answer.body.decode("utf-8", "replace"))
        for name, value in answer.headers:
            told |= guids.within(value) if name.lower() == "location" else set()
        if not _is_success(answer):
            told -= guids.within(request.path) | guids.within(
                (request.body or b"").decode("utf-8", "replace")
            )
        for identifier in told - self.guard.tenants:
            self.guard.seen(identifier)


def _creates(request: Request, route: Route) -> bool:
    if route.control:
        return route.operation == routes.IMPORT
    return routes.CREATE in route.declared and request.method != "GET"


def _is_success(answer: Answer) -> bool:
    return 200 <= answer.status < 300  # noqa: PLR2004


def _created(answer: Answer, guard: Guard) -> Iterator[str]:
    """The ids of the users that an answer says were created and that nobody had before."""
    data = bodies.member(answer.body, "data")
    entries: list[Any] = data if isinstance(data, list) else [data]
    found = [(entry.get("id"), entry.get("email")) for entry in entries if isinstance(entry, dict)]
    if not any(identifier for identifier, _ in found):
        places = [value for name, value in answer.headers if name.lower() == "location"]
        found = [(value.rstrip("/").rpartition("/")[2], None) for value in places]
    for identifier, email in found:
        usual = guids.usual(identifier) if isinstance(identifier, str) else None
        foreign = isinstance(email, str) and guard.run_id not in email.casefold()
        if usual is not None and usual not in guard.met and not foreign:
            yield usual
