"""Names that a call takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


def check(given: Iterable[str], known: Collection[str], what: str) -> None:
    """Raise `TypeError` for a name that is not known, telling those that are."""
    unknown = set(given) - set(known)
    if unknown:
        raise TypeError(f"{what} has no '{min(unknown)}'; it has {', '.join(sorted(known))}")
