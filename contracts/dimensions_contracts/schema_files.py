"""The JSON Schemas that ship with this package, by name."""

from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).parent / "schemas"
BASE = "https://contracts.dimensions-emulator.example/schemas/"


def load() -> Mapping[str, Mapping[str, Any]]:
    """Read every schema; the name of `role-key.json` is `role-key`."""
    paths = sorted(HERE.glob("*.json"))
    return MappingProxyType({path.stem: json.loads(path.read_text("utf-8")) for path in paths})
