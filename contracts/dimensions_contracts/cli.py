"""The command line `dimensions-contracts`."""

from __future__ import annotations

import json
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from dimensions_contracts import catalog as catalogue
from dimensions_contracts import openapi as open_api
from dimensions_contracts import schema_files
from dimensions_contracts.conformance import commands
from dimensions_contracts.versions import package_version

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO

    from dimensions_contracts.catalog import Rule


WIRE = frozenset(
    {"WIRE-SUCCESS", "WIRE-ERROR", "WIRE-KEY-ORDER", "WIRE-TIMESTAMP", "WIRE-CONTENT-TYPE", "NEVER-500"}
)


COUNTED = ("cases", "tables", "grid")
"""The sources whose cases are known before a run."""


class Unknown(click.ClickException):
    """A name that is not there, with the names that come near."""

    exit_code = 2

    def __init__(self, kind: str, name: str, names: Iterable[str]) -> None:
        known = list(names)
        near = [one for one in known if name in one][:3] or get_close_matches(name, known, n=3, cutoff=0.7)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        super().__init__(f"there is no {kind} {name}{hint}")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dimensions-emulator")
def main() -> None:
    """Show what any implementation of the Customer Users API must satisfy, and check whether one does."""


for _command in commands.COMMANDS:
    main.add_command(_command)


@main.command()
@click.option(
    "--output", type=click.File("w", encoding="utf-8", lazy=True), default="-", help="Write to this file."
)
def openapi(output: TextIO) -> None:
    """Print the OpenAPI 3.1 document as JSON."""
    output.write(_json(open_api.document(catalogue.load(), package_version())) + "\n")


@main.command()
@click.argument("name", required=False)
def schemas(name: str | None) -> None:
    """List the JSON Schemas, or print the one called NAME."""
    known = schema_files.load()
    if name is None:
        width = max(map(len, known))
        click.echo("\n".join(f"{key:{width}}  {schema['$id']}" for key, schema in known.items()))
        return
    if name.removesuffix(".json") not in known:
        raise Unknown("schema", name, known)
    click.echo(_json(known[name.removesuffix(".json")]))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def rules(*, as_json: bool) -> None:
    """Show the matrix of rules, in order of precedence, with how many cases there are about each."""
    from dimensions_contracts.conformance import plan  # noqa: PLC0415  for this command alone

    catalog = catalogue.load()
    cases = plan.matrix(catalog)
    known = catalog.rules.values()
    if as_json:
        click.echo(_json([{**_described(rule), "cases": dict(cases[rule.id])} for rule in known]))
        return
    table = Table("Rule", "Mark", *(source.title() for source in COUNTED), "Statement")
    for rule in known:
        counts = (str(cases[rule.id][source] or "-") for source in COUNTED)
        table.add_row(rule.id, rule.mark, *counts, rule.statement)
    for column in table.columns[:-1]:
        column.no_wrap = True
    Console().print(table)


@main.command()
@click.argument("rule_id")
def explain(rule_id: str) -> None:
    """Tell all that is known about the rule RULE_ID."""
    known = catalogue.load().rules
    rule = known.get(rule_id.upper())
    if rule is None:
        raise Unknown("rule", rule_id.upper(), known)
    click.echo("\n".join(_explained(rule)))


def _described(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "mark": rule.mark,
        "marks": dict(rule.marks),
        "source": rule.source,
        "statement": rule.statement,
        "verbs": _verbs(rule),
        "refuses": list(rule.refuses),
    }


def _explained(rule: Rule) -> list[str]:
    errors = catalogue.load().errors
    lines = [rule.id, rule.statement, "", f"mark    {rule.mark}"]
    lines += [f"        {part}: {mark}" for part, mark in rule.marks.items()]
    lines.append(f"source  {rule.source}")
    lines += [f"verb    {verb}" for verb in _verbs(rule)]
    lines += [
        f"error   {errors[key].status} {key}: {errors[key].message or 'no body'}" for key in rule.refuses
    ]
    lines += [f"case    {case}" for case in _cases(rule.id)]
    return lines


def _cases(rule: str) -> list[str]:
    """The cases that show something about a rule: by hand with their titles, those of the grid counted."""
    from dimensions_contracts.conformance import plan  # noqa: PLC0415  for this command alone

    written, expanded = plan.about(rule, catalogue.load())
    lines = [f"{case}  {title}" for case, title in written.items()]
    if rule in WIRE:
        lines.append("every answer of the API")
    return [*lines, *([f"{expanded} expanded from the catalogue"] if expanded else [])]


def _verbs(rule: Rule) -> list[str]:
    return list(dict.fromkeys(step.verb for step in rule.steps))


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
