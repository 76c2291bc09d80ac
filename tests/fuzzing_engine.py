"""The fuzzing engine of Schemathesis on a running server; nothing else touches its private parts."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.engine import Status, events, from_schema
from schemathesis.hooks import GLOBAL_HOOK_DISPATCHER


def config(token, *, examples, seed, phases):
    """Bounded and repeatable: one worker, no memory of earlier runs, no time limit."""
    on = {name: {"enabled": name in phases} for name in ("examples", "coverage", "fuzzing", "stateful")}
    on["coverage"]["unexpected-methods"] = ["TRACE", "PUT", "DELETE", "PATCH"]
    on["stateful"]["max-steps"] = 10
    return SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "continue-on-failure": True,
            "workers": 1,
            "cache": {"enabled": False},
            "generation": {"database": "none", "max-examples": examples},
            "phases": on,
            "checks": {"negative_data_rejection": {"expected-statuses": [400, 401, 403, 404, 405, 415]}},
            "auth": {"openapi": {"bearerAuth": {"bearer": token}}},
            "warnings": {"fail-on": True},
        }
    )


@dataclass
class Run:
    """What a run found and saw; `seen` counts answers by operation and status."""

    failures: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    forgiven: Counter = field(default_factory=Counter)
    seen: Counter = field(default_factory=Counter)
    requests: int = 0
    stopped: str = ""


@dataclass
class Sent:
    """One request, what the engine broke in it on purpose, and how it was answered if it was."""

    operation: str
    path: dict
    body: object
    broken: frozenset[str]
    parameters: frozenset[str]
    status: int | None = None
    rule: str | None = None


PHASES = ("examples", "coverage", "fuzzing", "stateful")


def fuzz(url, document, token, *, prepare, learn, forgive, examples=25, seed=1, phases=PHASES, only=()):
    """Run the engine against the server, on the operations named or on all.

    `prepare(sent, stateful)` gives path parameters and body to send; `learn(operation, status, answer)`
    hears of every answer; `forgive(check, sent)` gives the reason why a failed check is none, or None.
    """
    run = Run()
    chosen = config(token, examples=examples, seed=seed, phases=phases)
    schema = schemathesis.openapi.from_dict(document, config=chosen)
    if only:
        schema = schema.include(operation_id=list(only))
    schema.config.update(base_url=url)
    run.errors += [str(found) for found in schema.get_all_operations() if type(found).__name__ != "Ok"]
    run.warnings += [str(warning) for warning in schema.iter_schema_warnings()]

    def filter_failure(context, failure, case, response):
        reason = forgive(check_of(failure), sent_of(case, response))
        if reason:
            run.forgiven[reason] += 1
        return reason is None

    schema.hook(filter_failure)

    def before_call(context, case, kwargs):
        stateful = case.meta is not None and case.meta.phase.name.value == "stateful"
        case.path_parameters, case.body = prepare(sent_of(case), stateful)

    def after_call(context, case, response):
        run.requests += 1
        if case.method.upper() == case.operation.method.upper():
            run.seen[operation_of(case), response.status_code] += 1
        learn(operation_of(case), response.status_code, response.content)

    with hooked(before_call, after_call):
        for event in from_schema(schema).execute():
            take(run, event)
    return run


@contextmanager
def hooked(*hooks):
    """Some hooks exist globally only; here they live as long as one run."""
    for hook in hooks:
        schemathesis.hook(hook)
    try:
        yield
    finally:
        for hook in hooks:
            GLOBAL_HOOK_DISPATCHER.unregister(hook)


def take(run, event):
    match event:
        case events.ScenarioFinished():
            run.failures += list(failures_of(event))
        case events.NonFatalError():
            run.errors.append(f"{event.label}: {event.value!r}")
        case events.FatalError():
            run.errors.append(repr(event.exception))
        case events.SchemaAnalysisWarnings():
            run.warnings += [str(warning) for warning in event.warnings]
        case events.EngineFinished():
            run.stopped = event.stop_reason.value
            run.failures += [str(failure) for failure in event.failures or ()]


def failures_of(event):
    for case_id, checks in event.recorder.checks.items():
        for check in checks:
            if check.status is Status.ERROR:
                yield f"{event.label} {check.name} crashed"
            if check.status is Status.FAILURE:
                info, met = check.failure_info, event.recorder.interactions.get(case_id)
                answer = met and met.response and f"{met.response.status_code} {met.response.content!r}"
                where = f"{event.phase.value} {event.label} {check.name}"
                yield f"{where}: {info.failure.message}\n{info.code_sample}\n{answer}"


def operation_of(case):
    return case.operation.definition.raw["operationId"]


def broken_of(case):
    """The parts of the request that the engine made invalid: path, query, headers, body."""
    if case.meta is None:
        return frozenset()
    return frozenset(
        place.value
        for place in case.meta.components
        if case.meta.is_negative_at(ParameterLocation(place.value))
    )


def check_of(failure):
    return type(failure).__name__


def sent_of(case, response=None):
    data = case.meta.phase.data if case.meta else None
    mutated = {mutation.parameter for mutation in getattr(data, "mutations", ())}
    rule = response and response.headers.get("x-emulator-rule")
    return Sent(
        operation_of(case),
        case.path_parameters,
        case.body,
        broken_of(case),
        frozenset({*mutated, getattr(data, "parameter", None)} - {None}),
        response and response.status_code,
        rule[0] if rule else None,
    )
