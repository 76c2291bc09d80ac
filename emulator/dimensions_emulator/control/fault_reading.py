"""Faults as they are written in JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson
from flask import abort

from dimensions_contracts.operations import OPERATIONS
from dimensions_emulator.control import members
from dimensions_emulator.domain import guids
from dimensions_emulator.sandbox.faults import Answer, Fixed, LogNormal, Match, Plan, Uniform
from dimensions_emulator.wire import fault_answers

if TYPE_CHECKING:
    from collections.abc import Collection

    from dimensions_emulator.wire.fault_answers import Errors

MATCH = ("operation", "customer", "user", "caller", "method", "path")
ANSWER = ("status", "errorCode", "message", "body", "headers", "retryAfter")
FAULT = ("match", "answer", "break", "hangSeconds", "latency", "count", "after", "probability", "when")
LATENCIES: dict[str, tuple[type[Fixed | Uniform | LogNormal], dict[str, tuple[float, float]]]] = {
    "fixed": (Fixed, {"milliseconds": (0, 60_000)}),
    "uniform": (Uniform, {"lower": (0, 60_000), "upper": (0, 60_000)}),
    "lognormal": (LogNormal, {"median": (0.001, 60_000), "sigma": (0, 10)}),
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
BREAKS, WHEN = ("reset", "hang", "truncate", "malformed"), ("before", "after")
BODY_LIMIT, TEXT_LIMIT, HEADERS_LIMIT, MOST = 64 << 10, 1000, 20, 1_000_000
LONGEST_HANG, LATEST_RETRY = 300, 365 * 86_400
HEADER_NAME, HEADER_VALUE = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}"), re.compile(r"[ -~]{0,1000}")
TRANSPORT = frozenset(
    {
        "connection",
        "content-length",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "trailers",
        "transfer-encoding",
        "upgrade",
    }
)


def plan(given: dict[str, Any], errors: Errors) -> Plan:
    """What a fault is to do; `errors` are those of the catalogue."""
    members.check(given, FAULT, "A fault")
    wanted = Plan(
        match=_match(_object(given, "match", MATCH) or {}),
        answer=_answer(_object(given, "answer", ANSWER), errors),
        breaks=_choice(given, "break", BREAKS),
        hang=_number(given, "hangSeconds", 0, LONGEST_HANG),
        latency=_latency(_object(given, "latency", None)),
        count=_whole(given, "count", 1, MOST),
        after=_whole(given, "after", 0, MOST) or 0,
        probability=1.0 if (share := _number(given, "probability", 0, 1)) is None else share,
        when=_choice(given, "when", WHEN) or "before",
    )
    if not wanted.decides and wanted.latency is None:
        abort(400, "A fault does something: give it an answer, a break or a latency.")
    if wanted.answer is not None and wanted.breaks in {"reset", "hang"}:
        abort(400, f"With the break {wanted.breaks} no answer is sent; leave out answer or break.")
    if wanted.hang is not None and wanted.breaks != "hang":
        abort(400, "hangSeconds belongs to the break hang; leave it out.")
    return wanted


def changed(before: Plan, given: dict[str, Any], errors: Errors) -> Plan:
    """A plan with other members; those of match and answer are taken one by one, null takes one away."""
    wanted = written(before)
    for name, value in given.items():
        inside = wanted.get(name) if name in {"match", "answer"} and isinstance(value, dict) else None
        wanted[name] = value if inside is None else {**inside, **value}
    return plan(wanted, errors)


def written(plan: Plan) -> dict[str, Any]:
    """The document of a plan."""
    hit = plan.match
    document = {
        "match": _given({name: getattr(hit, name) for name in MATCH}),
        "answer": None if plan.answer is None else _written(plan.answer),
        "break": plan.breaks,
        "hangSeconds": plan.hang,
        "latency": None,
        "count": plan.count,
        "after": plan.after,
        "probability": plan.probability,
        "when": plan.when,
    }
    for kind, (made, names) in LATENCIES.items():
        if isinstance(plan.latency, made):
            document["latency"] = {"type": kind, **{name: getattr(plan.latency, name) for name in names}}
    return _given(document)


def _written(answer: Answer) -> dict[str, Any]:
    body: Any = answer.body
    if answer.body is not None:
        body = answer.body.decode() if answer.text else orjson.Fragment(answer.body)
    return _given(
        {
            "status": answer.status,
            "errorCode": answer.code,
            "message": answer.message,
            "body": body,
            "headers": dict(answer.headers) or None,
            "retryAfter": answer.retry_after,
        }
    )


def _given(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if value is not None}


def _match(given: dict[str, Any]) -> Match:
    customer, user = _text(given, "customer"), _text(given, "user")
    path, method = _text(given, "path"), _text(given, "method")
    if customer is not None and guids.usual(customer) is None:
        abort(400, f"match.customer is the id of a customer, not '{customer}'.")
    if user is not None and "@" not in user and guids.usual(user) is None:
        abort(400, f"match.user is the id or the e-mail address of a user, not '{user}'.")
    if path is not None and not path.startswith(("/", "*")):
        abort(400, "match.path is a glob such as /api/v1.0/customers/*/users; it begins with / or *.")
    return Match(
        operation=_choice(given, "operation", tuple(operation.id for operation in OPERATIONS), "match."),
        customer=customer and guids.usual(customer),
        user=user and (guids.usual(user) or user),
        caller=_text(given, "caller"),
        method=_choice({"method": method and method.upper()}, "method", METHODS, "match."),
        path=path,
    )


def _answer(given: dict[str, Any] | None, errors: Errors) -> Answer | None:
    if given is None:
        return None
    body = given.get("body")
    answer = Answer(
        status=_whole(given, "status", 200, 599, "answer."),
        code=_text(given, "errorCode", "answer."),
        message=_text(given, "message", "answer."),
        body=None if body is None else _body(body),
        text=isinstance(body, str),
        headers=_headers(given.get("headers")),
        retry_after=_whole(given, "retryAfter", 0, LATEST_RETRY, "answer."),
    )
    _check(answer, errors)
    return answer


def _check(answer: Answer, errors: Errors) -> None:
    status, worded = fault_answers.status_of(answer, errors), answer.code or answer.message
    if status is None:
        codes = ", ".join(sorted({kind.code for kind in errors.values() if kind.code is not None}))
        abort(400, f"answer.status is missing; only these errorCodes bring one of their own: {codes}.")
    if worded and answer.body is not None:
        abort(400, "answer.body stands in place of errorCode and message; leave out either.")
    if worded and status < 400:  # noqa: PLR2004
        abort(400, f"answer.errorCode and answer.message belong to a status from 400, not to {status}.")
    if answer.body is not None and status in fault_answers.BODILESS:
        abort(400, f"An answer with the status {status} has no body; leave out answer.body.")
    if answer.retry_after is not None and "retry-after" in {name.lower() for name, _ in answer.headers}:
        abort(400, "answer.headers has Retry-After and answer.retryAfter says it too; leave out either.")


def _body(value: Any) -> bytes:
    try:  # of a fault that changes the body is a fragment already
        body = value.encode() if isinstance(value, str) else orjson.dumps(value)
    except TypeError:
        abort(400, "answer.body has a number beyond 64 bits, or is nested too deeply; send it as a string.")
    if len(body) > BODY_LIMIT:
        abort(400, f"answer.body has at most {BODY_LIMIT} bytes.")
    return body


def _headers(given: Any) -> tuple[tuple[str, str], ...]:
    if given is None:
        return ()
    if not isinstance(given, dict) or len(given) > HEADERS_LIMIT:
        abort(400, f"answer.headers is an object of at most {HEADERS_LIMIT} names with texts.")
    for name, value in given.items():
        if not HEADER_NAME.fullmatch(name):
            abort(400, f"answer.headers has '{name[:100]}', which is no name of a header.")
        if name.lower() in TRANSPORT or name.lower().startswith("x-emulator"):
            abort(400, f"answer.headers has '{name}', which the server sets itself.")
        if not isinstance(value, str) or not HEADER_VALUE.fullmatch(value):
            abort(400, f"answer.headers.{name} is a text of at most {TEXT_LIMIT} printable ASCII characters.")
    if len({name.lower() for name in given}) < len(given):
        abort(400, "answer.headers names a header twice.")
    return tuple(given.items())


def _latency(given: dict[str, Any] | None) -> Fixed | Uniform | LogNormal | None:
    if given is None:
        return None
    kind = _choice(given, "type", tuple(LATENCIES), "latency.")
    if kind is None:
        abort(400, f"latency.type is missing; it is one of: {', '.join(LATENCIES)}.")
    made, bounds = LATENCIES[kind]
    members.check(given, ("type", *bounds), f"A {kind} latency")
    values: dict[str, float] = {}
    for name, bound in bounds.items():
        value = _number(given, name, *bound, "latency.")
        if value is None:
            abort(400, f"latency.{name} is missing; a {kind} latency has {' and '.join(bounds)}.")
        values[name] = value
    latency: Fixed | Uniform | LogNormal = made(**values)
    if isinstance(latency, Uniform) and latency.lower > latency.upper:
        abort(400, "latency.lower is not above latency.upper.")
    return latency


def _object(given: dict[str, Any], name: str, known: Collection[str] | None) -> dict[str, Any] | None:
    value = given.get(name)
    if value is None:
        return None
    if not isinstance(value, dict):
        abort(400, f"{name} is an object.")
    if known is not None:
        members.check(value, known, name)
    return value


def _text(given: dict[str, Any], name: str, where: str = "match.") -> str | None:
    value = given.get(name)
    if value is not None and not (isinstance(value, str) and 0 < len(value) <= TEXT_LIMIT):
        abort(400, f"{where}{name} is a text of 1 to {TEXT_LIMIT} characters.")
    return value


def _choice(given: dict[str, Any], name: str, allowed: tuple[str, ...], where: str = "") -> Any:
    value = given.get(name)
    if value is not None and value not in allowed:
        abort(400, f"{where}{name} is one of: {', '.join(allowed)}.")
    return value


def _number(
    given: dict[str, Any], name: str, least: float, most: float, where: str = "", *, whole: bool = False
) -> float | None:
    value = given.get(name)
    if value is None:
        return None
    fits = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
    if not fits or not least <= value <= most:
        abort(400, f"{where}{name} is a {'whole ' * whole}number from {least} to {most}.")
    return value  # type: ignore[no-any-return]


def _whole(given: dict[str, Any], name: str, least: int, most: int, where: str = "") -> int | None:
    return _number(given, name, least, most, where, whole=True)  # type: ignore[return-value]
