"""An entry of the journal as people and patterns see it."""

from __future__ import annotations

import re
from base64 import b64encode
from codecs import getincrementaldecoder
from functools import cached_property
from string import punctuation
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote

import orjson

from dimensions_emulator.domain import guids, ticks
from dimensions_emulator.sandbox import redaction
from dimensions_emulator.sandbox.journal import LONGEST_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dimensions_emulator.sandbox.journal import Entry

IN_PATHS = "/:@!$&'()*+,;=~"
PREFIX = re.compile(r"/s/[^/]+(?=/)")
Headers = list[tuple[str, str]]


class Part:
    """A message's body, masked; `size` is the whole one's, of which the beginning is kept if it was `cut`."""

    def __init__(self, kept: bytes, size: int, mask: Callable[[str], str]) -> None:
        self.kept = mask(kept.decode("latin-1")).encode("latin-1")
        self.size = size
        self.cut = len(kept) < size

    @cached_property
    def text(self) -> str | None:
        """The body as text, None if it is none."""
        try:
            return getincrementaldecoder("utf-8")().decode(self.kept, final=not self.cut)
        except UnicodeDecodeError:
            return None

    @property
    def base64(self) -> str:
        return b64encode(self.kept).decode()

    def json(self) -> Any:
        """The body as JSON; raises ValueError if it is none, or not whole."""
        if self.cut:
            raise ValueError(f"only the beginning of its {self.size} bytes is kept")
        return orjson.loads(self.kept)

    def shown(self) -> dict[str, Any]:
        text = {"body": self.text} if self.text is not None else {"body": "", "bodyAsBase64": self.base64}
        return {**text, "bodySize": self.size, "bodyCut": self.cut}


class Exchange:
    """A request and its answer with all secrets masked; `hidden` are secrets of the server's own."""

    def __init__(self, entry: Entry, hidden: Iterable[str] = ()) -> None:
        self.entry = entry
        self.mask = redaction.masking({*redaction.secrets(named(entry.headers)), *hidden})

    @cached_property
    def target(self) -> str:
        """The request's target as the client wrote it, with the prefix that names the session."""
        entry = self.entry
        raw = entry.uri if entry.uri.startswith("/") else ""
        if not raw:
            path = quote(entry.mount + entry.path, safe=IN_PATHS, encoding="latin-1")
            raw = f"{path}?{entry.query}" if entry.query else path
        return self.mask(quote(raw, safe=punctuation, encoding="latin-1"))

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The spellings of the path: with and without the session's prefix, as sent and decoded."""
        raw = self.target.partition("?")[0]
        given = (raw, unquote(raw))
        plain = (PREFIX.sub("", path, count=1) for path in given) if self.entry.mount else ()
        return tuple(dict.fromkeys((*given, *plain)))

    @cached_property
    def urls(self) -> tuple[str, ...]:
        """The spellings of path and query."""
        _, mark, query = self.target.partition("?")
        return tuple(path + mark + query for path in self.paths)

    @property
    def absolute_url(self) -> str:
        host = next((value for name, value in self.entry.headers if name == "HTTP_HOST"), "localhost")
        return f"{self.entry.scheme}://{host}{self.target}"

    @cached_property
    def query(self) -> Headers:
        return parse_qsl(self.target.partition("?")[2], keep_blank_values=True)

    @cached_property
    def headers(self) -> Headers:
        """The request's headers, by name."""
        entry = self.entry
        length = [("Content-Length", entry.sent)] if entry.sent != "0" else []
        return self._shown([*named(sorted(entry.headers)), *length])

    @cached_property
    def answer_headers(self) -> Headers:
        return self._shown(self.entry.answer_headers)

    @cached_property
    def body(self) -> Part:
        entry = self.entry
        told = entry.sent if entry.sent.isdecimal() and len(entry.sent) <= LONGEST_SIZE else "0"
        return Part(entry.body, max(int(told), len(entry.body)), self.mask)

    @cached_property
    def answer(self) -> Part:
        return Part(self.entry.answer, self.entry.got, self.mask)

    @cached_property
    def error_code(self) -> str | None:
        """The error code in the answer."""
        try:
            body = self.answer.json()
        except ValueError:
            return None
        code = body.get("errorCode") if isinstance(body, dict) else None
        return code if isinstance(code, str) else None

    def fact(self, name: str) -> str | int | None:
        """What became known of the request, by the names that entries and patterns have for it."""
        met = self.entry.met
        match name:
            case "status":
                return self.entry.status
            case "errorCode":
                return self.error_code
            case "rule":
                return met.refused.rule if met.refused else None
            case "customer" | "user":
                given: str | None = getattr(met, name)
                return given and self.mask(guids.usual(given) or given)
            case _:
                known: str | None = getattr(met, name)
                return known

    def shown(self, session: str) -> dict[str, Any]:
        """The entry as JSON has it, without the curl line."""
        entry, fault = self.entry, self.entry.met.fault
        facts = ("operation", "customer", "user", "caller", "rule", "errorCode")
        return {
            "id": entry.id,
            "at": ticks.text(entry.at),
            "session": session,
            **{name: self.fact(name) for name in facts},
            "fault": fault.id if fault else None,
            "milliseconds": round(entry.seconds * 1000, 3),
            "request": {
                "method": entry.method,
                "url": self.target,
                "absoluteUrl": self.absolute_url,
                "headers": dict(self.headers),
                **self.body.shown(),
                "loggedDate": entry.at // (ticks.SECOND // 1000),
            },
            "response": {
                "status": entry.status,
                "headers": _joined(self.answer_headers),
                **self.answer.shown(),
            },
        }

    def _shown(self, headers: Iterable[tuple[str, str]]) -> Headers:
        return [(name, self.mask(_decoded(redaction.header(name, value)))) for name, value in headers]


def named(headers: Iterable[tuple[str, str]]) -> Headers:
    """Headers of an environ under their names in HTTP."""
    return [(name.removeprefix("HTTP_").replace("_", "-").title(), value) for name, value in headers]


def _joined(headers: Headers) -> dict[str, str]:
    together: dict[str, str] = {}
    for name, value in headers:
        together[name] = f"{together[name]}, {value}" if name in together else value
    return together


def _decoded(text: str) -> str:
    """A text of an environ, whose bytes stand there as Latin-1."""
    return text if text.isascii() else text.encode("latin-1", "replace").decode("utf-8", "replace")
