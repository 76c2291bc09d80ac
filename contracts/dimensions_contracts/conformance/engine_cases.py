"""What the engine made up, read from its own cases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dimensions_contracts.conformance.coverage_steps import ACCOUNT
from dimensions_contracts.conformance.engine_guide import ADMINISTRATOR, Sent
from dimensions_contracts.conformance.engine_relay import ORIGIN, REFUSED
from dimensions_contracts.conformance.engine_rules import Failed, Mistake
from dimensions_contracts.conformance.guids import usual

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from schemathesis import Case

MOST = 600
"""The characters of a message that are shown."""


def sent(case: Case[Any]) -> Sent:
    """What a case says before it is led to users of the run."""
    meta = case.meta
    return Sent(
        case.method.upper(),
        dict(case.path_parameters or {}),
        broken="path" in _broken(case),
        linked=meta is not None and meta.phase.name.value == "stateful",
    )


def failed(check: str, case: Case[Any], answer: Any, gone: Container[str | None]) -> Failed:
    """A failed check on what a case sent and the answer to it; `gone` are the ids of users deleted."""
    operation = str(case.operation.definition.raw["operationId"])
    return Failed(
        check,
        operation.removesuffix(ACCOUNT),
        answer.status_code,
        answer.content or b"",
        case.body,
        _mistakes(case),
        refused=REFUSED.lower() in {name.lower() for name in answer.headers},
        deleted=usual(str((case.path_parameters or {}).get("userId"))) in gone,
    )


def spelling(document: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """The administrator's role key that the document lacks, and the one that it has, as JSON."""
    keys = document["components"]["schemas"]["RoleKey"]["enum"]
    lacking, having = sorted(ADMINISTRATOR, key=keys.__contains__)
    return f'"{lacking}"'.encode(), f'"{having}"'.encode()


def curl(sample: str, base_url: str) -> str:
    """The call as a line for a shell; the token is a variable that is to be set."""
    plain = sample.replace(ORIGIN, base_url.rstrip("/"))
    return plain.replace("'Authorization: [Filtered]'", '"Authorization: Bearer $TOKEN"')


def short(text: str) -> str:
    """The text on one line, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= MOST else f"{line[:MOST]}…"


def _broken(case: Case[Any]) -> list[str]:
    components = case.meta.components if case.meta else {}
    return [place.value for place, info in components.items() if info.mode.is_negative]


def _mistakes(case: Case[Any]) -> tuple[Mistake, ...]:
    data: Any = case.meta.phase.data if case.meta else None
    broken = _broken(case)
    if not broken:
        return ()
    if data.mutations:
        return tuple(
            Mistake(
                found.parameter_location.value,
                found.parameter or "",
                "/".join((found.schema_pointer.strip("/#"), *found.keywords[:1])),
            )
            for found in data.mutations
        )
    place = data.parameter_location.value if data.parameter_location else broken[0]
    return (Mistake(place, data.parameter or "", data.location or ""),)
