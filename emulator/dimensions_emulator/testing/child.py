"""The command line for a parent process: it ends when the parent does, however that comes about."""

from __future__ import annotations

import os
import signal
from threading import Thread


def main() -> None:
    """Run a command until it ends or standard input does."""
    Thread(target=_watch, name="parent", daemon=True).start()
    from dimensions_emulator.cli import main as run  # noqa: PLC0415  slow to import

    run(prog_name="dimensions-emulator")


def _watch() -> None:
    while os.read(0, 4096):  # sys.stdin would be locked when the interpreter ends
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
