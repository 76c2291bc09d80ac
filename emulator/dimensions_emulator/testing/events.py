"""What happens in a session, told as it happens."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any

from dimensions_emulator.testing.line import segment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from http.client import HTTPResponse

    from dimensions_emulator.testing.line import Line

END = "end"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; `data` is the whole of it."""

    id: int
    type: str
    data: Mapping[str, Any]


class Events:
    def __init__(self, line: Line) -> None:
        self._line = line

    @contextmanager
    def listen(
        self, *types: str, after: int | None = None, timeout: float = 10.0
    ) -> Iterator[Iterator[Event]]:
        """The events of these types, of all if none is named: those from now on, or after one by its id.

        They end with the session. Raises AssertionError where none comes for so many seconds.
        """
        query = {"types": ",".join(types) or None, "after": after}
        with self._line.stream("events", query, timeout) as answer:
            yield _events(answer, timeout)


class Webhooks:
    """Addresses that are told of users."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def add(
        self,
        url: str,
        *,
        entity: str = "User",
        events: Iterable[str] | None = None,
        retries: int | None = None,
        secret: str | None = None,
    ) -> dict[str, Any]:
        """Tell an address what is created, updated and deleted from now on."""
        wanted = {
            "url": url,
            "entity": entity,
            "events": None if events is None else list(events),
            "retries": retries,
            "secret": secret,
        }
        body = {name: value for name, value in wanted.items() if value is not None}
        made: dict[str, Any] = self._line.control("POST", "webhooks", body)
        return made

    def remove(self, webhook_id: str) -> None:
        self._line.control("DELETE", f"webhooks/{segment(webhook_id)}")

    def deliveries(
        self, *, webhook: str | None = None, state: str | None = None, event: str | None = None
    ) -> list[dict[str, Any]]:
        """How the latest deliveries went, the oldest first."""
        query = {"webhook": webhook, "state": state, "event": event}
        found: list[dict[str, Any]] = self._line.control("GET", "webhooks/deliveries", query=query)
        return found

    def list(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._line.control("GET", "webhooks")
        return found


def _events(answer: HTTPResponse, timeout: float) -> Iterator[Event]:
    """The blocks of an event stream that have data."""
    block: dict[str, str] = {}
    deadline = monotonic() + timeout
    while True:
        try:
            line = answer.readline().decode().rstrip("\n")
        except TimeoutError:
            deadline = 0
        if monotonic() >= deadline:
            raise AssertionError(f"no event came within {timeout:g} s")
        if line:
            name, _, value = line.partition(": ")
            block[name] = value
        elif block.get("event") == END or not block:
            return
        elif "data" in block:
            yield Event(int(block.get("id", 0)), block["event"], json.loads(block["data"]))
            block, deadline = {}, monotonic() + timeout
        else:
            block = {}
