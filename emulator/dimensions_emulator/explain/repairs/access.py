"""Tokens that open what is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimensions_emulator.explain import seen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dimensions_emulator.domain.models import Caller
    from dimensions_emulator.explain.case import Case, Plan

TRIED = 3


def token(case: Case) -> Iterator[Plan]:
    """AUTH-REQUIRED: the token that is there in the usual spelling, or that of another caller."""
    sent = case.request.header("Authorization") or ""
    for word in sent.replace(",", " ").replace('"', " ").split():
        holder = case.world.callers.get(word)
        if holder is not None and case.valid(holder):
            yield _as(case, holder, "send the token as Authorization: Bearer <token>")
    yield from other(case)


def other(case: Case) -> Iterator[Plan]:
    """The token of another caller, rather one who sees the customer (AUTH-SCOPE)."""
    own = case.caller
    for caller in [caller for caller in seen.callers(case) if caller != own][:TRIED]:
        yield _as(case, caller, f"send the token of the caller '{caller.name}'")


def _as(case: Case, caller: Caller, said: str) -> Plan:
    return case.changed(case.request.with_header("Authorization", f"Bearer {caller.token}"), said)
