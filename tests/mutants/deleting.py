"""Emulators that delete users otherwise, or their last administrator."""

from __future__ import annotations

from dimensions_emulator.domain.errors import Refused
from dimensions_emulator.wire import envelope
from small_world import ADMIN, NOBODY, UK, WEB

from .mutant import Mutant, around, deviant, errors, instead, routed
from .probes import ADMINISTRATOR, BOTH, PLAIN, SILENT, at


def _nobody_leaves(original, world, book, call, user_id):
    original(world, book, call, user_id)
    return world


def _leaves_all(original, catalog, change):
    return original(catalog, change)._replace(leaves=change.user.tenants)


def _shown_when_deleted(original, api, call, user_id):
    original(api, call, user_id)
    return envelope.one({"id": user_id}, call.now)


def _emptily(original, api, call, user_id):
    original(api, call, user_id)
    return envelope.empty(204)


def _forgiving(original, world, book, call, user_id):
    try:
        return original(world, book, call, user_id)
    except Refused as no:
        if no.rule == "USER-UNKNOWN":
            return world
        raise


def _gone(api):
    return [api.delete(PLAIN), api.get(PLAIN)]


DELETED = (
    Mutant("delete-is-empty", ("DELETE-ANSWER",), deviant(routed("delete", _emptily)), "Deleting is a 204.", _gone),
    Mutant("delete-shows-the-user", ("DELETE-ANSWER",), deviant(routed("delete", _shown_when_deleted)), "Deleting answers data.", _gone),
    Mutant("delete-nowhere", ("DELETE-ANSWER",), deviant(around("domain.users.delete", _nobody_leaves)), "Nobody is deleted.", _gone),
    Mutant("delete-twice", ("USER-UNKNOWN", "DELETE-ANSWER"), deviant(around("domain.users.delete", _forgiving)), "Who is not there is deleted too.", lambda api: api.delete(NOBODY)),
    Mutant(
        "delete-everywhere",
        ("DELETE-PRIMARY",),
        deviant(around("domain.role_effects.leave_every_tenant", _leaves_all)),
        "Deleting in any tenant removes the user from all.",
        lambda api: [at(api, UK).create("second@example.com", [ADMIN]).status, at(api, UK).delete(BOTH), api.get(BOTH)],
    ),
)  # fmt: skip


def _signing_in_or_not(roles):
    return ADMIN in roles


def _here_alone(original, catalog, change):
    return original(
        catalog, change._replace(leaves=(change.tenant.customer.id,)) if hasattr(change, "leaves") else change
    )


def _on_patch_alone(original, catalog, change):
    return None if hasattr(change, "leaves") else original(catalog, change)


def _on_delete_alone(original, catalog, change):
    return original(catalog, change) if hasattr(change, "leaves") else None


def _where_there_is_none(original, catalog, change):
    lost = (
        getattr(change, "user", None) and set(change.before) - set(change.roles)
        if hasattr(change, "roles")
        else ()
    )
    if change.tenant.administrators == 0 and lost:
        return {"tenant": change.tenant.customer.id}
    return original(catalog, change)


def last(name, why, patches, probe):
    return Mutant(f"last-administrator-{name}", ("ADMIN-LAST",), deviant(patches), why, probe)


def remains(wrap):
    return around("domain.role_checks.administrator_remains", wrap)


def _none_there(api):
    silent = at(api, SILENT)
    user = silent.create(roles=["webhooks.admin"]).data["id"]
    return silent.replace(user, WEB)


LAST = (
    last("without-website", "The last one can lose website access.", instead(domain__role_checks__administers=_signing_in_or_not), lambda api: api.replace(ADMINISTRATOR, ADMIN)),
    last("elsewhere", "Deleting looks at the customer called alone.", remains(_here_alone), lambda api: api.delete(BOTH)),
    last("deleted", "The last one can be deleted.", remains(_on_patch_alone), lambda api: api.delete(ADMINISTRATOR)),
    last("patched", "The last one can lose the role.", remains(_on_delete_alone), lambda api: api.replace(ADMINISTRATOR, WEB)),
    last("of-none", "A customer without one is blocked.", remains(_where_there_is_none), _none_there),
    last("in-other-words", "Losing the last one has another code.", errors(LastUserAdministrator={"code": "LastAdministrator"}), lambda api: api.delete(ADMINISTRATOR)),
    last("is-a-conflict", "Losing the last one is a 409.", errors(LastUserAdministrator={"status": 409}), lambda api: api.delete(ADMINISTRATOR)),
)  # fmt: skip

DELETING = DELETED + LAST
