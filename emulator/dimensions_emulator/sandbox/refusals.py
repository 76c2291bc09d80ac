"""The worlds on which requests were refused."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dimensions_emulator.domain.world import World

KEPT = 50


class Refusals:
    """The worlds of the latest refusals by the numbers of their requests, the newest `KEPT`."""

    __slots__ = ("_worlds",)

    def __init__(self) -> None:
        self._worlds: OrderedDict[int, World] = OrderedDict()

    def keep(self, number: int, world: World) -> None:
        """Keep the world of one more refusal; that of the oldest goes."""
        self._worlds[number] = world
        if len(self._worlds) > KEPT:
            self._worlds.popitem(last=False)

    def world(self, number: int) -> World | None:
        """The world on which this request was refused, None where it is kept no longer."""
        return self._worlds.get(number)

    def clear(self) -> None:
        """Forget all of them."""
        self._worlds.clear()
