"""What would come of a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import request

from dimensions_emulator.control import filters, members, wishes
from dimensions_emulator.explain import bodies, changes
from dimensions_emulator.explain.explainer import Refusal
from dimensions_emulator.sandbox.fork import Fork
from dimensions_emulator.wire import envelope, urls

if TYPE_CHECKING:
    from flask import Blueprint, Response

    from dimensions_emulator.control.desk import Desk
    from dimensions_emulator.sandbox.dry_run import Request


def register(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.post("/what-if")
    def what_if() -> Response:
        """Run a request of which nothing stays."""
        filters.known()
        given = members.known(desk.settings.max_body, wishes.MEMBERS)
        return envelope.one(_tried(desk, wishes.read(given, request.environ)), desk.clock())


def _tried(desk: Desk, wish: Request) -> dict[str, Any]:
    session, world, now = desk.session, desk.world(), desk.clock()
    fork = Fork(world)
    outcome = desk.explainer.run(desk.sessions.scratch(session, fork, now), wish)
    headers: dict[str, str] = {}
    for name, value in outcome.headers:
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    data = {"status": outcome.status, "headers": headers, "body": bodies.shown(outcome.body)}
    no = outcome.met.refused
    if no is not None:
        refusal = Refusal(session, wish, no, world, now, origin=urls.server_origin())
        data |= {"rule": no.rule, "explanation": desk.explainer.explain(refusal)}
    return {**data, "changes": changes.between(desk.book, world, fork)}
