"""The routes of users."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from flask import Response, request

from dimensions_emulator.domain import users
from dimensions_emulator.domain.calls import member_of, tenant_of
from dimensions_emulator.domain.errors import Refused
from dimensions_emulator.wire import body, envelope, urls

if TYPE_CHECKING:
    from dimensions_emulator.domain.calls import Call
    from dimensions_emulator.domain.models import User
    from dimensions_emulator.domain.world import World
    from dimensions_emulator.wire.api import Api

PAGE_LIMIT = 1000
INDEX_LIMIT = 2**31 - 1


def list_all(api: Api, call: Call) -> Response:
    """All users of the customer, or a page of them (LIST-ITEMS, LIST-PAGING)."""
    asked = "pageIndex" in request.args or "pageSize" in request.args
    index = _number("pageIndex", 0, 0, INDEX_LIMIT)
    size = _number("pageSize", PAGE_LIMIT, 1, PAGE_LIMIT)
    world = api.world()
    ids = tenant_of(world, call).user_ids()
    if asked:
        ids = islice(ids, index * size, (index + 1) * size)
    return envelope.many(
        [_summary(world, world.users[user_id]) for user_id in ids], call.now, index if asked else None
    )


def get(api: Api, call: Call, user_id: str) -> Response:
    """One user with its roles in this tenant (GET-ITEM)."""
    world = api.world()
    tenant = tenant_of(world, call)
    user = member_of(world, tenant, user_id)
    roles = api.book.wire_roles(tenant.members[user_id].roles)
    return envelope.one({**_summary(world, user), "roles": roles}, call.now)


def create(api: Api, call: Call) -> Response:
    """A new user (CREATE-ANSWER)."""
    wanted = body.json_object(api.max_body)
    email, name, roles = (
        body.text(wanted, "email"),
        body.text(wanted, "displayName"),
        body.texts(wanted, "roles"),
    )
    with api.turn() as turn:
        turn.world, user = users.create(turn.world, api.book, call, email, name, roles)
        held = turn.world.tenants[call.customer_id].roles_of(user.id)
    data = {
        "id": user.id,
        "displayName": user.display_name,
        "email": user.email,
        "primaryTenant": user.primary_tenant,
        "roles": api.book.wire_roles(held),
    }
    return envelope.one(data, call.now, 201, {"Location": f"{urls.request_url()}/{user.id}"})


def patch(api: Api, call: Call, user_id: str) -> Response:
    """A user changed by a JSON Patch (PATCH-ANSWER)."""
    operations = body.json_patch(api.max_body)
    with api.turn() as turn:
        turn.world = users.patch(turn.world, api.book, call, user_id, operations)
    return envelope.done(call.now)


def delete(api: Api, call: Call, user_id: str) -> Response:
    """A user gone (DELETE-ANSWER)."""
    with api.turn() as turn:
        turn.world = users.delete(turn.world, api.book, call, user_id)
    return envelope.done(call.now)


def _summary(world: World, user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "displayName": user.display_name,
        "email": user.email,
        "primaryTenant": user.primary_tenant,
        "isParent": world.is_parent(user),
    }


def _number(name: str, default: int, least: int, most: int) -> int:
    text = request.args.get(name)
    if text is None:
        return default
    if (
        text.isascii()
        and text.isdigit()
        and len(text) <= len(str(INDEX_LIMIT))
        and least <= int(text) <= most
    ):
        return int(text)
    raise Refused("LIST-PAGING", "ValueInvalid", value=text)
