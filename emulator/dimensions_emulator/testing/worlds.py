"""The emulator and the sessions of a test run."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import pytest

from dimensions_emulator.testing.emulator import Emulator
from dimensions_emulator.testing.errors import EmulatorError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dimensions_emulator.testing.records import Entry
    from dimensions_emulator.testing.session import Session

RUNNING, SECRET, AUTHORITY = (
    "DIMENSIONS_EMULATOR_URL",
    "DIMENSIONS_EMULATOR_ADMIN_TOKEN",
    "DIMENSIONS_EMULATOR_CA",
)
SESSION_PATH = re.compile("^/s/[^/]+")
TAKES = ("world", "faults", "seed")
ENTRIES, LONGEST = 30, 1000
Options = dict[str, Any]
Made = TypeVar("Made")


@contextmanager
def emulator(config: pytest.Config) -> Iterator[Emulator]:
    """The emulator that the options ask for, or the one that runs around this test run."""
    alone = config.getoption("dimensions_in_process")
    running = None if alone else os.environ.get(RUNNING) or None

    def start() -> Emulator:
        if running is None:
            return Emulator(**_chosen(config), in_process=alone).start()
        return Emulator.at(running, admin_token=os.environ.get(SECRET), ca=os.environ.get(AUTHORITY))

    with _had(start, "the Dimensions emulator did not start: ") as started:
        yield started


@contextmanager
def world(item: pytest.Item, started: Emulator) -> Iterator[Session]:
    """A session as options and markers ask for it."""
    wanted = {**(_chosen(item.config) if RUNNING in os.environ else {}), **_marked(item)}
    faults = wanted.pop("faults", None) or ()
    missing = "the Dimensions world of this test cannot be had: "
    with _had(lambda: started.session(_name(item), **wanted), missing) as session:
        for fault in faults:
            _add(session, fault)
        yield session


def evidence(session: Session) -> tuple[str, str]:
    """The last requests of a session as a section of a report."""
    title = f"Requests of the Dimensions session {session.name}"
    try:
        shown = session.journal.requests(limit=ENTRIES)
        before = session.journal.count() - len(shown) if len(shown) == ENTRIES else 0
    except EmulatorError as fault:
        return title, f"cannot be had: {fault}"
    if not shown:
        return title, "none"
    dropped = [f"({before} requests before)"] if before > 0 else []
    return title, "\n".join([*dropped, *_table(shown), "", *(_cut(entry.curl) for entry in shown)])


def _chosen(config: pytest.Config) -> Options:
    options = {"world": config.getoption("dimensions_world"), "seed": config.getoption("dimensions_seed")}
    return {name: value for name, value in options.items() if value is not None}


def _marked(item: pytest.Item) -> Options:
    """What the markers say, those of the test over those of its class and module."""
    wanted: Options = {}
    for marker in reversed(list(item.iter_markers("dimensions"))):
        unknown = [
            repr(value) for value in (*marker.args, *(name for name in marker.kwargs if name not in TAKES))
        ]
        if unknown:
            takes = ", ".join(f"{name}=…" for name in TAKES)
            pytest.fail(f"@pytest.mark.dimensions takes {takes}; not {', '.join(unknown)}", pytrace=False)
        wanted.update(marker.kwargs)
    if isinstance(wanted.get("world"), str | Path):
        wanted["world"] = _found(item, wanted["world"])
    faults = wanted.get("faults") or ()
    if not isinstance(faults, list | tuple) or not all(isinstance(fault, dict) for fault in faults):
        pytest.fail(
            "faults of @pytest.mark.dimensions is a list of dicts, such as [{'status': 503}]", pytrace=False
        )
    return wanted


def _found(item: pytest.Item, named: str | Path) -> str | Path:
    """A world file beside the test if it is there, else what was named."""
    beside = item.path.parent / named
    return beside if Path(named).suffix and beside.exists() else named


def _add(session: Session, fault: Options) -> None:
    named = {{"break": "break_"}.get(name, name): value for name, value in fault.items()}
    _had(lambda: session.faults.add(**named), f"the fault {fault} of @pytest.mark.dimensions is not one: ")


def _had(call: Callable[[], Made], failure: str) -> Made:
    """What a call makes; if it is refused the test fails, and the way to the refusal is not shown."""
    try:
        return call()
    except (EmulatorError, TypeError) as no:
        reason = str(no)
    pytest.fail(failure + reason, pytrace=False)


def _name(item: pytest.Item) -> str:
    readable = re.sub(r"[^A-Za-z0-9]+", "-", item.name).strip("-")[:48]
    return f"{readable}-{uuid4().hex[:8]}".lstrip("-")


def _table(entries: list[Entry]) -> list[str]:
    rows = [("request", "call", "status", "ms", "rule or fault")]
    rows += [
        (
            entry.id.rpartition(".")[2],
            _cut(f"{entry.method} {SESSION_PATH.sub('', entry.url)}", 100),
            str(entry.status or "-"),
            f"{entry.milliseconds:.1f}",
            entry.rule or (f"fault {entry.fault}" if entry.fault else ""),
        )
        for entry in entries
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _cut(text: str, longest: int = LONGEST) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
