"""Where the command line starts; it imports nothing, so that an interrupt finds its answer at once."""

from __future__ import annotations

import signal


def main() -> None:
    """Run the command line; until it sees to interrupts itself they end it without a word."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from dimensions_emulator.cli import main as run  # noqa: PLC0415  slow to import

    run(prog_name="dimensions-emulator")
