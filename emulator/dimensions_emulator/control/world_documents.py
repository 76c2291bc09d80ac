"""World documents that clients send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import abort

from dimensions_emulator.domain import document, room

if TYPE_CHECKING:
    from dimensions_emulator.control.desk import Desk
    from dimensions_emulator.domain.world import World

SHOWN = 50


def loaded(desk: Desk, wanted: dict[str, Any]) -> World:
    """The world of a document; refused with every mistake in it, or if it is too large."""
    from dimensions_emulator import world_check, world_normal  # noqa: PLC0415  for such calls alone

    mistakes = world_check.mistakes(wanted, desk.book.catalog)
    if mistakes:
        listed = [
            f"{'.'.join(map(str, mistake.path)) or 'document'}: {mistake.message}" for mistake in mistakes
        ]
        more = f" (and {len(listed) - SHOWN} more)" if len(listed) > SHOWN else ""
        abort(400, "The state is not valid. " + "; ".join(listed[:SHOWN]) + more)
    world = document.load(world_normal.normalised(wanted, desk.book.catalog))
    room.check(world, desk.limits)
    return world
