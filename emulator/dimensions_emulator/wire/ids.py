"""GUIDs in paths."""

from __future__ import annotations

import re

from dimensions_emulator.domain.errors import Refused

CANONICAL = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
HEX = "[0-9a-f]"
HYPHENS = f"{HEX}{{8}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{12}}"
SPELLINGS = re.compile(rf"{HYPHENS}|{HEX}{{32}}|\{{{HYPHENS}\}}|\({HYPHENS}\)")


def guid(text: str) -> str:
    """The id in its usual spelling; raises `Refused` if it is in none (ID-FORMAT, ID-SPELLING)."""
    if CANONICAL.fullmatch(text):
        return text
    lower = text.lower() if text.isascii() else ""
    if not SPELLINGS.fullmatch(lower):
        raise Refused("ID-FORMAT", "ValueInvalid", value=text)
    digits = lower.strip("{()}").replace("-", "")
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
