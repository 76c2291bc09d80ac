"""The report document: the plain value that every report renders."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

Document = Mapping[str, Any]
Rule = Mapping[str, Any]

# The order in which reports list statuses: what needs a reader comes first.
STATUSES = ("FAIL", "ERROR", "DIFFERENT", "KNOWN", "SKIP", "NOT-EXERCISED", "PASS")
PROBLEMS = ("FAIL", "ERROR", "DIFFERENT")
UNJUDGED = ("SKIP", "NOT-EXERCISED")
NO_CASE = "No case of this run exercised the rule."  # the reason of NOT-EXERCISED when none is given

HEADLINES = MappingProxyType(
    {
        0: "Conforms",
        1: "Does not conform",
        2: "Could not run",
        3: "Incomplete",
        4: "Clean-up incomplete",
        130: "Interrupted",
    }
)

# All that XML cannot hold, steers a terminal or turns the direction of what follows it.
HARMFUL = re.compile(
    "[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


def legible(value: Any) -> Any:
    """Give the same value with each harmful character, wherever a target sent one, as its escape."""
    if isinstance(value, str):
        return HARMFUL.sub(lambda found: f"\\u{ord(found[0]):04x}", value)
    if isinstance(value, Mapping):
        return {legible(key): legible(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [legible(item) for item in value]
    return value


def headline(document: Document) -> str:
    """The verdict in a word or two."""
    return HEADLINES.get(document["verdict"]["exitCode"], "Ended unexpectedly")


def groups(document: Document) -> dict[str, list[Rule]]:
    """The rules below their headings, both in the order of the document."""
    found: dict[str, list[Rule]] = {}
    for rule in document["rules"]:
        found.setdefault(rule["group"], []).append(rule)
    return found


def having(document: Document, statuses: tuple[str, ...]) -> list[Rule]:
    """The rules with one of the statuses, in the order of these."""
    return [rule for status in statuses for rule in document["rules"] if rule["status"] == status]


def remarkable(document: Document) -> list[Rule]:
    """The rules that somebody should look at: problems, then the documented ones without a verdict."""
    unjudged = [rule for rule in having(document, UNJUDGED) if rule["mark"] == "documented"]
    return having(document, PROBLEMS) + unjudged


def tally(rules: list[Rule]) -> dict[str, int]:
    """How many of the rules have each status; one that none has is left out."""
    found = [rule["status"] for rule in rules]
    return {status: found.count(status) for status in STATUSES if status in found}


def answered_otherwise(document: Document) -> list[Mapping[str, Any]]:
    """The decisions for which something else than the profile's choice was seen."""
    return [one for one in document["decisions"] if one["seen"] not in {None, one["profile"]}]
