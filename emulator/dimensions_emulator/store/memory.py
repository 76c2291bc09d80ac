"""Worlds in the memory of one process."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dimensions_emulator.domain.world import World


class Turn:
    """A writer's turn: the world it found, to be replaced by the one it leaves."""

    __slots__ = ("world",)

    def __init__(self, world: World) -> None:
        self.world = world


class Session:
    """A world and the lock of its writers."""

    __slots__ = ("lock", "world")

    def __init__(self, world: World) -> None:
        self.world = world
        self.lock = Lock()


class MemoryStore:
    """A store that forgets everything with its process."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._watchers: list[Callable[[str, World, World], None]] = []
        self._naming = Lock()

    def read(self, session: str) -> World:
        return self._sessions[session].world

    @contextmanager
    def transaction(self, session: str) -> Iterator[Turn]:
        place = self._sessions[session]
        with place.lock:
            before = place.world
            turn = Turn(before)
            yield turn
            if turn.world is not before:
                place.world = turn.world
                for watcher in self._watchers:
                    watcher(session, before, turn.world)

    def put(self, session: str, world: World) -> None:
        with self._naming:
            place = self._sessions.setdefault(session, Session(world))
        with place.lock:
            place.world = world

    def watch(self, watcher: Callable[[str, World, World], None]) -> None:
        self._watchers.append(watcher)
