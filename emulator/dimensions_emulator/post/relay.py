"""The relay that passes mails on to a real SMTP server, out of the callers' way."""

from __future__ import annotations

import logging
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from smtplib import (
    SMTP,
    SMTPDataError,
    SMTPNotSupportedError,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)
from typing import TYPE_CHECKING, Any

from dimensions_emulator.post.message import to_message
from dimensions_emulator.post.rendering import without_controls

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from email.message import EmailMessage

    from dimensions_emulator.domain.models import Mail
    from dimensions_emulator.post.rendering import Rendered

QUEUE_LIMIT = 10_000
RETRY_WAITS = (0.5, 2.0, 5.0)
"""Seconds to wait before the second, third and fourth attempt."""

REASON_LENGTH = 200
PERMANENT = 500
"""Replies from here on say that another attempt is pointless (RFC 5321, section 4.2.1)."""

SERVICE_CLOSING = 421


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail in the queue."""

    mail: Mail
    customer_name: str


@dataclass(slots=True)
class Tally:
    """What became of the mails so far."""

    status: str = "idle"
    sent: int = 0
    failed: int = 0
    dropped: int = 0
    last_error: str | None = None


@dataclass(slots=True)
class Line:
    """The connection to the server, opened when needed, kept while there is something to send."""

    host: str
    port: int
    timeout: float
    smtp: SMTP | None = field(default=None, init=False)

    def open(self) -> SMTP:
        """Connect unless connected; a fixed greeting name spares a slow look-up of our own."""
        if self.smtp is None:
            self.smtp = SMTP(self.host, self.port, local_hostname="localhost", timeout=self.timeout)
        return self.smtp

    def send(self, message: EmailMessage, sender: str, to: str) -> None:
        try:
            self.open().send_message(message, sender, [to])
        except SMTPDataError:
            self.hang_up(politely=True)  # smtplib leaves the transaction open when DATA itself is refused
            raise

    def hang_up(self, *, politely: bool) -> None:
        smtp, self.smtp = self.smtp, None
        if smtp is None:
            return
        if politely:
            with suppress(OSError):  # the server may have gone already
                smtp.quit()
        smtp.close()


class Relay:
    """Sends queued mails from a daemon thread; no method raises or waits for the server but `close`."""

    def __init__(
        self,
        host: str,
        port: int,
        render: Callable[[Mail, str], Rendered],
        *,
        timeout: float = 5.0,
        waits: Sequence[float] = RETRY_WAITS,
        limit: int = QUEUE_LIMIT,
    ) -> None:
        """Start the thread; times are in seconds, `waits` are those between attempts at one mail."""
        self._render = render
        self._waits = tuple(waits)
        self._limit = limit
        self._line = Line(host, port, timeout)
        self._log = logging.getLogger("dimensions_emulator.relay")
        self._changed = threading.Condition()
        self._queue: deque[Letter] = deque()
        self._tally = Tally()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="mail-relay", daemon=True)
        self._thread.start()

    def enqueue(self, mail: Mail, customer_name: str) -> None:
        """Take a mail for sending; one that finds the queue full or closed is dropped and counted."""
        with self._changed:
            if not self._closing and len(self._queue) < self._limit:
                self._queue.append(Letter(mail, customer_name))
                self._changed.notify_all()
                return
            self._tally.dropped += 1
            first = self._tally.dropped == 1
        if first:
            self._log.warning("the mail queue takes no more; mails are dropped from now on")

    def status(self) -> dict[str, Any]:
        """Tell the state for health; `queued` includes the mail being sent."""
        with self._changed:
            return {
                "host": self._line.host,
                "port": self._line.port,
                "status": self._tally.status,
                "sent": self._tally.sent,
                "failed": self._tally.failed,
                "dropped": self._tally.dropped,
                "queued": len(self._queue),
                "lastError": self._tally.last_error,
            }

    def close(self, timeout: float) -> None:
        """Send what is queued within so many seconds, then stop; the rest is counted as dropped."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout)
        with self._changed:
            left = len(self._queue)
            self._tally.dropped += left
            self._queue.clear()
        if left:
            self._log.warning("stopped with %d mails not relayed", left)

    def _run(self) -> None:
        while (letter := self._next()) is not None:
            delivered = self._deliver(letter)
            with self._changed:
                if self._abandoned(letter):
                    break
                if not delivered and self._closing and self._tally.status == "down":
                    break
                self._queue.popleft()
                self._count(delivered=delivered)
        self._line.hang_up(politely=self._tally.status == "up")

    def _next(self) -> Letter | None:
        """Wait for the oldest mail, which stays queued until settled; None when it is time to stop."""
        with self._changed:
            if self._queue:
                return self._queue[0]
        self._line.hang_up(politely=True)
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closing)
            return self._queue[0] if self._queue else None

    def _abandoned(self, letter: Letter) -> bool:
        """Tell whether `close` has run out of time and emptied the queue."""
        return not self._queue or self._queue[0] is not letter

    def _count(self, *, delivered: bool) -> None:
        if delivered:
            self._tally.sent += 1
        else:
            self._tally.failed += 1

    def _deliver(self, letter: Letter) -> bool:
        """Try a mail until it is accepted, refused for good, or out of attempts."""
        try:
            rendered = self._render(letter.mail, letter.customer_name)
            message = to_message(rendered, letter.mail)
            for wait in (0.0, *self._waits):
                if wait and self._closing_within(wait):
                    break
                error = self._attempt(message, rendered, letter)
                if error is None:
                    return True
                if is_permanent(error):
                    break
        except Exception as error:  # noqa: BLE001  # the thread outlives whatever a mail does to it
            self._line.hang_up(politely=False)
            self._note(letter, error)
        self._log.warning("mail %d of customer %s was not relayed", letter.mail.id, letter.mail.customer)
        return False

    def _attempt(self, message: EmailMessage, rendered: Rendered, letter: Letter) -> OSError | None:
        """Send once; the error says why it did not work."""
        try:
            self._line.send(message, rendered.sender, rendered.to)
        except OSError as error:
            down = reply_code(error) is None
            if down:
                self._line.hang_up(politely=False)
            self._note(letter, error, "down" if down else "up")
            return error
        with self._changed:
            self._tally.status = "up"
        return None

    def _closing_within(self, wait: float) -> bool:
        """Wait for the next attempt; True at once when the relay is being closed."""
        with self._changed:
            return self._changed.wait_for(lambda: self._closing, wait)

    def _note(self, letter: Letter, error: Exception, status: str | None = None) -> None:
        reason = reason_of(error, letter.mail.token)
        with self._changed:
            news = status == "down" and self._tally.status != status
            self._tally.status = status or self._tally.status
            self._tally.last_error = reason
        if news:
            self._log.warning("the relay %s:%d is down: %s", self._line.host, self._line.port, reason)


def reply_code(error: OSError) -> int | None:
    """Find the server's code when it refused just this mail; None when the connection is in doubt."""
    code = None
    if isinstance(error, SMTPRecipientsRefused):
        code = min(code for code, _ in error.recipients.values())
    elif isinstance(error, SMTPNotSupportedError):
        code = PERMANENT
    elif isinstance(error, SMTPSenderRefused | SMTPDataError):
        code = error.smtp_code
    return None if code == SERVICE_CLOSING else code


def is_permanent(error: OSError) -> bool:
    """Tell whether another attempt at the same mail is pointless."""
    return (reply_code(error) or 0) >= PERMANENT


def reason_of(error: Exception, token: str) -> str:
    """Say what went wrong on one short line, without the token should the server have repeated it."""
    said = reply_of(error)
    text = without_controls(said or str(error))
    if token:
        text = text.replace(token, "[token]")
    return f"{type(error).__name__}: {text}"[:REASON_LENGTH].removesuffix(": ")


def reply_of(error: Exception) -> str:
    """Quote the server's own words, empty when it said none."""
    if isinstance(error, SMTPRecipientsRefused):
        return "; ".join(f"{code} {_decoded(text)}" for code, text in error.recipients.values())
    if isinstance(error, SMTPResponseException):
        return f"{error.smtp_code} {_decoded(error.smtp_error)}"
    return ""


def _decoded(text: bytes | str) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text
