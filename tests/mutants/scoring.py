"""Runs the suite against mutants and counts those whose broken rule it names.

The suite is what `dimensions-contracts check --mode full` runs, called without its command line so that
starting takes no time; mutants answer over HTTP from another process. The cases about the rules that
a mutant breaks are run first, the whole suite where they find nothing.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from atexit import register
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from io import StringIO
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from dimensions_contracts import catalog as catalogue
from dimensions_contracts import profile as profiles
from dimensions_contracts.conformance import checking, verdicts
from dimensions_contracts.conformance.options import CannotRun, Options

SOURCES = "cases,tables,grid,coverage"
BROKEN = ("FAIL", "DIFFERENT")
NAMED_BEFORE_THE_RUN = {"without any token": "AUTH-REQUIRED"}


@dataclass(frozen=True, slots=True)
class Score:
    """What the suite said of a mutant: `named` are the broken rules, `reason` tells why it said nothing."""

    name: str
    rules: tuple[str, ...]
    named: tuple[str, ...]
    seconds: float
    reason: str = ""

    @property
    def found(self):
        return any(rule in self.rules for rule in self.named)

    @property
    def verdict(self):
        if self.found:
            return "found" if self.rules[0] in self.named else "found by a neighbour"
        if self.reason:
            return f"NOT JUDGED: {self.reason}"
        return "NAMED WRONGLY" if self.named else "SURVIVED"


def main(mutants, only="", jobs=2, sources=SOURCES, whole=False):
    """Print how the suite does against the mutants whose names match; 1 if one survives, else 0."""
    start = time.monotonic()
    chosen = [mutant for mutant in mutants if re.search(only, mutant.name)]
    with ProcessPoolExecutor(jobs, get_context("spawn"), begin) as pool:
        waiting = [pool.submit(score, one.name, one.rules, sources, whole) for one in chosen]
        scores = [_told(future.result()) for future in waiting]
    survivors = [line for line in scores if not line.found]
    for line in survivors:
        print(f"survivor: {_line(line)}")
    found = len(scores) - len(survivors)
    beside = sum(line.found and line.rules[0] not in line.named for line in scores)
    print(f"found {found} of {len(scores)}, {beside} of them by a rule beside the one meant")
    print(f"in {time.monotonic() - start:.0f} s")
    return 1 if survivors or not scores else 0


def score(name, rules, sources=SOURCES, whole=False):
    """The suite's word on one mutant."""
    start = time.monotonic()
    target = WORKER["server"].turn_into(name)
    named, reason = ((), "") if whole else judged(target, "cases,tables", rules)
    if not set(named) & set(rules):
        named, reason = judged(WORKER["server"].turn_into(name), sources)
    return Score(name, rules, named, time.monotonic() - start, reason)


def judged(target, sources, rules=()):
    """The rules that a run names as broken, and why it judged nothing if it did not."""
    with TemporaryDirectory() as place:
        options = Options(
            url=target["url"],
            token=target["token"],
            customer=target["customer"],
            account=target["account"],
            mode="full",
            sources=tuple(sources.split(",")),
            rules=tuple(rules),
            seed=1,
            ledger=Path(place) / "ledger",
        )
        try:
            checked = checking.check(options, WORKER["catalog"], WORKER["profile"], Console(file=StringIO()))
        except CannotRun as fault:
            sentence = fault.sentences[0]
            known = tuple(rule for words, rule in NAMED_BEFORE_THE_RUN.items() if words in sentence)
            return known, sentence
    return broken(verdicts.report(checked, (), command="", strict=False)), ""


def broken(report):
    """The rules that a report says are broken."""
    return tuple(rule["id"] for rule in report["rules"] if rule["status"] in BROKEN)


class Mutating:
    """A server in a process of its own that turns from one mutant into another."""

    def __init__(self):
        here = Path(__file__).parents[1]
        path = os.pathsep.join([str(here), *filter(None, sys.path)])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mutants", "each"],
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def turn_into(self, name):
        """Serve this mutant; gives where, and how to call it."""
        self._process.stdin.write(f"{name}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the mutant {name} did not start")
        return json.loads(line)

    def end(self):
        self._process.kill()
        self._process.wait()


WORKER = {}


def begin():
    """Make ready a process that scores."""
    catalog = catalogue.load()
    WORKER.update(server=Mutating(), catalog=catalog, profile=profiles.default(catalog))
    register(WORKER["server"].end)


def _told(line):
    print(_line(line), flush=True)
    return line


def _line(line):
    others = [rule for rule in line.named if rule not in line.rules]
    more = f"  also {', '.join(others)}" if others else ""
    return f"{line.name:<42} {line.rules[0]:<26} {line.seconds:5.1f} s  {line.verdict}{more}"
