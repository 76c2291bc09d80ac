"""The refusals of an operation: which rules can answer it with which errors."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dimensions_contracts.bundle import reference

if TYPE_CHECKING:
    from dimensions_contracts.catalog import Catalog, ErrorAnswer, Rule
    from dimensions_contracts.operations import Operation, Prefix

MEANINGS = MappingProxyType(
    {
        400: "The request is malformed or breaks a rule; nothing has changed.",
        401: "The token is missing, wrong or expired.",
        402: "The change may cost money and the caller did not accept that; nothing has changed. "
        "Answered under the decision charges-missing: refuse-402.",
        403: "The token lacks the scope of this API.",
        404: "The tenant or the user does not exist, or the caller may not see it.",
        409: "The address already has an account; nothing has changed. "
        "Answered under the decision user-exists: 409.",
        413: "The body is too large.",
        415: "The body has a media type that this operation does not take.",
    }
)
FACTS = MappingProxyType(
    {
        "value": "42",
        "found": "text/plain",
        "expected": "application/json",
        "reason": "it is not JSON",
        "limit": "100",
        "field": "Email",
        "op": "merge",
        "path": "/roles/0",
        "segment": "nickname",
        "current": "customer.user",
        "role": "customer.user.uc.remote",
        "missing": "customer.user.uc",
        "roles": "customer.user.supervisorl1, customer.user.supervisorl2",
        "instead": "customer.user.uc.essential",
        "feature": "agent",
        "email": "ada.byron@northwind.example",
        "device": "SEP00A1B2C3D4E5",
        "client": "mobile",
    }
)
MOMENT = "2026-03-04T09:30:15.1234567Z"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule that can refuse, and the error it answers with."""

    rule: str
    error: ErrorAnswer


def of(operation: Operation, prefix: Prefix, catalog: Catalog) -> tuple[Refusal, ...]:
    """List every refusal of an operation below a prefix, in the order of the catalogue."""
    wire = {*operation.rules, *prefix.rules}
    return tuple(
        Refusal(rule.id, catalog.errors[key])
        for rule in catalog.rules.values()
        for key in _errors(rule, operation.occasion, of_wire=rule.id in wire)
    )


def answers(operation: Operation, prefix: Prefix, catalog: Catalog) -> dict[str, Any]:
    """Render all refusals as OpenAPI responses by status; `x-rules` names the rules behind each."""
    refusals = of(operation, prefix, catalog)
    statuses = sorted({refusal.error.status for refusal in refusals})
    return {
        str(status): _answer(status, [found for found in refusals if found.error.status == status])
        for status in statuses
    }


def _errors(rule: Rule, occasion: str | None, *, of_wire: bool) -> list[str]:
    met = [step for step in rule.steps if occasion in step.on]
    keys = [step.refuse for step in met if step.refuse]
    if met or of_wire:
        elsewhere = {step.refuse for step in rule.steps}
        keys += [key for key in rule.refuses if key not in elsewhere]
    return list(dict.fromkeys(keys))


def _answer(status: int, refusals: list[Refusal]) -> dict[str, Any]:
    errors = {refusal.error.key: refusal.error for refusal in refusals}
    answer: dict[str, Any] = {"description": MEANINGS[status]}
    if headers := {name: value for error in errors.values() for name, value in error.headers.items()}:
        answer["headers"] = {name: _header(value) for name, value in headers.items()}
    if examples := {key: _example(error) for key, error in errors.items() if error.message}:
        schema = {**reference("error"), "properties": {"error": {"const": status}}}
        answer["content"] = {"application/json": {"schema": schema, "examples": examples}}
    answer["x-rules"] = list(dict.fromkeys(refusal.rule for refusal in refusals))
    return answer


def _header(value: str) -> dict[str, Any]:
    return {
        "description": f"Begins with {value}.",
        "required": True,
        "schema": {"type": "string", "pattern": f"^{value}"},
        "example": value,
    }


def _example(error: ErrorAnswer) -> dict[str, Any]:
    code = {"errorCode": error.code} if error.code else {}
    message = (error.message or "").format_map(FACTS)
    value = {"error": error.status, **code, "message": message, "status": "error", "timestamp": MOMENT}
    return {"value": value}
