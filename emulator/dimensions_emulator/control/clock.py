"""The clock of a session, to be moved and stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import abort

from dimensions_emulator.control import members
from dimensions_emulator.domain import ticks
from dimensions_emulator.sandbox.clock import EARLIEST, LATEST, OutOfRange
from dimensions_emulator.wire import body, envelope

if TYPE_CHECKING:
    from flask import Blueprint, Response

    from dimensions_emulator.control.desk import Desk


def register(blueprint: Blueprint, desk: Desk) -> None:
    def shown() -> Response:
        clock = desk.session.clock
        now, real = clock.now(), desk.real_time()
        data = {
            "now": ticks.text(now),
            "frozen": clock.reading.frozen is not None,
            "offsetSeconds": (now - real) / ticks.SECOND,
        }
        return envelope.one(data, now)

    @blueprint.get("/clock")
    def read() -> Response:
        return shown()

    @blueprint.put("/clock")
    def put() -> Response:
        """Another time; a stopped clock stays stopped there."""
        moment = _moment(desk, "now")
        if moment is None:
            abort(400, 'The body is {"now": "2026-01-31T09:00:00Z"}.')
        desk.session.clock.set(moment)
        return shown()

    @blueprint.post("/clock/advance")
    def advance() -> Response:
        """So many seconds later."""
        _advance(desk)
        return shown()

    @blueprint.post("/clock/freeze")
    def freeze() -> Response:
        """Stop, at a given time or now."""
        desk.session.clock.freeze(_moment(desk, "at"))
        return shown()

    @blueprint.post("/clock/resume")
    def resume() -> Response:
        """Go on from where the clock stands."""
        members.known(desk.settings.max_body, ())
        desk.session.clock.resume()
        return shown()


def _advance(desk: Desk) -> None:
    seconds = members.known(desk.settings.max_body, ("seconds",)).get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0:
        abort(400, "seconds is a number above 0; PUT the clock to go back.")
    try:
        desk.session.clock.advance(round(seconds * ticks.SECOND))
    except (OutOfRange, OverflowError):
        abort(400, f"seconds would lead past {ticks.text(LATEST)}, the latest time here.")


def _moment(desk: Desk, name: str) -> int | None:
    text = body.text(members.known(desk.settings.max_body, (name,)), name)
    if text is None:
        return None
    try:
        moment = ticks.parse(text)
    except (ValueError, OverflowError):
        moment = -1
    if not EARLIEST <= moment <= LATEST:
        abort(400, f"{name} is a time such as 2026-01-31T09:00:00Z, from 1970 to 9000.")
    return moment
