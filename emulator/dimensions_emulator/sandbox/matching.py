"""Patterns of requests, in the shape that WireMock has made known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, TypeAlias

from dimensions_emulator.domain import guids
from dimensions_emulator.sandbox import value_patterns
from dimensions_emulator.sandbox.exchange import Exchange
from dimensions_emulator.sandbox.value_patterns import (
    JsonPattern,
    Misfit,
    PatternInvalid,
    TextPattern,
    ValuePattern,
    shown,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

MOST, STATUSES = 50, 600
"""Patterns of headers, of query parameters and of bodies, each."""

TARGETS: dict[str, tuple[bool, Callable[[Exchange], tuple[str, ...]]]] = {
    "url": (False, lambda exchange: exchange.urls),
    "urlPath": (False, lambda exchange: exchange.paths),
    "urlPattern": (True, lambda exchange: exchange.urls),
    "urlPathPattern": (True, lambda exchange: exchange.paths),
}
"""Members about the target: whether they are regular expressions, and of what."""

FACTS = ("operation", "customer", "user", "caller", "rule", "errorCode")
MEMBERS = ("method", *TARGETS, "queryParameters", "headers", "bodyPatterns", *FACTS, "status")
Judge: TypeAlias = Callable[[Exchange], Misfit | None]


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a request has to be like; `words` say it."""

    judges: tuple[Judge, ...]
    words: str

    def fits(self, exchange: Exchange) -> bool:
        return all(judge(exchange) is None for judge in self.judges)

    def misfits(self, exchange: Exchange) -> list[Misfit]:
        """All that keeps a request from fitting."""
        return [misfit for judge in self.judges if (misfit := judge(exchange))]


def read(given: Any, known: Mapping[str, Collection[str]], field: str = "match") -> Pattern:
    """A pattern out of JSON; `known` has the values that some members may have. Raises `PatternInvalid`."""
    if not isinstance(given, dict):
        raise PatternInvalid(f"{field} is an object, not {shown(given)}.")
    if unknown := given.keys() - set(MEMBERS):
        raise PatternInvalid(f"{field} has no member '{min(unknown)}'; there are: {', '.join(MEMBERS)}.")
    read = [*_request(given, field), *_facts(given, known, field)]
    return Pattern(tuple(judge for judge, _ in read), ", ".join(words for _, words in read) or "any request")


def closest(
    pattern: Pattern, exchanges: Iterable[Exchange], most: int
) -> list[tuple[Exchange, list[Misfit]]]:
    """The requests that differ in the fewest parts, and least in these; the newest first of the others."""
    judged = [(exchange, pattern.misfits(exchange)) for exchange in exchanges]
    judged.reverse()
    return sorted(judged, key=lambda pair: (len(pair[1]), -sum(map(_likeness, pair[1]))))[:most]


def _likeness(misfit: Misfit) -> float:
    return SequenceMatcher(None, misfit.expected, misfit.found).quick_ratio()


def _request(given: dict[str, Any], field: str) -> Iterator[tuple[Judge, str]]:
    method = _text(given, "method", field).upper()
    if method not in {"", "ANY"}:
        pattern = TextPattern(shown(method), lambda text: text == method)
        yield _judge("method", pattern, lambda exchange: (exchange.entry.method,))
    for name, (is_regex, values) in TARGETS.items():
        if wanted := _text(given, name, field):
            yield _judge(name, _target(wanted, f"{field}.{name}", is_regex=is_regex), values)
    for name, wanted in _members(given, "queryParameters", field):
        yield _judge(
            f"queryParameters.{name}",
            value_patterns.read(wanted, f"{field}.queryParameters.{name}"),
            _parameter(name),
        )
    for name, wanted in _members(given, "headers", field):
        yield _judge(f"headers.{name}", value_patterns.read(wanted, f"{field}.headers.{name}"), _header(name))
    yield from _bodies(given, field)


def _target(wanted: str, field: str, *, is_regex: bool) -> TextPattern:
    if is_regex:
        return TextPattern(f"a match of {shown(wanted)}", value_patterns.regex(wanted, field))
    return TextPattern(shown(wanted), lambda text: text == wanted)


def _bodies(given: dict[str, Any], field: str) -> Iterator[tuple[Judge, str]]:
    wanted = given.get("bodyPatterns", [])
    if not isinstance(wanted, list) or len(wanted) > MOST:
        raise PatternInvalid(f"{field}.bodyPatterns is an array of at most {MOST} patterns.")
    for number, one in enumerate(wanted):
        pattern = value_patterns.read_body(one, f"{field}.bodyPatterns[{number}]")
        yield _json(pattern) if isinstance(pattern, JsonPattern) else _judge("body", pattern, _body)


def _json(pattern: JsonPattern) -> tuple[Judge, str]:
    return (lambda exchange: pattern.misfit_in("body", exchange.body)), f"body {pattern.words}"


def _facts(
    given: dict[str, Any], known: Mapping[str, Collection[str]], field: str
) -> Iterator[tuple[Judge, str]]:
    for name in FACTS:
        wanted = _text(given, name, field)
        if wanted and wanted not in known.get(name, (wanted,)):
            raise PatternInvalid(
                f"{field}.{name} cannot be {shown(wanted)}; there are: {', '.join(known[name])}."
            )
        if wanted:
            yield _fact(name, guids.usual(wanted) or wanted if name in {"customer", "user"} else wanted)
    if "status" in given:
        status = given["status"]
        if isinstance(status, bool) or not isinstance(status, int) or not 0 <= status < STATUSES:
            raise PatternInvalid(
                f"{field}.status is a status code, or 0 for a broken answer, not {shown(status)}."
            )
        yield _fact("status", status)


def _fact(name: str, wanted: str | int) -> tuple[Judge, str]:
    def judge(exchange: Exchange) -> Misfit | None:
        found = exchange.fact(name)
        if found == wanted:
            return None
        return Misfit(name, shown(wanted), "nothing" if found is None else shown(found))

    return judge, f"{name} {shown(wanted)}"


def _judge(
    name: str, pattern: ValuePattern, values: Callable[[Exchange], tuple[str, ...]]
) -> tuple[Judge, str]:
    return (lambda exchange: pattern.misfit(name, values(exchange))), f"{name} {pattern.words}"


def _parameter(name: str) -> Callable[[Exchange], tuple[str, ...]]:
    return lambda exchange: tuple(value for given, value in exchange.query if given == name)


def _header(name: str) -> Callable[[Exchange], tuple[str, ...]]:
    wanted = name.lower()
    return lambda exchange: tuple(value for given, value in exchange.headers if given.lower() == wanted)


def _body(exchange: Exchange) -> tuple[str, ...]:
    """The body, with … for what is not kept of it; what is no text is read byte by byte."""
    body = exchange.body
    text = body.kept.decode("latin-1") if body.text is None else body.text
    return (f"{text}…" if body.cut else text,) if body.kept else ()


def _text(given: dict[str, Any], name: str, field: str) -> str:
    value = given.get(name, "")
    if not isinstance(value, str) or (name in given and not value):
        raise PatternInvalid(f"{field}.{name} is a string, not {shown(value)}.")
    return value


def _members(given: dict[str, Any], name: str, field: str) -> list[tuple[str, Any]]:
    value = given.get(name, {})
    if not isinstance(value, dict) or len(value) > MOST:
        raise PatternInvalid(f"{field}.{name} is an object of at most {MOST} patterns.")
    return list(value.items())
