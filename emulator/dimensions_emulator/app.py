"""The composition root: builds the server's application out of its parts."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from flask import has_request_context, request

from dimensions_contracts import catalog as catalogue
from dimensions_emulator import NAME, __version__, control, seeding
from dimensions_emulator.control.desk import Desk
from dimensions_emulator.domain import room, ticks
from dimensions_emulator.domain.calls import Limits
from dimensions_emulator.domain.rulebook import Rulebook
from dimensions_emulator.explain import kept
from dimensions_emulator.explain.explainer import Explainer
from dimensions_emulator.post.rendering import MailRenderer
from dimensions_emulator.sandbox.courier import Courier
from dimensions_emulator.sandbox.journal import Budget
from dimensions_emulator.sandbox.session import Origin, Terms
from dimensions_emulator.sandbox.sessions import Sessions
from dimensions_emulator.settings import Settings, SettingsInvalid
from dimensions_emulator.store.memory import MemoryStore
from dimensions_emulator.wire import api, problems
from dimensions_emulator.wire.application import Application
from dimensions_emulator.wire.cors import Cors
from dimensions_emulator.wire.dry_run import DryRuns
from dimensions_emulator.wire.entrance import Entrance, unnoted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from flask import Flask

    from dimensions_emulator.domain.world import World
    from dimensions_emulator.post.relay import Relay
    from dimensions_emulator.state_file import StateFile
    from dimensions_emulator.store.base import Store


def create_app(
    settings: Settings | None = None,
    store: Store | None = None,
    *,
    world: World | None = None,
    clock: Callable[[], int] = ticks.now,
    progress: Callable[[int, int], None] | None = None,
    without: Collection[str] = (),
    state: StateFile | None = None,
) -> Flask:
    """The emulator as a WSGI application, seeded and ready.

    `world` takes the place of the one that the settings name; `progress` hears
    how its making goes; `without` leaves rules out, by id; `state` is the file that keeps the state, for
    health to show.
    Raises `SettingsInvalid` if the settings cannot be met.
    """
    settings = settings or Settings()
    store = store or MemoryStore()
    catalog = catalogue.load()
    book = Rulebook(catalog, seeding.profile(settings, catalog), without)
    limits = Limits(settings.max_users, settings.max_mails, settings.max_charges)
    seed = world or seeding.world(settings, progress)
    if full := room.exceeded(seed, limits):
        raise SettingsInvalid(full)
    app = Application("dimensions_emulator")
    problems.register(app, catalog)
    api.register(app, api.Api(book, limits, settings.max_body))
    renderer = MailRenderer()
    relay = app.extensions["dimensions_relay"] = _relay(settings, store, renderer)
    courier = app.extensions["dimensions_courier"] = Courier()
    sessions = _sessions(settings, store, seed, clock, courier)
    explainer = Explainer(book, sessions, DryRuns(app.wsgi_app))
    parts = (store, sessions, book, limits, settings, renderer, relay)
    desk = Desk(*parts, __version__, clock(), clock, explainer, state)
    control.register(app, desk)
    explain, keep = partial(kept.line, explainer), settings.journal > 0
    app.wsgi_app = Entrance(  # type: ignore[method-assign]
        app.wsgi_app, sessions, NAME, keep=keep, explain=explain, hidden=settings.secrets
    )
    app.wsgi_app = Cors(app.wsgi_app, app.url_map, settings.cors, ("X-Emulator", NAME))  # type: ignore[method-assign]
    return app


def _sessions(
    settings: Settings, store: Store, seed: World, clock: Callable[[], int], courier: Courier
) -> Sessions:
    sessions = Sessions(
        store,
        Origin(seed, settings.world, settings.seed),
        Terms(clock, settings.journal, Budget(settings.journal_bytes), settings.rate_limit, courier),
        limit=settings.max_sessions,
        idle=settings.session_idle,
    )
    store.watch(partial(_tell, sessions))
    return sessions


def _tell(sessions: Sessions, key: str, before: World, after: World) -> None:
    session = sessions.of_key(key)
    if session is not None:
        session.events.commit(before, after)
        if not (has_request_context() and unnoted(request.environ)):
            session.coverage.commit(before, after)


def _relay(settings: Settings, store: Store, renderer: MailRenderer) -> Relay | None:
    if settings.smtp is None:
        return None
    from dimensions_emulator.post.relay import Relay  # noqa: PLC0415  slow to import

    relay = Relay(*settings.smtp, renderer.render)

    def forward(_: str, before: World, after: World) -> None:
        for number in range(before.mail_count + 1, after.mail_count + 1):
            mail = after.mails.get(number)  # which had to make room already where there are too many at once
            if mail is not None and not mail.failure:
                relay.enqueue(mail, after.tenants[mail.customer].customer.name)

    store.watch(forward)
    return relay
