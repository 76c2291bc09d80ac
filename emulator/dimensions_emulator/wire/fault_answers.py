"""The answers that faults give in place of the real ones."""

from __future__ import annotations

from http import HTTPStatus
from string import Formatter
from typing import TYPE_CHECKING

from flask import Response, request

from dimensions_emulator.wire import envelope
from dimensions_emulator.wire.broken import Broken
from dimensions_emulator.wire.entrance import BROKEN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dimensions_contracts.catalog import ErrorAnswer
    from dimensions_emulator.sandbox.faults import Answer, Plan

    Errors = Mapping[str, ErrorAnswer]

HANG = 30.0
"""Seconds that an answer is held back if the fault names none."""
BODILESS = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


def given(plan: Plan, errors: Errors, real: Response, now: int) -> Response:
    """What a fault makes of the real answer."""
    answer = real if plan.answer is None else _rendered(plan.answer, errors, now)
    if plan.breaks is None:
        return answer
    if plan.breaks == "reset":
        return _broken(Broken("reset"))
    if plan.breaks == "hang":
        return _broken(Broken("hang", HANG if plan.hang is None else plan.hang))
    if not answer.get_data():
        answer = envelope.done(now)
    if plan.breaks == "truncate":
        request.environ[BROKEN] = Broken("truncate")
    else:
        answer.set_data(malformed(answer.get_data()))
    return answer


def _broken(broken: Broken) -> Response:
    """No answer at all; a server that cannot break gives this one."""
    request.environ[BROKEN] = broken
    return envelope.empty(HTTPStatus.SERVICE_UNAVAILABLE)


def malformed(body: bytes) -> bytes:
    """Text that is no JSON, whatever it began as: JSON ends with an open brace in a string alone."""
    return body[: len(body) // 2].decode(errors="ignore").encode() + b"{"


def status_of(answer: Answer, errors: Errors) -> int | None:
    """The status that an answer names, or that the catalogue gives to its code."""
    kind = _kind(answer, errors)
    return answer.status or (None if kind is None else kind.status)


def _kind(answer: Answer, errors: Errors) -> ErrorAnswer | None:
    if answer.code is None:
        return None
    return next((kind for kind in errors.values() if kind.code == answer.code), None)


def _rendered(answer: Answer, errors: Errors, now: int) -> Response:
    response = _plain(answer, errors, status_of(answer, errors) or HTTPStatus.SERVICE_UNAVAILABLE, now)
    if answer.retry_after is not None:
        response.headers["Retry-After"] = str(answer.retry_after)
    for name, value in answer.headers:
        response.headers[name] = value
    return response


def _plain(answer: Answer, errors: Errors, status: int, now: int) -> Response:
    if answer.body is not None:
        media = "text/plain; charset=utf-8" if answer.text else envelope.JSON
        return Response(answer.body, status, content_type=media)
    if status in BODILESS:
        return envelope.empty(status)
    if status < HTTPStatus.BAD_REQUEST:
        return envelope.done(now, status)
    if answer.code is None and answer.message is None:
        for kind in errors.values():
            if kind.status == status and kind.message is None:  # such as 401, whose answer is empty
                return envelope.empty(status, kind.headers)
    kind_of_code = _kind(answer, errors)
    message = answer.message or (_text(kind_of_code) if kind_of_code is not None else _phrase(status))
    return envelope.error(status, answer.code, message, now, {})


def _text(kind: ErrorAnswer) -> str:
    """A message of the catalogue with a … for each fact."""
    parts = Formatter().parse(kind.message or "")
    return "".join(text + ("" if name is None else "…") for text, name, _, _ in parts)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"
