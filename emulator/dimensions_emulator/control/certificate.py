"""The certificate with which clients check this server's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, abort, request

from dimensions_emulator.wire.waiting import AUTHORITY

if TYPE_CHECKING:
    from flask import Blueprint

    from dimensions_emulator.control.desk import Desk

PEM = "application/pem-certificate-chain"


def register(blueprint: Blueprint, _: Desk) -> None:
    @blueprint.get("/ca.pem")
    def certificate() -> Response:
        authority = request.environ.get(AUTHORITY)
        if authority is None:
            abort(404, "This server has no certificate authority; start it with --tls.")
        return Response(authority, content_type=PEM)
