"""Mails, and the links in them, in a world document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dimensions_emulator.domain import ticks
from dimensions_emulator.domain.models import Activation, Mail

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dimensions_emulator.domain.world import World


def mails(entries: Iterable[Mapping[str, Any]], tenant_ids: Mapping[str, str]) -> dict[int, Mail]:
    """The mails of a document by number; tenants are known there by their keys."""
    return {entry["id"]: _mail(entry, tenant_ids) for entry in entries}


def activations(document: Mapping[str, Any], known: Mapping[int, Mail]) -> dict[str, Activation]:
    """The activation links by token.

    When they were sent stands beside their users, whose place older documents have fixed: those are to be
    joined with what their mails tell.
    """
    links = document.get("links")
    found = {
        mail.token: Activation(mail.user_id, mail.id, mail.sent)
        for mail in known.values()
        if mail.kind == "activation"
    }
    users: Mapping[str, str] = document.get("activations", {})
    if links is None:
        told = {
            token: found.get(token, Activation(user))._replace(user_id=user) for token, user in users.items()
        }
        return {**found, **told}
    return {
        token: Activation(user, int(links[token]["mail"]), ticks.parse(links[token]["sent"]))
        if token in links
        else Activation(user)
        for token, user in users.items()
    }


def dump(world: World) -> dict[str, Any]:
    """What a document says of mails and links."""
    links = sorted(world.activations.items())
    return {
        "mails": [_dump_mail(mail) for _, mail in sorted(world.mails.items())],
        "activations": {token: link.user_id for token, link in links},
        "links": {
            token: {"mail": link.mail, "sent": ticks.text(link.sent)}
            for token, link in links
            if link.sent is not None
        },
    }


def _mail(entry: Mapping[str, Any], tenant_ids: Mapping[str, str]) -> Mail:
    return Mail(
        id=entry["id"],
        kind=entry["kind"],
        customer=tenant_ids[entry["customer"]],
        user_id=entry["user"],
        to=entry["to"],
        display_name=entry["displayName"],
        origin=entry["origin"],
        token=entry["token"],
        sent=ticks.parse(entry["sent"]),
        failure=entry.get("failure", ""),
    )


def _dump_mail(mail: Mail) -> dict[str, Any]:
    entry = {
        "id": mail.id,
        "kind": mail.kind,
        "customer": mail.customer,
        "user": mail.user_id,
        "to": mail.to,
        "displayName": mail.display_name,
        "origin": mail.origin,
        "token": mail.token,
        "sent": ticks.text(mail.sent),
    }
    return {**entry, "failure": mail.failure} if mail.failure else entry
