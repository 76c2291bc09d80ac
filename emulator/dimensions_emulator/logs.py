"""What the server writes to its log, as text or as JSON lines."""

from __future__ import annotations

import json
import logging
from collections import deque
from contextlib import suppress
from datetime import UTC, datetime
from threading import Event, Lock, Thread
from time import localtime, perf_counter, sleep, strftime, time
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from dimensions_emulator.sandbox import redaction
from dimensions_emulator.wire.entrance import BROKEN, MET, REQUEST_ID, SESSION

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

PAUSE = 0.05
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

    def __init__(self, stream: TextIO, style: TextLines | JsonLines) -> None:
        super().__init__()
        self.setFormatter(style)
        self._stream = stream
        self._style = style
        self._waiting: deque[str | Answered] = deque()
        self._some = Event()
        self._writing = Lock()
        Thread(target=self._run, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        self._add(self.format(record))

    def request(self, answered: Answered) -> None:
        """Log a request that was answered."""
        self._add(answered)

    def flush(self) -> None:
        """Write what is waiting."""
        with self._writing:
            lines = [self._line(self._waiting.popleft()) for _ in range(len(self._waiting))]
            if lines:
                with suppress(OSError):  # a terminal that was closed
                    self._stream.write("".join(lines))
                    self._stream.flush()

    def _line(self, event: str | Answered) -> str:
        return f"{event if isinstance(event, str) else self._style.request(event)}\n"

    def _add(self, event: str | Answered) -> None:
        self._waiting.append(event)
        if not self._some.is_set():
            self._some.set()

    def _run(self) -> None:
        while self._some.wait():
            sleep(PAUSE)
            self._some.clear()
            self.flush()


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


def configure(style: str, stream: TextIO) -> Lines:
    """Send the log of this package to a stream in the given style."""
    lines = Lines(stream, JsonLines() if style == "json" else TextLines())
    root = logging.getLogger("dimensions_emulator")
    root.handlers[:] = [lines]
    root.setLevel(logging.INFO)
    root.propagate = False
    return lines


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
