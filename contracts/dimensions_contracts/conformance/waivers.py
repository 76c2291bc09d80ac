"""Waivers: known deviations, each with a reason and a day on which it ends."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from dimensions_contracts.conformance.options import CannotRun

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

MEMBERS = {"rule", "reason", "expires"}


@dataclass(frozen=True, slots=True)
class Waiver:
    """A rule that is known not to be kept, why that is borne, and until when."""

    rule: str
    reason: str
    expires: date


def read(path: Path, rules: Collection[str]) -> tuple[Waiver, ...]:
    """The waivers of a file; raises `CannotRun` naming every mistake in it."""
    try:
        parsed = json.loads(path.read_text("utf-8"))
    except OSError as fault:
        raise CannotRun(f"the waivers {path} cannot be read: {fault.strerror}.") from None
    except (ValueError, RecursionError) as fault:
        raise CannotRun(f"the waivers {path} are no JSON: {fault}.") from None
    entries = parsed.get("waivers") if isinstance(parsed, dict) else None
    if not isinstance(entries, list):
        raise CannotRun(f'{path} holds no waivers; write {{"waivers": [{{"rule", "reason", "expires"}}]}}.')
    mistakes = [
        f"waiver {n} of {path}: {mistake}"
        for n, entry in enumerate(entries, 1)
        if (mistake := _mistake(entry, rules)) is not None
    ]
    if mistakes:
        raise CannotRun(*mistakes)
    return tuple(
        Waiver(entry["rule"], entry["reason"], date.fromisoformat(entry["expires"])) for entry in entries
    )


def _mistake(entry: Any, rules: Collection[str]) -> str | None:
    if not isinstance(entry, dict) or entry.keys() != MEMBERS:
        return "it has the members rule, reason and expires, and no others."
    if not isinstance(entry["rule"], str) or entry["rule"] not in rules:
        near = get_close_matches(str(entry["rule"]), rules, n=1)
        hint = f"; did you mean {near[0]}?" if near else "; dimensions-contracts rules lists them."
        return f"there is no rule {entry['rule']!r}{hint}"
    if not isinstance(entry["reason"], str) or not entry["reason"].strip():
        return "its reason is a sentence."
    try:
        date.fromisoformat(entry["expires"])
    except (ValueError, TypeError):
        return f"it expires on a day such as 2027-01-31, not {entry['expires']!r}."
    return None
