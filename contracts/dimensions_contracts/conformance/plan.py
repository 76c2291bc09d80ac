"""The plan: which cases a run is made of, and which requests they would send."""

from __future__ import annotations

import fnmatch
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from dimensions_contracts.conformance import case_files, compiler, sending
from dimensions_contracts.conformance.observations import text_of
from dimensions_contracts.conformance.options import CannotRun

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from dimensions_contracts.catalog import Catalog
    from dimensions_contracts.conformance.compiler import Case
    from dimensions_contracts.conformance.options import Options
    from dimensions_contracts.conformance.places import Place
    from dimensions_contracts.conformance.run import Run
    from dimensions_contracts.conformance.runner import Runner


UNLISTED = (
    "Not listed: the readings that a run begins with, the deletions that it ends with, and what the engine "
    "and the state machine make up while it lasts."
)


def cases(options: Options, catalog: Catalog, places: Mapping[str, Place]) -> list[Case]:
    """The cases of the sources, rules and tags that were asked for."""
    wanted = selected(options.rules, catalog)
    return [
        case
        for case in _all(options, catalog, places)
        if (wanted >= catalog.rules.keys() or wanted & set(case.rules))
        and (not options.tags or case.tags & set(options.tags))
    ]


def selected(patterns: Sequence[str], catalog: Catalog) -> set[str]:
    """The rules that the patterns name: all if there are none; a pattern after ! takes rules away.

    Raises `CannotRun` for a pattern that fits none, and if none is left.
    """
    chosen = [pattern.upper() for pattern in patterns]
    for pattern in chosen:
        if not any(_fits(rule, [pattern.removeprefix("!")]) for rule in catalog.rules):
            raise CannotRun(f"--rules {pattern} fits no rule; dimensions-contracts rules lists them.")
    wanted = [pattern for pattern in chosen if not pattern.startswith("!")]
    unwanted = [pattern[1:] for pattern in chosen if pattern.startswith("!")]
    rules = {rule for rule in catalog.rules if not wanted or _fits(rule, wanted)}
    kept = {rule for rule in rules if not _fits(rule, unwanted)}
    if not kept:
        raise CannotRun(f"--rules {','.join(patterns)} leaves no rule to judge; take less away.")
    return kept


def judged(options: Options, catalog: Catalog, chosen: Sequence[Case]) -> list[str]:
    """The rules that a run gives a verdict on: those asked for; with tags, those its cases are about."""
    wanted = selected(options.rules, catalog)
    if not options.tags:
        return sorted(wanted)
    told = wanted.intersection(rule for case in chosen for rule in case.rules)
    if not told:
        raise CannotRun(
            f"no case has a tag of --tags {','.join(options.tags)}; leave it out, or name others."
        )
    return sorted(told)


def matrix(catalog: Catalog) -> dict[str, Counter[str]]:
    """How many cases of the sources that are written or expanded beforehand are about each rule."""
    from dimensions_contracts.conformance import grid  # noqa: PLC0415

    counts = {rule: Counter[str]() for rule in catalog.rules}
    for source, case in (*case_files.load(), *(("grid", case) for case in grid.cases(catalog, {}))):
        for rule in compiler.compiled(case, source, catalog).rules:
            counts[rule][source] += 1
    return counts


def about(rule: str, catalog: Catalog) -> tuple[dict[str, str], int]:
    """The hand-written cases about a rule, with their titles, and how many the grid has."""
    from dimensions_contracts.conformance import grid  # noqa: PLC0415

    written = {}
    for source, case in case_files.load():
        if rule in compiler.compiled(case, source, catalog).rules:
            written[case["id"].partition(".")[0]] = case["title"]
    expanded = sum(rule in compiler.compiled(case, "grid", catalog).rules for case in grid.cases(catalog, {}))
    return written, expanded


def lines(case: Case, going: Run, runner: Runner) -> Iterator[dict[str, Any]]:
    """Every request of a case with the rules it is about, or the case with the reason why it is left out."""
    about = {"case": case.id, "source": case.source}
    reason = going.capabilities().lacking(case.needs)
    if reason is not None:
        yield {**about, "rules": list(case.rules), "skip": reason}
        return
    places = {**going.places}
    bindings = runner.bindings(places)
    for step in case.steps:
        if runner.meets(step):
            ready = bindings.shown(dict(step))
            request = sending.request(ready, places[ready.get("in", "main")])
            rules = list(dict.fromkeys(compiler.rule_of(check) for check in step["checks"]))
            body, _ = text_of(request.body)
            yield {
                **about,
                "rules": rules,
                "method": request.method,
                "path": unquote(request.path) if "${" in unquote(request.path) else request.path,
                "as": request.caller,
                "body": body,
            }


def told(line: Mapping[str, Any]) -> str:
    """One line of the plan for people."""
    rules = ", ".join(line["rules"]) or "setup"
    if "skip" in line:
        return f"skip    {line['case']}: {line['skip']}  [{rules}]"
    return f"{line['method']:7} {line['path']}  [{rules}]"


def _fits(rule: str, patterns: Collection[str]) -> bool:
    return any(fnmatch.fnmatchcase(rule, pattern) for pattern in patterns)


def _all(options: Options, catalog: Catalog, places: Mapping[str, Place]) -> Iterator[Case]:
    for source, case in _sources(options, catalog, places):
        if source in options.sources:
            yield compiler.compiled(case, source, catalog)


def _sources(
    options: Options, catalog: Catalog, places: Mapping[str, Place]
) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from case_files.load()
    if "grid" in options.sources and options.mode != "read-only":
        from dimensions_contracts.conformance import grid  # noqa: PLC0415  a read-only run has no use for it

        yield from (("grid", case) for case in grid.cases(catalog, places))
    if "coverage" in options.sources:
        from dimensions_contracts import openapi  # noqa: PLC0415
        from dimensions_contracts.conformance import coverage  # noqa: PLC0415  slow to import

        document = openapi.document(catalog, "0")
        writes = options.mode != "read-only"
        yield from (("coverage", case) for case in coverage.cases(document, places, writes=writes))
