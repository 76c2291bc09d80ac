"""One run of a command beside a server of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import TYPE_CHECKING, Any

from dimensions_emulator import logs, serving, tenancy
from dimensions_emulator.serving import CannotServe
from dimensions_emulator.testing import link as links
from dimensions_emulator.testing.calling import Direct
from dimensions_emulator.testing.line import Line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dimensions_emulator.serving import Running
    from dimensions_emulator.settings import Settings

NOT_FOUND, NOT_RUNNABLE, BELOW, SIGNALLED = 127, 126, 1, 128
HEARD_WITHIN = 1.0


def run(settings: Settings, command: Sequence[str], min_coverage: float | None) -> int:
    """Serve while the command runs; its exit code, or 1 if it succeeds and has met too little.

    Raises `CannotServe`.
    """
    _check(settings, min_coverage)
    if (settings.origins or {}).get("port") == "default":
        settings = replace(settings, port=0)
    child = _Child()
    with ExitStack() as stack:
        lines = _lines(settings)
        if lines is not None:
            stack.callback(lines.flush)
        running = serving.start(settings, stack, lines=lines)
        told = _environment(settings, running, stack)
        status = child.run(command, {**os.environ, **told})
        if min_coverage is None:
            return status
        covered = _report(settings, running, min_coverage)
        return status if status or covered else BELOW


class _Child:
    """The command; the signals that would end it are passed on to it and to what it has started.

    Where a terminal sends signals to all of them by itself, an interrupt is left to it, and of the others
    the command alone is told: all of them share a group with this process then.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._waiting: list[int] | None = None
        self._apart = hasattr(os, "killpg") and not _at_terminal()
        for number in _signals():
            signal.signal(number, self._pass_on)

    def run(self, command: Sequence[str], environment: Mapping[str, str]) -> int:
        """The exit code of the command, as a shell tells it."""
        self._waiting = []
        try:
            self._process = subprocess.Popen(  # noqa: S603  what was asked for
                command, env=environment, process_group=0 if self._apart else None
            )
        except OSError as fault:
            missing = isinstance(fault, FileNotFoundError)
            print(f"dimensions-emulator: cannot run {command[0]}: {fault.strerror}", file=sys.stderr)  # noqa: T201
            return NOT_FOUND if missing else NOT_RUNNABLE
        for number in self._waiting:
            self._send(self._process, number)
        status = self._ended(self._process)
        return status if status >= 0 else SIGNALLED - status

    @staticmethod
    def _ended(process: subprocess.Popen[bytes]) -> int:
        """The exit code, once there is one; meanwhile signals are heard.

        A signal just before a wait without end, or one that another thread gets, would not be heard in it.
        """
        waiting = Thread(target=process.wait, name="command", daemon=True)
        waiting.start()
        while waiting.is_alive():
            waiting.join(HEARD_WITHIN)
        return process.wait()

    def _pass_on(self, number: int, _: Any) -> None:
        if self._waiting is None:
            sys.exit(SIGNALLED + number)
        if self._process is None:
            self._waiting.append(number)
        elif self._apart or number != signal.SIGINT:
            self._send(self._process, number)

    def _send(self, process: subprocess.Popen[bytes], number: int) -> None:
        if not self._apart:
            process.send_signal(number)
        elif process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)


def _signals() -> list[signal.Signals]:
    """Those that would end the command; a hang-up that is ignored, as under nohup, stays so."""
    hangup: signal.Signals | None = getattr(signal, "SIGHUP", None)
    heard = hangup is not None and signal.getsignal(hangup) != signal.SIG_IGN
    return [signal.SIGINT, signal.SIGTERM, *([hangup] if hangup and heard else [])]


def _at_terminal() -> bool:
    """Whether this process is in the foreground of a terminal, whatever its input is."""
    try:
        with Path("/dev/tty").open("rb", buffering=0) as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except (AttributeError, OSError):
        return False


def _check(settings: Settings, min_coverage: float | None) -> None:
    if settings.unix_socket:
        raise CannotServe(["exec tells the command a URL; leave out --unix-socket"])
    if settings.no_admin and min_coverage is not None:
        raise CannotServe(["--min-coverage asks /_emulator; leave out --no-admin"])


def _lines(settings: Settings) -> logs.Lines | None:
    """The log, where it is asked for: it would stand between what the command says."""
    chosen = (settings.origins or {}).get("log_format") != "default"
    return logs.configure(settings.log_format, sys.stderr) if chosen else None


def _environment(settings: Settings, running: Running, stack: ExitStack) -> dict[str, str]:
    url = running.place.url
    told = {**tenancy.of(running.world()).environment(url), "DIMENSIONS_EMULATOR_URL": url}
    if settings.admin_token is not None:
        told["DIMENSIONS_EMULATOR_ADMIN_TOKEN"] = settings.admin_token
    if running.authority is not None:
        path = Path(stack.enter_context(TemporaryDirectory())) / "ca.pem"
        path.write_text(running.authority, "ascii")
        told["DIMENSIONS_EMULATOR_CA"] = str(path)
    return told


def _report(settings: Settings, running: Running, least: float) -> bool:
    """Tell what was met and what not; whether it is enough."""
    link = links.in_process("http://localhost", Direct(running.application), settings.admin_token)
    coverage = Line(link, None, lambda _: tenancy.of(running.world())).control("GET", "coverage")
    met: float = coverage["percent"]
    enough = met >= least
    lines = [f"Coverage {met:g} %, {'at least' if enough else 'less than'} the {least:g} % asked for."]
    for kind, part in coverage["parts"].items():
        never = ", ".join(coverage["never"][kind])
        lines.append(f"  {kind:<10} {part['met']} of {part['of']}" + (f"; never {never}" if never else ""))
    print("\n".join(lines), file=sys.stderr)  # noqa: T201
    return enough
