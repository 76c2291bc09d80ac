"""Requests through the real application that leave no trace."""

from __future__ import annotations

import sys
from io import BytesIO
from typing import TYPE_CHECKING, Any

from dimensions_emulator.sandbox.dry_run import Outcome
from dimensions_emulator.sandbox.met import Met
from dimensions_emulator.wire.entrance import MET, REQUEST_ID, SESSION

if TYPE_CHECKING:
    from collections.abc import Callable
    from wsgiref.types import WSGIApplication, WSGIEnvironment

    from dimensions_emulator.sandbox.dry_run import Request
    from dimensions_emulator.sandbox.session import Session


class DryRuns:
    """Runs requests behind the entrance, where nothing is counted and nothing kept.

    What changes is the world of the scratch session that is given (`Sessions.scratch`).
    """

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, session: Session, request: Request) -> Outcome:
        environ = _environ(request)
        met = environ[MET] = Met()
        environ[SESSION], environ[REQUEST_ID] = session, f"{session.name}.dry-run"
        head: list[Any] = []

        def keep(status: str, headers: list[tuple[str, str]], _: Any = None) -> Callable[[bytes], object]:
            head[:] = int(status[:3]), headers
            return _unwritten

        pieces = self._application(environ, keep)
        body = b"".join(pieces)
        if close := getattr(pieces, "close", None):
            close()
        return Outcome(head[0], head[1], body, met)


def _environ(request: Request) -> WSGIEnvironment:
    environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": request.mount,
        "PATH_INFO": request.path,
        "QUERY_STRING": request.query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": request.scheme,
        "wsgi.input": BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers:
        plain = name.upper().replace("-", "_")
        environ["CONTENT_TYPE" if plain == "CONTENT_TYPE" else f"HTTP_{plain}"] = value
    return environ


def _unwritten(_: bytes) -> object:
    raise NotImplementedError("answers are given as a whole")
