"""A mail as its reader sees it: subject, text, HTML."""

from __future__ import annotations

import textwrap
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

if TYPE_CHECKING:
    from dimensions_emulator.domain.models import Mail

SENDER = "no-reply@dimensions.example"
TEXT_WIDTH = 72

# Controls, lone surrogates, line and paragraph separators: none belongs in a name, a header or a link.
UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
URL_CHARACTERS = ":/?#[]@!$&'()*+,;=%~"


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail ready to be read; `to` is a bare address, `links` are the ones its reader is asked to open."""

    sender: str
    to: str
    subject: str
    text: str
    html: str
    links: tuple[str, ...]


class MailRenderer:
    """Renders mails, as well as the pages their links lead to, from this package's templates."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=select_autoescape(("html",), default=False, default_for_string=True),
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )

    def render(self, mail: Mail, customer_name: str) -> Rendered:
        """Write the mail on behalf of a customer of that name."""
        facts = _facts(mail, customer_name)
        return Rendered(
            sender=SENDER,
            to=facts["to"],
            subject=without_controls(self._fill(f"{mail.kind}.subject.txt", facts)),
            text=wrapped(self._fill(f"{mail.kind}.txt", facts)),
            html=self._fill(f"{mail.kind}.html", facts),
            links=(facts["link"],),
        )

    def words(self, mail: Mail, customer_name: str) -> str:
        """What the mail says in its subject and its text, on one line, for searches."""
        facts = _facts(mail, customer_name)
        parts = (self._fill(f"{mail.kind}.{part}", facts) for part in ("subject.txt", "txt"))
        return " ".join(" ".join(parts).split())

    def page(self, name: str, /, **facts: Any) -> str:
        """Write the HTML page of that name: `activated`, `expired-link`, `unknown-link` or `uc-client`.

        `activated` mentions `name`, `email` and `customer` when they are given; `expired-link` tells when the
        link was `sent` and `expired`, and the `way_out` if there is one.
        """
        return self._fill(f"{name}.html", {key: _tidy(value) for key, value in facts.items()})

    def _fill(self, template: str, facts: dict[str, Any]) -> str:
        return self._templates.get_template(template).render(facts)


def link_of(mail: Mail) -> str:
    """Build the address that a mail asks its reader to open, always http or https."""
    origin = quote(without_controls(mail.origin), safe=URL_CHARACTERS)
    if not origin.startswith(("http://", "https://")):
        origin = f"http://{origin}"
    if mail.kind == "activation":
        return f"{origin}/_emulator/activate/{quote(without_controls(mail.token), safe='')}"
    return f"{origin}/_emulator/uc-client"


def without_controls(text: str) -> str:
    """Put the text on one line, with single spaces for what cannot be printed."""
    if not text.isprintable():  # which is quick, and true of most
        text = "".join(" " if unicodedata.category(c) in UNPRINTABLE else c for c in text)
    return " ".join(text.split())


def wrapped(text: str) -> str:
    """Fold each line at words; a link stays in one piece however long it is."""
    lines = (
        line
        if len(line) <= TEXT_WIDTH
        else textwrap.fill(line, TEXT_WIDTH, break_long_words=False, break_on_hyphens=False)
        for line in text.split("\n")
    )
    return "\n".join(lines).rstrip() + "\n"


def _facts(mail: Mail, customer_name: str) -> dict[str, str]:
    to = without_controls(mail.to).replace(" ", "")
    return {
        "to": to,
        "name": without_controls(mail.display_name) or to,
        "customer": without_controls(customer_name),
        "link": link_of(mail),
    }


def _tidy(value: Any) -> Any:
    return without_controls(value) if isinstance(value, str) else value
