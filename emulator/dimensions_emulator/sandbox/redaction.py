"""Secrets, and what is shown in their place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MASK = "***"
HEADERS = frozenset(
    {
        "authorization",
        "cookie",
        "proxy-authorization",
        "set-cookie",
        "x-api-key",
        "x-auth-token",
        "x-emulator-admin-token",
    }
)
"""Headers whose values are secrets, beside those that end as `ENDINGS` do."""

ENDINGS = ("authorization", "-token", "api-key")

SCHEMES = frozenset({"basic", "bearer", "digest"})
PREFIX, ACTIVATE = "emulator-token-", "/_emulator/activate/"
OWN = rf"{PREFIX}[A-Za-z0-9_-]+"
"""The tokens of the shipped worlds, and those that were minted."""

QUERY = re.compile(r"([?&](?:access_token|token|api_?key|password|secret)=)[^&#\s\"'<>\\]+", re.IGNORECASE)
LOGIN = re.compile(r"(?<=://)[^/?#@\s\"'<>\\]+(?=@)")
"""What stands in a URL for a secret: values in its query, and the name and password before its host."""

LINK = re.compile(rf"({ACTIVATE}).+", re.DOTALL)
SHORT, LONG = 4, 12
"""What is shorter than the one is no secret; what is shorter than the other is masked where it stands alone,
as it may be a part of words."""


def secret(name: str) -> bool:
    """Whether the value of a header of this name is a secret."""
    lower = name.lower()
    return lower in HEADERS or lower.endswith(ENDINGS)


def header(name: str, value: str) -> str:
    """The value of a header as it may be shown; the scheme of a token stays."""
    if not secret(name) or not value:
        return value
    scheme, blank, _ = value.partition(" ")
    return f"{scheme} {MASK}" if blank and scheme.lower() in SCHEMES else MASK


def secrets(headers: Iterable[tuple[str, str]]) -> set[str]:
    """The secrets in headers, which nothing else may show either."""
    found: set[str] = set()
    for name, value in headers:
        if name.lower() in {"cookie", "set-cookie"}:
            found |= {part.partition("=")[2].strip() for part in value.split(";")}
        elif secret(name):
            found |= {value.strip(), value.strip().partition(" ")[2].strip()}
    return found - {""}


def masking(hidden: Iterable[str]) -> Callable[[str], str]:
    """A function that masks these secrets, as they are and as URLs spell them.

    It masks the emulator's tokens too, and what is a secret by its place in a URL.
    """
    plain = [secret for secret in hidden if len(secret) >= SHORT]
    spellings = {*plain, *(quote(secret, safe="", encoding="latin-1") for secret in plain)}
    pattern = re.compile("|".join([*map(_pattern, sorted(spellings, key=len, reverse=True)), OWN]))
    return lambda text: LOGIN.sub(MASK, QUERY.sub(rf"\1{MASK}", pattern.sub(MASK, text)))


def path(text: str, sent: Iterable[str] = ()) -> str:
    """A path as it may be shown: without the secrets that came with it, and that of an activation link."""
    hidden = [secret for secret in sent if secret in text]
    if hidden or PREFIX in text:
        text = masking(hidden)(text)
    return LINK.sub(rf"\1{MASK}", text) if ACTIVATE in text else text


def _pattern(secret: str) -> str:
    text = re.escape(secret)
    return text if len(secret) >= LONG else rf"(?<![\w.~+-]){text}(?![\w.~+-])"
