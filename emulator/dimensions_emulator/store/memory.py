"""Worlds in the memory of one process."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from dimensions_emulator.store.base import SessionGone

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from dimensions_emulator.domain.world import World


class Session:
    """A world and the lock of its writers."""

    __slots__ = ("lock", "name", "world")

    def __init__(self, name: str, world: World) -> None:
        self.name = name
        self.world = world
        self.lock = Lock()


class Turn:
    """A writer's turn: the world it found, to be replaced by the one it leaves."""

    __slots__ = ("_place", "_watchers", "world")

    world: World

    def __init__(self, place: Session, watchers: list[Callable[[str, World, World], None]]) -> None:
        self._place = place
        self._watchers = watchers

    def __enter__(self) -> Self:
        self._place.lock.acquire()
        self.world = self._place.world
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        place = self._place
        try:
            before = place.world
            after = self.world
            if kind is None and after is not before:
                place.world = after._replace(changed=()) if after.changed else after
                for watcher in self._watchers:
                    watcher(place.name, before, after)
        finally:
            place.lock.release()


class MemoryStore:
    """A store that forgets everything with its process."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._watchers: list[Callable[[str, World, World], None]] = []
        self._naming = Lock()

    def read(self, session: str) -> World:
        return self._place(session).world

    def transaction(self, session: str) -> Turn:
        return Turn(self._place(session), self._watchers)

    def put(self, session: str, world: World) -> None:
        with self._naming:
            place = self._sessions.setdefault(session, Session(session, world))
        with place.lock:
            place.world = world

    def rewrite(self, session: str, change: Callable[[World], World]) -> None:
        place = self._place(session)
        with place.lock:
            if self._sessions.get(session) is not place:
                raise SessionGone(session)
            place.world = change(place.world)

    def drop(self, session: str) -> None:
        with self._naming:
            self._sessions.pop(session, None)

    def watch(self, watcher: Callable[[str, World, World], None]) -> None:
        self._watchers.append(watcher)

    def _place(self, session: str) -> Session:
        try:
            return self._sessions[session]
        except KeyError:
            raise SessionGone(session) from None
