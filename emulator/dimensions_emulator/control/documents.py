"""The OpenAPI documents of the API and of the control plane."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Response

from dimensions_emulator import __version__

if TYPE_CHECKING:
    from flask import Blueprint

    from dimensions_emulator.control.desk import Desk


def register(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get("/openapi.json")
    def api() -> Response:
        from dimensions_contracts import openapi  # noqa: PLC0415  with jsonschema, slow to import

        return _json(json.dumps(openapi.document(desk.book.catalog, __version__, profile=desk.book.profile)))

    @blueprint.get("/control.json")
    def control() -> Response:
        return _json((Path(__file__).parent / "control.json").read_text("utf-8"))


def _json(text: str) -> Response:
    return Response(text, content_type="application/json")
