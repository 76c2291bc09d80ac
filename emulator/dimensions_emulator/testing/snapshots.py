"""Points to go back to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimensions_emulator.testing.line import segment
from dimensions_emulator.testing.records import Snapshot

if TYPE_CHECKING:
    from dimensions_emulator.testing.line import Line


class Snapshots:
    def __init__(self, line: Line) -> None:
        self._line = line

    def take(self, name: str) -> Snapshot:
        """Keep world and clock as they are, in place of an earlier snapshot of that name."""
        return Snapshot.of(self._line.control("POST", f"snapshots/{segment(name)}"))

    def restore(self, name: str) -> Snapshot:
        """Go back; the snapshot stays."""
        return Snapshot.of(self._line.control("POST", f"snapshots/{segment(name)}/restore"))

    def list(self) -> list[Snapshot]:
        return [Snapshot.of(data) for data in self._line.control("GET", "snapshots")]

    def delete(self, name: str) -> None:
        self._line.control("DELETE", f"snapshots/{segment(name)}")
