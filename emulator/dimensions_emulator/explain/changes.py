"""What requests have changed in a world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dimensions_emulator.domain.models import Device
    from dimensions_emulator.domain.rulebook import Rulebook
    from dimensions_emulator.domain.world import World
    from dimensions_emulator.sandbox.fork import Fork


def between(book: Rulebook, before: World, fork: Fork) -> dict[str, Any]:
    """All that is otherwise in a fork than in the world that it began with."""
    after = fork.world
    return {
        "users": _users(book, before, fork),
        "devices": _devices(before, after),
        "mails": [
            {"id": number, "kind": mail.kind, "to": mail.to, "user": mail.user_id, "customer": mail.customer}
            for number in range(before.mail_count + 1, after.mail_count + 1)
            if (mail := after.mails.get(number)) is not None
        ],
        "charges": [
            {"id": number, "customer": charge.customer, "user": charge.user_id, "role": charge.role}
            for number in range(before.charge_count + 1, after.charge_count + 1)
            if (charge := after.charges.get(number)) is not None
        ],
    }


def _users(book: Rulebook, before: World, fork: Fork) -> dict[str, Any]:
    created, updated, deleted = [], [], []
    for user_id in fork.changed:
        was, is_now = _user(book, before, user_id), _user(book, fork.world, user_id)
        if was is None and is_now is not None:
            created.append(is_now)
        elif is_now is None and was is not None:
            deleted.append(was)
        elif was != is_now:
            updated.append({"id": user_id, "before": was, "after": is_now})
    return {"created": created, "updated": updated, "deleted": deleted}


def _user(book: Rulebook, world: World, user_id: str) -> dict[str, Any] | None:
    user = world.users.get(user_id)
    if user is None:
        return None
    return {
        "id": user.id,
        "displayName": user.display_name,
        "email": user.email,
        "primaryTenant": user.primary_tenant,
        "roles": {key: book.wire_roles(world.tenants[key].roles_of(user.id)) for key in user.tenants},
    }


def _devices(before: World, after: World) -> list[dict[str, Any]]:
    if before.devices is after.devices:
        return []
    return [
        {
            "id": key[1],
            "customer": key[0],
            "before": _device(before.devices.get(key)),
            "after": _device(device),
        }
        for key, device in sorted(after.devices.items())
        if before.devices.get(key) is not device
    ]


def _device(device: Device | None) -> dict[str, Any] | None:
    if device is None:
        return None
    shown = {"user": device.owner, "clientType": device.client_type}
    return {name: value for name, value in shown.items() if value is not None}
