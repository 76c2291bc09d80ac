"""The people to bring on board, as a CSV file lists them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

REQUIRED = ("email", "name")
OPTIONAL = ("roles", "device", "client")
CLIENTS = ("desktop", "mobile", "webrtc", "crm")


class FileInvalid(Exception):
    """The file cannot be worked with; the text lists every mistake with its line."""


@dataclass(frozen=True, slots=True)
class Person:
    """One row; `device` is empty where no softphone is wanted."""

    email: str
    name: str
    roles: tuple[str, ...] = ()
    device: str = ""
    client: str = "desktop"


def read(path: Path) -> list[Person]:
    """Everybody in the file, or `FileInvalid`: nobody is brought on board from a file with mistakes."""
    try:
        # Spreadsheets begin their UTF-8 with a byte order mark.
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines, strict=True)
            header = list(rows.fieldnames or ())
            if mistakes := list(_header_mistakes(header)):
                raise FileInvalid("\n".join(mistakes))
            numbered = [(rows.line_num, row) for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as no:
        raise FileInvalid(str(no)) from no
    people = [(line, _person(row)) for line, row in numbered]
    surplus = [f"line {line}: more cells than columns" for line, row in numbered if None in row]
    if mistakes := [*surplus, *_mistakes(people)]:
        raise FileInvalid("\n".join(mistakes))
    return [person for _, person in people]


def _person(row: dict[str, str | None]) -> Person:
    def cell(column: str) -> str:
        return (row.get(column) or "").strip()

    roles = tuple(dict.fromkeys(cell("roles").split()))
    return Person(cell("email"), cell("name"), roles, cell("device"), cell("client") or "desktop")


def _header_mistakes(header: list[str]) -> Iterator[str]:
    for column in REQUIRED:
        if column not in header:
            yield f"line 1: no column '{column}'"
    for column in header:
        if column not in (*REQUIRED, *OPTIONAL):
            yield f"line 1: unknown column '{column}'; there are {', '.join((*REQUIRED, *OPTIONAL))}"


def _mistakes(people: Iterable[tuple[int, Person]]) -> Iterator[str]:
    seen: dict[str, int] = {}
    for line, person in people:
        for column in REQUIRED:
            if not getattr(person, column):
                yield f"line {line}: no {column}"
        if person.client not in CLIENTS:
            yield f"line {line}: unknown client '{person.client}'; there are {', '.join(CLIENTS)}"
        first = seen.setdefault(person.email.casefold(), line)
        if first != line:
            yield f"line {line}: {person.email} stands in line {first} already"
