"""An emulator that tests start and stop."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Self

from dimensions_emulator.settings import PARSERS
from dimensions_emulator.testing import hosts, names
from dimensions_emulator.testing.calling import Direct
from dimensions_emulator.testing.errors import EmulatorError
from dimensions_emulator.testing.line import Line, segment
from dimensions_emulator.testing.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from dimensions_emulator.testing.hosts import Host

World = str | Path | dict[str, Any]
DEFAULT = "default"


class Emulator(Session):
    """An emulator: it is its own default session, and makes others.

    It has a server in a thread, on a free port; with `in_process` it is called without a server, so that
    nothing listens at its `url`, and clients reach it through `requests_session()` and the transports; with
    `process` it runs in a process of its own, which ends with this one. `world` is a name, the path of a
    world file, or a world document; `settings` are those of `dimensions-emulator serve`. Neither the
    environment nor a settings file is looked at.
    """

    def __init__(
        self,
        world: World = "office",
        *,
        seed: int | None = None,
        in_process: bool = False,
        process: bool = False,
        **settings: Any,
    ) -> None:
        if in_process and process:
            raise TypeError("an emulator is either in_process or in a process of its own")
        names.check(settings, PARSERS, "Emulator()")
        begin = hosts.in_child if process else hosts.without_server if in_process else hosts.in_thread
        flags = {"world": str(world) if isinstance(world, Path) else world, "seed": seed, **settings}
        self._begin: Callable[[], Host] = lambda: begin(flags)
        self._host: Host | None = None
        self._turn = Lock()

    @classmethod
    def at(cls, url: str, *, admin_token: str | None = None, ca: str | Path | None = None) -> Self:
        """The emulator that runs at an address; stopping it lets it run.

        `ca` is the file with its authority's certificate. Raises `EmulatorError` if there is none.
        """
        trusted = None if ca is None else Path(ca).read_text("ascii")
        emulator = cls()
        emulator._begin = lambda: hosts.elsewhere(url, admin_token, trusted)
        return emulator.start()

    def __repr__(self) -> str:
        return super().__repr__() if self._host else f"<{type(self).__name__} not started>"

    def __enter__(self) -> Self:
        return self.start()

    def start(self) -> Self:
        """Start, if it has not; raises `StartFailed` with the reasons."""
        with self._turn:
            if self._host is None:
                host = self._host = self._begin()
                direct = None if host.application is None else Direct(host.application)
                super().__init__(DEFAULT, host.link.url, Line(host.link, None, host.tenancy), direct)
        return self

    def stop(self) -> None:
        """Stop, if it runs; it can be started again."""
        with self._turn:
            host, self._host = self._host, None
            if host is not None:
                host.link.close()
                host.stop()

    def discard(self) -> None:
        self.stop()

    def session(
        self, name: str | None = None, *, world: World | None = None, seed: int | None = None
    ) -> Session:
        """A new session, of the emulator's own world and seed unless others are given."""
        wanted = {"name": name, "world": _sent(world), "seed": seed}
        body = {member: value for member, value in wanted.items() if value is not None}
        made: str = self.line.control("POST", "sessions", body)["name"]
        host = self._running()
        direct = None if host.application is None else Direct(host.application, made)
        tenancy = host.tenancy if world is None else hosts.asked
        line = Line(host.link, made, tenancy)
        return Session(made, f"{host.link.url}/s/{segment(made)}", line, direct)

    def sessions(self) -> list[dict[str, Any]]:
        """The sessions of now, by name."""
        found: list[dict[str, Any]] = self.line.control("GET", "sessions")
        return found

    def coverage(self) -> dict[str, Any]:
        """What has been met in all sessions so far, and what never."""
        found: dict[str, Any] = self.line.control("GET", "coverage")
        return found

    def _running(self) -> Host:
        if self._host is None:
            raise EmulatorError("this emulator is stopped")
        return self._host


def _sent(world: World | None) -> str | dict[str, Any] | None:
    """A world as it goes into a request: a file by its content."""
    if world is None or isinstance(world, dict) or (isinstance(world, str) and not Path(world).suffix):
        return world
    if not isinstance(world, str | Path):
        raise TypeError(f"a world is a name, the path of a world file, or a world document; not {world!r}")
    from dimensions_emulator import world_file  # noqa: PLC0415  slow to import

    try:
        return world_file.read(world)
    except world_file.WorldFileInvalid as fault:
        raise EmulatorError(str(fault)) from None
