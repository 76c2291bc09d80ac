"""The report: a table of what was measured, each line beside its bar."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from figures import Comparison

LEAST = {"GET one": 0.75, "PATCH role": 0.5}
"""The least ratio to the no-op route."""

SLOWEST_BY_SIZE = 1.3
"""The most that a point operation may take longer among very many users."""


@dataclass(frozen=True, slots=True)
class Line:
    """One measured value; `met` is None where there is no bar."""

    name: str
    value: str
    bar: str = ""
    met: bool | None = None
    detail: str = ""


def at_most(name: str, value: float, bar: float, unit: str, detail: str = "") -> Line:
    shown = f"{value:.3f}" if value < 1 else f"{value:.1f}"
    return Line(name, f"{shown} {unit}", f"< {bar:g} {unit}", value < bar, detail)


def beside_noop(comparison: Comparison) -> Line:
    bar = LEAST.get(comparison.call)
    return Line(
        f"{comparison.call}, {comparison.setting}",
        f"{comparison.ratio:.2f} x",
        f">= {bar:.2f} x" if bar else "",
        comparison.ratio >= bar if bar else None,
        _detail(comparison, "no-op"),
    )


def by_size(comparison: Comparison) -> Line:
    longer = 1 / comparison.ratio
    return Line(
        f"{comparison.call}, {comparison.setting}",
        f"{longer:.2f} x",
        f"<= {SLOWEST_BY_SIZE:.2f} x",
        longer <= SLOWEST_BY_SIZE,
        _detail(comparison, "small"),
    )


def table(lines: Iterable[Line]) -> str:
    """The lines as columns, with a word on how many bars are met."""
    lines = list(lines)
    rows = [("what", "measured", "bar", "met", "ours | yardstick: per second, p50 / p99 in us")]
    marks = {None: "", True: "yes", False: "NO"}
    rows += [(line.name, line.value, line.bar, marks[line.met], line.detail) for line in lines]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    text = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]).rstrip()
        for row in rows
    ]
    bars = [line for line in lines if line.met is not None]
    return "\n".join([*text, "", f"{sum(bool(line.met) for line in bars)} of {len(bars)} bars met"])


def document(lines: Iterable[Line], comparisons: Iterable[Comparison]) -> dict[str, Any]:
    """Everything measured, for a machine."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "lines": [asdict(line) for line in lines],
        "comparisons": [{**asdict(comparison), "ratio": comparison.ratio} for comparison in comparisons],
    }


def _detail(comparison: Comparison, yardstick: str) -> str:
    ours, other = (
        f"{side.rate:,.0f}, {side.p50:,.0f} / {side.p99:,.0f}"
        for side in (comparison.ours, comparison.yardstick)
    )
    warning = f"  !! {comparison.unexpected} unexpected answers" if comparison.unexpected else ""
    return f"{ours} | {yardstick} {other}{warning}"
