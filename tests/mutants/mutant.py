"""How an emulator with one seeded deviation is made."""

from __future__ import annotations

import pkgutil
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial, wraps
from threading import Lock
from typing import TYPE_CHECKING, Any
from unittest import mock

from flask import request

from dimensions_emulator.app import create_app
from dimensions_emulator.settings import Settings
from dimensions_emulator.wire import api

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

OURS = "dimensions_emulator."
ROUTES = OURS + "wire.api.ROUTES"
CONTROL = "/_emulator"


@dataclass(frozen=True, slots=True)
class Mutant:
    """A deviation that the suite must find.

    The suite must name one of `rules`, of which the first is the right one. `make` takes what
    `create_app` takes; `probe` asks an emulator what shows the deviation.
    """

    name: str
    rules: tuple[str, ...]
    make: Callable[..., Flask]
    why: str
    probe: Callable[[Any], Any]


class Deviating:
    """An application some of whose parts are others, while it answers calls of the API alone."""

    def __init__(self, application, patches, *, everywhere):
        self._application = application
        self._patches = patches
        self._everywhere = everywhere
        self._turn = Lock()  # patches are the process's: two calls at once would undo each other's

    def __call__(self, environ, start_response):
        alone = environ["PATH_INFO"].startswith(CONTROL) and not self._everywhere
        with self._turn, replaced({} if alone else self._patches):
            return self._application(environ, start_response)


@contextmanager
def replaced(patches):
    """Other parts in place of the emulator's own, until the end of the block."""
    with ExitStack() as stack:
        for target, new in patches.items():
            stack.enter_context(mock.patch(target, new))
        yield


def deviant(patches=None, *, without=(), rewrite=None, everywhere=False):
    """What makes an emulator with these parts replaced, rules left out and answers rewritten.

    The patches hold while the application is made and while it answers; with `everywhere` they hold
    for the control plane too.
    """
    patches = patches or {}

    def make(settings=None, **more):
        with replaced(patches):
            app = create_app(settings or Settings(seed=1), without=without, **more)
        if rewrite:
            app.after_request(partial(_rewritten, rewrite))
        app.wsgi_app = Deviating(app.wsgi_app, patches, everywhere=everywhere)
        return app

    return make


def around(target, wrap):
    """The patch of a function of the emulator by one that is handed the original first."""
    target = target if target.startswith("dimensions_") else OURS + target
    original = pkgutil.resolve_name(target)

    @wraps(original)
    def wrapped(*arguments, **named):
        return wrap(original, *arguments, **named)

    return {target: wrapped}


def instead(**values):
    """The patch of module attributes; `wire__access__SCOPE` names `wire.access.SCOPE`."""
    return {OURS + name.replace("__", "."): value for name, value in values.items()}


def routed(name, wrap):
    """The patch of one route function by one that is handed the original first."""
    changed = []
    for path, methods, handler in api.ROUTES:
        if handler.__name__ == name:
            changed.append((path, methods, wraps(handler)(partial(wrap, handler))))
        else:
            changed.append((path, methods, handler))
    return {ROUTES: tuple(changed)}


def offering(method, *names):
    """The patch of the routes of these names by ones that offer this method alone."""
    return {
        ROUTES: tuple(
            (path, (method,) if handler.__name__ in names else methods, handler)
            for path, methods, handler in api.ROUTES
        )
    }


def errors(**changes):
    """The patch of the catalogue by one with other error answers; a new key starts as a 404."""

    def load(original):
        catalog = original()
        known = dict(catalog.errors)
        for key, facts in changes.items():
            known[key] = replace(known.get(key, known["NotFound"]), **facts)
        return replace(catalog, errors=known)

    return around("dimensions_contracts.catalog.load", load)


def bodies(change):
    """The patch of every body: `change` gets the members and gives others."""
    return around("wire.envelope._json", lambda original, body, *rest: original(change(body), *rest))


def successes(change):
    return bodies(lambda body: change(body) if body["status"] == "success" else body)


def refusals(change):
    return bodies(lambda body: change(body) if body["status"] == "error" else body)


def renamed(names):
    """A change of a body that gives members other names."""
    return lambda body: {names.get(name, name): value for name, value in body.items()}


def without_member(gone):
    """A change of a body that leaves a member out."""
    return lambda body: {name: value for name, value in body.items() if name != gone}


def ordered(*first):
    """A change of a body that puts these members first."""

    def change(body):
        head = {name: body[name] for name in first if name in body}
        return {**head, **{name: value for name, value in body.items() if name not in head}}

    return change


def _rewritten(rewrite, response):
    if not request.path.startswith(CONTROL):
        rewrite(response)
    return response
