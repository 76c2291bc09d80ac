"""Users: created, patched and deleted through a tenant."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dimensions_emulator.domain import charges, json_patch, mails, room
from dimensions_emulator.domain.calls import member_of, new_user_id, tenant_of
from dimensions_emulator.domain.change import Deletion, UserChange
from dimensions_emulator.domain.models import User

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dimensions_emulator.domain.calls import Call
    from dimensions_emulator.domain.json_patch import Operation
    from dimensions_emulator.domain.models import Roles
    from dimensions_emulator.domain.rulebook import Rulebook
    from dimensions_emulator.domain.world import World


def create(
    world: World,
    book: Rulebook,
    call: Call,
    email: str | None,
    display_name: str | None,
    roles: Sequence[str],
) -> tuple[World, User]:
    """The world with a new user, or with an existing one as a new member where the profile links it."""
    tenant = tenant_of(world, call)
    wanted, unknown = book.read_roles(roles)
    change = book.decide(
        "create",
        UserChange(
            world,
            tenant,
            None,
            email,
            display_name,
            before=(),
            roles=wanted,
            unknown=unknown,
            charges_accepted=call.charges_accepted,
        ),
    )
    user = world.user_by_email(change.email or "") or User(
        new_user_id(world, call.ids),
        change.display_name or "",
        change.email or "",
        tenant.customer.id,
        (),
        world.created,
    )
    if user.id not in world.users:
        room.for_user(world, call.limits)
    world = world.with_member(user, tenant.customer.id, change.roles)
    return commit(world, book, call, change, world.users[user.id])


def patch(world: World, book: Rulebook, call: Call, user_id: str, operations: tuple[Operation, ...]) -> World:
    """The world with the user patched, all or nothing (PATCH-ATOMIC)."""
    tenant = tenant_of(world, call)
    user = member_of(world, tenant, user_id)
    before = tenant.roles_of(user_id)
    document = {"displayName": user.display_name, "email": user.email, "roles": book.wire_roles(before)}
    wanted = json_patch.apply(operations, document)
    roles, unknown = book.read_roles(wanted["roles"])
    change = book.decide(
        "patch",
        UserChange(
            world,
            tenant,
            user,
            wanted["email"],
            wanted["displayName"],
            before=before,
            roles=roles,
            unknown=unknown,
            replaced=json_patch.replaces_list(operations),
            charges_accepted=call.charges_accepted,
        ),
    )
    if (change.email, change.display_name) != (user.email, user.display_name):
        user = replace(user, email=change.email or "", display_name=change.display_name or "")
        world = world.with_user(user)
    if change.roles != before:
        world = world.with_roles(tenant.customer.id, {user_id: change.roles})
    return commit(world, book, call, change, user)[0]


def delete(world: World, book: Rulebook, call: Call, user_id: str) -> World:
    """The world without the user in this tenant, or in any if it is the primary one (DELETE-PRIMARY)."""
    tenant = tenant_of(world, call)
    user = member_of(world, tenant, user_id)
    change = book.decide("delete", Deletion(world, tenant, user, (tenant.customer.id,)))
    last = len(change.leaves) == len(user.tenants)
    return world.without_member(user_id, change.leaves, account_too=last and not world.is_parent(user))


def commit(world: World, book: Rulebook, call: Call, change: UserChange, user: User) -> tuple[World, User]:
    """The world with the spread roles, charges and mails of a decided change."""
    tenant_id = change.tenant.customer.id
    grants = [(user.id, role) for role in change.added]
    if change.spread:
        spread = _spread(world, book, tenant_id, change.spread)
        world = world.with_roles(tenant_id, spread)
        grants += [(user_id, change.spread) for user_id in spread]
    charged = [grant for grant in grants if book.catalog.roles[grant[1]].licensed]
    if charged:
        world = charges.make(world, call, charged)
    return mails.send(world, call, user, change.mails), user


def _spread(world: World, book: Rulebook, tenant_id: str, role: str) -> dict[str, Roles]:
    platform = [key for key, entry in book.catalog.roles.items() if entry.platform]
    return {
        user_id: (*member.roles, role)
        for user_id, member in world.tenants[tenant_id].members.items()
        if role not in member.roles and any(key in member.roles for key in platform)
    }
