"""Whether the requests came that were expected."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from dimensions_emulator.sandbox import matching
from dimensions_emulator.sandbox.value_patterns import PatternInvalid, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dimensions_emulator.sandbox.exchange import Exchange
    from dimensions_emulator.sandbox.matching import Pattern
    from dimensions_emulator.sandbox.value_patterns import Misfit

CLOSEST, LOOKED_AT, NAMED = 3, 1_000, 10
"""How many close requests are shown, among how many they are sought, how many that fit are named."""

Near = list[tuple["Exchange", "list[Misfit]"]]


class Times(NamedTuple):
    """How many requests are expected; `most` is None where there is no upper bound."""

    least: int
    most: int | None

    @property
    def words(self) -> str:
        least, most = self
        if most == least:
            return "no request" if most == 0 else _requests(f"exactly {most}", most)
        if most is None:
            return _requests(f"at least {least}", least)
        return _requests(f"at most {most}" if not least else f"{least} to {most}", most)

    @property
    def shown(self) -> Any:
        if self.most == self.least:
            return self.most
        return {"atLeast": self.least, **({"atMost": self.most} if self.most is not None else {})}


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a verification went: the reason if it failed, and the requests to look at then."""

    count: int
    expected: Any
    reason: str = ""
    near: Near = field(default_factory=list)


def read_times(given: Any) -> Times:
    """A number of times, or bounds of it; raises `PatternInvalid`."""
    if given is None:
        return Times(1, None)
    if not isinstance(given, dict):
        number = _whole(given, "times")
        return Times(number, number)
    if unknown := given.keys() - {"atLeast", "atMost"}:
        raise PatternInvalid(f"times has no member '{min(unknown)}'; there are: atLeast, atMost.")
    least = _whole(given.get("atLeast", 0), "times.atLeast")
    most = _whole(given["atMost"], "times.atMost") if "atMost" in given else None
    if not given or (most is not None and most < least):
        raise PatternInvalid(
            'times is a whole number, or {"atLeast": …, "atMost": …} with the smaller one first.'
        )
    return Times(least, most)


def times(exchanges: Sequence[Exchange], pattern: Pattern, wanted: Times) -> Verdict:
    """Whether so many requests fit; raises `PatternInvalid` if that takes too long to find out."""
    fitting: list[Exchange] = []
    others: list[Exchange] = []
    for exchange in exchanges:
        (fitting if pattern.fits(exchange) else others).append(exchange)
    count, expected = len(fitting), wanted.shown
    if wanted.least <= count and (wanted.most is None or count <= wanted.most):
        return Verdict(count, expected)
    message = f"Expected {wanted.words} with {pattern.words}; found {count} among {len(exchanges)}"
    if count > wanted.least:
        more = f" and {count - NAMED} more" if count > NAMED else ""
        named = ", ".join(exchange.entry.id for exchange in fitting[:NAMED])
        reason = f"{message}: {named}{more}."
        return Verdict(count, expected, reason, [(exchange, []) for exchange in fitting[:CLOSEST]])
    near = _near(pattern, others)
    return Verdict(count, expected, message + _told(near), near)


def sequence(exchanges: Sequence[Exchange], patterns: Sequence[Pattern]) -> Verdict:
    """Whether requests fit these patterns in this order, with any others between them."""
    start = 0
    for number, pattern in enumerate(patterns):
        place = next((at for at in range(start, len(exchanges)) if pattern.fits(exchanges[at])), None)
        if place is None:
            return _broken(exchanges, patterns, number, start)
        start = place + 1
    return Verdict(len(patterns), len(patterns))


def _broken(exchanges: Sequence[Exchange], patterns: Sequence[Pattern], number: int, start: int) -> Verdict:
    pattern = patterns[number]
    after = f" after {exchanges[start - 1].entry.id}" if start else ""
    early = next((one.entry.id for one in reversed(exchanges[:start]) if pattern.fits(one)), None)
    near = _near(pattern, exchanges[start:])
    early_too = f", but came earlier, as {early}" if early else ""
    message = (
        f"Expected a sequence of {len(patterns)} requests, of which the first {number} came; "
        f"number {number + 1} did not come{after}, with {pattern.words}{early_too}; "
        f"looked at {len(exchanges) - start}"
    )
    return Verdict(number, len(patterns), message + _told(near), near)


def _near(pattern: Pattern, others: Sequence[Exchange]) -> Near:
    return matching.closest(pattern, others[-LOOKED_AT:], CLOSEST)


def _told(near: Near) -> str:
    lines = [_line(exchange, misfits) for exchange, misfits in near]
    return f". The closest:{''.join(lines)}" if lines else "."


def _line(exchange: Exchange, misfits: list[Misfit]) -> str:
    entry = exchange.entry
    details = [f"\n    {part}: expected {expected}, found {found}" for part, expected, found in misfits]
    return f"\n  {entry.id} {entry.method} {exchange.target} → {entry.status or 'broken'}{''.join(details)}"


def _requests(words: str, number: int) -> str:
    return f"{words} request{'' if number == 1 else 's'}"


def _whole(given: Any, field: str) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or given < 0:
        raise PatternInvalid(f"{field} is a whole number from 0, not {shown(given)}.")
    return given
