"""What the server writes to its log, as text or as JSON lines."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

requests = logging.getLogger("dimensions_emulator.requests")


class TextLines(logging.Formatter):
    """One readable line an event, and the traceback below it if there is one."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging calls it so
        line = super().formatMessage(record)
        return line if line.isprintable() else "".join(map(_visible, line))


class JsonLines(logging.Formatter):
    """One JSON object an event."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        entry: dict[str, Any] = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry)


class RequestLog:
    """Logs each request that an application answers, without tokens and without bodies."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start = perf_counter()
        seen: dict[str, Any] = {}

        def keep(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            seen["status"], seen["headers"] = int(status[:3]), headers
            return start_response(status, headers, exc_info)

        body = self._application(environ, keep)
        facts = {
            "method": environ["REQUEST_METHOD"],
            "path": environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"),
            "status": seen["status"],
            "milliseconds": round((perf_counter() - start) * 1000, 2),
        }
        if seen["status"] >= 400:  # noqa: PLR2004  the errors of HTTP
            facts["rule"] = dict(seen["headers"]).get("X-Emulator-Rule")
        line = " ".join(str(fact) for fact in facts.values() if fact is not None)
        requests.info("%s", line, extra={"facts": facts})
        return body


def _visible(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def configure(style: str) -> None:
    """Send the log of this package to standard error in the given style."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if style == "json" else TextLines())
    root = logging.getLogger("dimensions_emulator")
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    root.propagate = False
