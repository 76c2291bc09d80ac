"""Calls as `curl` lines."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dimensions_contracts.conformance.observations import Observation

TOKENS = {
    "main": "Bearer $TOKEN",
    "other": "Bearer $OTHER_TOKEN",
    "wrong": "Bearer wrong",
    "expired": "Bearer $EXPIRED_TOKEN",
    "scopeless": "Bearer $SCOPELESS_TOKEN",
    "basic": "Basic $(printf %s $TOKEN | base64 -w0)",
    "schemeless": "$TOKEN",
    "blank": "Bearer ",
}


def line(call: Observation, target: str) -> str:
    """The call as a line for a shell; the token is a variable that is to be set."""
    parts = ["curl", "-i", "--path-as-is"]
    if call.method != "GET":
        parts += ["-X", call.method]
    if call.caller in TOKENS:
        parts += ["-H", f'"Authorization: {TOKENS[call.caller]}"']
    for name, value in call.request_headers:
        parts += ["-H", shlex.quote(f"{name}: {value}" if value else f"{name};")]
    parts.append(shlex.quote(target + call.path))
    if call.request_body is None:
        return " ".join(parts)
    if call.encoded:
        return f"echo {call.request_body} | base64 -d | {' '.join(parts)} --data-binary @-"
    return " ".join([*parts, "--data-binary", shlex.quote(call.request_body)])
