"""The simulated phone platform."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from flask import abort

from dimensions_emulator.control.ids import guid
from dimensions_emulator.domain.calls import Call
from dimensions_emulator.domain.errors import Refused
from dimensions_emulator.domain.platform import PLATFORM, PlatformDevice, PlatformUser, import_users
from dimensions_emulator.wire import body, envelope, urls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Blueprint, Response

    from dimensions_emulator.control.desk import Desk
    from dimensions_emulator.domain.models import Device

ID_LIMIT, NAME_LIMIT, EXTENSION_LIMIT = 200, 200, 40


def register(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.post("/platform/<customer_id>/import")
    def bring_in(customer_id: str) -> Response:
        """Bring users in with their devices, all of them or none."""
        customer, wanted = (
            guid(customer_id, "customer"),
            body.json_object(desk.settings.max_body).get("users"),
        )
        if not isinstance(wanted, list) or not wanted:
            abort(400, 'The body is {"users": [{"email", "displayName", "agent", "devices"}]}.')
        reported = [_user(entry, f"users[{number}]") for number, entry in enumerate(wanted)]
        now = desk.clock()
        call = Call(
            PLATFORM,
            customer,
            None,
            urls.mail_origin,
            now,
            desk.session.ids,
            charges_accepted=True,
            limits=desk.limits,
            mailbox=desk.session.mailboxes.failure,
        )
        with desk.turn() as turn, _naming(reported) as named:
            turn.world, users = import_users(turn.world, desk.book, call, named)
            tenant = turn.world.tenants[customer]
        data = [
            {"id": user.id, "email": user.email, "roles": desk.book.wire_roles(tenant.roles_of(user.id))}
            for user in users
        ]
        return envelope.one(data, now, 201)

    @blueprint.get("/platform/<customer_id>/devices")
    def devices(customer_id: str) -> Response:
        """The devices of a customer's platform, and the client types they are tied to."""
        customer, world = guid(customer_id, "customer"), desk.world()
        if customer not in world.tenants:
            abort(404, "Not Found")
        data = [_shown(device) for key, device in sorted(world.devices.items()) if key[0] == customer]
        return envelope.many(data, desk.clock())


@contextmanager
def _naming(reported: list[PlatformUser]) -> Iterator[Iterator[PlatformUser]]:
    """The users one by one; a refusal that tells of a field tells of which user's."""
    at = -1

    def one_by_one() -> Iterator[PlatformUser]:
        nonlocal at
        for at, entry in enumerate(reported):  # noqa: B007  told below
            yield entry

    try:
        yield one_by_one()
    except Refused as no:
        if field := no.facts.get("field"):
            no.facts["field"] = f"users[{at}].{field[0].lower()}{field[1:]}"
        raise


def _user(entry: Any, where: str) -> PlatformUser:
    member = _object(entry, where)
    devices = member.get("devices")
    if not isinstance(devices, list | None):
        abort(400, f"{where}.devices is an array of objects.")
    return PlatformUser(
        body.text(member, "email", f"{where}.") or "",
        body.text(member, "displayName", f"{where}.") or "",
        _switch(member, "agent", where),
        tuple(_device(device, f"{where}.devices[{number}]") for number, device in enumerate(devices or ())),
    )


def _device(entry: Any, where: str) -> PlatformDevice:
    member = _object(entry, where)
    number = _short(member, "id", ID_LIMIT, where)
    if not number:
        abort(400, f"{where}.id is missing; a device has an id, a string.")
    return PlatformDevice(
        number, _short(member, "name", NAME_LIMIT, where), _short(member, "extension", EXTENSION_LIMIT, where)
    )


def _short(member: dict[str, Any], name: str, limit: int, where: str) -> str:
    text = body.text(member, name, f"{where}.") or ""
    if len(text) > limit:
        abort(400, f"{where}.{name} is a string of at most {limit} characters.")
    return text


def _object(entry: Any, where: str) -> dict[str, Any]:
    if not isinstance(entry, dict):
        abort(400, f"{where} is not a JSON object.")
    return entry


def _switch(member: dict[str, Any], name: str, where: str) -> bool:
    value = member.get(name, False)
    if not isinstance(value, bool):
        abort(400, f"{where}.{name} is true or false.")
    return value


def _shown(device: Device) -> dict[str, Any]:
    shown = {"id": device.id, "name": device.name, "extension": device.extension}
    if device.owner is not None:
        shown["user"] = device.owner
    if device.client_type is not None:
        shown["clientType"] = device.client_type
    return shown
