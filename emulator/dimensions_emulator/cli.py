"""The command line."""

from __future__ import annotations

import gc
import os
import sys
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

import click

from dimensions_emulator import __version__
from dimensions_emulator.settings import ENVIRONMENT, FILE, PARSERS, SettingsInvalid, resolve

if TYPE_CHECKING:
    from dimensions_emulator.settings import Settings

HELP = {
    "host": "Where to listen.  [127.0.0.1]",
    "port": "Port to listen on, 0 for any free one.  [4020]",
    "world": "A named world or a world file.  [office]",
    "seed": "Seed of people and ids; without it new ids are random.",
    "users": "How many users the named world has.",
    "locale": "Locale of the people; repeatable.",
    "profile": "File that answers the open decisions.",
    "smtp": "HOST:PORT of an SMTP server that gets every mail too.",
    "log_format": "text or json.  [text]",
    "allowed_host": "Another host name for /_emulator; repeatable.",
    "max_body": "Largest request body in bytes.  [1048576]",
    "unix_socket": "Listen on this Unix socket instead of host and port.",
    "tls": "Serve HTTPS with a certificate of an authority of its own.",
    "tls_name": "Another name that the certificate covers; repeatable.",
    "tls_directory": "Keep the certificate authority here between starts.",
    "cors": "Origins whose pages may use the API, or off.  [*]",
    "state": "File to start from if it is there, and to save the state to.",
    "state_interval": "Seconds between saves, 0 for on stop alone.  [60]",
    "admin_token": "Secret that /_emulator asks for.",
    "no_admin": "Serve no /_emulator.",
    "max_sessions": "Most sessions at once.  [1000]",
    "session_idle": "Seconds after which an idle session goes, 0 for never.  [3600]",
    "journal": "Requests that the journal of a session keeps, 0 for none.  [1000]",
    "journal_bytes": "Bytes that all journals keep.  [67108864]",
    "rate_limit": "REQUESTS/SECONDS that each caller may send.",
    "activation_lifetime": "Seconds for which an activation link works.  [604800]",
    "max_users": "Most users of a session.  [200000]",
    "max_mails": "Mails that a session keeps.  [10000]",
    "max_charges": "Charges that a session keeps.  [100000]",
    "max_waiting": "Most requests that wait at once.  [100]",
}
USUAL = "http://127.0.0.1:4020"
WIDE = 250
MANY = {"locale", "allowed_host", "tls_name", "cors"}
SWITCHES = {"tls", "no_admin"}


class Number(click.FloatRange):
    """A number in a range; `nan` is in none, though no comparison says so."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if isnan(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="dimensions-emulator")
def main() -> None:
    """A local stand-in for the Dimensions Customer Users API."""


def _configurable(command: Any) -> Any:
    """Give a command an option for every setting of the server, and one for the file of settings."""
    for name in reversed([*PARSERS]):
        if name in HELP:
            kind = {"is_flag": True, "default": None} if name in SWITCHES else {"multiple": name in MANY}
            command = click.option("--" + name.replace("_", "-"), name, help=HELP[name], **kind)(command)
    file = f"Settings file.  [{FILE} if it is here]"
    return click.option("--config", type=click.Path(), envvar=f"{ENVIRONMENT}CONFIG", help=file)(command)


@main.command()
@_configurable
@click.option("--json", "json", is_flag=True, default=None, help="Print one JSON line when ready.")
def serve(config: str | None, **flags: Any) -> None:
    """Start the server and print what you need to call it."""
    gc.disable()  # until the seed world is there: nothing made before is garbage
    from dimensions_emulator import serving, state_file  # noqa: PLC0415  the other commands start without

    try:
        serving.run(_settings(config, flags))
    except serving.CannotServe as fault:
        _fail(fault.args[0])
    except state_file.NotSaved as fault:
        _fail([fault.args[0]], status=1)


@main.command("exec", context_settings={"allow_interspersed_args": False})
@_configurable
@click.option(
    "--min-coverage",
    type=Number(0, 100),
    metavar="PERCENT",
    help="Exit 1 if the command meets less of the API.",
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def execute(config: str | None, min_coverage: float | None, command: tuple[str, ...], **flags: Any) -> None:
    """Run COMMAND beside a server of its own, on a free port unless --port says another.

    COMMAND finds it by DIMENSIONS_BASE_URL, DIMENSIONS_URL, DIMENSIONS_TOKEN, DIMENSIONS_CUSTOMER_ID,
    DIMENSIONS_ACCOUNT_ID and DIMENSIONS_EMULATOR_URL. The exit code is that of COMMAND.
    """
    from dimensions_emulator import execution, serving, state_file  # noqa: PLC0415  the others start without

    try:
        status = execution.run(_settings(config, flags), command, min_coverage)
    except serving.CannotServe as fault:
        _fail(fault.args[0])
    except state_file.NotSaved as fault:
        _fail([fault.args[0]], status=1)
    sys.exit(status)


@main.command()
@click.argument("url", required=False)
@click.option("--unix-socket", metavar="PATH", help="Where the server listens, in place of a URL.")
@click.option("--timeout", type=Number(min=0), default=30.0, show_default=True, help="In seconds.")
def wait(url: str | None, unix_socket: str | None, timeout: float) -> None:
    """Wait until a server is ready, by default at http://127.0.0.1:4020; exit 1 if it is not in time."""
    from dimensions_emulator import readiness  # noqa: PLC0415  the others start without

    if url is not None and unix_socket is not None:
        _fail(["URL does not go with --unix-socket"])
    where = USUAL if url is None else url
    _check_url(where)
    try:
        readiness.wait(where, timeout, unix_socket)
    except readiness.NotReady as late:
        place = where if unix_socket is None else f"the socket '{unix_socket}'"
        _fail([f"{place} was not ready within {timeout:g} s: {late.args[0]}"], status=1)


@main.command()
def roles() -> None:
    """Print the role catalogue."""
    from rich.console import Console  # noqa: PLC0415  slow to import
    from rich.table import Table  # noqa: PLC0415

    from dimensions_contracts import catalog  # noqa: PLC0415

    table = Table(box=None, pad_edge=False)
    for title in ("Key", "Name", "Group", "Prerequisites", "Licensed", "Read-only"):
        table.add_column(title, no_wrap=title == "Key")
    for role in catalog.load().roles.values():
        marks = ["yes" if fact else "no" for fact in (role.licensed, role.read_only)]
        table.add_row(role.key, role.name, role.group, ", ".join(role.prerequisites) or "-", *marks)
    terminal = sys.stdout.isatty()
    Console(width=None if terminal else 200).print(table)


@main.command()
@click.argument("path", default="world.yaml", type=click.Path(dir_okay=False, path_type=Path))
def init(path: Path) -> None:
    """Write a commented world file to start from."""
    from dimensions_emulator import world_file  # noqa: PLC0415

    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(world_file.starter())
    except FileExistsError:
        _fail([f"{path} exists already; name another file"])
    except OSError as fault:
        _fail([f"{path} cannot be written: {fault.strerror}"])
    click.echo(f"Wrote {path}. Start with: dimensions-emulator serve --world {path}")


def _settings(config: str | None, flags: dict[str, Any]) -> Settings:
    try:
        return resolve(flags, os.environ, Path(config or FILE), required=config is not None)
    except SettingsInvalid as fault:
        _fail(fault.args[0])


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna")  # raises where a label is empty or too long
        sound = parts.scheme in {"http", "https"} and host and parts.port != 0
    except ValueError:
        sound = False
    if not (sound and url.isascii() and url.isprintable()) or " " in url:
        _fail([f"'{url}' is not a URL such as {USUAL}"])


def _fail(mistakes: list[str], status: int = 2) -> NoReturn:
    for mistake in mistakes:
        click.echo(f"dimensions-emulator: {mistake}", err=True)
    sys.exit(status)
