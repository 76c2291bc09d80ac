"""The log of a run: one JSON object a line, enough to judge it again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dimensions_contracts.conformance.observations import Observation, observation
from dimensions_contracts.conformance.options import CannotRun

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path
    from typing import TextIO


NEEDED = frozenset(
    {"seed", "mode", "target", "customer", "sources", "rules", "started", "seconds", "requests"}
)


class Log:
    """The observations and skips of a run, in memory and, if there is a file, on disk as they come.

    `lost` tells why the file ends early, if it does: a run goes on without it, so that it can clean up.
    """

    def __init__(self, file: TextIO | None = None) -> None:
        self._file = file
        self.lost: str | None = None
        self.calls: list[Observation] = []
        self.skips: list[Mapping[str, Any]] = []
        self.findings: list[Mapping[str, Any]] = []

    def add(self, seen: Observation) -> None:
        self.calls.append(seen)
        self._write(seen.line())

    def skip(self, case: str, rules: Sequence[str], reason: str) -> None:
        """Note that a case was left out, and why."""
        line = {"kind": "skip", "case": case, "rules": list(rules), "reason": reason}
        self.skips.append(line)
        self._write(json.dumps(line))

    def finding(self, found: Mapping[str, Any]) -> None:
        """Note what the engine found, which judges its own calls."""
        self.findings.append(found)
        self._write(json.dumps({"kind": "finding", **found}))

    def about(self, kind: str, facts: Mapping[str, Any]) -> None:
        """Note facts of the run itself."""
        self._write(json.dumps({"kind": kind, **facts}))

    def _write(self, line: str) -> None:
        if self._file is None:
            return
        try:
            self._file.write(line + "\n")
        except OSError as fault:
            self._file, self.lost = None, fault.strerror or f"{fault}"


def read(path: Path) -> tuple[Log, dict[str, Any]]:
    """A saved log with the facts of its run; raises `CannotRun` if it is none."""
    log, facts = Log(), dict[str, Any]()
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                _take(log, facts, _parsed(line, number, path))
    except OSError as fault:
        raise CannotRun(f"the log {path} cannot be read: {fault.strerror}.") from None
    except UnicodeDecodeError:
        raise CannotRun(f"{path} is no log of a run: it is not text.") from None
    if "id" not in facts:
        raise CannotRun(f"{path} is no log of a run: it does not begin with one; write it with check --log.")
    if "safety" not in facts:
        raise CannotRun(f"{path} ends before its run did, so it proves nothing; run check --log again.")
    if not facts.keys() >= NEEDED or not isinstance(facts["safety"], dict) or "left" not in facts["safety"]:
        raise CannotRun(f"{path} comes from another version; write it again with check --log.")
    return log, facts


def _parsed(line: str, number: int, path: Path) -> dict[str, Any]:
    try:
        parsed = json.loads(line)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict) or "kind" not in parsed:
        raise CannotRun(f"line {number} of {path} is not one of a log; write it with check --log.")
    return parsed


def _take(log: Log, facts: dict[str, Any], line: dict[str, Any]) -> None:
    kind = line["kind"]
    if kind == "call":
        try:
            log.calls.append(observation(line))
        except (TypeError, KeyError, ValueError):
            raise CannotRun("a call of the log lacks members; it comes from another version.") from None
    elif kind == "skip":
        log.skips.append(line)
    elif kind == "finding":
        log.findings.append({name: value for name, value in line.items() if name != "kind"})
    else:
        facts.update(line)


def by_case(calls: Iterable[Observation]) -> list[list[Observation]]:
    """The calls of each case, in the order in which the cases began."""
    cases: dict[str, list[Observation]] = {}
    for call in calls:
        cases.setdefault(call.case, []).append(call)
    return list(cases.values())
