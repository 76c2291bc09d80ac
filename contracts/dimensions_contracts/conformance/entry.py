"""The commands behind the command line: each takes the options given and gives an exit code."""

from __future__ import annotations

import json
import signal
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from dimensions_contracts import catalog as catalogue
from dimensions_contracts import profile as profiles
from dimensions_contracts.conformance import (
    checking,
    given,
    log,
    recovery,
    reports,
    verdicts,
    waivers,
)
from dimensions_contracts.conformance import (
    plan as planning,
)
from dimensions_contracts.conformance.options import CannotRun
from dimensions_contracts.conformance.patterns import printable
from dimensions_contracts.conformance.reports import terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dimensions_contracts.catalog import Catalog
    from dimensions_contracts.conformance.checking import Checked
    from dimensions_contracts.conformance.given import Given
    from dimensions_contracts.profile import Profile

COULD_NOT_RUN, LEFT, INTERRUPTED = 2, 4, 130


def check(asked: Given) -> int:
    """Check a deployment."""
    with _failing():
        catalog, profile = _contract(asked)
        options = given.options(asked)
        wanted, known = _reports(asked), _waivers(asked, catalog)
        with _stoppable() as stop:
            checked = checking.check(options, catalog, profile, _errors(), lambda: stop.asked)
        document = verdicts.report(checked, known, command=_command(), strict=asked["strict"])
        return _told(document, wanted, quiet=asked["quiet"])
    return COULD_NOT_RUN


def judge(asked: Given) -> int:
    """Judge a saved log again."""
    with _failing():
        catalog, profile = _contract(asked)
        wanted, known = _reports(asked), _waivers(asked, catalog)
        saved, facts = log.read(asked["log"])
        checked = checking.judged(saved, facts, catalog, profile, asked["rules"])
        try:
            document = verdicts.report(checked, known, command=_command(), strict=asked["strict"])
        except (KeyError, TypeError):
            raise CannotRun(
                f"lines of the log {asked['log']} lack members; it was changed by hand."
            ) from None
        return _told(document, wanted, quiet=asked["quiet"])
    return COULD_NOT_RUN


def plan(asked: Given) -> int:
    """List the requests of a run."""
    with _failing():
        catalog, _ = _contract(asked)
        for line in checking.planned(given.options(asked), catalog):
            click.echo(json.dumps(line) if asked["as_json"] else planning.told(line))
        click.echo(planning.UNLISTED, err=True)
        return 0
    return COULD_NOT_RUN


def calibrate(asked: Given) -> int:
    """Write the profile of a deployment."""
    with _failing():
        catalog, profile = _contract(asked)
        options = given.options(asked)
        with _stoppable() as stop:
            checked = checking.check(options, catalog, profile, _errors(), lambda: stop.asked)
        if checked.interrupted:
            return INTERRUPTED
        if checked.safety["left"]:
            raise CannotRun(f"the clean-up is incomplete; finish with: {checked.facts['remedy']}")
        return _write_profile(asked, checked, catalog)
    return COULD_NOT_RUN


def cleanup(asked: Given) -> int:
    """Remove what a killed run left."""
    with _failing():
        with _stoppable():
            removed = recovery.recover(given.cleaning(asked))
        for sentence in removed.left:
            click.echo(f"left: {printable(sentence)}", err=True)
        users = f"{removed.deleted} user{'' if removed.deleted == 1 else 's'} removed"
        click.echo(f"{users}; {'nothing' if not removed.left else len(removed.left)} left.")
        return LEFT if removed.left else 0
    return COULD_NOT_RUN


@contextmanager
def _failing() -> Iterator[None]:
    try:
        yield
    except CannotRun as fault:
        for sentence in fault.sentences:
            click.echo(f"dimensions-contracts: {printable(sentence)}", err=True)
    except KeyboardInterrupt:
        click.echo("dimensions-contracts: interrupted; a ledger that is left tells what is left.", err=True)
        sys.exit(INTERRUPTED)


@dataclass
class Stop:
    """Whether somebody asked to stop; a library in between may have taken that for its own affair."""

    asked: bool = False

    def __call__(self, *_: object) -> None:
        """Take a signal."""
        self.asked = True
        raise KeyboardInterrupt


@contextmanager
def _stoppable() -> Iterator[Stop]:
    """Treat SIGTERM as Ctrl-C, so that both clean up."""
    stop = Stop()
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _contract(asked: Given) -> tuple[Catalog, Profile]:
    catalog, path = catalogue.load(), asked.get("profile")
    if path is None:
        return catalog, profiles.default(catalog)
    try:
        return catalog, profiles.parse(json.loads(path.read_text("utf-8")), catalog)
    except profiles.ProfileInvalid as fault:
        raise CannotRun(*(f"profile {path}: {mistake}." for mistake in fault.args[0])) from None
    except OSError as fault:
        raise CannotRun(f"the profile {path} cannot be read: {fault.strerror}.") from None
    except (ValueError, RecursionError) as fault:
        raise CannotRun(f"the profile {path} is no JSON: {fault}.") from None


def _waivers(asked: Given, catalog: Catalog) -> tuple[waivers.Waiver, ...]:
    return waivers.read(asked["waivers"], catalog.rules) if asked.get("waivers") else ()


def _reports(asked: Given) -> list[tuple[str, Path]]:
    wanted = []
    for text in ",".join(asked["reports"]).split(","):
        kind, equals, path = text.partition("=")
        if not text:
            continue
        if not equals or not path:
            raise CannotRun(f"--report {text} names no file; write it as {kind or 'html'}=FILE.")
        try:
            reports.check(kind, Path(path))
        except reports.NotWritten as fault:
            raise CannotRun(str(fault)) from None
        wanted.append((kind, Path(path)))
    return wanted


def _errors() -> Console:
    return Console(stderr=True)


def _command() -> str:
    """The command as it was typed, without tokens."""
    words, shown = sys.argv[1:], []
    hide = False
    for word in words:
        name = word.partition("=")[0]
        shown.append("***" if hide else f"{name}=***" if "=" in word and name.endswith("-token") else word)
        hide = word in {"--token", "--other-token"}
    return " ".join(["dimensions-contracts", *shown])


def _told(document: dict[str, Any], wanted: list[tuple[str, Path]], *, quiet: bool) -> int:
    for kind, path in wanted:
        try:
            reports.write(kind, path, document)
        except reports.NotWritten as fault:
            raise CannotRun(str(fault)) from None
    if quiet:
        click.echo(document["verdict"]["sentence"])
    else:
        terminal.show(document, Console())
    return int(document["verdict"]["exitCode"])


def _write_profile(asked: Given, checked: Checked, catalog: Catalog) -> int:
    document = verdicts.report(checked, (), command=_command(), strict=False)
    seen = {entry["key"]: entry["seen"] for entry in document["decisions"]}
    decisions = {key: choice for key, choice in seen.items() if choice not in {None, "mixed"}}
    text = json.dumps({"name": asked["name"], "decisions": decisions}, indent=2)
    try:
        asked["output"].write_text(text + "\n", "utf-8")
    except OSError as fault:
        raise CannotRun(f"the profile {asked['output']} cannot be written: {fault.strerror}.") from None
    click.echo(f"Wrote {asked['output']}: {len(decisions)} of {len(catalog.decisions)} decisions seen.")
    for key, choice in seen.items():
        note = "not seen, so the default" if choice is None else "seen both ways, so the default"
        known = choice not in {None, "mixed"}
        click.echo(f"  {key}: {choice if known else f'{catalog.decisions[key].choices[0]} ({note})'}")
    return 0
