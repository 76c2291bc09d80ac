"""The command line."""

from __future__ import annotations

import gc
import os
import sys
import time
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

import click

from dimensions_emulator import __version__
from dimensions_emulator.settings import ENVIRONMENT, FILE, PARSERS, SettingsInvalid, resolve

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
}
WIDE = 250
MANY = {"locale", "allowed_host"}


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="dimensions-emulator")
def main() -> None:
    """A local stand-in for the Dimensions Customer Users API."""


@main.command()
@click.option(
    "--config",
    type=click.Path(),
    envvar=f"{ENVIRONMENT}CONFIG",
    help=f"Settings file.  [{FILE} if it is here]",
)
@click.option("--json", "json", is_flag=True, default=None, help="Print one JSON line when ready.")
def serve(config: str | None, **flags: Any) -> None:
    """Start the server and print what you need to call it."""
    gc.disable()  # until the seed world is there: nothing made before is garbage
    from dimensions_emulator import serving  # noqa: PLC0415  the other commands start without it

    try:
        settings = resolve(flags, os.environ, Path(config or FILE), required=config is not None)
    except SettingsInvalid as fault:
        _fail(fault.args[0])
    try:
        serving.run(settings)
    except serving.CannotServe as fault:
        _fail(fault.args[0])


for _name in PARSERS:
    if _name in HELP:
        _flag = "--" + _name.replace("_", "-")
        serve = click.option(_flag, _name, multiple=_name in MANY, help=HELP[_name])(serve)


@main.command()
@click.argument("url", default="http://127.0.0.1:4020")
@click.option("--timeout", type=click.FloatRange(min=0), default=30.0, show_default=True, help="In seconds.")
def wait(url: str, timeout: float) -> None:
    """Wait until the server at URL is ready; exit 1 if it is not in time."""
    _check_url(url)
    opener = build_opener(ProxyHandler({}))
    deadline, reason = time.monotonic() + timeout, "no answer"
    while True:
        left = deadline - time.monotonic()
        try:
            with opener.open(
                f"{url.rstrip('/')}/_emulator/readyz", timeout=max(min(left, 5.0), 0.1)
            ) as answer:
                if "X-Emulator" in answer.headers:
                    return
                reason = "something else answers there"
        except HTTPError as fault:
            reason = f"it answers {fault.code}"
        except (OSError, HTTPException) as fault:
            reason = str(getattr(fault, "reason", fault)).strip() or "no answer"
        if time.monotonic() >= deadline:
            _fail([f"{url} was not ready within {timeout:g} s: {reason}"], status=1)
        time.sleep(min(0.05, max(left, 0)))


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


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        sound = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        sound = False
    if not sound or not url.isprintable() or " " in url:
        _fail([f"'{url}' is not a URL such as http://127.0.0.1:4020"])


def _fail(mistakes: list[str], status: int = 2) -> None:
    for mistake in mistakes:
        click.echo(f"dimensions-emulator: {mistake}", err=True)
    sys.exit(status)
