"""A session: a world of its own, and everything to steer it by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from dimensions_emulator.testing.clock import Clock
from dimensions_emulator.testing.errors import EmulatorError, Refused
from dimensions_emulator.testing.events import Events, Webhooks
from dimensions_emulator.testing.faults import Faults, RateLimit
from dimensions_emulator.testing.journal import Journal
from dimensions_emulator.testing.line import segment
from dimensions_emulator.testing.mails import Mails
from dimensions_emulator.testing.platform import Platform
from dimensions_emulator.testing.reach import Reach
from dimensions_emulator.testing.records import Trial
from dimensions_emulator.testing.snapshots import Snapshots
from dimensions_emulator.testing.tokens import Tokens
from dimensions_emulator.testing.users import Users

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dimensions_emulator.testing.calling import Direct
    from dimensions_emulator.testing.line import Line

NOT_FOUND = 404


class Session(Reach):
    """One session of an emulator; leaving its context discards it."""

    def __init__(self, name: str, url: str, line: Line, direct: Direct | None) -> None:
        super().__init__(name, url, line, direct)
        self.users = Users(line)
        self.platform = Platform(line)
        self.mail = Mails(line)
        self.faults = Faults(line)
        self.rate_limit = RateLimit(line)
        self.clock = Clock(line)
        self.journal = Journal(line)
        self.snapshots = Snapshots(line)
        self.tokens = Tokens(line)
        self.events = Events(line)
        self.webhooks = Webhooks(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            self.discard()
        except EmulatorError:
            if kind is None:  # else what went wrong before is what is to be told
                raise

    def discard(self) -> None:
        """End the session with all that is in it; one that is gone already is let be."""
        if self.line.link.closed:
            return
        try:
            self.line.control("DELETE", f"sessions/{segment(self.name)}")
        except Refused as no:
            if no.status != NOT_FOUND:
                raise

    def coverage(self) -> dict[str, Any]:
        """What has been met in this session, and what never."""
        found: dict[str, Any] = self.line.control("GET", "coverage", query={"session": self.name})
        return found

    def explain(self, request_id: str) -> dict[str, Any]:
        """Why a request was refused: the rule, the facts, and what would have passed."""
        found: dict[str, Any] = self.line.control("GET", f"explain/{segment(request_id)}")
        return found

    def what_if(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> Trial:
        """How a request would be answered, and what it would change, without its happening."""
        asked = {
            "method": method,
            "path": path,
            "body": body,
            "headers": headers,
            "token": token or self.token,
        }
        wanted = {name: value for name, value in asked.items() if value is not None}
        return Trial.of(self.line.control("POST", "what-if", wanted))

    def charges(self) -> list[dict[str, Any]]:
        """What was charged, the oldest first."""
        found: list[dict[str, Any]] = self.line.control("GET", "charges")
        return found

    def state(self) -> dict[str, Any]:
        """The whole world as a document."""
        document: dict[str, Any] = self.line.control("GET", "state")
        return document

    def reset(self, *parts: str, to: str | None = None) -> None:
        """Go back to the beginning, or let some parts do so: users, mail, journal, faults, clock, charges."""
        self.line.control("POST", "reset", query={"to": to, "part": ",".join(parts) or None})

    def load(self, world: Mapping[str, Any]) -> None:
        """Take a world document in place of the world."""
        self.line.control("PUT", "state", world)
