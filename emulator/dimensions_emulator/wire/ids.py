"""GUIDs in paths."""

from __future__ import annotations

from dimensions_emulator.domain import guids
from dimensions_emulator.domain.errors import Refused


def guid(text: str) -> str:
    """The id in its usual spelling; raises `Refused` if it has none (ID-FORMAT)."""
    usual = guids.usual(text)
    if usual is None:
        raise Refused("ID-FORMAT", "ValueInvalid", value=text)
    return usual
