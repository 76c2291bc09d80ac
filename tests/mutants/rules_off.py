"""Emulators without one rule of the catalogue."""

from __future__ import annotations

from dataclasses import replace

from dimensions_emulator.domain import world as worlds
from dimensions_emulator.wire import body
from small_world import ACD, ADMIN, ESSENTIAL, SETTINGS, SOFTPHONE, TEAMS, UC, UK, WEB, supervisor

from . import probes
from .mutant import OURS, Mutant, deviant, instead
from .probes import ADMINISTRATOR, BOTH, PHONE, PLAIN, SILENT, SOFT, at

JOIN = worlds.World.with_member


def _joined_once(world, user, tenant_id, roles):
    """A member who joins again gets the roles, so that the world stays whole where addresses are shared."""
    if user.id in world.tenants[tenant_id].members:
        return world.with_roles(tenant_id, {user.id: roles})
    return JOIN(world, user, tenant_id, roles)


def _address_taken_by_patch(world, user):
    """A user who takes another's address over leaves that other one without a way to be found by it."""
    before = world.users.get(user.id)
    if before is not None and before.email != user.email and world.user_by_email(user.email):
        user = replace(user, email=before.email)
    return SAVE(world, user)


SAVE = worlds.World.with_user
WHOLE = {
    OURS + "domain.world.World.with_member": _joined_once,
    OURS + "domain.world.World.with_user": _address_taken_by_patch,
}


def off(rule, why, probe, patches=None):
    return Mutant(f"off-{rule.lower()}", (rule,), deviant(patches, without={rule}), why, probe)


OFF = (
    off("USER-FIELDS", "Fields are stored as they come.", lambda api: probes.rename(api, "x" * 101)),
    off(
        "USER-UNIQUE-EMAIL",
        "A taken address is accepted.",
        lambda api: api.create("plain@example.com").status,
        WHOLE,
    ),
    off("ROLE-KNOWN", "Unknown roles are passed over.", lambda api: api.add(PLAIN, "nonsense")),
    off("ROLE-WEBSITE", "A created user gets no website access.", lambda api: api.create().data["roles"]),
    off("ROLE-PBX-AUTO", "An imported user gets no PBX user role.", probes.bring),
    off(
        "ROLE-ACD-AUTO",
        "An imported agent gets no agent role.",
        lambda api: probes.bring(at(api, probes.AGENTS), agent=True),
    ),
    off(
        "ROLE-PBX-KEPT",
        "Replacing the roles takes the PBX user role.",
        lambda api: [api.replace(PHONE, WEB), api.roles(PHONE)],
    ),
    off("ROLE-READ-ONLY", "The Microsoft Teams role can be given.", lambda api: api.add(PLAIN, TEAMS)),
    off("ADMIN-LAST", "The last administrator can go.", lambda api: api.drop(ADMINISTRATOR, ADMIN)),
    off("ROLE-PREREQUISITE", "Prerequisites are not asked for.", lambda api: api.add(PLAIN, SOFTPHONE)),
    off(
        "ROLE-SUPERVISOR-EXCLUSIVE",
        "A user can hold two supervisor roles.",
        lambda api: api.replace(PLAIN, WEB, supervisor(1), supervisor(2)),
    ),
    off("ROLE-UK-ESSENTIAL", "Either PBX user role is given anywhere.", lambda api: api.add(PLAIN, ESSENTIAL)),
    off(
        "ROLE-ACD-FEATURE",
        "The agent role is given where the feature is 0.",
        lambda api: at(api, SILENT).create(roles=["customer.user.pbx", ACD]),
    ),
    off("ROLE-REALTIME-SPREAD", "A high supervisor gives nothing to others.", probes.spread),
    off("CHARGES-ACCEPTED", "Charges need not be accepted.", lambda api: api.add(PLAIN, UC, charges=None)),
    off("MAIL-ON-CREATE", "A created user gets no mail.", lambda api: [api.create().status, probes.kinds(api)]),
    off("MAIL-ON-UC", "A user who gains the UC client gets no mail.", lambda api: [api.add(PLAIN, UC), probes.kinds(api)]),
    off("MAIL-PRIMARY", "Mail is sent from any tenant.", lambda api: probes.mail(at(api, UK), BOTH)),
    off("DEVICE-OWNED", "A device of another user is assigned.", lambda api: api.device(SOFT, "plain-desk")),
    off("DEVICE-ROLES", "A softphone needs no roles.", lambda api: api.device(PLAIN, "plain-desk")),
    Mutant(
        "off-device-client",
        ("DEVICE-CLIENT",),
        deviant(instead(wire__body__choice=lambda given, name, *_: body.text(given, name) or "desktop")),
        "Any client type is accepted.",
        lambda api: api.device(SOFT, "desk", client="fax"),
    ),
    off(
        "DEVICE-MOVES",
        "Assigning a device does not tie it.",
        lambda api: [probes.assignment(api), probes.client_types(api)],
    ),
    off(
        "DELETE-PRIMARY",
        "Deleting in the primary tenant removes the user here only.",
        lambda api: [
            at(api, UK).create("second@example.com", [ADMIN, SETTINGS]).status,
            api.delete(BOTH),
            at(api, UK).get(BOTH),
        ],
    ),
)  # fmt: skip
