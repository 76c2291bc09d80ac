"""The one way to say no."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """A rule of the catalogue is broken; `error` is a key of errors.json, `facts` fill its text."""

    def __init__(self, rule: str, error: str, **facts: Any) -> None:
        super().__init__(rule, error, facts)
        self.rule = rule
        self.error = error
        self.facts = facts


class WorldFull(Exception):
    """A world that may not grow further; `args[0]` names the limit and the way out. No rule of the API."""
