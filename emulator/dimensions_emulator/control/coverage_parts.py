"""What there is to be met, and what of it was."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dimensions_contracts.operations import OPERATIONS
from dimensions_emulator.control.mail_filter import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dimensions_contracts.catalog import Catalog, Rule
    from dimensions_contracts.profile import Profile
    from dimensions_emulator.sandbox.coverage import Coverage

UNEXPECTED = "InternalError"
"""The error that nobody should meet, and no coverage asks for."""

MAILS = dict(zip(KINDS, ("Activate the account.", "Welcome to the UC client."), strict=True))


@dataclass(frozen=True, slots=True)
class Part:
    """Things that can be met, with what they are, and how often each was."""

    name: str
    words: Mapping[str, str]
    counts: Mapping[str, int]

    @property
    def met(self) -> int:
        return sum(1 for name in self.words if self.counts.get(name))

    @property
    def never(self) -> list[str]:
        return [name for name in self.words if not self.counts.get(name)]

    def listed(self) -> list[dict[str, Any]]:
        return [{"id": name, "count": self.counts.get(name, 0)} for name in self.words]


def parts(catalog: Catalog, profile: Profile, coverage: Coverage) -> tuple[Part, ...]:
    """Operations, error codes, rules and mails; of errors and rules those that the profile lets happen."""
    refusing = {rule.id: found for rule in catalog.rules.values() if (found := _errors(rule, profile))}
    reached = {error for found in refusing.values() for error in found}
    errors = {
        key: f"{error.status} {error.message or ''}".rstrip()
        for key, error in catalog.errors.items()
        if key in reached
    }
    return (
        Part("operations", {one.id: one.summary for one in OPERATIONS}, _operations(coverage)),
        Part("errors", errors, _counts(_met_errors(catalog, coverage))),
        Part(
            "rules", {name: catalog.rules[name].statement for name in refusing}, _counts(_met_rules(coverage))
        ),
        Part("mails", MAILS, coverage.mails),
    )


def percent(parts: Iterable[Part]) -> float:
    """The share of what was met, cut after one digit, so that 100 means all."""
    parts = tuple(parts)
    return sum(part.met for part in parts) * 1000 // sum(len(part.words) for part in parts) / 10


def statuses(coverage: Coverage, operation: str) -> dict[str, int]:
    """How an operation was answered; 0 is a broken answer."""
    found = {status: row.count for (name, status), row in coverage.answers.items() if name == operation}
    return {str(status): found[status] for status in sorted(found)}


def _errors(rule: Rule, profile: Profile) -> set[str]:
    """The errors with which a rule can refuse under a profile."""
    of_steps = {step.refuse for step in rule.steps}
    chosen = {step.refuse for step in rule.steps if step.refuse and profile.allows(step.when)}
    return ({error for error in rule.refuses if error not in of_steps} | chosen) - {UNEXPECTED}


def _operations(coverage: Coverage) -> Counter[str]:
    return _counts((name, row.count) for (name, _), row in coverage.answers.items() if name is not None)


def _met_rules(coverage: Coverage) -> Iterator[tuple[str, int]]:
    return ((rule, count) for (rule, _), count in coverage.refusals.items())


def _met_errors(catalog: Catalog, coverage: Coverage) -> Iterator[tuple[str, int]]:
    """Errors of refusals, and those of the same code that faults have answered with."""
    yield from ((error, count) for (_, error), count in coverage.refusals.items())
    yield from ((key, coverage.codes[error.code]) for key, error in catalog.errors.items() if error.code)


def _counts(pairs: Iterable[tuple[str, int]]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for name, count in pairs:
        counts[name] += count
    return counts
