"""What the server writes to its log, as text or as JSON lines."""

from __future__ import annotations

import json
import logging
from collections import deque
from contextlib import suppress
from datetime import UTC, datetime
from threading import Event, Thread
from time import localtime, perf_counter, strftime, time
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from dimensions_emulator.sandbox import redaction
from dimensions_emulator.wire.entrance import BROKEN, MET, REQUEST_ID, SESSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

PAUSE, PATIENCE = 0.05, 2.0
"""Seconds in which lines gather before they are written, and for which the end waits for who reads them."""
MOST = 10_000
"""Lines that wait for a reader; what comes on top is left out."""
GAP_RECORD = {
    "name": "dimensions_emulator.logs",
    "levelname": "WARNING",
    "msg": "Lines are missing here: the log was not read in time.",
}
LOGGERS = {"dimensions_emulator": logging.INFO, "waitress": logging.WARNING}
"""Whose log this is, and from which level on."""
FINE = range(1, 400)
"""The statuses of HTTP that are no errors."""


class Answered(NamedTuple):
    """A request that was answered: `at` in seconds since the epoch, `path` as WSGI spells it.

    `status` is 0 for an answer that was broken on purpose. `credentials` are headers of the request, `hidden`
    are secrets of the server's own. `session` and `request` are None where the server was not ready.
    """

    at: float
    method: str
    path: str
    credentials: tuple[str, str]
    hidden: tuple[str, ...]
    status: int
    seconds: float
    rule: str | None
    fault: int | None
    session: str | None
    request: str | None

    def facts(self) -> dict[str, Any]:
        """What the log tells, without secrets."""
        authorization, admin = self.credentials
        given = (authorization.partition(" ")[2].strip(), admin, *self.hidden)
        path = redaction.path(self.path, filter(None, given))
        facts: dict[str, Any] = {
            "method": self.method,
            "path": path.encode("latin-1", "replace").decode("utf-8", "replace"),
            "status": self.status,
            "milliseconds": round(self.seconds * 1000, 2),
        }
        if self.status not in FINE:
            facts["rule"] = self.rule
        if self.fault is not None:
            facts["fault"] = self.fault
        if self.session is not None:
            facts |= {"session": self.session, "request": self.request}
        return facts


class TextLines(logging.Formatter):
    """One readable line an event, and the traceback below it if there is one."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging calls it so
        return _printable(super().formatMessage(record))

    def request(self, answered: Answered) -> str:
        moment = strftime("%H:%M:%S", localtime(answered.at))
        return _printable(f"{moment} INFO {_told(answered.facts())}")


class JsonLines(logging.Formatter):
    """One JSON object an event."""

    def format(self, record: logging.LogRecord) -> str:
        entry = _entry(record.created, record.levelname.lower(), record.name, record.getMessage())
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry)

    def request(self, answered: Answered) -> str:
        facts = answered.facts()
        entry = _entry(answered.at, "info", "dimensions_emulator.requests", _told(facts))
        return json.dumps({**entry, **facts})


class Lines(logging.Handler):
    """Writes lines in a thread of its own, many at a time: a write for each costs a request a third more.

    Lines about requests are made there too, which is a tenth of a request where it is answered.
    """

    def __init__(self, stream: TextIO | None, style: TextLines | JsonLines) -> None:
        super().__init__()
        self.setFormatter(style)
        self._write = _writer(stream)
        self._style = style
        self._waiting: deque[str | Answered | Event] = deque()
        self._some, self._at_once = Event(), Event()
        self._gap = self._stuck = False
        Thread(target=self._run, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        self._add(self.format(record))

    def request(self, answered: Answered) -> None:
        """Log a request that was answered."""
        self._add(answered)

    def flush(self) -> None:
        """Have what is waiting written, unless nobody reads it."""
        if self._stuck:
            return
        written = Event()
        self._waiting.append(written)
        self._at_once.set()
        self._some.set()
        self._stuck = not written.wait(PATIENCE)

    def _line(self, event: str | Answered) -> str:
        return f"{event if isinstance(event, str) else self._style.request(event)}\n"

    def _add(self, event: str | Answered) -> None:
        if len(self._waiting) >= MOST:
            self._gap = True
            return
        self._waiting.append(event)
        if not self._some.is_set():
            self._some.set()

    def _run(self) -> None:
        while self._some.wait():
            self._at_once.wait(PAUSE)
            self._some.clear()
            self._at_once.clear()
            self._write_waiting()

    def _write_waiting(self) -> None:
        lines, flushed = [], []
        for _ in range(len(self._waiting)):
            event = self._waiting.popleft()
            if isinstance(event, Event):
                flushed.append(event)
            else:
                lines.append(self._line(event))
        if self._gap:
            self._gap = False
            lines.append(self._line(self.format(logging.makeLogRecord(GAP_RECORD))))
        if lines:
            with suppress(OSError, ValueError):  # a terminal that was closed
                self._write("".join(lines))
        for waiting in flushed:
            waiting.set()


class RequestLog:
    """Logs each request that an application answers, without tokens and without bodies.

    `hidden` are secrets of the server's own.
    """

    def __init__(self, application: WSGIApplication, lines: Lines, hidden: tuple[str, ...] = ()) -> None:
        self._application = application
        self._lines = lines
        self._hidden = hidden

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start = perf_counter()
        seen: list[tuple[str, list[tuple[str, str]]]] = []

        def keep(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            seen.append((status, headers))
            return start_response(status, headers, exc_info)

        body = self._application(environ, keep)
        get, (status, headers) = environ.get, seen[-1]
        number = 0 if BROKEN in environ else int(status[:3])
        met, session = get(MET), get(SESSION)
        self._lines.request(
            Answered(
                time(),
                environ["REQUEST_METHOD"],
                get("SCRIPT_NAME", "") + environ["PATH_INFO"],
                (get("HTTP_AUTHORIZATION", ""), get("HTTP_X_EMULATOR_ADMIN_TOKEN", "")),
                self._hidden,
                number,
                perf_counter() - start,
                None if number in FINE else dict(headers).get("X-Emulator-Rule"),
                None if met is None or met.fault is None else met.fault.id,
                None if session is None else session.name,
                get(REQUEST_ID),
            )
        )
        return body


def configure(style: str, stream: TextIO | None) -> Lines:
    """Send the log of this package, and what its server has to say, to a stream in the given style."""
    lines = Lines(stream, JsonLines() if style == "json" else TextLines())
    for name, least in LOGGERS.items():
        logger = logging.getLogger(name)
        logger.handlers[:] = [lines]
        logger.setLevel(least)
        logger.propagate = False
    return lines


def _writer(stream: TextIO | None) -> Callable[[str], object]:
    """What writes to a stream; past its buffer, whose lock a write that waits would keep for good."""
    if stream is None:  # standard error that was closed
        return len
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    if raw is None:
        return lambda text: (stream.write(text), stream.flush())

    def write(text: str) -> None:
        left = memoryview(text.encode(stream.encoding, "backslashreplace"))
        while left:
            left = left[raw.write(left) :]

    return write


def _told(facts: dict[str, Any]) -> str:
    """The facts in one line; the request's id names its session too."""
    words = [facts["method"], facts["path"], facts["status"] or "broken", facts["milliseconds"]]
    words += [
        facts.get("rule"),
        f"fault {facts['fault']}" if "fault" in facts else None,
        facts.get("request"),
    ]
    return " ".join(str(word) for word in words if word is not None)


def _entry(moment: float, level: str, logger: str, message: str) -> dict[str, Any]:
    written = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return {"time": written, "level": level, "logger": logger, "message": message}


def _printable(line: str) -> str:
    return line if line.isprintable() else "".join(map(_visible, line))


def _visible(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()
