"""Sessions: a world for each test."""

from __future__ import annotations

from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from flask import abort

from dimensions_emulator.control import members, world_documents
from dimensions_emulator.domain import document, room, ticks
from dimensions_emulator.sandbox.session import Origin
from dimensions_emulator.settings import SEED_LIMIT
from dimensions_emulator.store.base import SessionGone
from dimensions_emulator.wire import body, envelope, urls
from dimensions_fixtures import worlds

if TYPE_CHECKING:
    from flask import Blueprint, Response

    from dimensions_emulator.control.desk import Desk
    from dimensions_emulator.domain.world import World
    from dimensions_emulator.sandbox.session import Session

MEMBERS = ("name", "world", "seed")


def register(blueprint: Blueprint, desk: Desk) -> None:
    named: dict[str, World] = {}

    @blueprint.get("/sessions")
    def sessions() -> Response:
        """The sessions of now, by name."""
        shown = []
        for session in desk.sessions.live():
            with suppress(SessionGone):
                shown.append(_shown(desk, session))
        return envelope.many(shown, desk.clock())

    @blueprint.post("/sessions")
    def create() -> Response:
        """A new session, of the seed world if no other is asked for; a name is given if none is."""
        wanted = members.known(desk.settings.max_body, MEMBERS)
        name = body.text(wanted, "name")
        session = desk.sessions.create(
            uuid4().hex[:12] if name is None else name, _origin(desk, wanted, named)
        )
        return envelope.one(_shown(desk, session), desk.clock(), 201)

    @blueprint.get("/sessions/<name>")
    def session(name: str) -> Response:
        return envelope.one(_shown(desk, desk.sessions.look(name)), desk.clock())

    @blueprint.delete("/sessions/<name>")
    def delete(name: str) -> Response:
        """End a session with all that is in it."""
        now = desk.clock()
        desk.sessions.drop(name)
        return envelope.done(now)


def _shown(desk: Desk, session: Session) -> dict[str, Any]:
    world = desk.store.read(session.key)
    return {
        "name": session.name,
        "url": urls.server_origin() + (f"/s/{session.name}" if session is not desk.sessions.default else ""),
        "world": session.origin.world_name,
        "seed": session.origin.seed,
        "created": ticks.text(session.created),
        "idleSeconds": round(monotonic() - session.used, 3),
        "users": len(world.users),
        "mails": len(world.mails),
        "requests": len(session.journal.entries()),
        "snapshots": sorted(session.snapshots),
    }


def _origin(desk: Desk, wanted: dict[str, Any], named: dict[str, World]) -> Origin:
    own = desk.sessions.default.origin
    world, seed = wanted.get("world"), wanted.get("seed", own.seed)
    if seed is not None and (
        isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= SEED_LIMIT
    ):
        abort(400, f"seed is a whole number from 0 to {SEED_LIMIT}, or null for random ids.")
    if world is None or world == own.world_name:
        return Origin(own.world, own.world_name, seed)
    if isinstance(world, dict):
        return Origin(world_documents.loaded(desk, world), "document", seed)
    if world not in worlds.NAMES:
        abort(400, f"world is one of {', '.join(worlds.NAMES)}, or a world document.")
    if world not in named:  # sessions of the same world share it
        named[world] = document.load(
            worlds.document(world, seed=desk.settings.seed, locales=desk.settings.locale)
        )
    room.check(named[world], desk.limits)
    return Origin(named[world], world, seed)
