"""Tokens for the emulated API."""

from __future__ import annotations

import secrets
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from flask import abort

from dimensions_emulator.control import members, tokens_wanted
from dimensions_emulator.domain import parts, room, ticks
from dimensions_emulator.domain.errors import WorldFull
from dimensions_emulator.domain.models import Caller
from dimensions_emulator.sandbox.sessions import SessionRefused
from dimensions_emulator.store.base import SessionGone
from dimensions_emulator.wire import body, envelope

if TYPE_CHECKING:
    from flask import Blueprint, Response

    from dimensions_emulator.control.desk import Desk
    from dimensions_emulator.domain.world import World
    from dimensions_emulator.sandbox.session import Session

MOST_OF_SESSIONS = 100_000
TELLING = 12
"""How long a token is at least of which four characters may be shown."""


def register(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.post("/tokens")
    def mint() -> Response:
        """A token for accounts or customers, for all accounts if none are named."""
        wanted = body.json_object(desk.settings.max_body)
        name = tokens_wanted.session(wanted)
        session = desk.session if name is None else _opened(desk, name, wanted)
        caller = _minted(desk, session, wanted, own=name is not None)
        data = {"token": caller.token, **_shown(caller), "session": session.name}
        return envelope.one(data, desk.clock(), 201)

    @blueprint.get("/tokens")
    def tokens() -> Response:
        """The tokens of the session by name, without what would let their readers in."""
        now = desk.clock()
        callers = sorted(desk.world().callers.values(), key=lambda caller: (caller.name, caller.token))
        return envelope.many([_listed(caller, now) for caller in callers], now)

    @blueprint.post("/tokens/expire")
    def expire() -> Response:
        """Let the lifetime of a token end now, by the session's clock."""
        session, token = _named(desk)
        now = session.clock.now()
        with desk.store.transaction(session.key) as turn:
            caller = _known(turn.world, token)
            caller = replace(caller, expires=now if caller.expires is None else min(now, caller.expires))
            turn.world = turn.world.with_caller(caller)
        return envelope.one(_listed(caller, now), desk.clock())

    @blueprint.post("/tokens/revoke")
    def revoke() -> Response:
        """Forget a token; one that was minted for a session does not come back with a reset either.

        It goes on naming its session, so that this one tells of those who still try it.
        """
        session, token = _named(desk)
        with desk.store.transaction(session.key) as turn:
            _known(turn.world, token)
            turn.world = turn.world.without_caller(token)
            if token in desk.sessions.tokens:
                origin = session.origin
                session.origin = origin._replace(world=origin.world.without_caller(token))
        return envelope.done(desk.clock())


def _opened(desk: Desk, name: str, wanted: dict[str, Any]) -> Session:
    """The session of this name, made if the token that is wanted could be one of it."""
    try:
        return desk.sessions.find(name)
    except SessionRefused:
        tokens_wanted.facts(wanted, desk.sessions.default.origin.world, desk.real_time())
        return desk.sessions.open(name)


def _minted(desk: Desk, session: Session, wanted: dict[str, Any], *, own: bool) -> Caller:
    """A new caller of the session.

    Its `own` ones name it by their token alone, and stay when it is reset as far as they see something then.
    """
    named = desk.sessions.tokens
    if own and len(named) >= MOST_OF_SESSIONS and not _freed(desk):
        raise WorldFull(
            f"{MOST_OF_SESSIONS} tokens name their sessions, which is the most; revoke some, or delete"
            " sessions."
        )
    with desk.store.transaction(session.key) as turn:
        origin = session.origin
        caller = Caller(
            token=f"emulator-token-{secrets.token_urlsafe(18)}",
            **tokens_wanted.facts(wanted, turn.world, session.clock.now()),
        )
        room.for_caller(turn.world, *((origin.world,) if own else ()))
        turn.world = turn.world.with_caller(caller)
        if own:
            session.origin = origin._replace(world=parts.joined(origin.world, (caller,)))
            named[caller.token] = session.name
    if own and desk.sessions.of_key(session.key) is None:
        named.pop(caller.token, None)
        raise SessionGone(session.key)
    return caller


def _freed(desk: Desk) -> int:
    """Let the tokens that were revoked name no session any longer; how many they are."""
    named, known = desk.sessions.tokens, {one.name: one.origin.world.callers for one in desk.sessions.live()}
    revoked = [token for token, name in list(named.items()) if token not in known.get(name, ())]
    for token in revoked:
        named.pop(token, None)
    return len(revoked)


def _named(desk: Desk) -> tuple[Session, str]:
    """The session and the token that the body names, by itself or by its id."""
    wanted = members.known(desk.settings.max_body, ("token", "id"))
    token, number = body.text(wanted, "token"), body.text(wanted, "id")
    if (token is None) == (number is None):
        abort(400, "The body names one token, by its token or by its id.")
    callers, session = desk.world().callers, desk.session
    if token is None:
        token = next((known for known in callers if _id(known) == number), "")
    elif token not in callers and token in desk.sessions.tokens:
        session = desk.sessions.find(desk.sessions.tokens[token])
    return session, token


def _known(world: World, token: str) -> Caller:
    caller = world.callers.get(token)
    if caller is None:
        abort(404, "This session has no such token; GET /_emulator/tokens lists those that it has.")
    return caller


def _id(token: str) -> str:
    return sha256(token.encode()).hexdigest()[:12]


def _shown(caller: Caller) -> dict[str, Any]:
    shown = {
        "id": _id(caller.token),
        "name": caller.name,
        "accounts": sorted(caller.accounts),
        "customers": sorted(caller.customers),
        "scopes": sorted(caller.scopes),
    }
    return shown if caller.expires is None else {**shown, "expires": ticks.text(caller.expires)}


def _listed(caller: Caller, now: int) -> dict[str, Any]:
    expired = caller.expires is not None and caller.expires <= now
    ending = caller.token[-4:] if len(caller.token) >= TELLING else ""
    return {**_shown(caller), "ending": ending, "state": "expired" if expired else "valid"}
