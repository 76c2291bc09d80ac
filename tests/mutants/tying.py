"""Emulators that tie devices otherwise."""

from __future__ import annotations

from dataclasses import replace

from dimensions_emulator.domain import devices
from dimensions_emulator.domain.errors import Refused
from dimensions_emulator.wire import envelope
from small_world import UC

from .mutant import Mutant, around, deviant, errors, instead, offering
from .probes import PLAIN, SOFT, VAIN, assignment, client_types


def mutant(name, rule, why, patches, probe, *more):
    return Mutant(name, (rule, *more), deviant(patches), why, probe)


def check(verb, wrap):
    return around(f"domain.role_checks.{verb}", wrap)


def effect(verb, wrap):
    return around(f"domain.role_effects.{verb}", wrap)


def _moving(api):
    """A device tied to one client type, then to another."""
    return [assignment(api), api.device(SOFT, "desk", client="mobile"), client_types(api)]


def moved(name, why, wrap):
    return mutant(f"device-{name}", "DEVICE-MOVES", why, effect("move_to_client", wrap), _moving)


def _stays(original, catalog, change):
    return change if change.device.client_type else original(catalog, change)


def _vanishes(original, catalog, change):
    return (
        change._replace(device=replace(change.device, client_type=None))
        if change.device.client_type
        else original(catalog, change)
    )


def _loses_owner(original, catalog, change):
    moved_device = original(catalog, change).device
    return (
        change._replace(device=replace(moved_device, owner=None))
        if change.device.client_type
        else original(catalog, change)
    )


def _refuses(original, catalog, change):
    if change.device.client_type not in {None, change.client_type}:
        raise Refused(
            "DEVICE-MOVES", "DeviceClientMismatch", device=change.device.id, client=change.device.client_type
        )
    return original(catalog, change)


def _stays_tied(original, world, *rest):
    original(world, *rest)
    return world


def _unfound_is_not_owned(original, world, call, user_id, device_id, client):
    try:
        return original(world, call, user_id, device_id, client)
    except Refused as no:
        if no.rule == "DEVICE-OWNED":
            raise Refused(no.rule, "DeviceNotAssignedToUser", device=device_id) from None
        raise


def _not_owned_is_unfound(original, catalog, change):
    if original(catalog, change) is not None:
        raise Refused("DEVICE-OWNED", "NotFound")


def answered(name, why, change, probe=assignment):
    """A device answer with other data, status or headers."""

    def done(original, now, status=200, headers=None):
        return change(original, now, status, headers) if status == 201 else original(now, status, headers)

    return mutant(f"device-{name}", "DEVICE-ANSWER", why, around("wire.envelope.done", done), probe)


def _placed(change):
    def done(original, now, status, headers):
        return original(now, status, {name: place for name in headers if (place := change(headers[name]))})

    return done


def _of_the_user(place):
    return place.partition("/devices/")[0]


def _shown(_, now, status, headers):
    return envelope.one({"id": "desk"}, now, status, headers)


def _in_any_case(original, given, name, *rest):
    value = given.get(name)
    return original({**given, name: value.lower()} if isinstance(value, str) else given, name, *rest)


DEVICES = (
    moved("stays", "A tied device stays with its client type.", _stays),
    moved("vanishes", "A tied device is untied instead of moved.", _vanishes),
    moved("loses-its-user", "A tied device is nobody's after a move.", _loses_owner),
    moved("refuses-to-move", "A tied device is refused.", _refuses),
    mutant("device-stays-tied", "DEVICE-METHODS", "Unassigning does nothing.", around("domain.devices.unassign", _stays_tied), lambda api: [assignment(api), api.device(SOFT, "desk", "unassign"), client_types(api)], "DEVICE-ANSWER"),
    mutant("device-unknown-is-a-bad-request", "DEVICE-OWNED", "A device that does not exist is a 400.", around("domain.devices._change", _unfound_is_not_owned), lambda api: api.device(SOFT, "nonsense")),
    mutant("device-of-another-is-unknown", "DEVICE-OWNED", "A device of another user is a 404.", check("device_is_owned", _not_owned_is_unfound), lambda api: api.device(SOFT, "plain-desk")),
    mutant("device-of-another-in-other-words", "DEVICE-OWNED", "A device of another user has another code.", errors(DeviceNotAssignedToUser={"code": "DeviceNotFound"}), lambda api: api.device(SOFT, "plain-desk")),
    mutant("device-needs-one-role", "DEVICE-ROLES", "The UC client alone makes a softphone.", check("roles_held", lambda original, catalog, change, **_: original(catalog, change, roles=[UC])), lambda api: api.device(VAIN, "other-desk")),
    mutant("device-roles-in-other-words", "DEVICE-ROLES", "Missing roles have another message.", errors(SoftphoneRolesMissing={"message": "The user has no softphone."}), lambda api: api.device(PLAIN, "plain-desk")),
    mutant("device-without-crm", "DEVICE-CLIENT", "One client type is refused.", instead(domain__devices__CLIENT_TYPES=devices.CLIENT_TYPES[:3]), lambda api: api.device(SOFT, "desk", client="crm")),
    mutant("device-client-in-any-case", "DEVICE-CLIENT", "A client type can be in capitals.", around("wire.body.choice", _in_any_case), lambda api: api.device(SOFT, "desk", client="DESKTOP")),
    answered("is-ok", "Assigning is a 200.", lambda original, now, _, headers: original(now, 200, headers)),
    answered("is-shown", "Assigning answers data.", _shown),
    answered("without-location", "There is no Location.", _placed(lambda _: None)),
    answered("location-of-the-user", "Location is that of the user.", _placed(_of_the_user)),
    answered("location-is-relative", "Location is a path.", _placed(lambda place: "/" + place.split("/", 3)[3])),
    answered("location-of-the-device", "Location lacks what was done.", _placed(lambda place: place.rpartition("/")[0])),
    mutant("device-by-put-alone", "DEVICE-METHODS", "POST is not offered.", offering("PUT", "assign", "unassign"), lambda api: api.device(SOFT, "desk", method="POST")),
    mutant("device-by-post-alone", "DEVICE-METHODS", "PUT is not offered.", offering("POST", "assign", "unassign"), assignment),
    mutant("device-unassigned-by-post-alone", "DEVICE-METHODS", "PUT is not offered to unassign.", offering("POST", "unassign"), lambda api: api.device(SOFT, "desk", "unassign")),
)  # fmt: skip
