"""The fuzzing engine of Schemathesis, let loose on users of the run and on nobody else."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import schemathesis
from schemathesis.engine import Status, events, from_schema
from schemathesis.hooks import GLOBAL_HOOK_DISPATCHER

from dimensions_contracts import catalog as catalogue
from dimensions_contracts.conformance import engine_cases, engine_rules, generator
from dimensions_contracts.conformance.engine_guide import Guide
from dimensions_contracts.conformance.engine_relay import ORIGIN, Relay
from dimensions_contracts.conformance.guard import Unsafe
from dimensions_contracts.conformance.messages import Fault, Request, Spent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from schemathesis import Case
    from schemathesis.schemas import BaseSchema

    from dimensions_contracts.conformance.engine_guide import Softphone
    from dimensions_contracts.conformance.engine_rules import Failed
    from dimensions_contracts.conformance.messages import Answer
    from dimensions_contracts.conformance.places import Place

BASE = "/api/v1.0"
PHASES = ("examples", "coverage", "fuzzing", "stateful")
UNDECLARED = ("TRACE", "PUT", "DELETE", "PATCH")
REFUSALS = (400, 401, 403, 404, 405, 415)
REPEATED = "patchUserInAccount"
"""The operation whose thousand coverage cases are left out, because the other prefix has the same."""
EXAMPLES, STEPS, STARTERS = 15, 10, 3
CREATED = 201


class EngineFailed(Exception):
    """The engine did not come to its end, so that its silence says nothing; `findings` are those it had."""

    def __init__(self, sentence: str, findings: Sequence[EngineFinding] = ()) -> None:
        super().__init__(sentence)
        self.findings = tuple(findings)


@dataclass(frozen=True, slots=True)
class EngineFinding:
    """A rule, or a part of one, that the engine saw broken, and the call that showed it."""

    rule: str
    check: str
    operation: str
    expected: str
    seen: str
    curl: str


class EngineTarget(Protocol):
    """What the engine may touch, and the only way there.

    `callers` are names: `main`, then `other` where there is a caller of another reseller. Users are made in
    `places`; `softphones` are devices of users of the run; nobody has the ids in `voids`.
    """

    @property
    def base_url(self) -> str: ...
    @property
    def document(self) -> Mapping[str, Any]: ...
    @property
    def callers(self) -> Sequence[str]: ...
    @property
    def places(self) -> Sequence[Place]: ...
    @property
    def voids(self) -> Sequence[str]: ...
    @property
    def softphones(self) -> Sequence[Softphone]: ...
    def address(self, start: str) -> str:
        """Give an address of the run that begins like this."""
        ...

    def send(self, request: Request) -> Answer:
        """Send a request through the guard; raises `Unsafe`, `Fault` and `Spent`."""
        ...

    def record(self, operation: str, request: Request, answer: Answer) -> None:
        """Note a call; the operation is empty for a method that the path does not offer."""
        ...


def run(
    target: EngineTarget,
    seed: int,
    examples: int = EXAMPLES,
    *,
    phases: Sequence[str] = PHASES,
    only: Sequence[str] = (),
) -> list[EngineFinding]:
    """Run every check in these phases, on all operations or those named; the same seed sends the same.

    Raises `EngineFailed`, and `Spent` when the run may send no more.
    """
    guide = Guide(target.places, target.voids, target.address, target.document)
    relay = Relay(target, guide, target.callers, engine_cases.spelling(target.document))
    try:
        for place in target.places:
            _settle(place, relay, target)
    except (Fault, Unsafe) as reason:
        raise EngineFailed(f"The engine has nobody to work on: {reason}") from None
    guide.keep(target.softphones)
    with generator.elsewhere() as directory, relay.mounted():
        settings = _settings(target, seed, examples, phases, directory)
        try:
            schema = generator.load(target.document, settings, ORIGIN + BASE)
        except generator.DocumentUnusable as fault:
            raise EngineFailed(str(fault)) from None
        left_out = [name for name in generator.operation_ids(target.document) if only and name not in only]
        chosen = schema.exclude(operation_id=left_out) if left_out else schema
        return Execution(chosen, guide, relay, target).findings()


def _settle(place: Place, relay: Relay, target: EngineTarget) -> None:
    """Create the users who stay, so that there is always somebody to be found."""
    for number in range(STARTERS):
        user = {"email": target.address(f"stays.{number}"), "displayName": f"Conformance {number}"}
        path = f"{BASE}/customers/{place.customer}/users"
        headers = (("Content-Type", "application/json"),)
        answer = relay.deliver(Request("POST", path, headers, json.dumps(user).encode()))
        if answer.status != CREATED:
            raise EngineFailed(f"The engine has nobody to work on: a creation was answered {answer.status}.")


def _settings(
    target: EngineTarget, seed: int, examples: int, phases: Sequence[str], directory: Path
) -> dict[str, Any]:
    """Bounded and repeatable: one worker, no memory of earlier runs, no time limit."""
    on: dict[str, dict[str, Any]] = {name: {"enabled": name in phases} for name in PHASES}
    stage = all(place.stage for place in target.places)
    on["coverage"]["unexpected-methods"] = list(UNDECLARED) if stage else []
    on["stateful"]["max-steps"] = STEPS
    return {
        "seed": seed,
        "continue-on-failure": True,
        "generation": {"database": "none", "max-examples": examples, "no-shrink": True},
        "phases": on,
        "operations": [{"include-operation-id": REPEATED, "phases": {"coverage": {"enabled": False}}}],
        "checks": {"negative_data_rejection": {"expected-statuses": list(REFUSALS)}},
        "analysis": {"constants": {"enabled": False}},
        "auth": _auth(target.callers, directory),
        "warnings": {"fail-on": True},
    }


def _auth(callers: Sequence[str], directory: Path) -> dict[str, Any]:
    """Who calls, by name; with two callers, what one may see is tried as the other."""
    if len(callers) == 1:
        return {"openapi": {"bearerAuth": {"bearer": callers[0]}}}
    path = directory / "callers.json"
    entries = [
        {"name": name, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {name}"}]}
        for name in callers
    ]
    path.write_text(json.dumps({"auth": entries}), encoding="utf-8")
    return {"wfc": {"path": str(path), "user": callers[0], "peers": list(callers)}}


class Execution:
    """One execution of the engine, with what it found and what went wrong."""

    def __init__(self, schema: BaseSchema, guide: Guide, relay: Relay, target: EngineTarget) -> None:
        self._schema = schema
        self._guide = guide
        self._relay = relay
        self._target = target
        self._meanings = engine_rules.Meanings(catalogue.load(), target.document)
        self._found: dict[tuple[str, str, str], EngineFinding] = {}
        self._faults: list[str] = []
        self._end = ""

    def findings(self) -> list[EngineFinding]:
        """Execute, and give the first finding of each rule, check and operation."""

        def filter_failure(_: Any, failure: Any, case: Case[Any], response: Any) -> bool:
            check = type(failure).checks[0]
            failed = engine_cases.failed(check, case, response, self._relay.gone)
            return self._meanings.forgiven(failed) is None

        self._schema.hook(filter_failure)
        with _hooked(self._before_call()):
            try:
                self._execute()
            except Exception as broken:  # noqa: BLE001  what breaks in the engine says nothing of the target
                self._faults.append(repr(broken))
        return self._judged()

    def _execute(self) -> None:
        stream = from_schema(self._schema).execute()
        for event in stream:
            self._take(event)
            if self._relay.stopped:
                stream.stop()

    def _before_call(self) -> Callable[..., None]:
        def before_call(_: Any, case: Case[Any], __: Any) -> None:
            sent = engine_cases.sent(case)
            case.path_parameters, case.body = self._guide.path(sent), self._guide.body(case.body)

        return before_call

    def _take(self, event: events.EngineEvent) -> None:
        match event:
            case events.ScenarioFinished():
                self._scenario(event)
            case events.NonFatalError():
                self._faults.append(f"{event.label}: {event.value}")
            case events.FatalError():
                self._faults.append(repr(event.exception))
            case events.SchemaAnalysisWarnings():
                self._faults += [str(warning) for warning in event.warnings]
            case events.EngineFinished():
                self._end = event.stop_reason.value

    def _scenario(self, event: events.ScenarioFinished) -> None:
        for case_id, checks in event.recorder.checks.items():
            met = event.recorder.interactions.get(case_id)
            for check in checks:
                if check.status is Status.ERROR:
                    self._faults.append(f"{event.label}: the check {check.name} broke down")
                if check.status is Status.FAILURE and check.failure_info and met and met.response:
                    case = event.recorder.cases[case_id].value
                    failed = engine_cases.failed(check.name, case, met.response, self._relay.gone)
                    self._keep(failed, check.failure_info)

    def _keep(self, failed: Failed, info: Any) -> None:
        rule, expected = self._meanings.rule(failed)
        answer = failed.answer.decode(errors="replace")
        seen = f"{info.failure.message.strip()}; answered {failed.status} {answer}"
        curl = engine_cases.curl(info.code_sample, self._target.base_url)
        finding = EngineFinding(
            rule, failed.check, failed.operation, expected, engine_cases.short(seen), curl
        )
        self._found.setdefault((rule, failed.check, failed.operation), finding)

    def _judged(self) -> list[EngineFinding]:
        found = list(self._found.values())
        stopped = self._relay.stopped
        if isinstance(stopped, Spent):
            raise stopped
        if stopped:
            raise EngineFailed(f"The engine could not go on: {str(stopped) or repr(stopped)}", found)
        if self._faults:
            raise EngineFailed(
                f"The engine had an error of its own: {engine_cases.short(self._faults[0])}", found
            )
        if self._end == "interrupted":
            raise KeyboardInterrupt
        if self._end != "completed":
            raise EngineFailed(f"The engine ended early: {self._end or 'without a reason'}.", found)
        return found


@contextmanager
def _hooked(hook: Callable[..., None]) -> Iterator[None]:
    """Hooks before a call exist globally only; here one lives as long as an execution."""
    schemathesis.hook(hook)
    try:
        yield
    finally:
        GLOBAL_HOOK_DISPATCHER.unregister(hook)
