"""Named points to go back to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import abort

from dimensions_emulator.domain import ticks
from dimensions_emulator.domain.errors import WorldFull
from dimensions_emulator.sandbox.session import Snapshot
from dimensions_emulator.sandbox.sessions import NAME
from dimensions_emulator.wire import envelope

if TYPE_CHECKING:
    from flask import Blueprint, Response
    from immutables import Map

    from dimensions_emulator.control.desk import Desk
    from dimensions_emulator.domain.world import World

LIMIT = 100


def register(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get("/snapshots")
    def snapshots() -> Response:
        """The snapshots of the session, by name."""
        taken = sorted(desk.session.snapshots.copy().items())
        return envelope.many([_shown(name, snapshot) for name, snapshot in taken], desk.clock())

    @blueprint.post("/snapshots/<name>")
    def take(name: str) -> Response:
        """World and clock as they are now, in place of an earlier snapshot of that name."""
        if not NAME.fullmatch(name):
            abort(
                400,
                "A snapshot's name has up to 64 letters, digits, dots, hyphens and underscores,"
                " and begins with a letter or digit.",
            )
        session = desk.session
        with desk.turn() as turn:
            others = [snapshot for other, snapshot in session.snapshots.copy().items() if other != name]
            if len(others) >= LIMIT:
                abort(409, f"This session has {LIMIT} snapshots, which is the most; delete some.")
            snapshot = Snapshot(turn.world, *session.clock.stand())
            _check_room(desk, others, snapshot)
            session.snapshots[name] = snapshot
        return envelope.one(_shown(name, snapshot), desk.clock(), 201)

    @blueprint.post("/snapshots/<name>/restore")
    def restore(name: str) -> Response:
        """World and clock as they were, the clock on from the snapshot's time; the snapshot stays."""
        session, snapshot = desk.session, _found(desk, name)
        desk.put(snapshot.world)
        session.clock.restore(snapshot.created, frozen=snapshot.frozen)
        session.events.replaced("restore")
        return envelope.one(_shown(name, snapshot), desk.clock())

    @blueprint.delete("/snapshots/<name>")
    def delete(name: str) -> Response:
        _found(desk, name)
        desk.session.snapshots.pop(name, None)
        return envelope.done(desk.clock())


def _found(desk: Desk, name: str) -> Snapshot:
    snapshot = desk.session.snapshots.get(name)
    if snapshot is None:
        there = ", ".join(sorted(desk.session.snapshots)) or "none"
        abort(404, f"There is no snapshot '{name}' in the session '{desk.session.name}'; there are: {there}.")
    return snapshot


def _check_room(desk: Desk, others: list[Snapshot], snapshot: Snapshot) -> None:
    """Raise `WorldFull` if the snapshots keep too much that is not in the seed; a single one always fits."""
    limits, seed = desk.limits, desk.session.origin.world
    most = 2 * (limits.users + limits.mails + limits.charges)
    before, after = _held(others, seed), _held([*others, snapshot], seed)
    if before < after > most and before:
        raise WorldFull(
            f"With this one the snapshots of the session would keep {after} users, devices, mails, links,"
            f" charges and tokens of their own, and {most} is the most. Delete some, or start with a larger"
            " --max-users."
        )


def _held(snapshots: list[Snapshot], seed: World) -> int:
    """How much snapshots keep; what one shares with the seed or another one counts for nothing."""
    kept = {id(part): len(part) for snapshot in snapshots for part in _parts(snapshot.world)}
    return sum(kept.values()) - sum(kept.get(id(part), 0) for part in _parts(seed))


def _parts(world: World) -> tuple[Map[Any, Any], ...]:
    return world.users, world.devices, world.mails, world.activations, world.charges, world.callers


def _shown(name: str, snapshot: Snapshot) -> dict[str, Any]:
    return {
        "name": name,
        "created": ticks.text(snapshot.created),
        "users": len(snapshot.world.users),
        "mails": len(snapshot.world.mails),
    }
