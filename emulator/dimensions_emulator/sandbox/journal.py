"""The requests that a session has met."""

from __future__ import annotations

from collections import deque
from operator import itemgetter
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dimensions_emulator.sandbox.met import Met

KEPT_BODY = 16 << 10
AN_ENTRY, A_HEADER, AN_ANSWER_HEADER = 1000, 64, 150
"""Bytes of memory that an entry takes beside its texts, and each of its headers."""
VALUE = itemgetter(1)


class Entry:
    """One request and its answer, as they were on the wire.

    `at` is in ticks of the session's clock, `seconds` is how long the answer took. Of the request's `names`
    in the environ its headers are kept. Bodies are cut after `KEPT_BODY` bytes; `sent` and `got` tell their
    whole sizes. `uri` is the request's target as it was sent, empty if the server does not tell; `mount` is
    the path prefix that names the session. `status` is 0 where the answer was broken. `size` is about how
    many bytes of memory the entry holds.
    """

    __slots__ = (
        "_names",
        "_values",
        "answer",
        "answer_headers",
        "at",
        "body",
        "got",
        "id",
        "met",
        "method",
        "mount",
        "number",
        "path",
        "query",
        "scheme",
        "seconds",
        "sent",
        "size",
        "status",
        "uri",
    )

    def __init__(
        self,
        number: int,
        id: str,  # noqa: A002  what it is
        at: int,
        environ: Mapping[str, Any],
        names: tuple[str, ...],
        body: bytes,
        sent: str,
        status: int,
        answer_headers: list[tuple[str, str]],
        answer: bytes,
        seconds: float,
        met: Met,
    ) -> None:
        get = environ.get
        self.number = number
        self.id = id
        self.at = at
        self.method: str = environ["REQUEST_METHOD"]
        self.scheme: str = environ["wsgi.url_scheme"]
        self.mount: str = get("SCRIPT_NAME", "")
        self.path: str = environ["PATH_INFO"]
        self.query: str = get("QUERY_STRING", "")
        self.uri: str = get("REQUEST_URI", "")
        self._names = names
        self._values = values = tuple(map(environ.__getitem__, names))
        self.body = body
        self.sent = sent
        self.status = status
        self.answer_headers = answer_headers
        self.answer = answer[:KEPT_BODY]
        self.got = len(answer)
        self.seconds = seconds
        self.met = met
        texts = len("".join(values)) + sum(map(len, map(VALUE, answer_headers)))
        texts += len(body) + len(self.answer) + 3 * len(self.path) + 3 * len(self.query)
        self.size = AN_ENTRY + A_HEADER * len(values) + AN_ANSWER_HEADER * len(answer_headers) + texts
        if met.refused is not None:
            self.size += sum(len(fact) for fact in met.refused.facts.values() if isinstance(fact, str))

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The request's headers, named as WSGI spells them (HTTP_ACCEPT)."""
        return [pair for pair in zip(self._names, self._values, strict=True) if pair != ("CONTENT_TYPE", "")]


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
