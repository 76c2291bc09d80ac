"""The spellings of GUIDs."""

from __future__ import annotations

import re

USUAL = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
ANY = re.compile(rf"{USUAL.pattern}|[0-9a-f]{{32}}|\{{{USUAL.pattern}\}}|\({USUAL.pattern}\)")


def usual(text: str) -> str | None:
    """The GUID in lower case with hyphens, or None if the text is no spelling of one (ID-SPELLING)."""
    if USUAL.fullmatch(text):
        return text
    lower = text.lower() if text.isascii() else ""
    if not ANY.fullmatch(lower):
        return None
    digits = lower.strip("{()}").replace("-", "")
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
