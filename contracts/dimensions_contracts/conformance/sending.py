"""Steps as requests on the wire."""

from __future__ import annotations

import base64
import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dimensions_contracts.conformance.bindings import quoted
from dimensions_contracts.conformance.messages import Request
from dimensions_contracts.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dimensions_contracts.conformance.places import Place

    Step = Mapping[str, Any]

API = MappingProxyType({operation.id: operation for operation in OPERATIONS})
CONTROL = MappingProxyType(
    {
        "holds": ("GET", "/_emulator/health"),
        "mails": ("GET", "/_emulator/mail/messages?to={user}"),
        "chargesBooked": ("GET", "/_emulator/charges?customer={customer}"),
        "importUsers": ("POST", "/_emulator/platform/{customer}/import"),
        "platformDevices": ("GET", "/_emulator/platform/{customer}/devices"),
    }
)
JSON = "application/json"


def callers(token: str) -> dict[str, str | None]:
    """The token of the main caller, and the ways to have none that is accepted.

    A text with a space is sent as the whole header.
    """
    return {
        "main": token,
        "none": None,
        "wrong": "conformance-no-such-token",
        "basic": f"Basic {base64.b64encode(token.encode()).decode()}",
        "schemeless": f" {token}",
        "blank": "Bearer ",
    }


def request(step: Step, place: Place) -> Request:
    """The request of a step whose variables are all replaced."""
    method, path = _target(step, place)
    body = _body(step)
    headers = [(name, value) for name, value in step.get("headers", ())]
    kind = step.get("type", JSON if body is not None else None)
    if kind is not None:
        headers.append(("Content-Type", kind))
    if "charges" in step:
        headers.append(("accept-charges", step["charges"]))
    caller = "none" if step["call"] in CONTROL else step.get("as", "main")
    return Request(method, path, tuple(headers), body, caller, step.get("aim", ""))


def _target(step: Step, place: Place) -> tuple[str, str]:
    if step["call"] in CONTROL:
        method, path = CONTROL[step["call"]]
        return method, path.format(
            customer=place.customer, user=quoted(step.get("user", "")).replace("+", "%2B")
        )
    operation = API[step["call"]]
    method = step.get("method", operation.method.upper())
    path = (
        step["path"] if "path" in step else step.get("base", "/api/v1.0") + _prefix(step, place) + _rest(step)
    )
    return method, path + (f"?{step['query']}" if "query" in step else "")


def _prefix(step: Step, place: Place) -> str:
    customer = quoted(step.get("customer", place.customer))
    account = step.get("account")
    if account is None:
        return f"/customers/{customer}/users"
    return (
        f"/accounts/{quoted(place.account or '' if account is True else account)}/customers/{customer}/users"
    )


def _rest(step: Step) -> str:
    path = API[step["call"]].path
    return path.replace("{userId}", quoted(step.get("user", ""))).replace(
        "{deviceId}", quoted(step.get("device", "")).replace("/", "%2F")
    )


def _body(step: Step) -> bytes | None:
    if "raw64" in step:
        return base64.b64decode(step["raw64"])
    if "raw" in step:
        return str(step["raw"]).encode()
    if "body" in step:
        return json.dumps(step["body"], ensure_ascii=False, separators=(",", ":")).encode()
    return None
