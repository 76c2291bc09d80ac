"""The test generator of Schemathesis on the bundled document; its coverage cases as plain values."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import schemathesis
from hypothesis.configuration import set_hypothesis_home_dir
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.core import NOT_SET
from schemathesis.core.result import Ok

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from schemathesis import Case
    from schemathesis.schemas import BaseSchema

MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
NOWHERE = "http://target.invalid"
"""An address that is none: the name never resolves (RFC 6761)."""
NOTHING: Any = type("Nothing", (), {"__repr__": lambda _: "nothing"})()


class DocumentUnusable(Exception):
    """The generator would leave a part of the document out of the tests; the text says which."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One coverage case; `place`, `parameter` and `pointer` tell what is under test in it.

    The place is `path`, `query`, `header` or `body`, or empty; the pointer leads into the schema. The method
    differs from the one offered when the probe is about a method that the path does not have. Values of the
    path are percent-encoded; without a body there is `NOTHING`.
    """

    operation: str
    offered: str
    method: str
    valid: bool
    scenario: str
    description: str
    place: str
    parameter: str
    pointer: str
    path: Mapping[str, str]
    query: Mapping[str, Any]
    headers: Mapping[str, str]
    media_type: str | None
    body: Any


def load(document: Mapping[str, Any], settings: Mapping[str, Any], base_url: str = NOWHERE) -> BaseSchema:
    """Load the document with these settings of the generator; nothing is remembered from earlier runs.

    Raises `DocumentUnusable`.
    """
    config = SchemathesisConfig.from_dict({"workers": 1, "cache": {"enabled": False}, **settings})
    schema = schemathesis.openapi.from_dict(dict(document), config=config)
    schema.config.update(base_url=base_url)
    faults = [str(found) for found in schema.get_all_operations() if not isinstance(found, Ok)]
    faults += [str(warning) for warning in schema.iter_schema_warnings()]
    if faults:
        raise DocumentUnusable(f"The generator cannot use a part of the document: {faults[0]}")
    return schema


def operation_ids(document: Mapping[str, Any]) -> list[str]:
    """Name the operations of the document, in its order."""
    members = (member for path in document["paths"].values() for member in path.values())
    return [member["operationId"] for member in members if "operationId" in member]


def probes(document: Mapping[str, Any], operations: Collection[str]) -> Iterator[Probe]:
    """Give every coverage case of these operations, always the same for the same document."""
    schema = load(document, {"seed": 1, "generation": {"database": "none"}})
    chosen = schema.include(operation_id=sorted(operations))
    for found in chosen.get_all_operations():
        if isinstance(found, Ok):  # `load` lets nothing else through
            cases = chosen.iter_coverage_cases(
                found.ok(), generation_modes=MODES, generation_config=schema.config.generation
            )
            yield from map(_probe, cases)


def _probe(case: Case[Any]) -> Probe:
    meta: Any = case.meta
    data = meta.phase.data
    place = data.parameter_location
    return Probe(
        operation=case.operation.definition.raw["operationId"],
        offered=case.operation.method.upper(),
        method=case.method.upper(),
        valid=meta.generation.mode is GenerationMode.POSITIVE,
        scenario=data.scenario.value,
        description=data.description,
        place=place.value if place else "",
        parameter=data.parameter or "",
        pointer=data.location or "",
        path=dict(case.path_parameters or {}),
        query=dict(case.query or {}),
        headers={name.lower(): str(value) for name, value in (case.headers or {}).items()},
        media_type=case.media_type,
        body=NOTHING if case.body is NOT_SET else case.body,
    )


@contextmanager
def elsewhere() -> Iterator[Path]:
    """Let the generator keep its files in a directory of its own, which is gone afterwards."""
    with TemporaryDirectory(prefix="dimensions-contracts-") as directory:
        set_hypothesis_home_dir(directory)
        try:
            yield Path(directory)
        finally:
            set_hypothesis_home_dir(os.environ.get("HYPOTHESIS_STORAGE_DIRECTORY"))
