"""The report as one HTML page that loads nothing."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from dimensions_contracts.conformance.reports import document as documents

if TYPE_CHECKING:
    from dimensions_contracts.conformance.reports.document import Document

TEMPLATES = Path(__file__).parent / "templates"
MARKS = ("documented", "inferred", "decided")
MINUTE = 60


def page(document: Document) -> str:
    """Write the page; it states the hashes of its style and script, so a browser runs no other."""
    document = documents.legible(document)
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["duration"] = duration
    style, script = _asset("report.css"), _asset("report.js")
    return environment.get_template("report.html").render(
        **document,
        headline=documents.headline(document),
        statuses=documents.STATUSES,
        marks=MARKS,
        groups=documents.groups(document),
        remarkable=documents.remarkable(document),
        known=documents.having(document, ("KNOWN",)),
        tally=documents.tally,
        style=style,
        script=script,
        policy=f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'",
    )


def duration(seconds: float) -> str:
    """Say how long that is: `12.3 s`, `2 min 5 s`."""
    if round(seconds, 1) < MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), MINUTE)
    return f"{minutes} min {rest} s"


def _asset(name: str) -> Markup:
    return Markup((TEMPLATES / name).read_text("utf-8"))  # noqa: S704 - a file of this package, no data


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
