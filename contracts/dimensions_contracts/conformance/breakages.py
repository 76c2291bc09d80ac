"""What a generated request has wrong: the rule that refuses it."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

IDS = frozenset({"accountId", "customerId", "userId"})
FIELDS = "USER-FIELDS/lengths"
HEADERS = MappingProxyType(
    {"authorization": "AUTH-REQUIRED", "content-type": "MEDIA-TYPE", "accept-charges": "CHARGES-ACCEPTED"}
)
STATUSES = MappingProxyType(
    {"AUTH-REQUIRED": 401, "METHOD-UNKNOWN": 405, "MEDIA-TYPE": 415, "DEVICE-OWNED": 404}
)
REFUSED = 400


def rule(operation: str, place: str, parameter: str, pointer: str) -> str:
    """Name the rule, or the part of one, that refuses a request with this mistake.

    The place is `path`, `query`, `header` or `body`; the pointer leads into its schema, with references
    followed, to the keyword that is not satisfied.
    """
    if place == "path":
        return "ID-FORMAT" if parameter in IDS else "DEVICE-OWNED"
    if place == "query":
        return "LIST-PAGING"
    if place == "header":
        return HEADERS.get(parameter.lower(), "BODY-JSON")
    return _of_body(operation, pointer.strip("/").split("/"))


def check(named: str) -> dict[str, Any]:
    """The check that a request is refused by this rule."""
    when = {"when": {"role-unknown": "refuse"}} if named == "ROLE-KNOWN" else {}
    return {"rule": named, **when, "status": STATUSES.get(named, REFUSED)}


def _of_body(operation: str, pointer: list[str]) -> str:
    if operation.startswith("createUser"):
        return _of_creation(pointer)
    if operation.startswith("patchUser"):
        return _of_patch(pointer)
    return "BODY-JSON" if pointer in ([""], ["type"]) else "DEVICE-CLIENT"


def _of_creation(pointer: list[str]) -> str:
    if pointer == ["required"]:
        return FIELDS
    if {"displayName", "email"}.isdisjoint(pointer):
        return "ROLE-KNOWN" if pointer[-1] == "enum" else "BODY-JSON"
    return "BODY-JSON" if pointer[-1] == "type" else FIELDS


def _of_patch(pointer: list[str]) -> str:
    keyword = pointer[-1]
    if "properties" not in pointer:
        return "PATCH-OPERATIONS" if keyword == "required" else "BODY-JSON"
    member = pointer[pointer.index("properties") + 1]
    if member == "op":
        return "PATCH-OPERATIONS"
    if member != "value" or keyword == "type":
        return "PATCH-TEXTS"
    return "ROLE-KNOWN" if keyword == "enum" else FIELDS
