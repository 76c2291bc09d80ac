"""What the features of the control plane work with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from flask import request

from dimensions_emulator.domain import parts, room
from dimensions_emulator.wire.entrance import SESSION

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from dimensions_emulator.domain.calls import Limits
    from dimensions_emulator.domain.rulebook import Rulebook
    from dimensions_emulator.domain.world import World
    from dimensions_emulator.explain.explainer import Explainer
    from dimensions_emulator.post.relay import Relay
    from dimensions_emulator.post.rendering import MailRenderer
    from dimensions_emulator.sandbox.session import Session
    from dimensions_emulator.sandbox.sessions import Sessions
    from dimensions_emulator.settings import Settings
    from dimensions_emulator.state_file import StateFile
    from dimensions_emulator.store.base import Store, Transaction


@dataclass(frozen=True, slots=True)
class Desk:
    """The running server as its controller sees it; `started` and `real_time` are in ticks of 100 ns."""

    store: Store
    sessions: Sessions
    book: Rulebook
    limits: Limits
    settings: Settings
    renderer: MailRenderer
    relay: Relay | None
    version: str
    started: int
    real_time: Callable[[], int]
    explainer: Explainer
    state: StateFile | None = None

    @property
    def session(self) -> Session:
        """The session that the request names."""
        return cast("Session", request.environ[SESSION])

    def world(self) -> World:
        """The world of the request's session as it is now."""
        session = self.session
        return session.store.read(session.key)

    def put(self, world: World) -> None:
        """Another world for the request's session, in which the tokens that name the session stay.

        As far as they see something there; raises `WorldFull`.
        """
        session, tokens = self.session, self.sessions.tokens

        def change(before: World) -> World:
            known = {**session.origin.world.callers, **before.callers}
            own = (caller for token, caller in known.items() if tokens.get(token) == session.name)
            after = parts.joined(world, own)
            room.check(after, self.limits)
            return after

        self.store.rewrite(session.key, change)

    def turn(self) -> AbstractContextManager[Transaction]:
        """A writer's turn on the request's session."""
        session = self.session
        return session.store.transaction(session.key)

    def clock(self) -> int:
        """The time of the request's session, in ticks of 100 ns."""
        return self.session.clock.now()
