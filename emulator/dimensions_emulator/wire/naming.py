"""The header that tells an emulator from a deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class Named:
    """Adds X-Emulator to every answer of an application, whichever part of it made the answer."""

    def __init__(self, application: WSGIApplication, name: str) -> None:
        self._application = application
        self._header = ("X-Emulator", name)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def named(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status, [*headers, self._header], exc_info)

        return self._application(environ, named)
