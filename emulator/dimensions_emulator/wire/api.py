"""The routes of the API, each under every prefix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request

from dimensions_emulator.domain.calls import Call
from dimensions_emulator.store.base import DEFAULT_SESSION
from dimensions_emulator.wire import access, devices, mail, urls, users
from dimensions_emulator.wire.ids import guid

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from dimensions_emulator.domain.calls import Ids
    from dimensions_emulator.domain.rulebook import Rulebook
    from dimensions_emulator.domain.world import World
    from dimensions_emulator.store.base import Store, Transaction

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
    """What routes work with.

    The clock gives ticks of 100 ns, `max_body` is in bytes.
    """

    store: Store
    book: Rulebook
    clock: Callable[[], int]
    ids: Ids
    max_body: int

    def session(self) -> str:
        """The session that the request names."""
        return DEFAULT_SESSION

    def world(self) -> World:
        """The world of the request's session as it is now."""
        return self.store.read(self.session())

    def turn(self) -> AbstractContextManager[Transaction]:
        """A writer's turn on the request's session."""
        return self.store.transaction(self.session())


def register(app: Flask, api: Api) -> None:
    """Serve every route under each base path and tenant prefix, and the aliases if the profile has them."""
    prefixes = (*PREFIXES, *ALIASES) if api.book.aliases else PREFIXES
    for path, methods, handler in ROUTES:
        view = _bound(api, handler)
        for base in BASES:
            for prefix in prefixes:
                app.add_url_rule(base + prefix + path, handler.__name__, view, methods=methods)


def _bound(api: Api, handler: Callable[..., Response]) -> Callable[..., Response]:
    def view(customer_id: str, account_id: str | None = None, **rest: Any) -> Response:
        now, environ = api.clock(), request.environ
        holder = access.caller(environ, api.world(), now)
        account = guid(account_id) if account_id is not None else None
        customer = guid(customer_id)
        if "user_id" in rest:
            rest["user_id"] = guid(rest["user_id"])
        accepted = environ.get("HTTP_ACCEPT_CHARGES", "").strip().lower() == "true"
        call = Call(holder, customer, account, urls.origin, now, api.ids, accepted)
        return handler(api, call, **rest)

    return view
