"""What the server writes to its log, as text or as JSON lines."""

from __future__ import annotations

import json
import logging
from collections import deque
from contextlib import suppress
from datetime import UTC, datetime
from threading import Event, Lock, Thread
from time import perf_counter, sleep, strftime, time
from typing import TYPE_CHECKING, Any, TextIO

from dimensions_emulator.sandbox import redaction
from dimensions_emulator.wire.entrance import BROKEN, MET, REQUEST_ID, SESSION

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

PAUSE = 0.05


class TextLines(logging.Formatter):
    """One readable line an event, and the traceback below it if there is one."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging calls it so
        return _printable(super().formatMessage(record))

    def request(self, facts: dict[str, Any]) -> str:
        return _printable(f"{strftime('%H:%M:%S')} INFO {_told(facts)}")


class JsonLines(logging.Formatter):
    """One JSON object an event."""

    def format(self, record: logging.LogRecord) -> str:
        entry = _entry(record.created, record.levelname.lower(), record.name, record.getMessage())
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry)

    def request(self, facts: dict[str, Any]) -> str:
        entry = _entry(time(), "info", "dimensions_emulator.requests", _told(facts))
        return json.dumps({**entry, **facts})


class Lines(logging.Handler):
    """Writes lines in a thread of its own, many at a time: a write for each costs a request a third more."""

    def __init__(self, stream: TextIO, style: TextLines | JsonLines) -> None:
        super().__init__()
        self.setFormatter(style)
        self._stream = stream
        self._style = style
        self._waiting: deque[str] = deque()
        self._some = Event()
        self._writing = Lock()
        Thread(target=self._run, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        self._add(self.format(record))

    def request(self, facts: dict[str, Any]) -> None:
        """Log a request that was answered."""
        self._add(self._style.request(facts))

    def flush(self) -> None:
        """Write what is waiting."""
        with self._writing:
            lines = [self._waiting.popleft() + "\n" for _ in range(len(self._waiting))]
            if lines:
                with suppress(OSError):  # a terminal that was closed
                    self._stream.write("".join(lines))
                    self._stream.flush()

    def _add(self, line: str) -> None:
        self._waiting.append(line)
        if not self._some.is_set():
            self._some.set()

    def _run(self) -> None:
        while self._some.wait():
            sleep(PAUSE)
            self._some.clear()
            self.flush()


class RequestLog:
    """Logs each request that an application answers, without tokens and without bodies.

    The status of an answer that was broken on purpose is 0. `hidden` are secrets of the server's own.
    """

    def __init__(self, application: WSGIApplication, lines: Lines, hidden: tuple[str, ...] = ()) -> None:
        self._application = application
        self._lines = lines
        self._hidden = hidden

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start = perf_counter()
        seen: dict[str, Any] = {}

        def keep(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            seen["status"], seen["headers"] = int(status[:3]), headers
            return start_response(status, headers, exc_info)

        body = self._application(environ, keep)
        status = 0 if BROKEN in environ else seen["status"]
        facts = {
            "method": environ["REQUEST_METHOD"],
            "path": _path(environ, self._hidden),
            "status": status,
            "milliseconds": round((perf_counter() - start) * 1000, 2),
        }
        if not 0 < status < 400:  # noqa: PLR2004  the errors of HTTP
            facts["rule"] = dict(seen["headers"]).get("X-Emulator-Rule")
        met = environ.get(MET)
        if met is not None and met.fault is not None:
            facts["fault"] = met.fault.id
        session = environ.get(SESSION)
        if session is not None:
            facts |= {"session": session.name, "request": environ[REQUEST_ID]}
        self._lines.request(facts)
        return body


def _path(environ: WSGIEnvironment, hidden: tuple[str, ...]) -> str:
    """The path as the client wrote it, without the secrets in it."""
    path: str = environ.get("SCRIPT_NAME", "") + environ["PATH_INFO"]
    token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")[2].strip()
    given = (token, environ.get("HTTP_X_EMULATOR_ADMIN_TOKEN"), *hidden)
    sent = [secret for secret in given if secret]
    return redaction.path(path, sent).encode("latin-1").decode("utf-8", "replace")


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
