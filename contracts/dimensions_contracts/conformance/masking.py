"""What logs and reports may show of tokens and of people who are not the run's."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HIDDEN = "***"
SHORTEST = 4
CREDENTIALS = re.compile(
    r"(?P<before>authorization[\"'\\]*\s*[:=,]\s*[\"'\\]*)(?P<scheme>bearer|basic|digest|token)?(?P<gap>\s*)"
    r"[^\s\"'\\,}]+",
    re.IGNORECASE,
)
BEARER = re.compile(r"\b(bearer)\s+[\w.~+/-]{16,}=*", re.IGNORECASE)
JWT = re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*")
STRING = r'"(?:[^"\\]|\\.)*"'
PARTS = re.compile(
    rf'"(?P<name>e-?mail|display_?name)"\s*:\s*"(?P<value>(?:[^"\\]|\\.)*)(?:"|\\?\Z)|{STRING}|[{{}}]',
    re.IGNORECASE | re.DOTALL,
)
LETTER = re.compile(r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u....|\\.|.", re.DOTALL)
ADDRESS = re.compile(r"[^\s\"'<>()\[\]{},;:=\\@]{1,200}@[\w-]+(?:\.[\w-]+)+")
KEPT = frozenset("@.- ")


class Masker:
    """Hides secrets, and the names and addresses of users whose address does not carry the id of the run."""

    def __init__(self, secrets: Iterable[str], run_id: str) -> None:
        self._run_id = run_id.casefold()
        spelled = {form for secret in secrets if len(secret) >= SHORTEST for form in _forms(secret)}
        longest_first = sorted(map(re.escape, spelled), key=len, reverse=True)
        self._secrets = re.compile(rf"(?<![\w-])(?:{'|'.join(longest_first)})(?![\w-])") if spelled else None

    def text(self, text: str) -> str:
        """The text without secrets and without people, as long as it was and as valid."""
        return self._without_addresses(self._without_people(self.secrets(text)))

    def secrets(self, text: str) -> str:
        """The text without secrets."""
        if self._secrets is not None:
            text = self._secrets.sub(HIDDEN, text)
        text = CREDENTIALS.sub(rf"\g<before>\g<scheme>\g<gap>{HIDDEN}", text)
        return JWT.sub(HIDDEN, BEARER.sub(rf"\1 {HIDDEN}", text))

    def _without_people(self, text: str) -> str:
        if "{" not in text:
            return text
        pieces, end = [], 0
        for start, stop in sorted(self._foreign(text)):
            pieces += [text[end:start], _covered(text[start:stop])]
            end = stop
        return "".join((*pieces, text[end:]))

    def _foreign(self, text: str) -> Iterator[tuple[int, int]]:
        """Where names and addresses of others stand in a JSON text, also in one that was cut off."""
        objects: list[list[tuple[str, int, int]]] = [[]]
        for part in PARTS.finditer(text):
            if part["name"] is not None:
                objects[-1].append((part["name"].lower().replace("-", ""), *part.span("value")))
            elif part[0] == "{":
                objects.append([])
            elif part[0] == "}" and len(objects) > 1:
                yield from self._of(objects.pop(), text)
        for members in objects:
            yield from self._of(members, text)

    def _of(self, members: list[tuple[str, int, int]], text: str) -> Iterator[tuple[int, int]]:
        addresses = [(start, stop) for name, start, stop in members if name == "email"]
        proof = addresses or [(start, stop) for _, start, stop in members]
        if not all(self._run_id in text[start:stop].casefold() for start, stop in proof):
            for _, start, stop in members:
                yield start, stop

    def _without_addresses(self, text: str) -> str:
        if "@" not in text:
            return text
        return ADDRESS.sub(
            lambda found: found[0] if self._run_id in found[0].casefold() else _covered(found[0]), text
        )


def _forms(secret: str) -> Iterator[str]:
    yield secret
    yield quote(secret, safe="")
    yield json.dumps(secret)[1:-1]


def _covered(text: str) -> str:
    """The text letter by letter as x and 0; a JSON escape is one letter."""
    return LETTER.sub(lambda found: _cover(found[0]), text)


def _cover(letter: str) -> str:
    if letter in KEPT:
        return letter
    return "0" if letter.isdecimal() else "x"
