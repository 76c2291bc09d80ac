"""Checking a deployment from the first call to the last, and judging what was seen."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from dimensions_contracts import profile as profiles
from dimensions_contracts.conformance import log, plan, preflight, run, sending
from dimensions_contracts.conformance.bodies import RESERVED
from dimensions_contracts.conformance.guard import Guard, Unsafe
from dimensions_contracts.conformance.judge import Judge
from dimensions_contracts.conformance.ledger import Ledger, NotALedger, Unfinished
from dimensions_contracts.conformance.messages import Fault
from dimensions_contracts.conformance.options import CannotRun
from dimensions_contracts.conformance.progress import Shown
from dimensions_contracts.conformance.transport import GuardedSession

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from rich.console import Console

    from dimensions_contracts.catalog import Catalog
    from dimensions_contracts.conformance.compiler import Case
    from dimensions_contracts.conformance.judge import CaseVerdict
    from dimensions_contracts.conformance.options import Options
    from dimensions_contracts.profile import Profile

RATE = 20.0
"""Requests a second, where the target is no emulator and nothing else was asked for."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a run saw, and the facts of the run itself, such as what it may have left."""

    catalog: Catalog
    profile: Profile
    log: log.Log
    verdicts: Sequence[CaseVerdict]
    facts: Mapping[str, Any]
    safety: Mapping[str, Any]
    interrupted: bool = False


def check(
    options: Options,
    catalog: Catalog,
    profile: Profile,
    console: Console,
    is_stopped: Callable[[], bool] = lambda: False,
) -> Checked:
    """Run the cases against the target and clean up, whatever happens; raises `CannotRun`.

    `is_stopped` tells of an interruption that does not arrive as an exception.
    """
    started, begun = datetime.now(UTC), time.monotonic()
    with ExitStack() as stack:
        notes = stack.enter_context(_log(options.log))
        going = _begun(options, catalog, Judge(catalog, profile), notes)
        stack.callback(going.session.close)
        going.know_places()
        cases = going.cases()
        facts = _facts(going, profile, started, plan.judged(options, catalog, cases))
        going.log.about("run", facts)
        shown = stack.enter_context(Shown(console))
        going.open()
        try:
            interrupted = _is_interrupted(going, cases, shown) or is_stopped()
        finally:
            safety = going.end(shown.note)
        facts |= {"remedy": going.remedy} if safety["left"] else {}
        facts |= {"seconds": round(time.monotonic() - begun, 1), "requests": going.session.sent}
        facts |= {"interrupted": interrupted, "spent": going.spent}
        going.log.about("end", {**facts, "safety": safety})
    return Checked(catalog, profile, going.log, going.verdicts, facts, safety, interrupted)


def planned(options: Options, catalog: Catalog) -> Iterator[dict[str, Any]]:
    """Every request that a run would send, and every case that it would leave out."""
    judge = Judge(catalog, profiles.default(catalog))  # nothing is judged, so any profile does
    going = _begun(options, catalog, judge, log.Log())
    try:
        going.know_places()
        runner = going.runner()
        for case in going.cases():
            yield from plan.lines(case, going, runner)
    finally:
        going.session.close()


def judged(
    saved: log.Log, facts: Mapping[str, Any], catalog: Catalog, profile: Profile, rules: Sequence[str]
) -> Checked:
    """Judge a saved log, for the rules of its run or for others."""
    judge = Judge(catalog, profile)
    verdicts = [judge.case(calls) for calls in log.by_case(saved.calls)]
    chosen = {**facts, "rules": sorted(plan.selected(rules, catalog)) if rules else facts["rules"]}
    return Checked(
        catalog,
        profile,
        saved,
        verdicts,
        {**chosen, "profile": profile.name},
        facts["safety"],
        bool(facts.get("interrupted")),
    )


def _begun(options: Options, catalog: Catalog, judge: Judge, notes: log.Log) -> run.Run:
    plan.selected(options.rules, catalog)  # a mistake in them is told before anything is sent
    identity = run.run_id(options.seed)
    ledger = _ledger(options, identity)
    session = _session(options, _guard(options, identity), ledger)
    try:
        target = preflight.examine(session, options)
    except BaseException:
        session.close()
        raise
    for place in target.places.values():
        session.guard.enter(place)
    if options.rate is None and not target.emulator:
        session.pace(RATE)
    if target.emulator and options.mode == "full":
        session.guard.allow_charges = session.guard.allow_mail = True
    else:
        session.guard.control = False
    return run.Run(
        options, catalog, judge, session.guard, session, ledger, notes, identity, Random(options.seed), target
    )


def _guard(options: Options, identity: str) -> Guard:
    return Guard(
        options.mode,
        options.given_places,
        identity,
        allow_charges=options.allow_charges,
        allow_mail=options.allow_mail,
        mail_domains=[options.mail_domain, *RESERVED],
        device=options.device,
    )


def _session(options: Options, guard: Guard, ledger: Ledger) -> GuardedSession:
    try:
        return GuardedSession(
            options.url,
            {"other": options.other_token, **sending.callers(options.token)},
            guard,
            ledger,
            rate=options.rate,
            max_requests=options.max_requests,
            timeout=options.timeout,
            ca_file=options.ca_file,
        )
    except ValueError as fault:
        raise CannotRun(f"{fault}") from None


def _ledger(options: Options, identity: str) -> Ledger:
    if options.mode == "read-only":
        return Ledger()
    path = options.ledger or Path(f"dimensions-contracts-{identity}.ledger")
    if not path.parent.is_dir():
        raise CannotRun(f"there is no folder {path.parent} for the ledger {path}; name one with --ledger.")
    try:
        ledger = Ledger(path)
        ledger.check_finished()
    except (NotALedger, Unfinished) as fault:
        raise CannotRun(f"{fault}") from None
    except OSError as fault:
        raise CannotRun(
            f"the ledger {path} cannot be read: {fault.strerror}; name one with --ledger."
        ) from None
    return ledger


@contextmanager
def _log(path: Path | None) -> Iterator[log.Log]:
    """A log, in a file if there is a path; raises `CannotRun`, at the end, too, if it cannot be written."""
    if path is None:
        yield log.Log()
        return
    try:
        file = path.open("w", encoding="utf-8", buffering=1)
    except OSError as fault:
        raise CannotRun(f"the log {path} cannot be written: {fault.strerror}.") from None
    notes = log.Log(file)
    try:
        yield notes
    finally:
        with suppress(OSError):  # the log knows
            file.close()
    if notes.lost is not None:
        raise CannotRun(f"the log {path} could not be written to its end: {notes.lost}.")


def _is_interrupted(going: run.Run, cases: list[Case], shown: Shown) -> bool:
    try:
        _play(going, cases, shown)
    except KeyboardInterrupt:
        return True
    except (Fault, Unsafe) as no:  # cases note theirs; this one is of the stage
        raise CannotRun(f"{no}") from None
    return False


def _play(going: run.Run, cases: list[Case], shown: Shown) -> None:
    shown.of(len(cases))
    going.set_stage(cases)
    going.play(cases, shown)
    made_up = going.options.sources_while_running and not going.options.tags
    if made_up and (going.control or going.options.engine):
        from dimensions_contracts.conformance import generated  # noqa: PLC0415  slow to import

        generated.play(going, shown.note)


def _facts(going: run.Run, profile: Profile, started: datetime, rules: list[str]) -> dict[str, Any]:
    options = going.options
    main = going.target.places["main"]
    return {
        "id": going.id,
        "seed": options.seed,
        "mode": options.mode,
        "target": options.url,
        "customer": options.customer,
        "account": main.account,
        "emulator": going.target.emulator,
        "profile": profile.name,
        "sources": list(options.sources),
        "rules": rules,
        "started": started.isoformat(timespec="seconds").replace("+00:00", "Z"),
    }
