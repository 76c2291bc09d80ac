"""The hand-written cases that ship with this package."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    Case = dict[str, Any]

HERE = Path(__file__).parent.parent / "cases"
ROW = re.compile(r"\$\{row\.([a-z0-9_]+)(\|[^}]*)?\}")


def load() -> Iterator[tuple[str, Case]]:
    """Give every case with its source, `tables` or `cases`, one for each of its rows."""
    for path in sorted(HERE.glob("*.json")):
        source = "tables" if path.stem.startswith("tables-") else "cases"
        for case in json.loads(path.read_text("utf-8"))["cases"]:
            for one in rows(case):
                yield source, one


def rows(case: Case) -> Iterator[Case]:
    """The case once for each row, with the row's values in place."""
    table = case.get("rows")
    if table is None:
        yield case
        return
    plain = {name: value for name, value in case.items() if name != "rows"}
    for row in table:
        yield {**_filled(plain, row), "id": f"{case['id']}.{row['name']}"}


def _filled(value: Any, row: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {_text(name, row): _filled(item, row) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, row) for item in value]
    if isinstance(value, str):
        whole = ROW.fullmatch(value)
        return row[whole[1]] if whole and not whole[2] else _text(value, row)
    return value


def _text(text: str, row: dict[str, Any]) -> str:
    def put(found: re.Match[str]) -> str:
        value = row[found[1]]
        filters = found[2] or ""
        if isinstance(value, str) and value.startswith("${") and value.endswith("}") and filters:
            return value[:-1] + filters + "}"
        return str(value)

    return ROW.sub(put, text)
