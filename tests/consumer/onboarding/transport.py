"""Calls that are made again until they are answered."""

from __future__ import annotations

import email.utils
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Callable

ATTEMPTS, TIMEOUT = 5, 30.0


class Denied(Exception):
    """The token does not open this customer: no call will succeed."""


class Refused(Exception):
    """The service understood and said no."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Failed(Exception):
    """The service did not do it, or nobody knows whether it did."""


class Interrupted(Exception):
    """One attempt without an answer; `unsure` tells that the service may have done it all the same."""

    def __init__(self, reason: str, *, unsure: bool, wait: float | None = None) -> None:
        super().__init__(reason)
        self.unsure = unsure
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Patience:
    """How often to try, and how many seconds to wait: for an answer, between attempts, and at most."""

    attempts: int = ATTEMPTS
    answer: float = TIMEOUT
    pause: float = 0.5
    longest: float = 120
    sleep: Callable[[float], None] = time.sleep

    def before(self, attempt: int, asked: float | None) -> None:
        """Wait before that attempt as long as the service asked for, longer from attempt to attempt if it did not."""
        seconds = self.pause * 2 ** (attempt - 2) if asked is None else asked
        if seconds > self.longest:
            raise Failed(f"the service asks for a pause of {seconds:g} s, which is too long")
        self.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Transport:
    """The service at an address, called with a token."""

    base: str
    token: str
    patience: Patience = field(default_factory=Patience)
    http: requests.Session = field(default_factory=requests.Session)

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        headers: dict[str, str] | None = None,
        look: Callable[[], Any] = lambda: None,
    ) -> Any:
        """What the service answers under `data`.

        After an attempt that may have succeeded unseen, `look` tells what it would have answered, or None if it
        did not succeed. Raises `Denied`, `Refused` and `Failed`.
        """
        asked: float | None = None
        for attempt in range(1, self.patience.attempts + 1):
            if attempt > 1:
                self.patience.before(attempt, asked)
            try:
                return self._once(method, path, body, headers or {})
            except Interrupted as no:
                last, asked = no, no.wait
            if last.unsure and (found := look()) is not None:
                return found
        raise Failed(f"gave up after {self.patience.attempts} attempts, the last: {last}")

    def _once(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        try:
            answer = self.http.request(
                method,
                self.base.rstrip("/") + path,
                json=body,
                headers={"Authorization": f"Bearer {self.token}", "Accept": "application/json", **headers},
                timeout=self.patience.answer,
            )
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as no:
            raise Interrupted(f"connection lost ({type(no).__name__})", unsure=True) from no
        if answer.status_code in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
            raise Interrupted(
                f"status {answer.status_code}",
                unsure=answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE,
                wait=_pause(answer),
            )
        return _data(answer)


def _data(answer: requests.Response) -> Any:
    if answer.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise Denied(f"the token was refused with {answer.status_code}")
    if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Failed(f"the service failed with {answer.status_code}")
    try:
        envelope = answer.json() if answer.content else {}
    except requests.JSONDecodeError as no:
        raise Interrupted("the answer is no JSON", unsure=True) from no
    if answer.ok:
        return envelope.get("data", [])
    raise Refused(envelope.get("errorCode", str(answer.status_code)), envelope.get("message", answer.reason))


def _pause(answer: requests.Response) -> float | None:
    """The seconds of `Retry-After`, which may be a date."""
    text = answer.headers.get("Retry-After", "")
    if text.isascii() and text.isdigit():
        return float(text)
    date = email.utils.parsedate_tz(text)
    return None if date is None else max(0.0, email.utils.mktime_tz(date) - time.time())
