"""The OpenAPI documents of the API and of the control plane."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
        return _json(json.dumps(control_document()))


def control_document() -> dict[str, Any]:
    """The OpenAPI document of the control plane, put together from one file a feature."""
    folder = Path(__file__).parent / "openapi"
    whole: dict[str, Any] = json.loads((folder / "base.json").read_text("utf-8"))
    for path in sorted(folder.glob("*.json")):
        part = json.loads(path.read_text("utf-8")) if path.name != "base.json" else {}
        whole["tags"] += part.get("tags", [])
        for name, operations in part.get("paths", {}).items():
            whole["paths"].setdefault(name, {}).update(operations)
        for kind, components in part.get("components", {}).items():
            whole["components"].setdefault(kind, {}).update(components)
    return whole


def _json(text: str) -> Response:
    return Response(text, content_type="application/json")
