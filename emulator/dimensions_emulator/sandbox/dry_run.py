"""Requests that are tried and never happen, and how they go."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from dimensions_emulator.sandbox.met import Met


class Request(NamedTuple):
    """A request to try; `path` is spelled as WSGI has it, `mount` is the path prefix that names a session."""

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    mount: str = ""
    scheme: str = "http"

    def header(self, name: str) -> str | None:
        """A header's value by its name in any case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def with_header(self, name: str, value: str) -> Request:
        """This request with a header, in place of the one of this name."""
        rest = tuple(item for item in self.headers if item[0].lower() != name.lower())
        return self._replace(headers=(*rest, (name, value)))


class Outcome(NamedTuple):
    """How a request would go; `met` has the refusal if there is one."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    met: Met

    @property
    def passed(self) -> bool:
        """Tell whether the request would be accepted."""
        return self.status < 400  # noqa: PLR2004
