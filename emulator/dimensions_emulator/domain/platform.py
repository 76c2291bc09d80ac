"""The phone platform, whose users and devices a customer takes over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dimensions_emulator.domain import room, users
from dimensions_emulator.domain.calls import new_user_id
from dimensions_emulator.domain.change import UserChange
from dimensions_emulator.domain.errors import Refused
from dimensions_emulator.domain.models import Caller, Device, User

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dimensions_emulator.domain.calls import Call
    from dimensions_emulator.domain.rulebook import Rulebook
    from dimensions_emulator.domain.world import World

PLATFORM = Caller("phone platform", "")


@dataclass(frozen=True, slots=True)
class PlatformDevice:
    """A device as the platform reports it."""

    id: str
    name: str = ""
    extension: str = ""


@dataclass(frozen=True, slots=True)
class PlatformUser:
    """A user as the platform reports it; `agent` tells that it is a call-centre agent."""

    email: str
    display_name: str
    agent: bool = False
    devices: tuple[PlatformDevice, ...] = ()


def import_users(
    world: World, book: Rulebook, call: Call, reported: Iterable[PlatformUser]
) -> tuple[World, list[User]]:
    """The world with all reported users as members, and those users (ROLE-PBX-AUTO, ROLE-ACD-AUTO).

    A user who is on the system already keeps name and roles and gains those of the platform.
    """
    if call.customer_id not in world.tenants:
        raise Refused("TENANT-UNKNOWN", "NotFound")
    imported = []
    for entry in reported:
        world, user = _import(world, book, call, entry)
        imported.append(user)
    return world, imported


def _import(world: World, book: Rulebook, call: Call, entry: PlatformUser) -> tuple[World, User]:
    tenant = world.tenants[call.customer_id]
    user = world.user_by_email(entry.email)
    before = tenant.roles_of(user.id) if user else ()
    change = book.decide(
        "import",
        UserChange(
            world,
            tenant,
            user,
            user.email if user else entry.email,
            user.display_name if user else entry.display_name,
            before=before,
            roles=before,
            agent=entry.agent,
            charges_accepted=True,
        ),
    )
    if user is None:
        room.for_user(world, call.limits)
    user = user or User(
        new_user_id(world, call.ids), entry.display_name, entry.email, call.customer_id, (), world.created
    )
    if call.customer_id in user.tenants:
        world = world.with_roles(call.customer_id, {user.id: change.roles})
    else:
        world = world.with_member(user, call.customer_id, change.roles)
    world = users.commit(world, book, call, change, user)[0]
    for device in entry.devices:
        known = world.devices.get((call.customer_id, device.id))
        if known is None:
            room.for_device(world, call.limits)
        tied = known.client_type if known and known.owner == user.id else None
        world = world.with_device(
            Device(device.id, call.customer_id, device.name, device.extension, user.id, tied)
        )
    return world, world.users[user.id]
