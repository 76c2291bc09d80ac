"""Emulators that patch otherwise."""

from __future__ import annotations

from flask import request

from dimensions_emulator.domain import json_patch, users
from dimensions_emulator.domain.errors import Refused
from dimensions_emulator.wire import body, envelope
from small_world import PBX, SETTINGS, WEB

from . import probes
from .mutant import Mutant, around, deviant, errors, instead, routed
from .probes import PHONE, PLAIN, SOFT, patched

NAME = {"op": "replace", "path": "/displayName", "value": "Renamed"}
ADDED = {"op": "add", "path": "/roles/-", "value": SETTINGS}
BROKEN = {"op": "test", "path": "/displayName", "value": "nonsense"}


def _putting(change):
    """The patch of how a value is put; where `change` has nothing to say the original puts it."""

    def put(original, document, path, value, *, insert):
        if not change(document, path, value, insert):
            original(document, path, value, insert=insert)

    return around("domain.json_patch._put", put)


def _adding_replaces(document, path, value, insert):
    if not insert or path != ("roles", "-"):
        return False
    needed = [role for role in document["roles"] if role == WEB]
    document["roles"] = [*needed, value]
    return True


def _inserting_overwrites(document, path, value, insert):
    if not insert or len(path) < 2 or not path[1].isdigit() or int(path[1]) >= len(document["roles"]):
        return False
    document["roles"][int(path[1])] = value
    return True


def _replacing_merges(document, path, value, insert):
    if insert or path != ("roles",) or not isinstance(value, list):
        return False
    document["roles"] = [*document["roles"], *value]
    return True


def _replacing_keeps_the_first(document, path, value, insert):
    if insert or path != ("roles",) or not isinstance(value, list) or not value:
        return False
    document["roles"] = value[:1]
    return True


def _doubled(original, book, spellings):
    known, unknown = original(book, spellings)
    if request.method != "PATCH":
        return known, unknown
    given = [book._keys[spelling] for spelling in spellings if spelling in book._keys]
    return tuple(given), unknown


def _held_refused(original, book, spellings):
    given = list(spellings)
    if request.method == "PATCH" and len(given) > len(set(given)):
        raise Refused("PATCH-ROLES-ADD", "ValueInvalid", value=given[-1])
    return original(book, given)


def _lost(original, world, *rest):
    original(world, *rest)
    return world


def _only(kept):
    """The patch of which operations are applied."""
    return around(
        "domain.json_patch.apply",
        lambda original, operations, document: original(kept(operations), document),
    )


def _of_known(operations):
    return tuple(
        step
        for step in operations
        if not step.path or step.path[0] in json_patch.PATCHABLE | json_patch.READ_ONLY
    )


def _without_read_only(operations):
    return tuple(step for step in operations if not step.path or step.path[0] not in json_patch.READ_ONLY)


def _without_address(operations):
    return tuple(step for step in operations if step.path != ("email",))


def _moving_copies(document, step):
    json_patch._put(document, step.path, json_patch._get(document, step.source), insert=True)


def _one_by_one(original, api, call, user_id):
    """Every operation is a change of its own, and those before the one that fails stay."""
    for step in body.json_patch(api.max_body):
        with api.turn() as turn:
            turn.world = users.patch(turn.world, api.book, call, user_id, (step,))
    return envelope.done(call.now)


def _known_operations(original, given):
    known = [step for step in given if not isinstance(step, dict) or step.get("op") in json_patch.OPERATIONS]
    return original(known)


def _in_any_case(original, given):
    return original(
        [{**step, "op": str(step.get("op")).lower()} if isinstance(step, dict) else step for step in given]
    )


def _shows(original, api, call, user_id):
    original(api, call, user_id)
    return envelope.one({"id": user_id}, call.now)


def _empty(original, api, call, user_id):
    original(api, call, user_id)
    return envelope.empty(204)


def _invalid_when_read_only(original, document, path):
    try:
        return original(document, path)
    except Refused as no:
        if no.rule == "PATCH-READ-ONLY":
            raise Refused(no.rule, "ValueInvalid", value=no.facts["segment"]) from None
        raise


def _from_one(original, segment, last):
    return max(original(segment, last) - 1, 0)


def _clamped(original, segment, last):
    try:
        return original(segment, last)
    except Refused as no:
        if no.error == "IndexOutOfBounds":
            return last
        raise


def mutant(name, rule, why, patches, probe, *more):
    return Mutant(name, (rule, *more), deviant(patches), why, probe)


ANSWERS = (
    mutant("patch-shows-the-user", "PATCH-ANSWER", "A patch answers data.", routed("patch", _shows), probes.rename),
    mutant("patch-is-empty", "PATCH-ANSWER", "A patch is a 204.", routed("patch", _empty), probes.rename),
    mutant("patch-not-atomic", "PATCH-ATOMIC", "What comes before a failing operation stays.", routed("patch", _one_by_one), patched(NAME, BROKEN)),
)  # fmt: skip

OPERATIONS = (
    mutant("patch-lost", "PATCH-OPERATIONS", "The patch is made on a copy.", around("domain.users.patch", _lost), patched(NAME)),
    mutant("patch-first-operation-alone", "PATCH-OPERATIONS", "Only the first operation is applied.", _only(lambda operations: operations[:1]), patched(NAME, ADDED), "PATCH-ATOMIC"),
    mutant("patch-without-tests", "PATCH-OPERATIONS", "A test always holds.", instead(domain__json_patch___test=lambda *_: None), patched(BROKEN), "PATCH-TEXTS"),
    mutant("patch-move-copies", "PATCH-OPERATIONS", "Moving leaves the source.", instead(domain__json_patch___move=_moving_copies), patched({"op": "move", "from": "/email", "path": "/displayName"})),
    mutant("patch-index-from-one", "PATCH-OPERATIONS", "Indexes are counted from one.", around("domain.json_patch._index", _from_one), patched({"op": "remove", "path": "/roles/1"}, who=SOFT)),
    mutant("patch-insert-overwrites", "PATCH-OPERATIONS", "Adding at an index replaces what is there.", _putting(_inserting_overwrites), patched({"op": "add", "path": "/roles/0", "value": SETTINGS})),
    mutant("patch-index-clamped", "PATCH-TEXTS", "An index that is too high is the last one.", around("domain.json_patch._index", _clamped), patched({"op": "replace", "path": "/roles/9", "value": WEB})),
    mutant("patch-address-lost", "PATCH-OPERATIONS", "The address stays.", _only(_without_address), patched({"op": "replace", "path": "/email", "value": "new@example.com"})),
    mutant("patch-unknown-operations-pass", "PATCH-OPERATIONS", "An unknown operation is passed over.", around("wire.body.parse", _known_operations), patched({"op": "nonsense", "path": "/displayName"})),
    mutant("patch-operations-in-any-case", "PATCH-OPERATIONS", "An operation can be in capitals.", around("wire.body.parse", _in_any_case), patched({**NAME, "op": "REPLACE"}), "PATCH-TEXTS"),
    mutant("patch-unknown-operations-in-other-words", "PATCH-TEXTS", "An unknown operation has another message.", errors(OperationInvalid={"message": "The operation '{op}' is not known."}), patched({"op": "nonsense", "path": "/displayName"}), "PATCH-OPERATIONS"),
)  # fmt: skip

ROLES = (
    mutant("add-replaces", "PATCH-ROLES-ADD", "Adding a role takes the others.", _putting(_adding_replaces), patched(ADDED, who=SOFT)),
    mutant("add-doubles", "PATCH-ROLES-ADD", "Adding a held role doubles it.", around("domain.rulebook.Rulebook.read_roles", _doubled), patched({**ADDED, "value": WEB})),
    mutant("add-refuses-what-is-held", "PATCH-ROLES-ADD", "Adding a held role is refused.", around("domain.rulebook.Rulebook.read_roles", _held_refused), patched({**ADDED, "value": WEB})),
    mutant("replace-merges", "PATCH-ROLES-REPLACE", "Replacing the roles keeps all that were held.", _putting(_replacing_merges), lambda api: [api.replace(SOFT, WEB), api.roles(SOFT)]),
    mutant("replace-takes-one", "PATCH-ROLES-REPLACE", "Replacing the roles gives the first alone.", _putting(_replacing_keeps_the_first), lambda api: [api.replace(PLAIN, WEB, SETTINGS), api.roles(PLAIN)]),
)  # fmt: skip

TARGETS = (
    mutant("target-unknown-passes", "PATCH-TARGET", "A property that does not exist is passed over.", _only(_of_known), patched({"op": "replace", "path": "/nonsense", "value": 1})),
    mutant("target-unknown-in-other-words", "PATCH-TARGET", "A property that does not exist has another message.", errors(TargetNotFound={"message": "The property '{segment}' was not found."}), patched({"op": "replace", "path": "/nonsense", "value": 1})),
    mutant("target-unknown-is-not-found", "PATCH-TARGET", "A property that does not exist is a 404.", errors(TargetNotFound={"status": 404}), patched({"op": "replace", "path": "/nonsense", "value": 1})),
    mutant("target-read-only-passes", "PATCH-READ-ONLY", "A read-only property is passed over.", _only(_without_read_only), patched({"op": "replace", "path": "/id", "value": "x"})),
    mutant("target-read-only-in-other-words", "PATCH-READ-ONLY", "A read-only property has another message.", around("domain.json_patch._target", _invalid_when_read_only), patched({"op": "replace", "path": "/isParent", "value": True})),
    mutant("text-of-index-bounds", "PATCH-TEXTS", "An index that is too high has another message.", errors(IndexOutOfBounds={"message": "Index {segment} is out of range."}), patched({"op": "remove", "path": "/roles/9"})),
    mutant("text-of-no-index", "PATCH-TEXTS", "What is no index has another message.", errors(IndexInvalid={"message": "'{segment}' is no index."}), patched({"op": "remove", "path": "/roles/x"})),
    mutant("text-of-tests", "PATCH-TEXTS", "A failed test has another message.", errors(TestFailed={"message": "The test of '{path}' failed."}), patched(BROKEN)),
    mutant("text-of-values", "PATCH-TEXTS", "A value of the wrong type has another message.", errors(ValueForTargetInvalid={"message": "The value is invalid."}), patched({**NAME, "value": 1})),
)  # fmt: skip


def _replacing_alone(operations):
    return any(step.op == "replace" and step.path == ("roles",) for step in operations)


KEPT = (
    mutant("pbx-kept-on-replace-alone", "ROLE-PBX-KEPT", "Adding the whole list takes the PBX user role.", instead(domain__json_patch__replaces_list=_replacing_alone), patched({"op": "add", "path": "/roles", "value": [WEB]}, who=PHONE)),
    mutant("pbx-kept-refuses", "ROLE-PBX-KEPT", "Replacing the roles without the PBX user role is refused.", around("domain.role_effects.keep_on_replace", lambda original, catalog, change, **rest: _refusing(original, catalog, change, **rest)), lambda api: api.replace(PHONE, WEB)),
)  # fmt: skip


def _refusing(original, catalog, change, *, roles):
    kept = original(catalog, change, roles=roles)
    if PBX in roles and kept.roles != change.roles:
        raise Refused("ROLE-PBX-KEPT", "RoleReadOnly", role=PBX)
    return kept


PATCHING = ANSWERS + OPERATIONS + ROLES + TARGETS + KEPT
