"""The requests that a session has met."""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from dimensions_emulator.domain import ticks

if TYPE_CHECKING:
    from dimensions_emulator.sandbox.met import Met

KEPT_BODY = 16 << 10
LONGEST_SIZE = 18
"""How many digits the size of a body may have to be one."""


class Entry(NamedTuple):
    """One request and its answer, as they were on the wire.

    `at` is in ticks of the session's clock, `seconds` is how long the answer took. `names` and `values` are
    what WSGI tells of the request. Bodies are cut after `KEPT_BODY` bytes; `sent` and `got` tell their whole
    sizes. `status` is 0 where the answer was broken. `size` is about how many bytes of memory the entry
    holds.
    """

    number: int
    id: str
    at: int
    names: tuple[str, ...]
    values: tuple[str, ...]
    body: bytes
    status: int
    answer_headers: list[tuple[str, str]]
    answer: bytes
    got: int
    seconds: float
    met: Met
    size: int

    @property
    def begun(self) -> int:
        """When the request came, in ticks of the session's clock."""
        return self.at if self.met.at is not None else self.at - int(self.seconds * ticks.SECOND)

    @property
    def method(self) -> str:
        return self._told("REQUEST_METHOD")

    @property
    def scheme(self) -> str:
        return self._told("wsgi.url_scheme")

    @property
    def mount(self) -> str:
        """The path prefix that names the session."""
        return self._told("SCRIPT_NAME")

    @property
    def path(self) -> str:
        return self._told("PATH_INFO")

    @property
    def query(self) -> str:
        return self._told("QUERY_STRING")

    @property
    def uri(self) -> str:
        """The request's target as it was sent, empty if the server does not tell."""
        return self._told("REQUEST_URI")

    @property
    def sent(self) -> str:
        """The size of the request's body, as the client told it."""
        return self._told("CONTENT_LENGTH") or "0"

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The request's headers, named as WSGI spells them (HTTP_ACCEPT)."""
        told = zip(self.names, self.values, strict=True)
        return [
            (name, value)
            for name, value in told
            if name.startswith("HTTP_") or (name == "CONTENT_TYPE" and value)
        ]

    def _told(self, name: str) -> str:
        return self.values[self.names.index(name)] if name in self.names else ""


class Budget:
    """The bytes that all journals of a server may hold together; its lock guards them all.

    `dropped` counts what those had to drop that were cleared or are gone since.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self.dropped = 0
        self.lock = Lock()
        self.journals: set[Journal] = set()

    def relieve(self) -> None:
        """Make room: journals above an equal share lose the older half. Call it under the lock."""
        share = self.used / len(self.journals)
        for journal in self.journals:
            if journal.size >= share:
                journal.halve()


class Journal:
    """A ring of entries; `dropped` counts those that had to go, `size` is the sum of the others' sizes."""

    __slots__ = ("_budget", "_entries", "_limit", "dropped", "size")

    def __init__(self, limit: int, budget: Budget) -> None:
        self._limit = limit
        self._budget = budget
        self._entries: deque[Entry] = deque()
        self.dropped = 0
        self.size = 0
        with budget.lock:
            budget.journals.add(self)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def disabled(self) -> bool:
        """Tell whether nothing is kept."""
        return self._limit == 0

    def add(self, entry: Entry) -> None:
        """Keep an entry; the oldest goes where there is no room."""
        budget, entries = self._budget, self._entries
        with budget.lock:
            entries.append(entry)
            grown = entry.size
            if len(entries) > self._limit:
                grown -= entries.popleft().size
                self.dropped += 1
            if grown:
                self.size += grown
                budget.used += grown
                while budget.used > budget.limit and budget.journals:
                    budget.relieve()

    def entries(self) -> tuple[Entry, ...]:
        """The entries of now, the oldest first."""
        with self._budget.lock:
            return tuple(self._entries)

    def clear(self) -> None:
        """Forget all entries, and that others were dropped."""
        with self._budget.lock:
            self._entries.clear()
            self._budget.used -= self.size
            self._budget.dropped += self.dropped
            self.size = self.dropped = 0

    def close(self) -> None:
        """Give back what the entries of a session that goes have held."""
        self._limit = 0  # requests that are still on their way leave nothing behind
        self.clear()
        with self._budget.lock:
            self._budget.journals.discard(self)

    def halve(self) -> None:
        """Drop the older half, the only entry too. Call it under the budget's lock."""
        for _ in range(number := (len(self._entries) + 1) // 2):
            size = self._entries.popleft().size
            self.size -= size
            self._budget.used -= size
        self.dropped += number
