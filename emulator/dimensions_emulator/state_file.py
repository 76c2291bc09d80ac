"""The file that keeps the state between runs."""

from __future__ import annotations

import errno
import json
import logging
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any

from dimensions_emulator.domain import document, room, ticks
from dimensions_emulator.settings import SettingsInvalid
from dimensions_emulator.store.base import DEFAULT_SESSION

if TYPE_CHECKING:
    from dimensions_emulator.domain.calls import Limits
    from dimensions_emulator.domain.world import World
    from dimensions_emulator.store.base import Store

VERSION = 1
WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP)
log = logging.getLogger("dimensions_emulator.state")


class NotSaved(Exception):
    """The state at the stop is lost; `args[0]` says which, and why."""


class StateFile:
    """Keeps the world of the default session as a world document, replaced whole at every save.

    One server at a time has the file: another one that wants it is refused. Other sessions are not kept.
    """

    def __init__(self, path: str) -> None:
        """Take the file; raises `SettingsInvalid` if it is none, is another server's, or has no place."""
        self._path = _place(path)
        self._store: Store | None = None
        self._saved: World | None = None
        self._saved_at: int | None = None
        self._error: str | None = None
        self._saving = Lock()
        self._ended = Event()
        self._lock = self._opened()
        if self._locked():
            self._tidy()

    def load(self, limits: Limits) -> World | None:
        """The world of the file, None if there is no file yet; raises `SettingsInvalid` with what is wrong.

        A file that is refused stays as it is.
        """
        from dimensions_emulator import world_file  # noqa: PLC0415  for a file alone

        if not self._path.exists():
            return None
        if newer := self._newer():
            raise SettingsInvalid([newer])
        try:
            world = document.load(world_file.read(self._path))
        except world_file.WorldFileInvalid as fault:
            kept = f"--state {self._path} is not a state of this emulator, and was left as it is"
            raise SettingsInvalid([kept, *str(fault).splitlines()]) from None
        if full := room.exceeded(world, limits):
            raise SettingsInvalid([f"--state {self._path} is too large, and was left as it is", *full])
        return world

    def keep(self, store: Store, interval: float) -> None:
        """Save the store's default session now, every `interval` seconds if that is above 0, and on close.

        Raises `SettingsInvalid` if it cannot be saved.
        """
        self._store = store
        try:
            self._save(store)
        except OSError as fault:
            self._store = None
            raise SettingsInvalid([f"--state {self._path} cannot be written: {_reason(fault)}"]) from None
        if interval:
            Thread(target=self._run, args=(interval,), name="state", daemon=True).start()

    def status(self) -> dict[str, Any]:
        """Where the state is kept, when it was saved, and why the latest attempt failed if it did."""
        saved = None if self._saved_at is None else ticks.text(self._saved_at)
        return {"file": str(self._path), "saved": saved, "error": self._error}

    def close(self) -> None:
        """Save for the last time and give the file back; raises `NotSaved`."""
        self._ended.set()
        try:
            if self._store is not None:
                self._save(self._store)
        except OSError as fault:
            since = ticks.text(self._saved_at or 0)
            raise NotSaved(
                f"the state could not be saved to {self._path}: {_reason(fault)};"
                f" what changed in the session 'default' since {since} is lost"
            ) from None
        finally:
            os.close(self._lock)

    def _run(self, interval: float) -> None:
        while not self._ended.wait(interval):
            self._try_to_save()

    def _try_to_save(self) -> None:
        if self._store is None:
            return
        try:
            self._save(self._store)
        except OSError as fault:
            log.error("the state could not be saved to %s: %s", self._path, _reason(fault))  # noqa: TRY400  no trace

    def _save(self, store: Store) -> None:
        with self._saving:
            world = store.read(DEFAULT_SESSION)
            if world is not self._saved:
                try:
                    self._replace(json.dumps(document.dump(world)).encode() + b"\n")
                except OSError as fault:
                    self._error = _reason(fault)
                    raise
            self._saved, self._saved_at, self._error = world, ticks.now(), None

    def _replace(self, raw: bytes) -> None:
        # mkstemp makes it readable by its owner alone: there are tokens in it.
        prefix = f".{self._path.name}."
        number, name = tempfile.mkstemp(dir=self._path.parent, prefix=prefix, suffix=".tmp")
        try:
            with os.fdopen(number, "wb") as file:
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self._path)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise

    def _newer(self) -> str | None:
        with suppress(OSError, ValueError, RecursionError):
            found: Any = json.loads(self._path.read_bytes())
            version = found.get("version") if isinstance(found, dict) else None
            if isinstance(version, int) and version > VERSION:
                told = f"has the version {version}, this emulator reads version {VERSION}"
                return f"--state {self._path} {told}; it was left as it is; use a newer emulator"
        return None

    def _opened(self) -> int:
        lock = self._path.with_name(f".{self._path.name}.lock")
        try:
            return os.open(lock, os.O_CREAT | os.O_RDWR | getattr(os, "O_CLOEXEC", 0), 0o600)
        except OSError as fault:
            raise SettingsInvalid([f"--state {self._path} cannot be kept there: {_reason(fault)}"]) from None

    def _locked(self) -> bool:
        """Lock the file; False where that is not to be had, and two servers are on their own."""
        try:
            import fcntl  # noqa: PLC0415  not on Windows
        except ImportError:
            return False
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as fault:
            if fault.errno in WITHOUT_LOCKS:
                return False
            os.close(self._lock)
            used = isinstance(fault, BlockingIOError)
            told = "is in use by another emulator" if used else f"cannot be locked: {_reason(fault)}"
            raise SettingsInvalid([f"--state {self._path} {told}"]) from None
        return True

    def _tidy(self) -> None:
        """Remove what a server left that was killed while it saved."""
        half = re.compile(re.escape(f".{self._path.name}.") + r"[a-z0-9_]{8}\.tmp")
        with suppress(OSError):
            for file in self._path.parent.iterdir():
                if half.fullmatch(file.name):
                    file.unlink()


def _place(path: str) -> Path:
    try:
        place = Path(path).resolve()
        special = place.exists() and not place.is_file()
    except (OSError, RuntimeError, ValueError) as fault:
        reason = _reason(fault) if isinstance(fault, OSError) else fault
        raise SettingsInvalid([f"--state {path} cannot be kept there: {reason}"]) from None
    if special:
        raise SettingsInvalid([f"--state {place} is not a regular file; name one, or one to be made"])
    if place.suffix.lower() in {".yaml", ".yml"}:
        told = f"--state {place} would be replaced by JSON; name a .json file"
        raise SettingsInvalid([f"{told}, and start from a world in YAML with --world {path}"])
    return place


def _reason(fault: OSError) -> str:
    return fault.strerror or str(fault)
