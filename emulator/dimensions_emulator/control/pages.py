"""The pages to which the links in mails lead."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flask import Response, request

from dimensions_emulator.domain import ticks
from dimensions_emulator.wire import urls

if TYPE_CHECKING:
    from flask import Blueprint

    from dimensions_emulator.control.desk import Desk
    from dimensions_emulator.domain.models import Activation, User
    from dimensions_emulator.domain.world import World

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'self'"
)


def register(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get("/activate/<token>")
    def activate(token: str) -> Response:
        """Mark the user of the link activated; who is so already stays it, however old the link."""
        with desk.turn() as turn:
            link = turn.world.activations.get(token)
            user = turn.world.users.get(link.user_id) if link else None
            if link is None or user is None:
                return page(desk.renderer.page("unknown-link"), 404)
            if not user.activated and _expired(desk, link):
                return _refused(desk, turn.world, link, user)
            if request.method == "GET" and not user.activated:
                turn.world = turn.world.with_user(replace(user, activated=True))
        return page(desk.renderer.page("activated", name=user.display_name, email=user.email))

    @blueprint.get("/uc-client")
    def uc_client() -> Response:
        return page(desk.renderer.page("uc-client"))


def page(html: str, status: int = 200) -> Response:
    """An HTML page that runs no script and loads nothing."""
    headers = {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    return Response(html, status, headers, content_type="text/html; charset=utf-8")


def _expired(desk: Desk, link: Activation) -> bool:
    return link.sent is not None and desk.clock() >= link.sent + _lifetime(desk)


def _refused(desk: Desk, world: World, link: Activation, user: User) -> Response:
    tenant, sent = user.primary_tenant, link.sent or 0
    path = f"/api/v1.0/customers/{tenant}/users/{user.id}/sendActivationEmail"
    facts = {
        "sent": _moment(sent),
        "expired": _moment(sent + _lifetime(desk)),
        "way_out": f"POST {urls.origin()}{path}" if tenant in world.tenants else "",
    }
    return page(desk.renderer.page("expired-link", **facts), 410)


def _lifetime(desk: Desk) -> int:
    return desk.settings.activation_lifetime * ticks.SECOND


def _moment(at: int) -> str:
    date, _, time = ticks.text(at).partition("T")
    return f"{date} {time[:8]} UTC"
