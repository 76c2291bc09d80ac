"""Requests that faults strike."""

from __future__ import annotations

from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING

import orjson
from flask import Response, after_this_request, request

from dimensions_emulator.domain import addresses, guids
from dimensions_emulator.sandbox.faults import Asked
from dimensions_emulator.wire import access, envelope, fault_answers, problems
from dimensions_emulator.wire.waiting import TooManyWaiting, pause

if TYPE_CHECKING:
    from collections.abc import Callable
    from wsgiref.types import WSGIEnvironment

    from dimensions_emulator.domain.world import World
    from dimensions_emulator.sandbox.faults import Strike
    from dimensions_emulator.sandbox.met import Met
    from dimensions_emulator.sandbox.session import Session
    from dimensions_emulator.wire.fault_answers import Errors

FAULT = "X-Emulator-Fault"


def answer(
    session: Session, met: Met, world: World, errors: Errors, serve: Callable[[], Response]
) -> Response:
    """The answer to a request of a session with faults; `serve` gives the real one."""
    environ = request.environ
    asked = _asked(environ, met, world)
    strike = session.faults.strike(asked, session.chance)
    if strike is None:
        return serve()
    met.fault = strike.fault
    if strike.before:
        pause(environ, strike.before)
    spoil = partial(_spoiled, session, met, errors, strike)
    if strike.fault.plan.decides and strike.fault.plan.when == "before":
        met.caller = asked.callers[1] if len(asked.callers) > 1 else None
        return spoil(envelope.done(session.clock.now()))
    after_this_request(spoil)  # answers of refusals too
    return serve()


def _spoiled(session: Session, met: Met, errors: Errors, strike: Strike, real: Response) -> Response:
    """What becomes of the real answer, once the time before it has passed."""
    plan = strike.fault.plan
    met.at = None  # other than usual, time has passed
    try:
        if strike.after:
            pause(request.environ, strike.after)
    except TooManyWaiting as no:  # too late for the handlers of exceptions
        met.refused = None
        headers = {"Retry-After": str(no.retry_after)}
        return envelope.error(503, None, no.description or "", session.clock.now(), headers)
    if plan.decides:
        met.refused = None  # whatever it was, nobody hears of it
        real.headers.pop(problems.RULE, None)
        real = fault_answers.given(plan, errors, real, session.clock.now())
    real.headers[FAULT] = str(strike.fault.id)
    return real


def _asked(environ: WSGIEnvironment, met: Met, world: World) -> Asked:
    token = access.token(environ)
    holder = world.callers.get(token)
    return Asked(
        met.operation or "",
        guids.usual(met.customer or ""),
        _users(environ, met, world),
        (token,) if holder is None else (token, holder.name),
        environ["REQUEST_METHOD"],
        request.path,
    )


def _users(environ: WSGIEnvironment, met: Met, world: World) -> tuple[str, ...]:
    """The user in the path by id and address, or the one that is to be created by its address."""
    if met.user is not None:
        user_id = guids.usual(met.user) or ""
        user = world.users.get(user_id)
        return (user_id,) if user is None else (user_id, addresses.key(user.email))
    kept = environ["wsgi.input"]
    try:
        sent = orjson.loads(kept.getvalue()) if isinstance(kept, BytesIO) else None
    except orjson.JSONDecodeError:
        return ()
    email = sent.get("email") if isinstance(sent, dict) else None
    return (addresses.key(email),) if isinstance(email, str) else ()
