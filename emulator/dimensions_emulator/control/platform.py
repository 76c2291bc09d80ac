"""The simulated phone platform."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import abort

from dimensions_emulator.domain.calls import Call
from dimensions_emulator.domain.platform import PLATFORM, PlatformDevice, PlatformUser, import_users
from dimensions_emulator.store.base import DEFAULT_SESSION
from dimensions_emulator.wire import body, envelope, urls
from dimensions_emulator.wire.ids import guid

if TYPE_CHECKING:
    from flask import Blueprint, Response

    from dimensions_emulator.control.desk import Desk
    from dimensions_emulator.domain.models import Device

ID_LIMIT, NAME_LIMIT, EXTENSION_LIMIT = 200, 200, 40


def register(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.post("/platform/<customer_id>/import")
    def bring_in(customer_id: str) -> Response:
        """Bring users in with their devices, all of them or none."""
        customer, wanted = guid(customer_id), body.json_object(desk.settings.max_body).get("users")
        if not isinstance(wanted, list) or not wanted:
            abort(400, 'The body is {"users": [{"email", "displayName", "agent", "devices"}]}.')
        reported = [_user(entry) for entry in wanted]
        now = desk.clock()
        call = Call(PLATFORM, customer, None, urls.origin, now, desk.ids, charges_accepted=True)
        with desk.store.transaction(DEFAULT_SESSION) as turn:
            turn.world, users = import_users(turn.world, desk.book, call, reported)
            tenant = turn.world.tenants[customer]
        data = [
            {"id": user.id, "email": user.email, "roles": desk.book.wire_roles(tenant.roles_of(user.id))}
            for user in users
        ]
        return envelope.one(data, now, 201)

    @blueprint.get("/platform/<customer_id>/devices")
    def devices(customer_id: str) -> Response:
        """The devices of a customer's platform, and the client types they are tied to."""
        customer, world = guid(customer_id), desk.store.read(DEFAULT_SESSION)
        if customer not in world.tenants:
            abort(404, "Not Found")
        data = [_shown(device) for key, device in sorted(world.devices.items()) if key[0] == customer]
        return envelope.many(data, desk.clock())


def _user(entry: Any) -> PlatformUser:
    member = _object(entry, "A user")
    devices = member.get("devices")
    if not isinstance(devices, list | None):
        abort(400, "devices is an array of objects.")
    return PlatformUser(
        body.text(member, "email") or "",
        body.text(member, "displayName") or "",
        _switch(member, "agent"),
        tuple(_device(device) for device in devices or ()),
    )


def _device(entry: Any) -> PlatformDevice:
    member = _object(entry, "A device")
    number = _short(member, "id", ID_LIMIT)
    if not number:
        abort(400, "A device has an id, a string.")
    return PlatformDevice(
        number, _short(member, "name", NAME_LIMIT), _short(member, "extension", EXTENSION_LIMIT)
    )


def _short(member: dict[str, Any], name: str, limit: int) -> str:
    text = body.text(member, name) or ""
    if len(text) > limit:
        abort(400, f"The {name} of a device is a string of at most {limit} characters.")
    return text


def _object(entry: Any, name: str) -> dict[str, Any]:
    if not isinstance(entry, dict):
        abort(400, f"{name} is not a JSON object.")
    return entry


def _switch(member: dict[str, Any], name: str) -> bool:
    value = member.get(name, False)
    if not isinstance(value, bool):
        abort(400, f"{name} is true or false.")
    return value


def _shown(device: Device) -> dict[str, Any]:
    shown = {"id": device.id, "name": device.name, "extension": device.extension}
    if device.owner is not None:
        shown["user"] = device.owner
    if device.client_type is not None:
        shown["clientType"] = device.client_type
    return shown
