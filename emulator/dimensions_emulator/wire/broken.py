"""Answers that the transport breaks on purpose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["reset", "hang", "truncate"]


@dataclass(slots=True)
class Broken:
    """The body of a WSGI answer that does not arrive as it should; for servers that do not know it, nothing.

    `reset`: the connection is reset in place of an answer. `hang`: nothing comes for some seconds, then
    the connection is closed. `truncate`: the head comes, and the first half of the body; where there
    is no half nothing comes.
    """

    kind: Kind
    seconds: float = 0.0
    body: bytes = b""

    @property
    def part(self) -> bytes:
        """What still arrives of the body of a truncated answer."""
        return self.body[: len(self.body) // 2]

    def __iter__(self) -> Iterator[bytes]:
        return iter(())
