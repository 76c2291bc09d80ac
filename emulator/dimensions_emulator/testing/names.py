"""Names that a call takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from typing import Any


def check(given: Iterable[str], known: Collection[str], what: str) -> None:
    """Raise `TypeError` for a name that is not known, telling those that are."""
    unknown = set(given) - set(known)
    if unknown:
        raise TypeError(f"{what} has no '{min(unknown)}'; it has {', '.join(sorted(known))}")


def texts(given: Iterable[Any], what: str) -> list[str]:
    """Texts as a list; raises `TypeError` for a single one, whose letters would be taken, and for others."""
    listed = [] if isinstance(given, str) else list(given)
    wrong = (
        given if isinstance(given, str) else next((one for one in listed if not isinstance(one, str)), None)
    )
    if wrong is not None:
        raise TypeError(f"{what}, not {wrong!r}")
    return listed
