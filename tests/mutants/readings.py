"""Emulators that show users otherwise."""

from __future__ import annotations

from itertools import islice

from flask import request

from dimensions_emulator.domain.errors import Refused
from small_world import UK

from . import probes
from .mutant import Mutant, around, bodies, deviant, instead, ordered, without_member
from .probes import BOTH, at


def summary(change, endpoint=None):
    """The patch of how a user is shown, in one operation or in all."""

    def show(original, world, user):
        shown = original(world, user)
        return change(shown, world, user) if endpoint in {None, request.endpoint} else shown

    return around("wire.users._summary", show)


def item(change):
    """The patch of the user that is answered alone."""
    return around("wire.envelope.one", lambda original, data, *rest: original(change(data), *rest))


def _with_roles(shown, world, user):
    tenant = world.tenants[request.view_args["customer_id"].lower()]
    return {**shown, "roles": list(tenant.roles_of(user.id))}


def _sized(size):
    """The patch of page_size in lists; `size` gets the number of items."""
    return bodies(
        lambda body: {**body, "page_size": size(body["page_size"])} if "page_size" in body else body
    )


def _wanted_size(count):
    return int(request.args["pageSize"]) if request.args.get("pageSize", "").isdigit() else count


def _from_one(original, name, *limits):
    number = original(name, *limits)
    return max(number - 1, 0) if name == "pageIndex" else number


def _unchecked(original, name, default, *limits):
    try:
        return original(name, default, *limits)
    except Refused:
        return default


def _crashing(original, name, *limits):
    if request.args.get(name, "").startswith("-"):
        raise OverflowError(name)
    return original(name, *limits)


def sliced(change):
    """The patch of which users a page has."""
    return instead(wire__users__islice=lambda ids, start, stop: islice(ids, *change(start, stop)))


def _indexed(change):
    return around(
        "wire.envelope.many", lambda original, data, now, index=None: original(data, now, change(index))
    )


def paging(name, why, patches, probe=probes.page):
    return Mutant(f"paging-{name}", ("LIST-PAGING",), deviant(patches), why, probe)


def _by_name(body):
    if "page_size" not in body:
        return body
    return {**body, "data": sorted(body["data"], key=lambda user: user["displayName"].casefold())}


LISTS = (
    Mutant("list-with-roles", ("LIST-ITEMS",), deviant(summary(_with_roles, "list_all")), "The list shows roles.", probes.listing),
    Mutant(
        "list-without-is-parent",
        ("LIST-ITEMS",),
        deviant(summary(lambda shown, *_: without_member("isParent")(shown), "list_all")),
        "The list does not tell whose users are the reseller's.",
        probes.listing,
    ),
    Mutant("list-counts-what-was-asked", ("LIST-ITEMS",), deviant(_sized(_wanted_size)), "page_size is the size asked for.", lambda api: api.list("?pageSize=500")),
    Mutant("list-counts-one-more", ("LIST-ITEMS",), deviant(_sized(lambda count: count + 1)), "page_size is one too many.", probes.listing),
    Mutant(
        "list-shows-null-roles",
        ("LIST-ITEMS", "WIRE-SUCCESS"),
        deviant(summary(lambda shown, *_: {**shown, "roles": None}, "list_all")),
        "The list has null for roles.",
        probes.listing,
    ),
    Mutant(
        "list-reversed",
        ("LIST-ORDER",),
        deviant(around("domain.tenant.Tenant.user_ids", lambda original, tenant: iter(list(original(tenant))[::-1]))),
        "The newest user comes first.",
        probes.listing,
    ),
    Mutant("list-by-name", ("LIST-ORDER",), deviant(bodies(_by_name)), "Users come by name.", probes.listing),
    paging("from-one", "Pages are counted from one.", around("wire.users._number", _from_one), lambda api: api.list("?pageIndex=1&pageSize=2").data),
    paging("leaves-one-out", "Every page lacks its last user.", sliced(lambda start, stop: (start, stop - 1))),
    paging("overlaps", "Every page has the first user of the next.", sliced(lambda start, stop: (start, stop + 1))),
    paging("ignored", "Every page is the whole list.", sliced(lambda *_: (None,))),
    paging("without-index", "A page does not tell its index.", _indexed(lambda _: None)),
    paging("always", "The index is told though no page was asked for.", _indexed(lambda index: index or 0), probes.listing),
    paging("unchecked", "What is no number counts as not given.", around("wire.users._number", _unchecked), lambda api: api.list("?pageIndex=-1")),
    Mutant(
        "paging-crashes",
        ("NEVER-500",),
        deviant(around("wire.users._number", _crashing)),
        "A negative page is a 500.",
        lambda api: api.list("?pageIndex=-1").status,
    ),
)  # fmt: skip


def got(name, why, change, probe=probes.get, *more):
    return Mutant(f"get-{name}", ("GET-ITEM", *more), deviant(change), why, probe)


def _of_the_caller(shown, *_):
    return {**shown, "primaryTenant": request.view_args["customer_id"]}


def _get_alone(change):
    return item(lambda data: change(data) if request.endpoint == "get" else data)


GOT = (
    got("without-roles", "The user has no roles member.", _get_alone(without_member("roles"))),
    got("without-is-parent", "The user has no isParent member.", _get_alone(without_member("isParent"))),
    got("without-primary-tenant", "The user has no primaryTenant member.", _get_alone(without_member("primaryTenant"))),
    got("roles-first", "The roles come first.", _get_alone(ordered("roles")), probes.get, "WIRE-KEY-ORDER"),
    got("is-parent-of-all", "Every user is the reseller's.", summary(lambda shown, *_: {**shown, "isParent": True})),
    got("is-parent-in-words", "isParent is text.", _get_alone(lambda data: {**data, "isParent": str(data["isParent"])}), probes.get, "WIRE-SUCCESS"),
    got("primary-tenant-is-the-one-called", "The primary tenant is the one called.", summary(_of_the_caller), lambda api: at(api, UK).get(BOTH)),
    got("with-null", "A member that is not printed is null.", _get_alone(lambda data: {**data, "activated": None}), probes.get, "WIRE-SUCCESS"),
    got("roles-as-text", "The roles are one text.", _get_alone(lambda data: {**data, "roles": ",".join(data["roles"])}), probes.get, "WIRE-SUCCESS"),
    got("under-another-name", "displayName is called name.", _get_alone(lambda data: {"name" if key == "displayName" else key: value for key, value in data.items()})),
)  # fmt: skip

READINGS = LISTS + GOT
