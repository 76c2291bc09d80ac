"""The composition root: builds the server's application out of its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

from dimensions_contracts import catalog as catalogue
from dimensions_emulator import NAME, __version__, control, seeding
from dimensions_emulator.control.desk import Desk
from dimensions_emulator.domain import ticks
from dimensions_emulator.domain.rulebook import Rulebook
from dimensions_emulator.post.rendering import MailRenderer
from dimensions_emulator.settings import Settings
from dimensions_emulator.store.base import DEFAULT_SESSION
from dimensions_emulator.store.memory import MemoryStore
from dimensions_emulator.wire import api, problems
from dimensions_emulator.wire.naming import Named
from dimensions_emulator.wire.routing import MatchedRule

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from dimensions_emulator.domain.world import World
    from dimensions_emulator.post.relay import Relay
    from dimensions_emulator.store.base import Store


def create_app(
    settings: Settings | None = None,
    store: Store | None = None,
    *,
    world: World | None = None,
    clock: Callable[[], int] = ticks.now,
    progress: Callable[[int, int], None] | None = None,
    without: Collection[str] = (),
) -> Flask:
    """The emulator as a WSGI application, seeded and ready.

    `world` takes the place of the one that the settings name; `progress` hears
    how its making goes; `without` leaves rules out, by id.
    Raises `SettingsInvalid` if the settings cannot be met.
    """
    settings = settings or Settings()
    store = store or MemoryStore()
    catalog = catalogue.load()
    book = Rulebook(catalog, seeding.profile(settings, catalog), without)
    seed = world or seeding.world(settings, progress)
    store.put(DEFAULT_SESSION, seed)
    app = Flask("dimensions_emulator", static_folder=None)
    app.url_rule_class = MatchedRule
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.url_map.merge_slashes = False
    problems.register(app, catalog, clock)
    routes = api.Api(store, book, clock, seeding.ids(settings), settings.max_body)
    api.register(app, routes)
    renderer = MailRenderer()
    relay = _relay(settings, store, renderer)
    app.extensions["dimensions_relay"] = relay
    desk = Desk(
        store, book, clock, routes.ids, seed, settings, renderer, relay, version=__version__, started=clock()
    )
    control.register(app, desk)
    app.wsgi_app = Named(app.wsgi_app, NAME)  # type: ignore[method-assign]
    return app


def _relay(settings: Settings, store: Store, renderer: MailRenderer) -> Relay | None:
    if settings.smtp is None:
        return None
    from dimensions_emulator.post.relay import Relay  # noqa: PLC0415  slow to import

    relay = Relay(*settings.smtp, renderer.render)

    def forward(_: str, before: World, after: World) -> None:
        for number in range(before.mail_count + 1, after.mail_count + 1):
            mail = after.mails[number]
            relay.enqueue(mail, after.tenants[mail.customer].customer.name)

    store.watch(forward)
    return relay
