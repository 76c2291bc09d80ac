"""Settings: flag over environment over file over default."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

ENVIRONMENT = "DIMENSIONS_EMULATOR_"
FILE = "dimensions-emulator.toml"
SECRETS = frozenset({"admin_token"})
SHORTEST_SECRET = 8
SEED_LIMIT = 2**63 - 1
ORIGIN = re.compile(r"https?://[^/?#@\s,]+")


class SettingsInvalid(ValueError):
    """Settings with mistakes; `args[0]` lists every one of them in a sentence of its own."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting of the server; `origins` tells where each value came from."""

    host: str = "127.0.0.1"
    port: int = 4020
    world: str = "office"
    seed: int | None = None
    users: int | None = None
    locale: tuple[str, ...] = ()
    profile: str | None = None
    smtp: tuple[str, int] | None = None
    log_format: str = "text"
    allowed_host: tuple[str, ...] = ()
    max_body: int = 1 << 20
    unix_socket: str | None = None
    tls: bool = False
    tls_name: tuple[str, ...] = ()
    tls_directory: str | None = None
    cors: tuple[str, ...] = ("*",)
    state: str | None = None
    state_interval: int = 60
    admin_token: str | None = None
    no_admin: bool = False
    max_sessions: int = 1000
    session_idle: int = 3600
    journal: int = 1000
    journal_bytes: int = 64 << 20
    rate_limit: tuple[int, int] | None = None
    activation_lifetime: int = 7 * 24 * 3600
    max_users: int = 200_000
    max_mails: int = 10_000
    max_charges: int = 100_000
    max_waiting: int = 100
    json: bool = False
    origins: Mapping[str, str] | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """What nothing that the server tells may show."""
        return () if self.admin_token is None else (self.admin_token,)


def _whole(least: int, most: int) -> Callable[[Any], int]:
    def parse(value: Any) -> int:
        number = int(str(value))
        if isinstance(value, bool) or not least <= number <= most:
            raise ValueError
        return number

    return parse


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError
    return value


def _switch(value: Any) -> bool:
    return {"true": True, "1": True, "false": False, "0": False}[str(value).lower()]


def _texts(value: Any) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    return tuple(_text(part.strip()) for part in parts)


def _address(value: Any) -> tuple[str, int]:
    host, colon, port = _text(value).rpartition(":")
    if not colon or not host:
        raise ValueError
    return host.strip("[]"), _whole(1, 65535)(port)


def _secret(value: Any) -> str:
    text = _text(value)
    if len(text) < SHORTEST_SECRET or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError
    return text


def _origins(value: Any) -> tuple[str, ...]:
    origins = _texts(value)
    if origins in {("off",), ("*",)}:
        return () if origins == ("off",) else origins
    if not all(ORIGIN.fullmatch(origin) for origin in origins):
        raise ValueError
    return origins


def _rate(value: Any) -> tuple[int, int]:
    requests, slash, seconds = _text(value).partition("/")
    return _whole(1, 1_000_000)(requests), _whole(1, 86_400)(seconds if slash else 1)


def _format(value: Any) -> str:
    if value not in {"text", "json"}:
        raise ValueError
    return str(value)


PARSERS: Mapping[str, tuple[Callable[[Any], Any], str]] = {
    "host": (_text, "a host name or an address to listen on"),
    "port": (_whole(0, 65535), "a number from 0 (any free port) to 65535"),
    "world": (_text, "the name of a world or the path of a world file"),
    "seed": (_whole(0, SEED_LIMIT), "a whole number from 0"),
    "users": (_whole(1, 1_000_000), "a number from 1 to 1000000"),
    "locale": (_texts, "locales such as en_US, separated by commas"),
    "profile": (_text, "the path of a profile file"),
    "smtp": (_address, "HOST:PORT of an SMTP server"),
    "log_format": (_format, "text or json"),
    "allowed_host": (_texts, "host names, separated by commas"),
    "max_body": (_whole(1, 1 << 30), "a number of bytes from 1 to 1073741824"),
    "unix_socket": (_text, "the path of a socket to listen on instead of host and port"),
    "tls": (_switch, "true or false"),
    "tls_name": (_texts, "host names or addresses that the certificate covers too, separated by commas"),
    "tls_directory": (_text, "the path of a directory for the certificate authority"),
    "cors": (_origins, "* for all origins, origins such as https://app.example separated by commas, or off"),
    "state": (_text, "the path of a file that keeps the state"),
    "state_interval": (_whole(0, 86_400), "a number of seconds up to 86400, 0 for on stop alone"),
    "admin_token": (_secret, f"at least {SHORTEST_SECRET} printable ASCII characters without blanks"),
    "no_admin": (_switch, "true or false"),
    "max_sessions": (_whole(1, 100_000), "a number from 1 to 100000"),
    "session_idle": (_whole(0, 30 * 86_400), "a number of seconds up to 2592000, 0 for never"),
    "journal": (_whole(0, 100_000), "a number of entries up to 100000, 0 for no journal"),
    "journal_bytes": (_whole(1 << 16, 1 << 34), "a number of bytes from 65536 to 17179869184"),
    "rate_limit": (_rate, "REQUESTS/SECONDS, such as 10/1"),
    "activation_lifetime": (_whole(1, 10 * 365 * 86_400), "a number of seconds from 1 to 315360000"),
    "max_users": (_whole(1, 10_000_000), "a number from 1 to 10000000"),
    "max_mails": (_whole(1, 1_000_000), "a number from 1 to 1000000"),
    "max_charges": (_whole(1, 10_000_000), "a number from 1 to 10000000"),
    "max_waiting": (_whole(1, 1000), "a number from 1 to 1000"),
    "json": (_switch, "true or false"),
}


def resolve(
    flags: Mapping[str, Any], environ: Mapping[str, str], file: Path | None = None, *, required: bool = False
) -> Settings:
    """The settings that these sources give; raises `SettingsInvalid` with every mistake at once.

    `file` is read if it exists, and must exist if `required`. Flags that are None or empty are not given.
    """
    sources: list[tuple[str, Mapping[str, Any]]] = [
        ("flag", {name: value for name, value in flags.items() if value not in (None, ())}),
        (
            "environment",
            {name: environ[key] for name in PARSERS if (key := ENVIRONMENT + name.upper()) in environ},
        ),
        (f"file {file}", _file(file, required=required) if file else {}),
    ]
    mistakes = [
        f"{_shown(name, origin)} is not a setting; there are: {', '.join(sorted(PARSERS))}"
        for origin, values in sources
        for name in values
        if name not in PARSERS
    ]
    chosen: dict[str, Any] = {}
    origins = {field.name: "default" for field in fields(Settings) if field.name != "origins"}
    for name, (parse, allowed) in PARSERS.items():
        origin, values = next(((origin, values) for origin, values in sources if name in values), ("", {}))
        if not origin:
            continue
        try:
            chosen[name], origins[name] = parse(values[name]), origin
        except (ValueError, KeyError, TypeError, AttributeError):
            given = "what was given" if name in SECRETS else repr(values[name])
            mistakes.append(f"{_shown(name, origin)} cannot be {given}; it is {allowed}")
    mistakes += _apart(chosen, origins)
    mistakes += _clashes(Settings(**chosen)) if not mistakes else []
    if mistakes:
        raise SettingsInvalid(mistakes)
    return Settings(**chosen, origins=origins)


def _apart(chosen: Mapping[str, Any], origins: Mapping[str, str]) -> list[str]:
    """What is given beside what takes its place, or without what it goes with."""
    given = {name: _shown(name, origins[name]) for name in chosen}
    replaced = ("host", "port", "tls") if "unix_socket" in given else ()
    lonely = ("tls_name", "tls_directory") if not chosen.get("tls") else ()
    return [
        *(
            f"{given[name]} does not go with {given['unix_socket']}"
            for name in replaced
            if name != "tls" or chosen.get(name)
            if name in given
        ),
        *(f"{given[name]} goes with --tls" for name in lonely if name in given),
    ]


def _clashes(settings: Settings) -> list[str]:
    """What does not go together."""
    strangers = settings.unix_socket is None and not _is_loopback(settings.host)
    if settings.no_admin and settings.admin_token is not None:
        return ["--no-admin and --admin-token exclude each other"]
    if strangers and not settings.no_admin and settings.admin_token is None:
        way_out = "protect /_emulator with --admin-token SECRET, or leave it out with --no-admin"
        return [f"--host {settings.host} lets other machines in: {way_out}"]
    return []


def _is_loopback(host: str) -> bool:
    try:
        return host.lower() == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _file(path: Path, *, required: bool) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415  for a file alone

    try:
        parsed = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        if required:
            raise SettingsInvalid([f"the settings file {path} does not exist"]) from None
        return {}
    except (OSError, ValueError) as fault:
        raise SettingsInvalid([f"the settings file {path} cannot be read: {fault}"]) from None
    return {name.replace("-", "_"): value for name, value in parsed.items()}


def _shown(name: str, origin: str) -> str:
    if origin == "flag":
        return "--" + name.replace("_", "-")
    if origin == "environment":
        return ENVIRONMENT + name.upper()
    return f"{name} in {origin}"
