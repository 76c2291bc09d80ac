"""What a reader of any kind may find in a body."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dimensions_contracts.conformance.guids import decoded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dimensions_contracts.catalog import Catalog, Role

RESERVED = (
    "example",
    ".example",
    "test",
    ".test",
    "invalid",
    ".invalid",
    "example.com",
    ".example.com",
    "example.net",
    ".example.net",
    "example.org",
    ".example.org",
)
"""Names that no one can receive mail under (RFC 2606); a dot in front stands for all names below."""
WELCOMED, ADMINISTRATOR = "customer.user.uc", "user.admin"
LEVEL3 = re.compile("supervisorl[345]$")
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "latin-1")
CHARSET = re.compile(r"charset\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE)
ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
CONTROLS = frozenset("bfnrt")
PIECES = re.compile(r"[\"'`,\[\]{}<>:;&=]")
NOISE = re.compile(r"[\W_]")
AT = re.compile(r"@([^\s@<>,;\"'&]*)(.?)", re.DOTALL)
DOMAIN = re.compile(r"[\w.-]+")
LOCAL = re.compile(r"[<>,;\"'&=]")
CLOSED = frozenset({"", "@", '"'})


def texts(body: bytes, media_type: str = "") -> tuple[list[str], list[str]]:
    """The strings of a JSON body, duplicates too, and the whole body in every way it may be read."""
    named = [name for name in CHARSET.findall(media_type) if _is_text(name)]
    usual = ENCODINGS[:1] if _is_plain(body) else ENCODINGS
    readings = list(dict.fromkeys(body.decode(name, "ignore") for name in (*usual, *named)))
    strings = [text for reading in readings for text in _strings(reading)]
    return strings, [_unescaped(reading) for reading in readings]


@dataclass(frozen=True, slots=True)
class RoleWords:
    """Which roles cost money, send mail or act on other users, by their squeezed spellings."""

    words: Mapping[str, frozenset[str]]
    pattern: re.Pattern[str]

    def needs(self, body: bytes, media_type: str = "") -> frozenset[str]:
        """Name what a write with this body needs: charges, mail, level3, administrator."""
        strings, readings = texts(body, media_type)
        pieces = {*strings, *(piece for reading in readings for piece in PIECES.split(reading))}
        squeezed = "\n".join(map(squeeze, pieces))
        return frozenset().union(*(self.words[found] for found in self.pattern.findall(squeezed)))


def role_words(catalog: Catalog) -> RoleWords:
    """Read them from the catalogue: a role that brings a prerequisite along needs what that one needs."""
    keys = {key: _needs(catalog, role) for key, role in catalog.roles.items()}
    words = {squeeze(spelling): keys[key] for spelling, key in catalog.spellings().items()}
    longest_first = sorted(words, key=len, reverse=True)
    return RoleWords(words, re.compile(rf"(?=({'|'.join(map(re.escape, longest_first))}))"))


def stranger(body: bytes, media_type: str, run_id: str, domains: Iterable[str]) -> str | None:
    """The first address in a body that is not the run's own, or None.

    An address without a local part or without a domain reaches no one.
    """
    strings, readings = texts(body, media_type)
    allowed = tuple(domains)
    for text, whole in (*((text, True) for text in strings), *((text, False) for text in readings)):
        for local, domain in _addresses(text, whole=whole):
            if not (run_id.casefold() in local or not local.strip()) or not is_allowed(domain, allowed):
                return f"{local[-64:]}@{domain}"
    return None


def is_allowed(domain: str, domains: Iterable[str]) -> bool:
    """Tell whether a domain is one of these; a dot in front of one stands for all names below it."""
    name = domain.casefold().removesuffix(".")
    return DOMAIN.fullmatch(name) is not None and any(
        name.endswith(one) if one.startswith(".") else name == one for one in domains
    )


def squeeze(text: str) -> str:
    """The letters and digits of a text, in lower case."""
    return NOISE.sub("", unicodedata.normalize("NFKC", text).casefold())


def member(body: bytes | None, *names: str) -> Any:
    """The value under these names in a JSON body; None if there is none."""
    try:
        value = json.loads(body or b"")
    except (ValueError, RecursionError):
        return None
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _addresses(text: str, *, whole: bool) -> Iterator[tuple[str, str]]:
    """What stands around each at sign; `whole` tells that the text is one string of JSON."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    end = 0
    for found in AT.finditer(plain):
        if found[1]:
            before = plain[end : found.start()]
            yield before.rpartition("<")[2] if whole else LOCAL.split(before)[-1], found[1]
            end = found.end(1)
        elif found[2] not in CLOSED:
            yield "", found[2]


def _needs(catalog: Catalog, role: Role) -> frozenset[str]:
    needs = {need for key in role.prerequisites for need in _needs(catalog, catalog.roles[key])}
    if role.licensed:
        needs.add("charges")
    if role.key == WELCOMED:
        needs.add("mail")
    if role.key == ADMINISTRATOR:
        needs.add("administrator")
    if LEVEL3.search(role.key):
        needs.add("level3")
    return frozenset(needs)


def _is_text(name: str) -> bool:
    try:
        b"a".decode(name, "ignore")
    except (LookupError, UnicodeError, ValueError):
        return False
    return True


def _is_plain(body: bytes) -> bool:
    try:
        return "\0" not in body.decode()
    except UnicodeDecodeError:
        return False


def _strings(reading: str) -> Iterator[str]:
    found: list[str] = []

    def gather(pairs: list[tuple[str, Any]]) -> list[Any]:
        return [part for pair in pairs for part in pair]

    try:
        waiting = [json.loads(reading.removeprefix("\ufeff"), object_pairs_hook=gather, strict=False)]
    except (ValueError, RecursionError):
        return iter(())
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, list):
            waiting.extend(value)
    return iter(found)


def _unescaped(text: str) -> str:
    plain = ESCAPE.sub(_letter, text)
    return html.unescape(decoded(html.unescape(plain)))


def _letter(found: re.Match[str]) -> str:
    if found[3]:
        return "" if found[3] in CONTROLS else found[3]
    return chr(int(found[1] or found[2], 16))
