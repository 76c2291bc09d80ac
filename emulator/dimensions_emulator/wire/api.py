"""The routes of the API, each under every prefix."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from flask import Flask, Response, request

from dimensions_contracts.operations import OPERATIONS
from dimensions_emulator.domain.calls import Call
from dimensions_emulator.wire import access, devices, faulted, limited, mail, urls, users
from dimensions_emulator.wire.entrance import MET, SESSION, TURN, WORLD
from dimensions_emulator.wire.ids import guid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from wsgiref.types import WSGIEnvironment

    from dimensions_emulator.domain.calls import Limits
    from dimensions_emulator.domain.rulebook import Rulebook
    from dimensions_emulator.domain.world import World
    from dimensions_emulator.sandbox.met import Met
    from dimensions_emulator.sandbox.session import Session
    from dimensions_emulator.store.base import Transaction

BASES = ("/api/v1.0", "/v1.0")
PREFIXES = ("/customers/<customer_id>/users", "/accounts/<account_id>/customers/<customer_id>/users")
ALIASES = ("/clients/<customer_id>/utilisateurs", "/accounts/<account_id>/clients/<customer_id>/utilisateurs")
ROUTES: tuple[tuple[str, tuple[str, ...], Callable[..., Response]], ...] = (
    ("", ("GET",), users.list_all),
    ("", ("POST",), users.create),
    ("/<user_id>", ("GET",), users.get),
    ("/<user_id>", ("PATCH",), users.patch),
    ("/<user_id>", ("DELETE",), users.delete),
    ("/<user_id>/devices/pbx/<path:device_id>/assign", ("PUT", "POST"), devices.assign),
    ("/<user_id>/devices/pbx/<path:device_id>/unassign", ("PUT", "POST"), devices.unassign),
    ("/<user_id>/sendActivationEmail", ("POST",), mail.send_activation),
    ("/<user_id>/sendUConnectActivationEmail", ("POST",), mail.send_uc_welcome),
)


@dataclass(frozen=True, slots=True)
class Api:
    """What routes work with; `max_body` is in bytes."""

    book: Rulebook
    limits: Limits
    max_body: int

    def world(self) -> World:
        """The world that the request sees: its session's when it came to be answered."""
        return cast("World", request.environ[WORLD])

    def turn(self) -> AbstractContextManager[Transaction]:
        """A writer's turn on the request's session."""
        environ = request.environ
        session: Session = environ[SESSION]
        turn = environ[TURN] = session.store.transaction(session.key)
        return turn


def register(app: Flask, api: Api) -> None:
    """Serve every route under each base path and tenant prefix, and the aliases if the profile has them."""
    prefixes = (*PREFIXES, *ALIASES) if api.book.aliases else PREFIXES
    for path, methods, handler in ROUTES:
        view = _bound(api, handler, _operations(path, methods))
        for base in BASES:
            for prefix in prefixes:
                app.add_url_rule(base + prefix + path, handler.__name__, view, methods=methods)


def _bound(
    api: Api, handler: Callable[..., Response], operations: Mapping[str, str]
) -> Callable[..., Response]:
    def view(customer_id: str, account_id: str | None = None, **rest: Any) -> Response:
        environ = request.environ
        session: Session = environ[SESSION]
        met: Met = environ[MET]
        met.operation = operations[environ["REQUEST_METHOD"]]
        met.customer, met.user = customer_id, rest.get("user_id")
        if session.limiter and (no := limited.refusal(session, met, _now(session))) is not None:
            return no
        if session.faults:
            serve = partial(_served, api, handler, environ, customer_id, account_id, rest)
            return faulted.answer(session, met, _now(session), api.book.catalog.errors, serve)
        return _served(api, handler, environ, customer_id, account_id, rest)

    return view


def _served(
    api: Api,
    handler: Callable[..., Response],
    environ: WSGIEnvironment,
    customer_id: str,
    account_id: str | None,
    rest: dict[str, Any],
) -> Response:
    session: Session = environ[SESSION]
    met: Met = environ[MET]
    now = met.at = session.clock.now()
    world = environ[WORLD] = _now(session)
    holder = access.caller(environ, world, now)
    met.caller = holder.name
    account = guid(account_id) if account_id is not None else None
    customer = guid(customer_id)
    if "user_id" in rest:
        rest["user_id"] = guid(rest["user_id"])
    accepted = environ.get("HTTP_ACCEPT_CHARGES", "").strip().lower() == "true"
    call = Call(
        holder,
        customer,
        account,
        urls.mail_origin,
        now,
        session.ids,
        accepted,
        api.limits,
        session.mailboxes.failure,
    )
    return handler(api, call, **rest)


def _now(session: Session) -> World:
    return session.store.read(session.key)


def _operations(path: str, methods: tuple[str, ...]) -> dict[str, str]:
    """The contract's operation ids of a route, by method; HEAD is GET without its body."""
    plain = re.sub("<[^>]*>", "{}", path)
    ids = {
        operation.method.upper(): operation.id
        for operation in OPERATIONS
        if re.sub("{[^}]*}", "{}", operation.path) == plain
    }
    found = {method: ids[method] for method in methods}
    return {**found, "HEAD": found["GET"]} if "GET" in found else found
