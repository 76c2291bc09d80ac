"""For each rule the changes that may satisfy it, the likeliest first; each is tried before it is told."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from dimensions_emulator.explain import curl
from dimensions_emulator.explain.repairs import (
    access,
    administrators,
    bodies,
    devices,
    fields,
    ids,
    patches,
    roles,
    routes,
    spellings,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dimensions_emulator.domain.errors import Refused
    from dimensions_emulator.explain.case import Case, Plan
    from dimensions_emulator.sandbox.dry_run import Request

    Repair = Callable[[Case], Iterator[Plan]]

REPAIRS: Mapping[str, Repair] = MappingProxyType(
    {
        "USER-FIELDS": fields.fit,
        "USER-UNIQUE-EMAIL": fields.another_address,
        "ROLE-KNOWN": spellings.unknown,
        "ROLE-READ-ONLY": roles.read_only,
        "ADMIN-LAST": administrators.another,
        "ROLE-PREREQUISITE": roles.prerequisites,
        "ROLE-SUPERVISOR-EXCLUSIVE": roles.supervisors,
        "ROLE-UK-ESSENTIAL": roles.of_country,
        "ROLE-ACD-FEATURE": roles.unlicensed,
        "CHARGES-ACCEPTED": roles.charges,
        "MAIL-PRIMARY": ids.primary,
        "DEVICE-OWNED": devices.owned,
        "DEVICE-ROLES": devices.softphone_roles,
        "DEVICE-CLIENT": devices.client_type,
        "TENANT-ISOLATION": ids.isolated,
        "ROUTE": routes.path,
        "WIRE-PREFIXES": ids.outside,
        "AUTH-REQUIRED": access.token,
        "AUTH-SCOPE": access.other,
        "ID-FORMAT": ids.malformed,
        "TENANT-UNKNOWN": ids.tenant,
        "USER-UNKNOWN": ids.user,
        "METHOD-UNKNOWN": routes.method,
        "MEDIA-TYPE": bodies.media_type,
        "BODY-JSON": bodies.invalid,
        "LIST-PAGING": routes.page,
        "PATCH-OPERATIONS": patches.operation,
        "PATCH-TARGET": patches.target,
        "PATCH-TEXTS": patches.texts,
        "PATCH-READ-ONLY": patches.read_only,
    }
)

FAILED = "The emulator failed, not the request; its log has the traceback under the id of the message."
TOKENLESS = "No caller of this world has a token that does; mint one with POST /_emulator/tokens."

HOPELESS: Mapping[str, str] = MappingProxyType(
    {
        "ADMIN-LAST": "Nobody else can be made an administrator with this token.",
        "AUTH-REQUIRED": TOKENLESS,
        "AUTH-SCOPE": TOKENLESS,
        "BodyTooLarge": "Send less, or start the server with a larger --max-body.",
        "MAIL-PRIMARY": "Mail goes out from the user's primary tenant alone, "
        "which is no customer that this caller can call.",
        "NEVER-500": FAILED,
        "PATCH-OPERATIONS": "What the operation is meant to do cannot be told from it.",
        "PATCH-READ-ONLY": "id, primaryTenant and isParent are set by the server; no request changes them.",
        "PATCH-TARGET": "displayName, email and roles are all that can be patched.",
        "ROLE-ACD-FEATURE": "The customer's feature is 0, which no request of this API changes; "
        "start from a world that has more.",
        "ROLE-KNOWN": "`dimensions-emulator roles` lists the roles there are.",
        "ROLE-READ-ONLY": "The role is documented as read-only: the platform alone gives and takes it.",
        "ROLE-UK-ESSENTIAL": "The key of the other country is not given in this one.",
        "ROUTE": "No path of this API is like it; /_emulator/openapi.json lists those it has.",
        "USER-UNKNOWN": "The customer has no user; create one first.",
        "WIRE-ERROR": FAILED,
    }
)
"""What to say of an error or of a rule where no change passes."""

OF_USERS = {"ID-FORMAT", "USER-UNKNOWN"}


def hopeless(no: Refused, request: Request) -> str:
    """Why no change passes, empty if nothing is known."""
    if request.method == "DELETE" and no.rule in OF_USERS:
        users = curl.path(request._replace(path=request.path.rpartition("/")[0], query=""))
        return f"The user is gone or never was; GET {users} lists those there are."
    return HOPELESS.get(no.error) or HOPELESS.get(no.rule, "")
