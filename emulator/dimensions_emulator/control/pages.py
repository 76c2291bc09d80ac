"""The pages to which the links in mails lead."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flask import Response, request

from dimensions_emulator.store.base import DEFAULT_SESSION

if TYPE_CHECKING:
    from flask import Blueprint

    from dimensions_emulator.control.desk import Desk

POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def register(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get("/activate/<token>")
    def activate(token: str) -> Response:
        """Mark the user of the link activated."""
        with desk.store.transaction(DEFAULT_SESSION) as turn:
            user = turn.world.users.get(turn.world.activations.get(token, ""))
            if user is not None and request.method == "GET" and not user.activated:
                turn.world = turn.world.with_user(replace(user, activated=True))
        if user is None:
            return _page(desk.renderer.page("unknown-link"), 404)
        return _page(desk.renderer.page("activated", name=user.display_name, email=user.email))

    @blueprint.get("/uc-client")
    def uc_client() -> Response:
        return _page(desk.renderer.page("uc-client"))


def _page(html: str, status: int = 200) -> Response:
    headers = {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    return Response(html, status, headers, content_type="text/html; charset=utf-8")
