"""A world of its own for requests that shall leave no trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from dimensions_emulator.domain.world import World


class Fork:
    """A store of one world that nobody watches and nobody waits for; it is its own transaction.

    `world` is what the requests of now have made of it; `changed` names the users whom they touched.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.changed: dict[str, None] = {}
        self._before = world

    def read(self, session: str) -> World:  # noqa: ARG002  there is one world
        return self.world

    def transaction(self, session: str) -> Self:  # noqa: ARG002
        return self

    def put(self, session: str, world: World) -> None:  # noqa: ARG002
        self.world = world

    def rewrite(self, session: str, change: Callable[[World], World]) -> None:  # noqa: ARG002
        self.world = change(self.world)

    def drop(self, session: str) -> None:
        """Nothing; the world goes with this store."""

    def watch(self, watcher: Callable[[str, World, World], None]) -> None:
        """Nothing; what happens here has not happened."""

    def __enter__(self) -> Self:
        self._before = self.world
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.world = self._before
        elif self.world.changed:
            self.changed |= dict.fromkeys(self.world.changed)
            self.world = self.world._replace(changed=())
