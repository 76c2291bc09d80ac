"""Softphone devices, assigned to a client type or unassigned."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dimensions_emulator.domain.calls import member_of, tenant_of
from dimensions_emulator.domain.change import DeviceChange
from dimensions_emulator.domain.errors import Refused

if TYPE_CHECKING:
    from dimensions_emulator.domain.calls import Call
    from dimensions_emulator.domain.rulebook import Rulebook
    from dimensions_emulator.domain.world import World

CLIENT_TYPES = ("desktop", "mobile", "webrtc", "crm")


def assign(world: World, book: Rulebook, call: Call, user_id: str, device_id: str, client_type: str) -> World:
    """The world with the device as the user's softphone for this client type."""
    change = book.decide("assign", _change(world, call, user_id, device_id, client_type))
    return world.with_device(change.device)


def unassign(
    world: World, book: Rulebook, call: Call, user_id: str, device_id: str, client_type: str
) -> World:
    """The world with the device untied from this client type, if it was tied to it."""
    change = book.decide("unassign", _change(world, call, user_id, device_id, client_type))
    if change.device.client_type != client_type:
        return world
    return world.with_device(replace(change.device, client_type=None))


def _change(world: World, call: Call, user_id: str, device_id: str, client_type: str) -> DeviceChange:
    tenant = tenant_of(world, call)
    user = member_of(world, tenant, user_id)
    device = world.devices.get((call.customer_id, device_id))
    if device is None:
        raise Refused("DEVICE-OWNED", "NotFound")
    return DeviceChange(device, user, tenant.roles_of(user_id), client_type)
