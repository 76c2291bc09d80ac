"""The mails that the emulator sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from dimensions_emulator.testing.errors import Refused
from dimensions_emulator.testing.line import segment
from dimensions_emulator.testing.records import Mail

if TYPE_CHECKING:
    from dimensions_emulator.testing.line import Line

NOT_FOUND = 404
SPARE = 10.0
SHOWN = 20


class Mails:
    def __init__(self, line: Line) -> None:
        self._line = line

    def wait_for(
        self,
        *,
        to: str | None = None,
        kind: str | None = None,
        customer: str | None = None,
        after: int | None = None,
        timeout: float = 10.0,
    ) -> Mail:
        """The first mail that matches, and comes after another one if its id is given.

        Raises AssertionError, telling which mails there are, if there is none within so many seconds.
        """
        if not isinstance(timeout, int | float):
            raise TypeError(f"timeout is a number of seconds, not {timeout!r}")
        wanted = {"to": to, "kind": kind, "customer": customer, "after": after}
        asked = {**wanted, "timeout": f"{timeout:g}"}
        try:
            return Mail.of(self._line.control("GET", "mail/wait", query=asked, patience=timeout + SPARE))
        except Refused as no:
            if no.status != NOT_FOUND:
                raise
        described = ", ".join(f"{name} {value!r}" for name, value in wanted.items() if value is not None)
        there = self._there()
        raise AssertionError(f"no mail{described and f' with {described}'} within {timeout:g} s; {there}")

    def all(
        self,
        *,
        to: str | None = None,
        kind: str | None = None,
        customer: str | None = None,
        search: str | None = None,
        delivery: Literal["delivered", "failed"] | None = "delivered",
    ) -> list[Mail]:
        """The mails that match, the oldest first: those that mailboxes took, or did not, or both."""
        query = {"to": to, "kind": kind, "customer": customer, "search": search, "delivery": delivery}
        return [Mail.of(data) for data in self._line.control("GET", "mail/messages", query=query)]

    def get(self, mail_id: int) -> Mail:
        return Mail.of(self._line.control("GET", f"mail/messages/{segment(mail_id)}"))

    def clear(self) -> None:
        """Forget all mails."""
        self._line.control("DELETE", "mail/messages")

    def fail(self, to: str, reason: str | None = None) -> int:
        """Let mailboxes take no more mail, by a pattern such as `*@mail.example`; the failure's id."""
        told = {} if reason is None else {"reason": reason}
        return int(self._line.control("POST", "mail/failures", {"to": to, **told})["id"])

    def failures(self) -> list[dict[str, Any]]:
        """The patterns of mailboxes that take no mail."""
        found: list[dict[str, Any]] = self._line.control("GET", "mail/failures")
        return found

    def heal(self, failure_id: int | None = None) -> None:
        """Let mailboxes take mail again, all of them if no failure is named."""
        one = "" if failure_id is None else f"/{segment(failure_id)}"
        self._line.control("DELETE", f"mail/failures{one}")

    def _there(self) -> str:
        mails = self.all(delivery=None)
        if not mails:
            return "there are no mails"
        listed = "".join(f"\n  {mail}" for mail in mails[-SHOWN:])
        more = f"\n  and {len(mails) - SHOWN} before" if len(mails) > SHOWN else ""
        return f"there are:{listed}{more}"
