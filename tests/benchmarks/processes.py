"""Servers as processes: how long they take to start, how much memory they hold."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SOURCES = [str(ROOT / folder) for folder in ("emulator", "contracts", "fixtures")]
SETTLING = 0.5
"""Seconds from ready to the reading of the memory."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that said it is ready; `ready` is what it said, `seconds` how long that took."""

    process: subprocess.Popen[str]
    ready: dict[str, Any]
    seconds: float

    @property
    def address(self) -> tuple[str, int]:
        url = urlsplit(self.ready["url"])
        return str(url.hostname), int(url.port or 80)

    def memory(self) -> float:
        """Read the resident memory in MiB, after a moment of idleness."""
        sleep(SETTLING)
        shown = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(self.process.pid)], capture_output=True, text=True, check=True
        )
        return int(shown.stdout) / 1024


def emulator(*flags: str) -> list[str]:
    """The command that starts the emulator, installed or from this tree."""
    installed = shutil.which("dimensions-emulator", path=str(Path(sys.executable).parent))
    command = (
        [installed]
        if installed
        else [sys.executable, "-c", "from dimensions_emulator.cli import main; main()"]
    )
    return [*command, "serve", "--port", "0", "--json", *flags]


def noop() -> list[str]:
    return [sys.executable, str(HERE / "noop.py")]


@contextmanager
def running(command: Sequence[str]) -> Iterator[Running]:
    """Start a server, wait for its line, stop it in the end; its log goes nowhere."""
    path = os.pathsep.join([*SOURCES, os.environ.get("PYTHONPATH", "")])
    start = perf_counter()
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": path.rstrip(os.pathsep)},
    )
    try:
        line = process.stdout.readline() if process.stdout else ""
        seconds = perf_counter() - start
        if not line:
            raise SystemExit(f"{' '.join(command)} did not start; run it by hand to see why")
        yield Running(process, json.loads(line), seconds)
    finally:
        process.terminate()
        process.communicate()
