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
        running = serving.start(settings, stack, progress=child.look, lines=lines)
        told = _environment(settings, running, stack)
        status = child.run(command, {**os.environ, **told})
        if min_coverage is None:
            return status
        covered = _report(settings, running, min_coverage)
        return status if status or covered else BELOW


class _Child:
    """The command; the signals that would end it are passed on to it and to what it has started.

    Where there is a terminal, all of them stay in the group of this process, which the shell may bring to
    the foreground: what is typed there to end them comes to all by itself and is not passed on. Of what is
    sent to this process alone only the command is told then, since who else is in the group is not known.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._waiting: list[int] = []
        self._apart = hasattr(os, "killpg") and not _has_terminal()
        for number in _signals():
            signal.signal(number, self._pass_on)

    def look(self, *_: int) -> None:
        """End here if a signal has come: raised where it met the start, it might leave it half made."""
        if self._waiting:
            sys.exit(SIGNALLED + self._waiting[0])

    def run(self, command: Sequence[str], environment: Mapping[str, str]) -> int:
        """The exit code of the command, as a shell tells it."""
        self.look()
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
        if self._process is None:
            self._waiting.append(number)
        elif self._apart or number not in _known("SIGINT", "SIGQUIT") or not _in_foreground():
            self._send(self._process, number)

    def _send(self, process: subprocess.Popen[bytes], number: int) -> None:
        """Send the signal, and that to go on: a stopped process does not act on any other."""
        for each in (number, *_known("SIGCONT")):
            if not self._apart:
                process.send_signal(each)
            elif process.poll() is None:
                with suppress(ProcessLookupError, PermissionError):  # which of them, systems differ
                    os.killpg(process.pid, each)


def _signals() -> list[signal.Signals]:
    """Those that would end the command; what is ignored, as a hang-up is under nohup, stays so."""
    unless_ignored = [
        number for number in _known("SIGHUP", "SIGQUIT") if signal.getsignal(number) != signal.SIG_IGN
    ]
    return [signal.SIGINT, signal.SIGTERM, *unless_ignored]


def _known(*names: str) -> list[signal.Signals]:
    """The signals of these names that the system has."""
    return [getattr(signal, name) for name in names if hasattr(signal, name)]


def _has_terminal() -> bool:
    """Whether a terminal controls this process, whatever its input is."""
    try:
        Path("/dev/tty").open("rb", buffering=0).close()
    except OSError:
        return False
    return True


def _in_foreground() -> bool:
    """Whether what is typed at the terminal to end a command comes to this process, and so to the command."""
    if not hasattr(os, "tcgetpgrp"):  # Windows, where it comes to all that a console has
        return True
    try:
        with Path("/dev/tty").open("rb", buffering=0) as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
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
