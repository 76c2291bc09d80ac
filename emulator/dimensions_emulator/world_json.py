"""JSON text as plain values, with the places where their members stand."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import orjson

from dimensions_emulator.world_schema import Mistake, Place, TextInvalid, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dimensions_emulator.world_schema import Path

SPACE = re.compile(r"[ \t\r\n,:]*")


class _Doubled(dict[str, Any]):
    """A mapping whose text has some key twice."""

    keys_met: tuple[str, ...] = ()


def load(text: str) -> tuple[Any, list[Mistake]]:
    """Read JSON strictly, with a mistake for every key that a mapping has twice; raises TextInvalid."""
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError as error:
        told = error.msg.partition(": line ")[0]
        raise TextInvalid(Place(error.lineno, error.colno), f"{told}; expected JSON") from None
    doubled: list[_Doubled] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        built = dict(pairs)
        if len(built) == len(pairs):
            return built
        marked = _Doubled(built)
        marked.keys_met = tuple(key for key, _ in pairs)
        doubled.append(marked)
        return marked

    try:
        document = json.loads(text, object_pairs_hook=members)
        return document, list(_twice(document, ())) if doubled else []
    except RecursionError:
        raise TextInvalid(None, "nested too deeply; expected a world") from None


def _twice(value: Any, path: Path) -> Iterator[Mistake]:
    if isinstance(value, _Doubled):
        met = Counter(value.keys_met)
        for key in value:
            if met[key] > 1:
                yield Mistake((*path, key), f"{shown(key)} is here twice; expected it once")
    pairs: Any = value.items() if isinstance(value, dict) else ()
    for step, member in enumerate(value) if isinstance(value, list) else pairs:
        yield from _twice(member, (*path, step))


class Places:
    """The places of the members of one JSON text that is known to be right, looked up by path."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._skip = json.JSONDecoder().raw_decode
        self._known: dict[int, Mapping[str | int, tuple[int, int]]] = {}

    def at(self, path: Path) -> Place:
        """Find where a member stands, or the nearest member around it."""
        start = value = self._past(0)
        for step in path:
            found = self._members(value).get(step)
            if found is None:
                break
            start, value = found
        before = self._text.rfind("\n", 0, start)
        return Place(self._text.count("\n", 0, start) + 1, start - before)

    def _past(self, index: int) -> int:
        match = SPACE.match(self._text, index)
        return match.end() if match else index

    def _members(self, value: int) -> Mapping[str | int, tuple[int, int]]:
        """Find the members of the collection that starts here: where each begins, and its value."""
        if value not in self._known:
            opening = self._text[value]
            walk = {"{": self._mapping, "[": self._list}.get(opening)
            self._known[value] = dict(walk(value + 1)) if walk else {}
        return self._known[value]

    def _mapping(self, index: int) -> Iterator[tuple[str | int, tuple[int, int]]]:
        while self._text[start := self._past(index)] != "}":
            key, after = self._skip(self._text, start)
            value = self._past(after)
            yield key, (start, value)
            index = self._skip(self._text, value)[1]

    def _list(self, index: int) -> Iterator[tuple[str | int, tuple[int, int]]]:
        number = 0
        while self._text[start := self._past(index)] != "]":
            yield number, (start, start)
            index, number = self._skip(self._text, start)[1], number + 1
