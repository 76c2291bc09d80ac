"""Back to the beginning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import abort, request

from dimensions_emulator.domain import parts
from dimensions_emulator.wire import envelope

if TYPE_CHECKING:
    from flask import Blueprint, Response

    from dimensions_emulator.control.desk import Desk
    from dimensions_emulator.sandbox.session import Session

AROUND = ("journal", "faults", "clock")
PARTS = (*parts.FIELDS, *AROUND)


def register(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.post("/reset")
    def reset() -> Response:
        """World, journal, faults and clock as they began, with `to=empty` without users, or parts of these.

        Snapshots, webhooks, events and coverage stay.
        """
        for name in request.args:
            if name not in {"to", "part"}:
                abort(400, f"There is no parameter '{name}' here; there are: to, part.")
        to, wanted = request.args.get("to", "seed"), _parts()
        if to not in {"seed", "empty"}:
            abort(400, f"The value '{to}' of to is not valid; use seed or empty.")
        if to == "empty" and wanted:
            abort(400, "A part goes back to the seed; leave out either to=empty or part.")
        _rewind(desk, desk.session, to, wanted)
        return envelope.done(desk.clock())


def _parts() -> tuple[str, ...]:
    wanted = [part for value in request.args.getlist("part") for part in value.split(",")]
    for part in wanted:
        if part not in PARTS:
            abort(400, f"There is no part '{part}'; there are: {', '.join(PARTS)}.")
    return tuple(wanted)


def _rewind(desk: Desk, session: Session, to: str, wanted: tuple[str, ...]) -> None:
    seed = session.origin.world
    of_world = [part for part in wanted if part in parts.FIELDS]
    if not wanted:
        desk.store.rewrite(session.key, lambda _: seed if to == "seed" else parts.emptied(seed))
    elif of_world:
        desk.store.rewrite(session.key, lambda world: parts.restored(world, seed, of_world))
    session.rewind(wanted or AROUND)
    if not wanted or of_world:
        session.events.replaced("reset")
