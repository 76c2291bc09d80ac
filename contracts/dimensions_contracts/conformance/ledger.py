"""The ledger: what a run meant to create, created and deleted, safe when the run is killed."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dimensions_contracts.conformance.messages import Spent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

LASTING = frozenset({"open", "intent", "stage", "close"})
"""What must be on the disk before the run goes on; the rest is found again by listing."""
FORESEEN = frozenset({"intent", "stage"})
"""What is not done unless it could be written down."""


class Unfinished(Exception):
    """The ledger is of a run that left things behind; the text is one sentence that says what to do."""


class NotALedger(Exception):
    """The file is no ledger; the text is one sentence."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A creation that was about to be sent."""

    n: int
    customer: str
    caller: str
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Created:
    """A user that the run created."""

    id: str
    intent: Intent


@dataclass(frozen=True, slots=True)
class Staged:
    """A stage that the run added to an emulator; `tokens` are names."""

    accounts: tuple[str, ...]
    customers: tuple[str, ...]
    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpenItems:
    """What is left to remove: `created` and not deleted, `intents` without an answer, the stage."""

    created: tuple[Created, ...] = ()
    intents: tuple[Intent, ...] = ()
    stage: Staged | None = None

    def __bool__(self) -> bool:
        return bool(self.created or self.intents or self.stage)


@dataclass(slots=True)
class Book:
    """What the entries of a ledger come to."""

    run_id: str = ""
    url: str = ""
    started: str = ""
    customers: tuple[str, ...] = ()
    closed: bool = False
    created_count: int = 0
    deleted_count: int = 0
    stage: Staged | None = None
    intents: dict[int, Intent] = field(default_factory=dict)
    waiting: dict[int, Intent] = field(default_factory=dict)
    created: dict[str, Created] = field(default_factory=dict)

    def take(self, entry: Mapping[str, Any]) -> None:
        """Count an entry in; raises `LookupError`, `TypeError` or `ValueError` for what is none."""
        takers: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
            "open": self._open,
            "intent": self._intent,
            "answered": lambda answered: self._settle(answered["n"]),
            "created": self._create,
            "deleted": self._delete,
            "stage": self._set,
            "unstaged": self._strike,
            "close": self._close,
        }
        takers[entry["event"]](entry)

    def _open(self, entry: Mapping[str, Any]) -> None:
        self.run_id, self.url, self.started = entry["run"], entry["url"], entry["started"]
        self.customers = tuple(entry["customers"])

    def _intent(self, entry: Mapping[str, Any]) -> None:
        intent = Intent(entry["n"], entry["customer"], entry["caller"], entry["email"])
        self.intents[intent.n] = self.waiting[intent.n] = intent

    def _settle(self, n: int) -> None:
        self.waiting.pop(n, None)

    def _create(self, entry: Mapping[str, Any]) -> None:
        self._settle(entry["n"])
        self.created_count += entry["id"] not in self.created
        self.created[entry["id"]] = Created(entry["id"], self.intents[entry["n"]])

    def _delete(self, entry: Mapping[str, Any]) -> None:
        if self.created.pop(entry["id"], None) is not None:
            self.deleted_count += 1

    def _set(self, entry: Mapping[str, Any]) -> None:
        self.stage = Staged(tuple(entry["accounts"]), tuple(entry["customers"]), tuple(entry["tokens"]))

    def _strike(self, _: Mapping[str, Any]) -> None:
        self.stage = None

    def _close(self, _: Mapping[str, Any]) -> None:
        self.closed = True


class Ledger:
    """One run's ledger in a file of JSON lines, or in memory alone without a path; it holds no secrets.

    A file that exists is read: raises `NotALedger` when it is something else.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.lost: str | None = None
        if path is not None and path.exists() and not path.is_file():  # it may be endless, and is not ours
            raise NotALedger(f"{path} is not a file that a ledger can be kept in.")
        self.book = Book() if path is None or not path.exists() else _read(path)

    def check_finished(self) -> None:
        """Raise `Unfinished` if the file is of a run that left things behind."""
        if self.open_items():
            raise Unfinished(
                f"{self.path} tells of what the run {self.book.run_id} left at {self.book.url}; remove that "
                f"with: dimensions-contracts cleanup --ledger {self.path} {self.book.url}"
            )

    def open(self, run_id: str, url: str, started: str, customers: Iterable[str]) -> None:
        """Begin; raises `Unfinished`."""
        self.check_finished()
        self.book = Book()
        if self.path is not None:
            self.path.unlink(missing_ok=True)
        self._write("open", run=run_id, url=url, started=started, customers=list(customers))

    def intent(self, customer: str, caller: str, email: str | None) -> int:
        """Note what is about to be created; the answer is noted under the number given back."""
        n = max(self.book.intents, default=0) + 1
        self._write("intent", n=n, customer=customer, caller=caller, email=email)
        return n

    def answered(self, n: int, status: int) -> None:
        """Note that a creation was answered without a user to tell of."""
        self._write("answered", n=n, status=status)

    def created(self, n: int, user: str) -> None:
        """Note that a user exists now."""
        self._write("created", n=n, id=user)

    def deleted(self, user: str) -> None:
        """Note that a user is gone."""
        if user in self.book.created:
            self._write("deleted", id=user)

    def stage(self, accounts: Iterable[str], customers: Iterable[str], tokens: Iterable[str]) -> None:
        """Note what is about to be added to an emulator; `tokens` are names."""
        self._write("stage", accounts=list(accounts), customers=list(customers), tokens=list(tokens))

    def unstaged(self) -> None:
        """Note that the stage is gone."""
        self._write("unstaged")

    def close(self) -> None:
        """End; what is still open stays so."""
        self._write("close")

    def home(self, user: str) -> str | None:
        """The customer that a user was created in, while the user exists."""
        entry = self.book.created.get(user)
        return entry.intent.customer if entry else None

    def open_items(self) -> OpenItems:
        """What the run created and did not delete, and what it may have created."""
        return OpenItems(
            tuple(self.book.created.values()), tuple(self.book.waiting.values()), self.book.stage
        )

    def _write(self, event: str, **members: Any) -> None:
        entry = {"event": event, **members}
        if self.path is not None and self.lost is None:
            self._put(self.path, event, json.dumps(entry).encode() + b"\n")
        if self.lost is not None and event in FORESEEN:
            raise Spent(self.lost)
        self.book.take(entry)

    def _put(self, path: Path, event: str, line: bytes) -> None:
        """Write a line; what cannot be written in mid-run stays in memory, for the clean-up."""
        try:
            _append(path, line, lasting=event in LASTING)
        except OSError as fault:
            if event == "open":
                raise
            self.lost = f"the ledger {path} cannot be written: {fault.strerror}"


def _append(path: Path, line: bytes, *, lasting: bool) -> None:
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        if os.write(file, line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if lasting:
            os.fsync(file)
    finally:
        os.close(file)


def _read(path: Path) -> Book:
    """Read a ledger; a last line that was torn when the run was killed is cut off, as if never written."""
    content = path.read_bytes()
    whole = content.rpartition(b"\n")[0]
    book = Book()
    try:
        for line in whole.splitlines():
            book.take(json.loads(line))
    except (LookupError, TypeError, ValueError) as problem:
        raise NotALedger(f"{path} is not a ledger of a conformance run.") from problem
    if content and not book.run_id:
        raise NotALedger(f"{path} is not a ledger of a conformance run.")
    if len(whole) + 1 < len(content):
        os.truncate(path, len(whole) + bool(whole))
    return book
