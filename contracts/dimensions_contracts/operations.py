"""The operations of the API as values; every one exists below each prefix."""

from __future__ import annotations

from dataclasses import dataclass

PATCH_TYPES = ("application/json", "application/json-patch+json")


@dataclass(frozen=True, slots=True)
class Prefix:
    """Where the users of a customer are reached; `suffix` tells its operation ids apart."""

    path: str
    suffix: str
    portal: str
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; `body` and `answer` name schemas.

    `occasion` is what `rules.json` calls it in the steps of rules; `rules` are rules of the wire, which
    have no steps, that can refuse it.
    """

    id: str
    method: str
    path: str
    tag: str
    summary: str
    description: str
    status: int
    rules: tuple[str, ...]
    occasion: str | None = None
    answer: str | None = None
    body: str | None = None
    media_types: tuple[str, ...] = ("application/json",)
    location: bool = False
    charges: bool = False
    paged: bool = False
    links: tuple[str, ...] = ()


PREFIXES = (
    Prefix("/customers/{customerId}/users", "", "reseller portal"),
    Prefix(
        "/accounts/{accountId}/customers/{customerId}/users",
        "InAccount",
        "enterprise portal",
        ("WIRE-PREFIXES",),
    ),
)

CUSTOMER = ("TENANT-ISOLATION", "AUTH-REQUIRED", "AUTH-SCOPE", "ID-FORMAT", "TENANT-UNKNOWN")
USER = (*CUSTOMER, "USER-UNKNOWN")
BODY = ("MEDIA-TYPE", "BODY-JSON")
PATCH = ("PATCH-OPERATIONS", "PATCH-TARGET", "PATCH-TEXTS", "PATCH-READ-ONLY")

LIST_USERS = Operation(
    id="listUsers",
    method="get",
    path="",
    tag="users",
    summary="List the users of a customer",
    description="Answers all users in the order of their creation, or one page when a page is asked for. "
    "Users configured at a higher level are among them.",
    status=200,
    rules=(*CUSTOMER, "LIST-PAGING"),
    answer="many-users",
    paged=True,
    links=("getUser",),
)
CREATE_USER = Operation(
    id="createUser",
    method="post",
    path="",
    tag="users",
    summary="Create a user",
    description="Creates the user in this customer and gives website access beside the roles named. "
    "An address that already has an account is refused.",
    status=201,
    rules=(*CUSTOMER, *BODY),
    occasion="create",
    answer="created",
    body="user-creation",
    location=True,
    charges=True,
    links=(
        "getUser",
        "patchUser",
        "deleteUser",
        "assignDevice",
        "unassignDevice",
        "sendActivationEmail",
        "sendUConnectActivationEmail",
    ),
)
GET_USER = Operation(
    id="getUser",
    method="get",
    path="/{userId}",
    tag="users",
    summary="Get a user",
    description="Answers one user with the roles held in this customer.",
    status=200,
    rules=USER,
    answer="one-user",
)
PATCH_USER = Operation(
    id="patchUser",
    method="patch",
    path="/{userId}",
    tag="users",
    summary="Change a user",
    description="Applies a JSON Patch to the name, the address or the roles, whole or not at all.",
    status=200,
    rules=(*USER, *BODY, *PATCH),
    occasion="patch",
    answer="done",
    body="user-patch",
    media_types=PATCH_TYPES,
    charges=True,
)
DELETE_USER = Operation(
    id="deleteUser",
    method="delete",
    path="/{userId}",
    tag="users",
    summary="Delete a user",
    description="Removes the user from this customer; in the tenant that created the user, from all tenants.",
    status=200,
    rules=USER,
    occasion="delete",
    answer="done",
)


def _device(action: str, method: str, suffix: str, summary: str, description: str) -> Operation:
    return Operation(
        id=f"{action}Device{suffix}",
        method=method,
        path="/{userId}/devices/pbx/{deviceId}/" + action,
        tag="devices",
        summary=summary,
        description=description,
        status=201,
        rules=(*USER, *BODY, "DEVICE-CLIENT"),
        occasion=action,
        answer="done",
        body="device-client",
        location=True,
    )


def _mail(operation_id: str, summary: str, description: str) -> Operation:
    return Operation(
        id=operation_id,
        method="post",
        path="/{userId}/" + operation_id,
        tag="mail",
        summary=summary,
        description=description,
        status=204,
        rules=USER,
        occasion="mail",
    )


_TIE = "Ties a phone-platform device of the user to a client type; a device tied to another one moves."
_FREE = "Frees a phone-platform device of the user from a client type."
_ALSO = " Has the effect of the same path with PUT."

OPERATIONS = (
    LIST_USERS,
    CREATE_USER,
    GET_USER,
    PATCH_USER,
    DELETE_USER,
    _device("assign", "put", "", "Assign a softphone device", _TIE),
    _device("assign", "post", "ByPost", "Assign a softphone device with POST", _TIE + _ALSO),
    _device("unassign", "put", "", "Unassign a softphone device", _FREE),
    _device("unassign", "post", "ByPost", "Unassign a softphone device with POST", _FREE + _ALSO),
    _mail(
        "sendActivationEmail", "Send the activation mail", "Mails the user a link that activates the account."
    ),
    _mail(
        "sendUConnectActivationEmail",
        "Send the UC welcome mail",
        "Mails the user what is needed to start with the UC client.",
    ),
)
