"""The whole world out and in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimensions_emulator.control import world_documents
from dimensions_emulator.domain import document
from dimensions_emulator.wire import body, envelope

if TYPE_CHECKING:
    from flask import Blueprint, Response

    from dimensions_emulator.control.desk import Desk

LIMIT = 256 << 20


def register(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get("/state")
    def export() -> Response:
        """The world as a document that can be imported, and started from as a world file."""
        return envelope.one(document.dump(desk.world()), desk.clock())

    @blueprint.put("/state")
    def take() -> Response:
        """Take a document in place of the world, and faults back; with a mistake in it nothing changes."""
        given = body.json_object(LIMIT)
        wanted = given["data"] if "version" not in given and "data" in given else given
        world = world_documents.loaded(desk, wanted)
        desk.put(world)
        desk.session.rewind(("faults",))
        desk.session.events.replaced("state")
        return envelope.done(desk.clock())
