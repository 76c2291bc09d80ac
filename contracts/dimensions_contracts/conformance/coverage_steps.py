"""Coverage cases as steps that are led to users of the run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from dimensions_contracts.conformance.generator import NOTHING

if TYPE_CHECKING:
    from dimensions_contracts.conformance.generator import Probe

    Step = dict[str, Any]

USER = "ada"
ACCOUNT = "InAccount"
JSON = "application/json"
WEBSITE = "customer.user"
LONG = 100
"""The characters from which on an address is one whose length is under test."""


def step(probe: Probe, name: str, device: str) -> Step:
    """Make a step that sends what the probe says, to the user `ada` unless the id is under test.

    Addresses that are not broken become those of `name`, whom the run owns when the step creates a user.
    """
    operation = probe.operation.removesuffix(ACCOUNT)
    return {
        "call": operation,
        **({"method": probe.method} if probe.method != probe.offered else {}),
        **_path(probe, device),
        **({"query": urlencode(probe.query, doseq=True)} if probe.query else {}),
        **_headers(probe),
        **_body(probe, name),
        **({"save": name} if operation == "createUser" and probe.method == probe.offered else {}),
    }


def _path(probe: Probe, device: str) -> Step:
    """The ids: those of the run, but `void` for a user whose customer is broken, so that nobody is met."""
    found: Step = {}
    if probe.operation.endswith(ACCOUNT):
        found["account"] = probe.path["accountId"]
    if probe.place == "path" and probe.parameter == "customerId":
        found["customer"] = probe.path["customerId"]
    if "userId" in probe.path:
        found["user"] = _user(probe)
    if "deviceId" in probe.path:
        found["device"] = probe.path["deviceId"] if probe.parameter == "deviceId" else device
    if probe.place == "path":
        found["aim"] = "unknown" if probe.valid else "malformed"
    return found


def _user(probe: Probe) -> str:
    if probe.place != "path" or probe.parameter == "deviceId":
        return f"${{{USER}.id}}"
    return probe.path["userId"] if probe.parameter == "userId" else "${void}"


def _headers(probe: Probe) -> Step:
    found: Step = {}
    if "accept-charges" in probe.headers and probe.parameter == "accept-charges":
        found["charges"] = probe.headers["accept-charges"]
    if probe.parameter == "Authorization":
        found["as"] = "none"
    kind = probe.headers.get("content-type", probe.media_type)
    if kind != (None if probe.body is NOTHING else JSON):
        found["type"] = kind
    return found


def _body(probe: Probe, name: str) -> Step:
    body = probe.body
    if body is NOTHING:
        return {}
    if isinstance(body, dict):
        return {"body": _creation(body, probe, name)}
    if isinstance(body, list):
        return {"body": [_operation(item, name, probe.pointer) for item in body]}
    return {"raw": json.dumps(body)}


def _creation(body: dict[str, Any], probe: Probe, name: str) -> dict[str, Any]:
    """The body with an address and with roles that ask for nothing, where these are not under test."""
    changed = dict(body)
    if "email" in body and "/email/" not in probe.pointer:
        changed["email"] = _address(body["email"], name)
    if "roles" in body and "/roles/" not in probe.pointer and "'roles'" not in probe.description:
        changed["roles"] = [WEBSITE]
    return changed


def _operation(item: Any, name: str, pointer: str) -> Any:
    """The operation with an own address in place of another, unless the value is under test."""
    value = item.get("value") if isinstance(item, dict) else None
    if isinstance(value, str) and "@" in value and "/value/" not in pointer:
        return {**item, "value": _address(value, name)}
    return item


def _address(address: Any, name: str) -> str:
    if isinstance(address, str) and len(address) > LONG:
        return f"${{email:{len(address)}}}"
    return f"${{{name}.email}}"
