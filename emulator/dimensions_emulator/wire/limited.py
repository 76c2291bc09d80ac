"""Requests above the rate of their caller."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import request

from dimensions_emulator.domain import ticks
from dimensions_emulator.wire import access, envelope

if TYPE_CHECKING:
    from flask import Response

    from dimensions_emulator.domain.world import World
    from dimensions_emulator.sandbox.met import Met
    from dimensions_emulator.sandbox.session import Session


def refusal(session: Session, met: Met, world: World) -> Response | None:
    """The answer to a request above the rate, None to one within; callers unknown here share one rate."""
    token, now = access.token(request.environ), session.clock.now()
    met.at = now
    holder, rate = world.callers.get(token), session.limiter.rate
    wait = session.limiter.wait("" if holder is None else token, now)
    if not wait or rate is None:
        return None
    met.caller = None if holder is None else holder.name
    seconds = -(-wait // ticks.SECOND)
    message = f"The limit is {rate[0]} requests in {rate[1]} s; the next one is taken in {seconds} s."
    return envelope.error(HTTPStatus.TOO_MANY_REQUESTS, None, message, now, {"Retry-After": str(seconds)})
