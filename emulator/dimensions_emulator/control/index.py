"""The page that lists what is there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dimensions_emulator.control.documents import control_document
from dimensions_emulator.control.pages import page
from dimensions_emulator.wire import urls

if TYPE_CHECKING:
    from flask import Blueprint, Response

    from dimensions_emulator.control.desk import Desk

WAITING = frozenset({"/events", "/mail/wait"})


def register(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get("/", strict_slashes=False)
    def index() -> Response:
        """Every call of the control plane, by feature."""
        from jinja2 import Environment  # noqa: PLC0415  for this page alone

        template = (Path(__file__).parent / "templates" / "index.html").read_text("utf-8")
        world, session = desk.world(), desk.session
        facts = {
            "version": desk.version,
            "session": session.name,
            "sessions": len(desk.sessions.live()),
            "users": len(world.users),
            "mails": len(world.mails),
            "requests": len(session.journal.entries()),
            "origin": urls.origin(),
            "groups": _groups(control_document()),
        }
        return page(Environment(autoescape=True, trim_blocks=True).from_string(template).render(facts))


def _groups(document: dict[str, Any]) -> list[dict[str, Any]]:
    calls: dict[str, list[dict[str, str]]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            plain = method == "get" and "{" not in path and path not in WAITING
            shown = {
                "method": method.upper(),
                "path": path,
                "summary": operation["summary"],
                "link": path if plain else "",
            }
            calls.setdefault(operation["tags"][0], []).append(shown)
    return [
        {"name": tag["name"].capitalize(), "description": tag["description"], "calls": calls[tag["name"]]}
        for tag in document["tags"]
        if tag["name"] in calls
    ]
