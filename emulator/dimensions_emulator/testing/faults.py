"""Faults on demand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Never

from dimensions_emulator.testing import names
from dimensions_emulator.testing.line import segment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dimensions_emulator.testing.line import Line

MATCH = {"operation", "customer", "user", "caller", "method", "path"}
ANSWER = {
    "status": "status",
    "error_code": "errorCode",
    "message": "message",
    "body": "body",
    "headers": "headers",
    "retry_after": "retryAfter",
}
REST = {
    "break_": "break",
    "hang_seconds": "hangSeconds",
    "count": "count",
    "after": "after",
    "probability": "probability",
    "when": "when",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault as it stands; `struck` counts the requests that it hit, `data` is the whole of it."""

    id: int
    struck: int
    data: Mapping[str, Any]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Fault:
        return cls(data["id"], data["struck"], data)


class Faults:
    def __init__(self, line: Line) -> None:
        self._line = line

    def add(
        self,
        /,
        *,
        operation: str | None = None,
        customer: str | None = None,
        user: str | None = None,
        caller: str | None = None,
        method: str | None = None,
        path: str | None = None,
        status: int | None = None,
        error_code: str | None = None,
        message: str | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        retry_after: int | None = None,
        break_: Literal["reset", "hang", "truncate", "malformed"] | None = None,
        hang_seconds: float | None = None,
        latency: float | Mapping[str, Any] | None = None,
        count: int | None = None,
        after: int | None = None,
        probability: float | None = None,
        when: Literal["before", "after"] | None = None,
        **unknown: Never,
    ) -> Fault:
        """Let requests that match the first six meet a fault: an answer, a broken one, or a late one.

        `latency` is in milliseconds, or a distribution; `count` is how many requests it strikes, `after` how
        many it lets pass first; `when` is before or after the change that the request makes.
        """
        named = {name: value for name, value in locals().items() if name not in {"self", "unknown"}}
        names.check(unknown, named, "a fault")
        given = {name: value for name, value in named.items() if value is not None}
        return Fault.of(self._line.control("POST", "faults", _document(given)))

    def list(self) -> list[Fault]:
        return [Fault.of(data) for data in self._line.control("GET", "faults")]

    def get(self, fault_id: int) -> Fault:
        """A fault as it stands now."""
        return Fault.of(self._line.control("GET", f"faults/{segment(fault_id)}"))

    def change(self, fault_id: int, /, **members: Any) -> Fault:
        """Change a fault, by the names that `add` has."""
        return Fault.of(self._line.control("PATCH", f"faults/{segment(fault_id)}", _document(members)))

    def remove(self, fault_id: int) -> None:
        self._line.control("DELETE", f"faults/{segment(fault_id)}")

    def clear(self) -> None:
        """Take all faults away."""
        self._line.control("DELETE", "faults")


class RateLimit:
    """How much each caller may ask for."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def set(self, *, requests: int, seconds: int) -> None:
        """Allow so many requests in so many seconds of the session's clock."""
        self._line.control("PUT", "rate-limit", {"requests": requests, "seconds": seconds})

    def clear(self) -> None:
        """Allow any number."""
        self._line.control("DELETE", "rate-limit")


def _document(given: Mapping[str, Any]) -> dict[str, Any]:
    match = {name: given[name] for name in MATCH & given.keys()}
    answer = {member: given[name] for name, member in ANSWER.items() if name in given}
    document: dict[str, Any] = {member: given[name] for name, member in REST.items() if name in given}
    names.check(given, [*MATCH, *ANSWER, *REST, "latency"], "a fault")
    if match:
        document["match"] = match
    if answer:
        document["answer"] = answer
    latency = given.get("latency")
    if latency is not None:
        fixed = isinstance(latency, int | float)
        document["latency"] = {"type": "fixed", "milliseconds": latency} if fixed else latency
    return document
