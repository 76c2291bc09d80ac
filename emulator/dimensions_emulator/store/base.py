"""What a store of worlds promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from dimensions_emulator.domain.world import World

DEFAULT_SESSION = "default"


class SessionGone(KeyError):
    """There is no world by this key, or no longer."""


class Transaction(Protocol):
    """One writer's turn on one session; what `world` is at the end of the turn is committed."""

    world: World


class Store(Protocol):
    """Sessions by name, each with one world.

    Readers get a snapshot and never wait. Writers of one session take turns; a turn that ends with an
    exception leaves no trace.
    """

    def read(self, session: str) -> World:
        """The world of a session as it is now; raises `SessionGone` for an unknown one."""

    def transaction(self, session: str) -> AbstractContextManager[Transaction]:
        """A writer's turn on a session; raises `SessionGone` for an unknown one."""

    def put(self, session: str, world: World) -> None:
        """Give a session this world, new or in place of the one it has; watchers do not hear of it."""

    def rewrite(self, session: str, change: Callable[[World], World]) -> None:
        """Give a session what this makes of its world, in a writer's turn of which watchers do not hear.

        Raises `SessionGone` for an unknown one, where `put` would make it.
        """

    def drop(self, session: str) -> None:
        """Forget a session and its world; an unknown one is forgotten already."""

    def watch(self, watcher: Callable[[str, World, World], None]) -> None:
        """Call the watcher with session, world before and world after, once for each commit, in order.

        `changed` of the world after names the users whom the commit touched.
        """
