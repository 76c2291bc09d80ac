"""The faults of a session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import abort

from dimensions_emulator.control import fault_reading, filters
from dimensions_emulator.sandbox.faults import LIMIT, FaultsFull
from dimensions_emulator.wire import body, envelope

if TYPE_CHECKING:
    from typing import NoReturn

    from flask import Blueprint, Response

    from dimensions_emulator.control.desk import Desk
    from dimensions_emulator.domain.world import World
    from dimensions_emulator.sandbox.faults import Fault

LONGEST_NUMBER = 12
LONG_ENOUGH, ENDING = 8, 4


def register(blueprint: Blueprint, desk: Desk) -> None:
    _all(blueprint, desk)
    _one(blueprint, desk)


def _all(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get("/faults")
    def faults() -> Response:
        """The faults in the order in which they are tried."""
        filters.known()
        world = desk.world()
        return envelope.many([_shown(fault, world) for fault in desk.session.faults.all()], desk.clock())

    @blueprint.post("/faults")
    def add() -> Response:
        plan = fault_reading.plan(body.json_object(desk.settings.max_body), desk.book.catalog.errors)
        try:
            fault = desk.session.faults.add(plan)
        except FaultsFull:
            abort(409, f"This session has {LIMIT} faults, which is the most; delete some.")
        return envelope.one(_shown(fault, desk.world()), desk.clock(), 201)

    @blueprint.delete("/faults")
    def clear() -> Response:
        filters.known()
        desk.session.faults.clear()
        return envelope.done(desk.clock())


def _one(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get("/faults/<fault_id>")
    def get(fault_id: str) -> Response:
        fault = desk.session.faults.get(_number(fault_id))
        return envelope.one(_shown(fault or _missing(desk, fault_id), desk.world()), desk.clock())

    @blueprint.patch("/faults/<fault_id>")
    def change(fault_id: str) -> Response:
        """The same fault with other members; what it has counted stays."""
        given, errors = body.json_object(desk.settings.max_body), desk.book.catalog.errors
        fault = desk.session.faults.change(
            _number(fault_id), lambda plan: fault_reading.changed(plan, given, errors)
        )
        return envelope.one(_shown(fault or _missing(desk, fault_id), desk.world()), desk.clock())

    @blueprint.delete("/faults/<fault_id>")
    def delete(fault_id: str) -> Response:
        if not desk.session.faults.remove(_number(fault_id)):
            _missing(desk, fault_id)
        return envelope.done(desk.clock())


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER else 0


def _missing(desk: Desk, fault_id: str) -> NoReturn:
    there = ", ".join(str(fault.id) for fault in desk.session.faults.all())
    abort(404, f"There is no fault '{fault_id}'; there {f'are: {there}' if there else 'are none'}.")


def _shown(fault: Fault, world: World) -> dict[str, Any]:
    document = fault_reading.written(fault.plan)
    caller = document["match"].get("caller")
    if caller is not None and all(caller != known.name for known in world.callers.values()):
        document["match"]["caller"] = "…" + caller[LONG_ENOUGH:][-ENDING:]  # it may be a token
    return {"id": fault.id, **document, "struck": fault.struck}
