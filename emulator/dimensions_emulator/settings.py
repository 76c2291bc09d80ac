"""Settings: flag over environment over file over default."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

ENVIRONMENT = "DIMENSIONS_EMULATOR_"
FILE = "dimensions-emulator.toml"


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
    json: bool = False
    origins: Mapping[str, str] | None = None


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


def _format(value: Any) -> str:
    if value not in {"text", "json"}:
        raise ValueError
    return str(value)


PARSERS: Mapping[str, tuple[Callable[[Any], Any], str]] = {
    "host": (_text, "a host name or an address to listen on"),
    "port": (_whole(0, 65535), "a number from 0 (any free port) to 65535"),
    "world": (_text, "the name of a world or the path of a world file"),
    "seed": (_whole(0, 2**63 - 1), "a whole number from 0"),
    "users": (_whole(1, 1_000_000), "a number from 1 to 1000000"),
    "locale": (_texts, "locales such as en_US, separated by commas"),
    "profile": (_text, "the path of a profile file"),
    "smtp": (_address, "HOST:PORT of an SMTP server"),
    "log_format": (_format, "text or json"),
    "allowed_host": (_texts, "host names, separated by commas"),
    "max_body": (_whole(1, 1 << 30), "a number of bytes from 1 to 1073741824"),
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
            mistakes.append(f"{_shown(name, origin)} cannot be {values[name]!r}; it is {allowed}")
    if mistakes:
        raise SettingsInvalid(mistakes)
    return Settings(**chosen, origins=origins)


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
