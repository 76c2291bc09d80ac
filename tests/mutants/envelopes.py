"""Emulators whose answers have another shape."""

from __future__ import annotations

import json

from flask import Response

from dimensions_emulator.domain import ticks

from . import probes
from .mutant import (
    Mutant,
    around,
    deviant,
    errors,
    instead,
    ordered,
    refusals,
    renamed,
    successes,
    without_member,
)

DAY = 24 * 3600 * ticks.SECOND
HOUR = 3600 * ticks.SECOND


def _spaced(body, status, headers):
    return Response(json.dumps(body), status, headers, content_type="application/json; charset=utf-8")


def _typed_by_status(original, body, status, headers):
    answer = original(body, status, headers)
    if body["status"] == "error":
        answer.headers["Content-Type"] = "text/plain; charset=utf-8"
    return answer


def _typed_when_empty(original, status, headers=None):
    answer = original(status, headers)
    if status == 204:
        answer.headers["Content-Type"] = "application/json; charset=utf-8"
    return answer


def success(name, why, change, probe=probes.get, rule="WIRE-SUCCESS"):
    return Mutant(name, (rule,), deviant(successes(change)), why, probe)


def error(name, why, change, probe=probes.unknown_user, rule="WIRE-ERROR"):
    return Mutant(name, (rule,), deviant(refusals(change)), why, probe)


def stamp(name, why, change):
    return Mutant(name, ("WIRE-TIMESTAMP",), deviant(around("domain.ticks.text", change)), why, probes.get)


SUCCESSES = (
    success("success-says-ok", "The status is ok.", lambda body: {**body, "status": "ok"}),
    success("success-without-status", "The status is left out.", without_member("status")),
    success("success-without-timestamp", "The timestamp is left out.", without_member("timestamp")),
    success("data-is-renamed", "The data is called result.", renamed({"data": "result"})),
    success(
        "done-with-null-data",
        "An act with nothing to show has null for data.",
        lambda body: body if "data" in body else {"data": None, **body},
        probes.rename,
    ),
    success(
        "page-size-is-text",
        "The number of items is text.",
        lambda body: {**body, "page_size": str(body["page_size"])} if "page_size" in body else body,
        probes.listing,
    ),
    success(
        "page-index-is-null",
        "The index of a page that nobody asked for is null, not absent.",
        lambda body: ordered("page_size", "page_index")({"page_index": None, **body}) if "page_size" in body else body,
        probes.listing,
    ),
    success("success-in-camel-case", "The number of items is pageSize.", renamed({"page_size": "pageSize"}), probes.listing),
)  # fmt: skip

ERRORS = (
    error("error-code-is-null", "An absent code is null.", lambda body: ordered("error")({"errorCode": None, **body})),
    error("error-is-text", "The status code is text.", lambda body: {**body, "error": str(body["error"])}),
    error("error-code-is-renamed", "The code is called code.", renamed({"errorCode": "code"}), probes.refusal),
    error("error-without-number", "The status code is left out.", without_member("error")),
    error("error-without-message", "The message is left out.", without_member("message")),
    error("error-says-failure", "The status is failure.", lambda body: {**body, "status": "failure"}),
    error("error-without-timestamp", "The timestamp is left out.", without_member("timestamp")),
)  # fmt: skip

ORDERS = (
    success("order-status-first", "The status comes first.", ordered("status"), rule="WIRE-KEY-ORDER"),
    success(
        "order-data-first",
        "The data comes before the number of items.",
        ordered("data"),
        probes.listing,
        "WIRE-KEY-ORDER",
    ),
    error(
        "order-message-first",
        "The message comes before the status code.",
        ordered("message"),
        rule="WIRE-KEY-ORDER",
    ),
    Mutant(
        "not-compact",
        ("WIRE-KEY-ORDER",),
        deviant(instead(wire__envelope___json=_spaced)),
        "Bodies have spaces between their members.",
        probes.get,
    ),
)

STAMPS = (
    stamp("timestamp-of-six-digits", "The fraction has six digits.", lambda text, now: text(now)[:-2] + "Z"),
    stamp("timestamp-of-no-digits", "There is no fraction.", lambda text, now: text(now)[:19] + "Z"),
    stamp("timestamp-with-offset", "It ends with an offset.", lambda text, now: text(now)[:-1] + "+00:00"),
    stamp("timestamp-of-yesterday", "It is a day late.", lambda text, now: text(now - DAY)),
    stamp("timestamp-in-local-time", "It is local time that says it is UTC.", lambda text, now: text(now + 2 * HOUR)),
    stamp("timestamp-with-space", "A space stands for the T.", lambda text, now: text(now).replace("T", " ")),
    Mutant(
        "timestamp-of-errors",
        ("WIRE-TIMESTAMP",),
        deviant(refusals(lambda body: {**body, "timestamp": body["timestamp"][:-6] + "Z"})),
        "Only that of a refusal is short.",
        probes.unknown_user,
    ),
)  # fmt: skip

TYPES = (
    Mutant(
        "type-without-charset",
        ("WIRE-CONTENT-TYPE",),
        deviant(instead(wire__envelope__JSON="application/json")),
        "The media type names no charset.",
        probes.get,
    ),
    Mutant(
        "type-of-errors-is-text",
        ("WIRE-CONTENT-TYPE",),
        deviant(around("wire.envelope._json", _typed_by_status)),
        "A refusal is plain text.",
        probes.unknown_user,
    ),
    Mutant(
        "type-of-problems",
        ("WIRE-CONTENT-TYPE",),
        deviant(instead(wire__envelope__JSON="application/problem+json; charset=utf-8")),
        "The media type is another kind of JSON.",
        probes.get,
    ),
    Mutant(
        "type-of-nothing",
        ("WIRE-CONTENT-TYPE",),
        deviant(around("wire.envelope.empty", _typed_when_empty)),
        "An answer without a body has a media type.",
        probes.mail,
    ),
)

NOT_FOUND = (
    Mutant(
        "not-found-in-other-words",
        ("USER-UNKNOWN", "TENANT-UNKNOWN"),
        deviant(errors(NotFound={"message": "The resource was not found."})),
        "What is not found has another message.",
        probes.unknown_user,
    ),
    Mutant(
        "not-found-with-a-code",
        ("USER-UNKNOWN", "TENANT-UNKNOWN"),
        deviant(errors(NotFound={"code": "NotFound"})),
        "What is not found has an error code.",
        probes.unknown_user,
    ),
    Mutant(
        "messages-are-escaped",
        ("ID-FORMAT",),
        deviant(refusals(lambda body: {**body, "message": body["message"].replace("'", "&#39;")})),
        "Apostrophes are escaped.",
        lambda api: api.get("nonsense"),
    ),
)

ENVELOPES = SUCCESSES + ERRORS + ORDERS + STAMPS + TYPES + NOT_FOUND
