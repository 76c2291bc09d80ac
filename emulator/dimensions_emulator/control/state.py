"""The whole world out and in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import abort

from dimensions_emulator.domain import document
from dimensions_emulator.store.base import DEFAULT_SESSION
from dimensions_emulator.wire import body, envelope

if TYPE_CHECKING:
    from flask import Blueprint, Response

    from dimensions_emulator.control.desk import Desk

LIMIT = 256 << 20
SHOWN = 50


def register(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get("/state")
    def export() -> Response:
        """The world as a document that can be imported, and started from as a world file."""
        return envelope.one(document.dump(desk.store.read(DEFAULT_SESSION)), desk.clock())

    @blueprint.put("/state")
    def take() -> Response:
        """Take a document in place of the world; with a mistake in it nothing changes."""
        from dimensions_emulator import world_check, world_normal  # noqa: PLC0415  for this call alone

        given = body.json_object(LIMIT)
        wanted = given["data"] if "version" not in given and "data" in given else given
        mistakes = world_check.mistakes(wanted, desk.book.catalog)
        if mistakes:
            listed = [
                f"{'.'.join(map(str, mistake.path)) or 'document'}: {mistake.message}" for mistake in mistakes
            ]
            more = f" (and {len(listed) - SHOWN} more)" if len(listed) > SHOWN else ""
            abort(400, "The state is not valid. " + "; ".join(listed[:SHOWN]) + more)
        desk.store.put(DEFAULT_SESSION, document.load(world_normal.normalised(wanted, desk.book.catalog)))
        return envelope.done(desk.clock())
