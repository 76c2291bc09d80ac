"""A rendered mail as an Internet message (RFC 5322, RFC 6532)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from dimensions_emulator.post.rendering import without_controls

if TYPE_CHECKING:
    from dimensions_emulator.domain.models import Mail
    from dimensions_emulator.post.rendering import Rendered

SENDER_NAME = "Dimensions"
MESSAGE_DOMAIN = "dimensions.example"
LONGEST_LINE = 998
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_message(rendered: Rendered, mail: Mail) -> EmailMessage:
    """Build the multipart/alternative message; an address outside ASCII makes it an SMTPUTF8 one."""
    policy = SMTP if rendered.to.isascii() else SMTPUTF8
    message = EmailMessage(policy.clone(cte_type="7bit"))
    message["From"] = _address(SENDER_NAME, rendered.sender)
    message["To"] = _address(without_controls(mail.display_name), rendered.to)
    message["Subject"] = _literal(rendered.subject)
    message["Date"] = format_datetime(EPOCH + timedelta(microseconds=mail.sent // 10))
    message["Message-ID"] = message_id(mail)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(rendered.text, cte=_encoding(rendered.text))
    message.add_alternative(rendered.html, subtype="html", cte=_encoding(rendered.html))
    message.set_boundary(f"=_{_digest(mail)}")  # a random one would make another message of it each time
    return message


def message_id(mail: Mail) -> str:
    """Name this mail the same each time it is built, saying nothing of its token."""
    return f"<{_digest(mail)}@{MESSAGE_DOMAIN}>"


def _digest(mail: Mail) -> str:
    facts = f"{mail.user_id}/{mail.kind}/{mail.id}/{mail.sent}"
    return sha256(facts.encode()).hexdigest()[:32]


def _address(name: str, address: str) -> Address:
    """Pair name with address; what no domain can hold would crash the standard header parser."""
    local, _, domain = address.rpartition("@")
    return Address(_literal(name), _literal(local), re.sub(r"[^\w.-]", "-", domain))


def _literal(text: str) -> str:
    """The text without the mark of encoded words (RFC 2047), which headers decode to whatever they say."""
    return text.replace("=?", "= ?")


def _encoding(body: str) -> str:
    """Plain where it can be, so that links stay whole in the source of the message."""
    plain = body.isascii() and all(len(line) <= LONGEST_LINE for line in body.split("\n"))
    return "7bit" if plain else "quoted-printable"
