"""Patterns of texts and JSON: one operator, and what it wants."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, Protocol

import orjson

from dimensions_emulator.sandbox.json_comparison import MISSING, Comparison, TooMuch

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from dimensions_emulator.sandbox.exchange import Part

LONGEST_REGEX = 1_000
REGEX_MEMORY = 1 << 20
STEPS = 5_000_000
"""Comparisons that an equalToJson may take over all requests that it is tried on: some seconds."""

SHOWN = 300
TEXT = ("equalTo", "contains", "doesNotContain", "matches", "doesNotMatch", "absent")
MODIFIERS = {"equalTo": ("caseInsensitive",), "equalToJson": ("ignoreArrayOrder", "ignoreExtraElements")}


class PatternInvalid(ValueError):
    """A pattern that cannot be used; `args[0]` says where, why and what could be."""


class Misfit(NamedTuple):
    """What was expected of a part of a request, and what was found there, in words."""

    field: str
    expected: str
    found: str


class ValuePattern(Protocol):
    """A pattern of a value that a request may have several times, once or not at all."""

    @property
    def words(self) -> str:
        """What is expected."""

    def misfit(self, field: str, values: Sequence[str]) -> Misfit | None:
        """What is wrong with these values; None if they fit."""


class TextPattern(NamedTuple):
    """Fits if one of the values does, or with `every` if no value is against it."""

    words: str
    test: Callable[[str], bool]
    every: bool = False

    def misfit(self, field: str, values: Sequence[str]) -> Misfit | None:
        fits = (all if self.every else any)(map(self.test, values))
        return None if fits else Misfit(field, self.words, found(values))


class AbsentPattern(NamedTuple):
    """Fits if there is no value, or with `absent` false if there is one."""

    absent: bool

    @property
    def words(self) -> str:
        return "nothing" if self.absent else "something"

    def misfit(self, field: str, values: Sequence[str]) -> Misfit | None:
        return Misfit(field, self.words, found(values)) if bool(values) == self.absent else None


class JsonPattern:
    """Fits a body that is this JSON."""

    def __init__(self, expected: Any, *, any_order: bool, more_allowed: bool) -> None:
        self._expected = expected
        self._comparison = Comparison(any_order=any_order, more_allowed=more_allowed, steps=STEPS)
        self.words = f"JSON equal to {shown(expected)}"

    def misfit_in(self, field: str, body: Part) -> Misfit | None:
        """What is wrong with a body; raises `PatternInvalid` if that takes too long to find out."""
        try:
            difference = self._comparison.first(self._expected, body.json())
        except ValueError as fault:
            text = shown(body.text) if body.text is not None else f"{body.size} bytes that are no text"
            return Misfit(field, self.words, f"{text}: {fault}" if body.size else "nothing")
        except (TooMuch, RecursionError):
            raise PatternInvalid(
                f"{field}: to compare with this equalToJson takes too long; leave out ignoreArrayOrder."
            ) from None
        if difference is None:
            return None
        return Misfit(f"{field} {difference.path}", shown(difference.expected), shown(difference.found))


def read(given: Any, field: str) -> ValuePattern:
    """A pattern of texts; raises `PatternInvalid`."""
    operator, wanted, options = _parts(given, field, TEXT)
    if operator == "absent":
        return AbsentPattern(_switch(wanted, f"{field}.absent"))
    if not isinstance(wanted, str):
        raise PatternInvalid(f"{field}.{operator} is a string, not {shown(wanted)}.")
    test, words = _test(operator, wanted, options, field)
    if operator.startswith("doesNot"):
        return TextPattern(f"not {words}", lambda text: not test(text), every=True)
    return TextPattern(words, test)


def _test(
    operator: str, wanted: str, options: dict[str, Any], field: str
) -> tuple[Callable[[str], bool], str]:
    """What a text is tried with, and the words for it."""
    if operator in {"matches", "doesNotMatch"}:
        return regex(wanted, f"{field}.{operator}"), f"a match of {shown(wanted)}"
    if operator in {"contains", "doesNotContain"}:
        return (lambda text: wanted in text), f"something with {shown(wanted)} in it"
    if _switch(options.get("caseInsensitive", False), f"{field}.caseInsensitive"):
        return (lambda text: text.casefold() == wanted.casefold()), f"{shown(wanted)} in any case"
    return (lambda text: text == wanted), shown(wanted)


def read_body(given: Any, field: str) -> ValuePattern | JsonPattern:
    """A pattern of a body; raises `PatternInvalid`."""
    operator, wanted, options = _parts(given, field, (*TEXT, "equalToJson"))
    if operator != "equalToJson":
        return read(given, field)
    if isinstance(wanted, str):
        try:
            wanted = orjson.loads(wanted)
        except ValueError:
            raise PatternInvalid(f"{field}.equalToJson is JSON, or a string with JSON in it.") from None
    order, more = (_switch(options.get(name, False), f"{field}.{name}") for name in MODIFIERS["equalToJson"])
    return JsonPattern(wanted, any_order=order, more_allowed=more)


def regex(pattern: str, field: str) -> Callable[[str], bool]:
    """Whether a text as a whole matches; raises `PatternInvalid`.

    The engine is that of the JSON Schema validator: no pattern takes it more than linear time.
    """
    from jsonschema_rs import RegexOptions, ValidationError, validator_for  # noqa: PLC0415  slow to import

    options = RegexOptions(size_limit=REGEX_MEMORY, dfa_size_limit=REGEX_MEMORY)
    if len(pattern) > LONGEST_REGEX:
        raise PatternInvalid(f"{field} has more than {LONGEST_REGEX} characters.")
    try:
        validator_for({"pattern": pattern}, pattern_options=options)
        return validator_for({"pattern": f"^(?:{pattern})$"}, pattern_options=options).is_valid
    except (ValidationError, ValueError):
        raise PatternInvalid(
            f"{field} is no regular expression that can be used: {shown(pattern)}; look-around and "
            "back-references are not among them, nor what takes much memory."
        ) from None


def shown(value: Any) -> str:
    """A value in words, cut where it is long."""
    if value is MISSING:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def found(values: Sequence[str]) -> str:
    return ", ".join(map(shown, values)) or "nothing"


def _parts(given: Any, field: str, operators: Collection[str]) -> tuple[str, Any, dict[str, Any]]:
    """The operator of a pattern, what it wants, and its other members."""
    if not isinstance(given, dict):
        raise PatternInvalid(f'{field} is an object such as {{"equalTo": "…"}}, not {shown(given)}.')
    chosen = [name for name in given if name in operators]
    if len(chosen) != 1:
        _refuse(given, field, operators)
    allowed = MODIFIERS.get(chosen[0], ())
    if unknown := given.keys() - {chosen[0], *allowed}:
        there = f"there are: {', '.join(allowed)}" if allowed else "there are none"
        raise PatternInvalid(f"{field} has no member '{min(unknown)}' beside {chosen[0]}; {there}.")
    return chosen[0], given[chosen[0]], given


def _refuse(given: dict[str, Any], field: str, operators: Collection[str]) -> NoReturn:
    hint = "; compare with equalToJson and ignoreExtraElements" if "matchesJsonPath" in given else ""
    names = ", ".join(sorted(given)) or "nothing"
    raise PatternInvalid(f"{field} has {names}, and needs one of {', '.join(operators)}{hint}.")


def _switch(given: Any, field: str) -> bool:
    if not isinstance(given, bool):
        raise PatternInvalid(f"{field} is true or false, not {shown(given)}.")
    return given
