"""The commands of the suite: check, plan, judge, calibrate and cleanup."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dimensions_contracts.conformance.options import DOMAIN, MODES, SOURCES

if TYPE_CHECKING:
    from collections.abc import Callable


FILE = click.Path(dir_okay=False, path_type=Path)
EXIT = """\b
Exit codes: 0 conforms, 1 violations, 2 could not run, 3 ran but incomplete,
4 clean-up incomplete, 130 interrupted (after clean-up)."""


TARGET = (
    click.argument("url"),
    click.option("--token", envvar="DIMENSIONS_TOKEN", help="Bearer token; or DIMENSIONS_TOKEN."),
    click.option("--token-file", type=FILE, help="File that holds the token."),
    click.option("--customer", envvar="DIMENSIONS_CUSTOMER_ID", required=True, help="Customer to work in."),
    click.option(
        "--account", envvar="DIMENSIONS_ACCOUNT_ID", help="Its reseller: the enterprise prefix, too."
    ),
    click.option("--country", help="Country code of the customer, where the target does not tell."),
    click.option("--other-token", envvar="DIMENSIONS_OTHER_TOKEN", help="Token of a second reseller."),
    click.option("--other-customer", help="A customer of that reseller."),
    click.option("--device", help="Platform device to tie to --device-user."),
    click.option("--device-user", help="The user to whom the device belongs."),
    click.option(
        "--mode", type=click.Choice(MODES), default=MODES[0], show_default=True, help="How far to go."
    ),
    click.option("--i-own", "owned_host", metavar="HOST", help="For --mode full: the host again."),
    click.option("--allow-charges", is_flag=True, help="Give licensed roles to own users."),
    click.option("--allow-mail", is_flag=True, help="Send mails to own users."),
    click.option("--mail-domain", default=DOMAIN, show_default=True, help="Domain of own users' addresses."),
    click.option("--rules", multiple=True, metavar="PATTERN", help="Rules, such as ROLE-* or !ADMIN-LAST."),
    click.option("--tags", multiple=True, help="Cases with one of these tags."),
    click.option("--sources", help=f"Where cases come from: {','.join(SOURCES)}."),
    click.option("--engine", is_flag=True, help="Let engine and state machine loose on an empty customer."),
    click.option("--profile", type=FILE, help="File that answers the open decisions."),
    click.option("--waivers", type=FILE, help="File of known deviations."),
    click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Repeat the requests of a run."),
    click.option("--budget-seconds", type=click.FloatRange(1), help="Begin no case after that."),
    click.option("--max-requests", type=click.IntRange(1), help="Send no more than that."),
    click.option("--rate", type=click.FloatRange(0.1), help="Requests a second.  [20; none on an emulator]"),
    click.option(
        "--timeout", type=click.FloatRange(0.1, 600), default=15.0, show_default=True, help="A call's."
    ),
    click.option("--ca-file", type=FILE, help="Certificates to trust."),
)


def _target(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say where, as whom and how far."""
    for option in reversed(TARGET):
        command = option(command)
    return command


@click.command(epilog=EXIT)
@_target
@click.option(
    "--report", "reports", multiple=True, metavar="KIND=FILE", help="junit, json or html; repeatable."
)
@click.option(
    "--ledger", type=FILE, help="Where to note what was created.  [in this folder, until all is gone]"
)
@click.option("--log", type=FILE, help="Write every call and answer to this file.")
@click.option("--strict", is_flag=True, help="Count differences as violations, and judge all rules.")
@click.option("--quiet", is_flag=True, help="Print the verdict alone.")
def check(**given: Any) -> None:
    """Check the deployment at URL against the contract."""
    _run("check", given)


@click.command()
@_target
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a request.")
def plan(**given: Any) -> None:
    """List every request that check would send, and send none that writes."""
    _run("plan", given)


@click.command()
@_target
@click.option("--output", type=FILE, required=True, help="The profile to write.")
@click.option("--name", default="calibrated", show_default=True, help="Its name.")
@click.option("--ledger", type=FILE, help="Where to note what was created.")
def calibrate(**given: Any) -> None:
    """Find out how the deployment at URL decides what the documentation leaves open."""
    _run("calibrate", given)


@click.command()
@click.argument("log", type=FILE)
@click.option("--profile", type=FILE, help="File that answers the open decisions.")
@click.option("--waivers", type=FILE, help="File of known deviations.")
@click.option("--rules", multiple=True, metavar="PATTERN", help="Rules to judge.")
@click.option(
    "--report", "reports", multiple=True, metavar="KIND=FILE", help="junit, json or html; repeatable."
)
@click.option("--strict", is_flag=True, help="Count differences as violations, and judge all rules.")
@click.option("--quiet", is_flag=True, help="Print the verdict alone.")
def judge(**given: Any) -> None:
    """Judge a saved log again, without sending anything."""
    _run("judge", given)


@click.command()
@click.argument("url")
@click.option("--ledger", type=FILE, required=True, help="The ledger of the run.")
@click.option("--token", envvar="DIMENSIONS_TOKEN", help="Bearer token; or DIMENSIONS_TOKEN.")
@click.option("--token-file", type=FILE, help="File that holds the token.")
@click.option("--other-token", envvar="DIMENSIONS_OTHER_TOKEN", help="Token of the second reseller.")
@click.option("--timeout", type=click.FloatRange(0.1, 600), default=15.0, show_default=True, help="A call's.")
@click.option("--ca-file", type=FILE, help="Certificates to trust.")
def cleanup(**given: Any) -> None:
    """Remove what a killed run left behind at URL."""
    _run("cleanup", given)


COMMANDS = (check, plan, calibrate, judge, cleanup)


def _run(name: str, given: dict[str, Any]) -> None:
    try:
        from dimensions_contracts.conformance import entry  # noqa: PLC0415  the other commands do without it

        code = getattr(entry, name)(given)
    except ModuleNotFoundError as missing:
        click.echo(
            f"dimensions-contracts: {missing.name} is missing; pip install 'dimensions-emulator[contracts]'",
            err=True,
        )
        code = 2
    sys.exit(code)
