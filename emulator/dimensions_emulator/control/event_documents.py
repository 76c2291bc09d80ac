"""Events as they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dimensions_emulator.control import mail_filter
from dimensions_emulator.domain import ticks
from dimensions_emulator.domain.models import Charge, Mail
from dimensions_emulator.sandbox.events import Refusal, Told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dimensions_emulator.domain.models import Roles, User
    from dimensions_emulator.domain.rulebook import Rulebook
    from dimensions_emulator.sandbox.events import Event


def document(event: Event, session: str, book: Rulebook) -> dict[str, Any]:
    """An event with the facts that its type has."""
    whole = {"id": event.id, "type": event.type, "at": ticks.text(event.at), "session": session}
    match event.facts:
        case Told() as told:
            return {**whole, "user": _told(told, book)}
        case Mail() as mail:
            return {**whole, "mail": _mail(mail)}
        case Charge() as charge:
            return {**whole, "charge": _charge(charge)}
        case Refusal() as refusal:
            return {**whole, "request": _refusal(refusal)}
    return {**whole, "reason": event.facts}


def _told(told: Told, book: Rulebook) -> dict[str, Any]:
    now = _user(told.user, told.roles if told.now else told.roles_were, book)
    shown = {**now, "customers": list(told.customers)}
    if told.was and told.now:
        was = _user(told.was, told.roles_were, book)
        shown["before"] = {name: value for name, value in was.items() if value != now[name]}
    return shown


def _user(user: User, roles: Sequence[Roles], book: Rulebook) -> dict[str, Any]:
    return {
        "id": user.id,
        "email": user.email,
        "displayName": user.display_name,
        "primaryTenant": user.primary_tenant,
        "activated": user.activated,
        "roles": {
            customer: book.wire_roles(held) for customer, held in zip(user.tenants, roles, strict=True)
        },
    }


def _mail(mail: Mail) -> dict[str, Any]:
    reason = {"reason": mail.failure} if mail.failure else {}
    return {
        "id": mail.id,
        "kind": mail.kind,
        "customer": mail.customer,
        "user": mail.user_id,
        "to": mail.to,
        "delivery": {"status": mail_filter.delivery(mail), **reason},
    }


def _charge(charge: Charge) -> dict[str, Any]:
    return {
        "id": charge.id,
        "customer": charge.customer,
        "user": charge.user_id,
        "role": charge.role,
    }


def _refusal(refusal: Refusal) -> dict[str, Any]:
    return {
        "id": refusal.id,
        "method": refusal.method,
        "path": refusal.path.encode("latin-1", "replace").decode("utf-8", "replace"),
        "status": refusal.status,
        "rule": refusal.rule,
        "error": refusal.error,
        "operation": refusal.operation,
        "customer": refusal.customer,
        "user": refusal.user,
        "caller": refusal.caller,
    }
