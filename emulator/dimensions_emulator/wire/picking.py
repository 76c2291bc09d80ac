"""What the journal keeps of the many things in an environ."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from wsgiref.types import WSGIEnvironment

ALWAYS = frozenset({
    "CONTENT_LENGTH",
    "CONTENT_TYPE",
    "PATH_INFO",
    "QUERY_STRING",
    "REQUEST_METHOD",
    "REQUEST_URI",
    "SCRIPT_NAME",
    "wsgi.url_scheme",
})  # fmt: skip
MOST, KEYS, LONGEST = 200, 100, 4_000
AN_ENTRY, A_VALUE, A_NAME = 1500, 60, 60
"""Bytes of memory that an entry takes beside its texts, and so do each value and each name of it."""


class Pick(NamedTuple):
    """The names that are kept, what gets their values, and the bytes that an entry takes beside its texts."""

    names: tuple[str, ...]
    values: Callable[[WSGIEnvironment], tuple[str, ...]]
    size: int


class Picks(dict[tuple[str, ...], Pick]):
    """Picks by all keys of an environ, as they stand there.

    To look at every key anew would cost a GET several percent, and a client sends the same ones again and
    again: the first `MOST` sets of keys are remembered, but for those of more than `KEYS` keys or `LONGEST`
    characters.
    """

    def __missing__(self, keys: tuple[str, ...]) -> Pick:
        names = tuple(key for key in keys if key in ALWAYS or key.startswith("HTTP_"))
        found = Pick(names, itemgetter(*names), AN_ENTRY + A_VALUE * len(names))
        if len(self) < MOST and len(keys) <= KEYS and sum(map(len, keys)) <= LONGEST:
            self[keys] = found
            return found
        return found._replace(size=found.size + sum(map(len, names)) + A_NAME * len(names))
