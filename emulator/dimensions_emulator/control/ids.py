"""GUIDs in the bodies, queries and paths of the control plane."""

from __future__ import annotations

from flask import abort

from dimensions_emulator.domain import guids

SHOWN = 100


def guid(text: str, field: str, noun: str = "customer") -> str:
    """The id in its usual spelling; refused with the name of its field if it has none."""
    usual = guids.usual(text)
    if usual is None:
        abort(
            400,
            f"{field} is the id of {'an' if noun == 'account' else 'a'} {noun}, not '{text[:SHOWN]}';"
            f" GET /_emulator/state tells the ids of the {noun}s.",
        )
    return usual
