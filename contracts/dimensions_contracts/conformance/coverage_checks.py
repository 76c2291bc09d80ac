"""What is expected of the answer to a coverage case."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dimensions_contracts.conformance import breakages
from dimensions_contracts.conformance.coverage_steps import ACCOUNT, WEBSITE
from dimensions_contracts.conformance.generator import NOTHING
from dimensions_contracts.operations import OPERATIONS

if TYPE_CHECKING:
    from dimensions_contracts.catalog import Catalog
    from dimensions_contracts.conformance.generator import Probe

ANSWERS = MappingProxyType(
    {
        "listUsers": "LIST-PAGING",
        "getUser": "GET-ITEM",
        "createUser": "CREATE-ANSWER",
        "patchUser": "PATCH-ANSWER",
        "deleteUser": "DELETE-ANSWER",
        "assignDevice": "DEVICE-ANSWER",
        "assignDeviceByPost": "DEVICE-METHODS",
        "unassignDevice": "DEVICE-ANSWER",
        "unassignDeviceByPost": "DEVICE-METHODS",
        "sendActivationEmail": "MAIL-ANSWER",
        "sendUConnectActivationEmail": "MAIL-ANSWER",
    }
)
SUCCESS = MappingProxyType({operation.id: operation.status for operation in OPERATIONS})
BODILESS = frozenset(operation.id for operation in OPERATIONS if not operation.body)


@dataclass(frozen=True, slots=True)
class Expected:
    """The checks of a coverage case, and the aspect of the operation that it belongs to."""

    aspect: str
    checks: list[dict[str, Any]]


def _one(aspect: str, check: dict[str, Any]) -> Expected:
    return Expected(aspect, [check])


def plain_roles(catalog: Catalog) -> frozenset[str]:
    """The roles that any user with website access can be given in any customer.

    Those that cost, mail, need another role or make an administrator are left to other cases.
    """
    return frozenset(
        role.key
        for role in catalog.roles.values()
        if not (role.licensed or role.read_only or role.platform or role.key == "user.admin")
        and set(role.prerequisites) <= {WEBSITE}
    )


def expected(probe: Probe, plain: frozenset[str]) -> Expected | None:
    """Tell what the answer is checked for, or None when the contract leaves it to what the customer holds."""
    operation = probe.operation.removesuffix(ACCOUNT)
    success = SUCCESS[operation]
    if probe.method != probe.offered:
        return _one("method", breakages.check("METHOD-UNKNOWN"))
    if probe.parameter == "accept-charges":
        return _one("accepted", {"rule": "CHARGES-ACCEPTED", "status": success})
    if probe.parameter == "deviceId":
        return _one("device", breakages.check("DEVICE-OWNED"))
    if probe.valid:
        return _allowed(probe, operation, plain)
    return _forbidden(probe, operation, success)


def _forbidden(probe: Probe, operation: str, success: int) -> Expected | None:
    if probe.parameter == "Content-Type" and operation in BODILESS:
        return _one("media", {"rule": "NEVER-500", "status": [success, 400, 415]})
    if probe.place == "body" and probe.body is NOTHING:
        return _one("body", {"rule": "BODY-JSON", "status": [400, 415]})
    if isinstance(probe.body, dict) and probe.body.get("roles", WEBSITE) is None:
        return None
    rule = breakages.rule(operation, probe.place, probe.parameter, probe.pointer)
    aspect = {"Authorization": "auth", "Content-Type": "media"}.get(probe.parameter, probe.place)
    checks = [breakages.check(rule)]
    if rule == "ROLE-KNOWN" and operation == "createUser":
        checks.append({"rule": rule, "when": {"role-unknown": "ignore"}, "status": success})
    return Expected(aspect, checks)


def _allowed(probe: Probe, operation: str, plain: frozenset[str]) -> Expected | None:
    accepted = _one("accepted", {"rule": ANSWERS[operation], "status": SUCCESS[operation]})
    if operation == "createUser":
        return _of_creation(probe, accepted, plain)
    if operation == "patchUser":
        return _of_patch(probe.body, accepted, plain)
    return accepted


def _of_creation(probe: Probe, accepted: Expected, plain: frozenset[str]) -> Expected | None:
    if "'roles'" in probe.description:
        return accepted if set(probe.body["roles"]) <= plain else None
    if "'displayName'" in probe.description or "'email'" in probe.description:
        return _one("accepted", {"rule": breakages.FIELDS, "status": SUCCESS["createUser"]})
    return accepted


def _of_patch(body: list[Any], accepted: Expected, plain: frozenset[str]) -> Expected | None:
    """A patch that sets values is accepted; what others come to depends on what the user holds."""
    if not all(item["op"] in {"add", "replace"} for item in body) or not body:
        return _one("either", {"rule": "PATCH-OPERATIONS", "status": [SUCCESS["patchUser"], 400]})
    return accepted if all(_sets(item, plain) for item in body) else None


def _sets(item: dict[str, Any], plain: frozenset[str]) -> bool:
    path, value = item["path"], item["value"]
    if path == "/roles":
        return WEBSITE in value and set(value) <= plain
    if path.startswith("/roles/"):
        return value == WEBSITE or (item["op"] == "add" and value in plain)
    return True
