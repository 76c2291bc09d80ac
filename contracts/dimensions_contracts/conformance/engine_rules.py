"""What a failed check of the engine means: the rule that is broken, or why none is."""

from __future__ import annotations

import json
import re
import string
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from dimensions_contracts.conformance import breakages
from dimensions_contracts.conformance.coverage_checks import ANSWERS
from dimensions_contracts.conformance.engine_guide import WEBSITE, is_valid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dimensions_contracts.catalog import Catalog, ErrorAnswer

SETTLED = MappingProxyType(
    {
        "not_a_server_error": ("NEVER-500", "a status below 500"),
        "ignored_auth": ("AUTH-REQUIRED", "status 401 without a valid token"),
        "object_level_authorization": ("TENANT-ISOLATION", "status 404 for the caller of another reseller"),
        "use_after_free": ("DELETE-ANSWER", "status 404 after the deletion"),
        "ensure_resource_availability": ("CREATE-ANSWER", "the created user is there"),
        "content_type_conformance": ("WIRE-CONTENT-TYPE", "the declared media type"),
        "status_code_conformance": ("WIRE-ERROR", "one of the declared statuses"),
        "unsupported_method": ("METHOD-UNKNOWN", "status 405 with Allow"),
        "allow_header_conformance": ("METHOD-UNKNOWN", "an Allow header with the declared methods"),
    }
)
RIGHTFUL = MappingProxyType(
    {
        "UserAlreadyExists": "another user has the address",
        "UserAlreadyExistsConflict": "another user has the address",
        "RoleReadOnly": "the patch would take or give a role that callers cannot change",
        "RolePrerequisiteMissing": "the roles are drawn one by one, without those they need",
        "SupervisorRolesExclusive": "two supervisor roles are drawn together",
        "RoleNotAvailable": "the role belongs to customers of another country",
        "FeatureNotLicensed": "the customer has no call-centre agents",
        "ChargesNotAccepted": "a licensed role is drawn without the header",
        "ChargesNotAcceptedPayment": "a licensed role is drawn without the header",
        "DeviceNotAssignedToUser": "the user does not own the device",
        "SoftphoneRolesMissing": "the user has no softphone role",
        "DeviceClientMismatch": "the device is tied to another client",
        "IndexInvalid": "the roles have no such index",
        "IndexOutOfBounds": "the roles have no such index",
        "TestFailed": "the value tested is another",
        "ValueForTargetInvalid": "a value is carried to a member of another kind",
    }
)
"""Refusals of valid requests that are right because of what the customer holds, by the key of the error."""
CARRIED = MappingProxyType(
    {
        "FieldRequired": "a member that must be there is taken away",
        "FieldTooLong": "a value is carried to a shorter member",
        "AddressInvalid": "a name or a role is carried to the address",
        "RoleUnknown": "a name or an address is carried to the roles",
        "TargetNotFound": "the member is gone since an earlier operation",
        "PathInvalid": "a member is moved into itself",
        "LastUserAdministrator": "the last user administrator would lose a role",
    }
)
"""The same for patches that take something away or carry one value to the place of another."""
BODIES = MappingProxyType({"createUser": "UserCreation", "patchUser": "UserPatch"})
CARRYING = frozenset({"remove", "move", "copy"})


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that the engine made wrong on purpose; the pointer ends with the keyword."""

    place: str
    parameter: str
    pointer: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A check that the engine saw fail, with what was sent and answered; `mistakes` were made on purpose.

    `deleted` tells that the run has deleted the user it is about.
    """

    check: str
    operation: str
    status: int
    answer: bytes
    body: Any
    mistakes: tuple[Mistake, ...]
    refused: bool
    deleted: bool = False


class Meanings:
    """Reads failed checks, by the errors of the catalogue and the schemas of the document."""

    def __init__(self, catalog: Catalog, document: Mapping[str, Any]) -> None:
        self._bodies = {
            operation: jsonschema_rs.validator_for(
                {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
            )
            for operation, name in BODIES.items()
        }
        self._roles = catalog.spellings().keys()
        self._rightful = [(catalog.errors[key], why) for key, why in RIGHTFUL.items()]
        self._carried = [(catalog.errors[key], why) for key, why in CARRIED.items()]

    def forgiven(self, failed: Failed) -> str | None:
        """Tell why a failed check is none, or None if it is one."""
        if failed.refused:
            return "the guard refused the request"
        if failed.check == "ensure_resource_availability" and failed.deleted:
            return "the user was deleted by another path, which the engine does not know to be the same"
        if failed.check == "positive_data_acceptance":
            return self._rightly_refused(failed)
        if failed.check == "negative_data_rejection":
            return self._rightly_accepted(failed)
        return None

    def rule(self, failed: Failed) -> tuple[str, str]:
        """Name the rule, or the part of one, that a failed check is about, and what it expects."""
        if failed.check == "negative_data_rejection" and self._has_unknown_roles_alone(failed):
            return "ROLE-KNOWN", "a refusal of roles that are not in the catalogue"
        return rule(failed)

    def _has_unknown_roles_alone(self, failed: Failed) -> bool:
        schema = self._bodies.get(failed.operation)
        if schema is None or any(mistake.place != "body" for mistake in failed.mistakes):
            return False
        return is_valid(schema, self._known(failed.body))

    def _known(self, body: Any) -> Any:
        """The body with a known role in place of each that is not."""
        if isinstance(body, dict) and "roles" in body:
            return {**body, "roles": self._known_roles(body["roles"])}
        if isinstance(body, list):
            return [self._known_operation(item) for item in body]
        return body

    def _known_operation(self, item: Any) -> Any:
        if not isinstance(item, dict) or not str(item.get("path")).startswith("/roles"):
            return item
        return {name: self._known_roles(value) if name == "value" else value for name, value in item.items()}

    def _known_roles(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._known_roles(item) for item in value]
        return WEBSITE if isinstance(value, str) and value not in self._roles else value

    def _rightly_refused(self, failed: Failed) -> str | None:
        body = _parsed(failed.answer)
        found = _reason(self._rightful, failed.status, body)
        return found or (_reason(self._carried, failed.status, body) if _carries(failed.body) else None)

    def _rightly_accepted(self, failed: Failed) -> str | None:
        if {mistake.parameter.lower() for mistake in failed.mistakes} == {"accept-charges"}:
            return "any value but true says that charges are not accepted, which is no mistake"
        if isinstance(failed.body, dict) and failed.body.get("roles", "") is None:
            rest = {name: value for name, value in failed.body.items() if name != "roles"}
            return "null is the same as absent" if is_valid(self._bodies["createUser"], rest) else None
        return None


def rule(failed: Failed) -> tuple[str, str]:
    """Name the rule by the check and by what the engine says it broke."""
    if failed.check in SETTLED:
        return SETTLED[failed.check]
    if failed.check in {"negative_data_rejection", "missing_required_header"}:
        return _broken(failed), "a refusal of what the document forbids"
    if failed.check == "positive_data_acceptance":
        return ANSWERS.get(failed.operation, "WIRE-SUCCESS"), "what the document allows is accepted"
    if failed.check == "response_headers_conformance":
        return _of_headers(failed), "the declared headers"
    return ("WIRE-ERROR" if failed.status >= 400 else "WIRE-SUCCESS"), "what the schema of the answer says"  # noqa: PLR2004


def _broken(failed: Failed) -> str:
    first = next(iter(failed.mistakes), Mistake("body", "", ""))
    return breakages.rule(failed.operation, first.place, first.parameter, first.pointer)


def _of_headers(failed: Failed) -> str:
    return "WIRE-ERROR" if failed.status >= 400 else ANSWERS.get(failed.operation, "WIRE-SUCCESS")  # noqa: PLR2004


def _carries(body: Any) -> bool:
    return isinstance(body, list) and any(
        item.get("op") in CARRYING for item in body if isinstance(item, dict)
    )


def _parsed(answer: bytes) -> dict[str, Any]:
    try:
        body = json.loads(answer)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _reason(errors: Iterable[tuple[ErrorAnswer, str]], status: int, body: dict[str, Any]) -> str | None:
    return next((why for error, why in errors if _is(error, status, body)), None)


def _is(error: ErrorAnswer, status: int, body: dict[str, Any]) -> bool:
    """Tell whether an answer is this error, by its code, or by the shape of its message where it has none."""
    if error.status != status or body.get("errorCode") != error.code:
        return False
    return (
        error.code is not None or _shape(error.message or "").fullmatch(str(body.get("message"))) is not None
    )


def _shape(template: str) -> re.Pattern[str]:
    parts = string.Formatter().parse(template)
    return re.compile(
        "".join(re.escape(text) + ("" if name is None else ".*") for text, name, _, _ in parts), re.DOTALL
    )
