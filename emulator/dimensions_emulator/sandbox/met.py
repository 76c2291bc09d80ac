"""What became known of a request on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dimensions_emulator.domain.errors import Refused
    from dimensions_emulator.domain.world import World
    from dimensions_emulator.sandbox.faults import Fault
    from dimensions_emulator.store.base import Transaction


class Met:
    """The operation that a request names, who sent it, about whom, and how it went.

    `operation` is an operation id of the contract, None where no route matched. `refused` is the rule's
    no, `fault` the one that struck. `world` and `turn` are what the request works on, until it is answered.
    """

    __slots__ = ("caller", "customer", "fault", "operation", "refused", "turn", "user", "world")

    def __init__(self) -> None:
        self.operation: str | None = None
        self.customer: str | None = None
        self.user: str | None = None
        self.caller: str | None = None
        self.refused: Refused | None = None
        self.fault: Fault | None = None
        self.world: World | None = None
        self.turn: Transaction | None = None

    def leave(self) -> World | None:
        """The world that the request has seen, of which nothing is kept here any longer."""
        world = self.world if self.turn is None else self.turn.world
        self.world = self.turn = None
        return world
