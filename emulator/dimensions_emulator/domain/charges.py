"""Charges for licensed roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimensions_emulator.domain import room

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dimensions_emulator.domain.calls import Call
    from dimensions_emulator.domain.world import World


def make(world: World, call: Call, grants: Iterable[tuple[str, str]]) -> World:
    """The world with a charge for each (user id, role) granted; the oldest go where there are too many."""
    world = world.with_charges(call.customer_id, grants, call.now)
    if surplus := room.surplus(len(world.charges), call.limits.charges):
        return world.without_oldest_charges(surplus)
    return world
