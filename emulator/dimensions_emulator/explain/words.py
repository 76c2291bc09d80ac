"""Words for sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


LONGEST = 64


def short(text: str) -> str:
    """The text, of a long one its beginning with its length."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text)} characters)"


def listed(words: Sequence[str]) -> str:
    """The words with commas and a final "and"."""
    if len(words) < 2:  # noqa: PLR2004
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def sentence(first: Sequence[str], rest: Sequence[str]) -> str:
    """One sentence that tells what to do first and what then, in clauses that begin with their verbs."""
    told = ", then ".join([*(["first " + listed(first)] if first else []), *([listed(rest)] if rest else [])])
    return f"{told[:1].upper()}{told[1:]}."
