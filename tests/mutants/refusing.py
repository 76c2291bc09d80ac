"""Emulators whose refusals leave traces."""

from __future__ import annotations

from dataclasses import replace

from flask import g

from dimensions_emulator.domain import json_patch, mails, users
from dimensions_emulator.domain.errors import Refused
from small_world import SOFTPHONE, UC, UK

from . import probes
from .mutant import Mutant, around, deviant, routed
from .probes import ADMINISTRATOR, BOTH, PLAIN, at, client_types, kinds

NAME = {"op": "replace", "path": "/displayName", "value": "Renamed"}
UNKNOWN = {"op": "add", "path": "/roles/-", "value": "nonsense"}


def _kept(original, limit):
    g.given = original(limit)
    return g.given


def leaving(name, trace):
    """The patch of a route that leaves a trace in the world when it refuses."""

    def serve(original, api, call, **rest):
        try:
            return original(api, call, **rest)
        except Refused as no:
            with api.turn() as turn:
                turn.world = trace(turn.world, api.book, call, no, **rest) or turn.world
            raise

    kept = around("wire.body.json_patch", _kept) | around("wire.body.json_object", _kept)
    return routed(name, serve) | kept


def _member(world, call, user_id):
    tenant = world.tenants.get(call.customer_id)
    return world.users[user_id] if tenant and user_id in tenant.members else None


def _wanted(world, book, call, user):
    """What a refused patch asked for, or what there was."""
    roles = world.tenants[call.customer_id].roles_of(user.id)
    before = {"displayName": user.display_name, "email": user.email, "roles": list(roles)}
    try:
        return json_patch.apply(g.get("given", ()), before)
    except Refused:
        return before


def _name(world, book, call, _, user_id):
    user = _member(world, call, user_id)
    return user and world.with_user(
        replace(user, display_name=_wanted(world, book, call, user)["displayName"] or "-")
    )


def _roles(world, book, call, _, user_id):
    user = _member(world, call, user_id)
    if user is None:
        return None
    known = book.read_roles(_wanted(world, book, call, user)["roles"])[0]
    return world.with_roles(call.customer_id, {user_id: known})


def _charge(world, book, call, no, user_id=None):
    if no.rule == "CHARGES-ACCEPTED":
        return world.with_charges(call.customer_id, [(user_id or call.customer_id, UC)], call.now)
    return None


def _mail(world, book, call, no):
    tenant, address = world.tenants.get(call.customer_id), g.get("given", {}).get("email")
    user = world.user_by_email(address) if isinstance(address, str) else None
    someone = user or next((world.users[user_id] for user_id in tenant.members), None) if tenant else None
    return someone and mails.send(world, call, replace(someone, email=str(address)), ("activation",))


def _creation(world, book, call, no):
    given = g.get("given", {})
    try:
        return users.create(world, book, call, given.get("email"), given.get("displayName"), [])[0]
    except Refused:
        return None


def _sent(world, book, call, no, user_id):
    user = _member(world, call, user_id)
    return mails.send(world, call, user, ("activation",)) if user else None


def _deletion(world, book, call, no, user_id):
    if no.rule == "ADMIN-LAST":
        return world.without_member(user_id, world.users[user_id].tenants, account_too=True)
    return None


def _device(world, book, call, no, user_id, device_id):
    device = world.devices.get((call.customer_id, device_id))
    if device and no.rule == "DEVICE-ROLES":
        return world.with_device(replace(device, client_type=g.given["clientType"]))
    return None


def refusal(name, why, route, trace, probe, *more):
    return Mutant(f"refusal-{name}", ("REFUSAL-CLEAN", *more), deviant(leaving(route, trace)), why, probe)


REFUSING = (
    refusal("renames", "A refused patch changes the name.", "patch", _name, probes.patched(NAME, UNKNOWN), "PATCH-ATOMIC"),
    refusal("gives-roles", "A refused patch gives the roles.", "patch", _roles, lambda api: [api.add(PLAIN, SOFTPHONE).status, api.roles(PLAIN)]),
    refusal("charges", "A refusal for want of consent is charged.", "patch", _charge, lambda api: [api.add(PLAIN, UC, charges=None).status, api.charges()]),
    refusal("charges-on-creation", "A refused creation is charged.", "create", _charge, lambda api: [api.create(roles=[UC], charges=None).status, api.charges()]),
    refusal("mails", "A refused creation sends a mail.", "create", _mail, lambda api: [api.create(roles=["nonsense"]).status, kinds(api)]),
    refusal("creates", "A refused creation creates the user without the roles.", "create", _creation, lambda api: [api.create(roles=["nonsense"]).status, api.list().data]),
    refusal("sends", "A mail is refused and sent.", "send_activation", _sent, lambda api: [probes.mail(at(api, UK), BOTH).status, kinds(api)], "MAIL-PRIMARY"),
    refusal("deletes", "The last administrator is refused to be deleted, and is.", "delete", _deletion, lambda api: [api.delete(ADMINISTRATOR).status, api.get(ADMINISTRATOR)], "ADMIN-LAST"),
    refusal("ties", "A device is refused and tied.", "assign", _device, lambda api: [api.device(PLAIN, "plain-desk").status, client_types(api)], "DEVICE-ROLES"),
)  # fmt: skip
