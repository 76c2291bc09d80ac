"""Measure the emulator beside a Flask route that does nothing: python tests/benchmarks/run.py."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from processes import SOURCES, emulator, noop, running

sys.path[:0] = SOURCES  # this tree is measured, whether it is installed or not

import report  # noqa: E402
import sandboxes  # noqa: E402
from inprocess import by_size, compared  # noqa: E402
from sockets import Effort, SocketBench  # noqa: E402

if TYPE_CHECKING:
    from figures import Comparison

CROWD = 100_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE too")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds, rougher figures")
    asked = parser.parse_args()
    lines = processes(starts=3 if asked.quick else 5)
    compare = [*over_sockets(Effort(2, 0.3) if asked.quick else Effort(5, 1.0))]
    compare += compared(2, 200) if asked.quick else compared(5, 1000)
    sizes = [*by_size((10, CROWD), 200 if asked.quick else 1000)]
    share, around = sandboxes.around(15, 100) if asked.quick else sandboxes.around(200, 100)
    lines += [share, *sandboxes.acts((10, CROWD), 200 if asked.quick else 1000), sandboxes.memory()]
    lines += [report.beside_noop(comparison) for comparison in compare]
    lines += [report.by_size(comparison) for comparison in sizes]
    print(report.table(lines))
    for comparison in [*compare, *sizes, around]:
        if comparison.unexpected:
            print(f"\nUnexpected, {comparison.call}, {comparison.setting}:\n{comparison.example}")
    if asked.json:
        asked.json.write_text(
            json.dumps(report.document(lines, [*compare, *sizes, around]), indent=1) + "\n", "utf-8"
        )


def processes(starts: int) -> list[report.Line]:
    """Start-up and memory, after one start each that only warms the caches."""
    seconds: dict[str, list[float]] = {"noop": [], "office": []}
    memory: dict[str, list[float]] = {"noop": [], "office": []}
    for turn in range(starts + 1):
        for name, command in (("noop", noop()), ("office", emulator())):
            with running(command) as server:
                if turn:
                    seconds[name].append(server.seconds)
                    memory[name].append(server.memory())
    with running(emulator("--world", "crowd", "--users", str(CROWD))) as crowd:
        crowd_seconds, crowd_memory = crowd.seconds, crowd.memory()
    floor, (start, idle) = ((median(seconds[name]), median(memory[name])) for name in ("noop", "office"))
    people = f"{CROWD:,} users"
    return [
        report.at_most(
            "start, office", start, 0.4, "s", f"{start / floor[0]:.2f} x the no-op server's {floor[0]:.3f} s"
        ),
        report.at_most(
            "memory, office",
            idle,
            75,
            "MiB",
            f"{idle / floor[1]:.2f} x the no-op server's {floor[1]:.1f} MiB",
        ),
        report.at_most(f"start, {people}", crowd_seconds, 15, "s"),
        report.at_most(
            f"memory, {people}", crowd_memory, 250, "MiB", f"{crowd_memory / idle:.2f} x the office"
        ),
    ]


def over_sockets(effort: Effort) -> list[Comparison]:
    with running(noop()) as yardstick, running(emulator()) as ours:
        return [*SocketBench(yardstick, ours, effort).run()]


if __name__ == "__main__":
    main()
