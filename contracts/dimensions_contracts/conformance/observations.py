"""Observations: calls that were made and how they were answered, the lines of the log."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dimensions_contracts.conformance.patterns import ABSENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Observation:
    """One call; without an answer `fault` says why. Bodies are text, Base64 where `encoded`.

    `at` is in seconds since 1970, `operation` empty for calls outside the API.
    """

    n: int
    case: str
    title: str
    source: str
    label: str
    setup: bool
    operation: str
    caller: str
    place: str
    method: str
    path: str
    request_headers: Pairs
    request_body: str | None
    encoded: bool
    at: float
    checks: tuple[Mapping[str, Any], ...]
    status: int = 0
    headers: Pairs = ()
    body: str = ""
    milliseconds: float = 0.0
    fault: str | None = None

    @cached_property
    def json(self) -> Any:
        """The parsed body, `ABSENT` if it is no JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return ABSENT

    @property
    def data(self) -> Any:
        """What the envelope holds, `ABSENT` if there is none."""
        return self.json.get("data", ABSENT) if isinstance(self.json, dict) else ABSENT

    def header(self, name: str) -> str | None:
        """The first header of this name, whatever its case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def line(self) -> str:
        """The observation as a line of the log."""
        return json.dumps({"kind": "call", **asdict(self)})


def observation(line: Mapping[str, Any]) -> Observation:
    """Read an observation back from the parsed line of a log."""
    values = {name: value for name, value in line.items() if name != "kind"}
    for name in ("request_headers", "headers"):
        values[name] = tuple((key, value) for key, value in values[name])
    return Observation(**{**values, "checks": tuple(values["checks"])})


def text_of(body: bytes | None) -> tuple[str | None, bool]:
    """A body as text, and whether it had to be encoded in Base64 for that."""
    if body is None:
        return None, False
    try:
        return body.decode(), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), True
