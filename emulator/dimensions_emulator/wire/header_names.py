"""The headers among the many things in an environ."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

MOST, LONGEST = 100, 4_000


class HeaderNames:
    """Finds headers, and remembers which names are some: a client sends the same ones again and again.

    To look at every name anew would cost a GET two percent. At most `MOST` sets of names are remembered, none
    with more than `LONGEST` characters.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], tuple[str, ...]] = {}

    def of(self, environ: WSGIEnvironment) -> tuple[str, ...]:
        """The names of the headers in an environ, as they stand there."""
        names = tuple(environ)
        found = self._known.get(names)
        if found is None:
            found = tuple(name for name in names if name.startswith("HTTP_") or name == "CONTENT_TYPE")
            if sum(map(len, names)) <= LONGEST:
                if len(self._known) >= MOST:
                    self._known.clear()
                self._known[names] = found
        return found
