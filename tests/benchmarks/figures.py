"""Figures out of many measurements."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MICROSECOND = 1_000


@dataclass(frozen=True, slots=True)
class Figures:
    """Requests a second, the median of the rounds; times in microseconds over all rounds."""

    rate: float
    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """One call in one setting: ours beside the yardstick; `ratio` is ours over the yardstick in speed."""

    call: str
    setting: str
    yardstick: Figures
    ours: Figures
    unexpected: int = 0
    example: str = ""

    @property
    def ratio(self) -> float:
        return self.ours.rate / self.yardstick.rate


def figures(rates: Sequence[float], times: Sequence[int]) -> Figures:
    """Sum up rounds: a rate for each, the times of all requests in nanoseconds."""
    if not times:
        return Figures(float("nan"), float("nan"), float("nan"))
    ordered = sorted(times)
    return Figures(
        median(rates),
        ordered[len(ordered) // 2] / MICROSECOND,
        ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] / MICROSECOND,
    )
