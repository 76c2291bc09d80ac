"""What a run shows while it goes on: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from rich.console import Console

    from dimensions_contracts.conformance.compiler import Case
    from dimensions_contracts.conformance.judge import CaseVerdict

EVERY = 100
"""Cases between two plain lines."""


class Shown:
    """Tells of cases begun and judged, on a console."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._done = self._total = self._found = self._skipped = 0
        self._bar = Progress(
            TextColumn("{task.fields[source]:9}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[found]}"),
            TimeElapsedColumn(),
            TextColumn("{task.description}", table_column=None),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", total=None, source="", found="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def of(self, total: int) -> None:
        """Say how many cases there will be."""
        self._total = total
        self._bar.update(self._task, total=total)

    def note(self, text: str) -> None:
        """Say what else goes on."""
        if self._console.is_terminal:
            self._bar.update(self._task, description=text)
        else:
            self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def __call__(self, case: Case, verdict: CaseVerdict | None) -> None:
        """Count a case; without a verdict it was left out."""
        self._done += 1
        self._skipped += verdict is None
        if verdict is not None and verdict.findings:
            self._found += 1
        told = f"{self._found} with findings, {self._skipped} left out"
        self._bar.update(
            self._task, completed=self._done, description=case.id, source=case.source, found=told
        )
        if not self._console.is_terminal and self._done % EVERY == 0:
            self._console.print(f"{self._done} of {self._total} cases, {told}", highlight=False)
