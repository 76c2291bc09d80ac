"""GUIDs as lenient readers see them."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote_to_bytes

HEX = re.compile("[0-9a-f]{32,}")
USUAL = re.compile(
    r"(?<![0-9a-f])[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}(?![0-9a-f])",
    re.IGNORECASE,
)
URN = re.compile("^(?:urn:)?(?:uuid:)?")
NOISE = re.compile(r"[\W_]")
LAYERS, LENGTH = 16, 32


def decoded(text: str) -> str:
    """The text without percent-encoding, however often it was applied."""
    return _layers(text)[-1]


def usual(text: str) -> str | None:
    """The id that the text spells in any way, in lower case with hyphens; None if it spells none."""
    plain = _squeezed(decoded(text))
    return _hyphened(plain) if len(plain) == LENGTH and HEX.fullmatch(plain) else None


def readings(text: str) -> list[list[str]]:
    """The ids that a careless reader may find in a text, run of hexadecimal digits by run.

    How often such a reader decodes the text is not known, so it is read after every time.
    """
    runs = [run for layer in _layers(text) for run in HEX.findall(_squeezed(layer))]
    return [[_hyphened(run[at : at + LENGTH]) for at in range(len(run) - LENGTH + 1)] for run in runs]


def within(text: str) -> set[str]:
    """Every id that is written out in a text."""
    return {_hyphened(found.replace("-", "").lower()) for found in USUAL.findall(text)}


def _layers(text: str) -> list[str]:
    octets = [text.encode("utf-8", "surrogatepass")]
    while len(octets) < LAYERS and (plain := unquote_to_bytes(octets[-1])) != octets[-1]:
        octets.append(plain)
    return [layer.decode("utf-8", "replace") for layer in octets]


def _squeezed(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold().strip()
    digits = "".join(str(unicodedata.decimal(letter, letter)) for letter in plain)
    return NOISE.sub("", URN.sub("", digits.strip("{([<\"' ")))


def _hyphened(digits: str) -> str:
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
