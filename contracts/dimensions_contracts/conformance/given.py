"""What was given on the command line, as options of a run."""

from __future__ import annotations

import re
import secrets
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dimensions_contracts.conformance import bodies, guids
from dimensions_contracts.conformance.options import SOURCES, CannotRun, Options

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    Given = dict[str, Any]

SEEDS = 2**32
URL_SAFE = re.compile("[0-9A-Za-z{}-]+")
ODD = "the token of {} has characters that no bearer token has; give it without 'Bearer' and quotes."


@dataclass(frozen=True, slots=True)
class Cleaning:
    """A clean-up: where, as whom, by which ledger."""

    url: str
    token: str = field(repr=False)
    other_token: str | None = field(repr=False)
    ledger: Path
    timeout: float
    ca_file: Path | None


def options(asked: Given) -> Options:
    """The options of a run; raises `CannotRun` with every mistake."""
    token = _sound(asked, _mistakes(asked))
    seed = asked["seed"] if asked["seed"] is not None else secrets.randbelow(SEEDS)
    device = (asked["device_user"], asked["device"]) if asked["device"] else None
    return Options(
        url=asked["url"].rstrip("/"),
        token=token,
        customer=asked["customer"],
        account=asked["account"],
        other_token=asked["other_token"],
        other_customer=asked["other_customer"],
        device=device,
        mode=asked["mode"],
        allow_charges=asked["allow_charges"],
        allow_mail=asked["allow_mail"],
        mail_domain=asked["mail_domain"].lower(),
        country=asked["country"],
        owned_host=asked["owned_host"],
        engine=asked["engine"],
        sources=_chosen(asked),
        rules=_many(asked["rules"]),
        tags=_many(asked["tags"]),
        seed=seed,
        budget=asked["budget_seconds"],
        max_requests=asked["max_requests"],
        rate=asked["rate"],
        timeout=asked["timeout"],
        ca_file=asked["ca_file"],
        ledger=asked.get("ledger"),
        log=asked.get("log"),
    )


def cleaning(asked: Given) -> Cleaning:
    """The options of a clean-up; raises `CannotRun` with every mistake."""
    token = _sound(asked, [_url_mistake(asked["url"]), _ca_mistake(asked["ca_file"]), _other_mistake(asked)])
    url = asked["url"].rstrip("/")
    return Cleaning(url, token, asked["other_token"], asked["ledger"], asked["timeout"], asked["ca_file"])


def _many(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part.strip() for value in values for part in value.split(",") if part.strip())


def _sound(asked: Given, mistakes: Iterable[str | None]) -> str:
    """The token, if there is no mistake in anything."""
    found = [mistake for mistake in mistakes if mistake]
    try:
        token = _token(asked)
    except CannotRun as fault:
        found += fault.sentences
    if found:
        raise CannotRun(*found)
    return token


def _mistakes(asked: Given) -> Iterator[str | None]:
    yield _url_mistake(asked["url"])
    for name in ("customer", "account", "other_customer", "device_user"):
        yield _id_mistake(name, asked[name])
    yield _pair(asked, "other_customer", "other_token")
    yield _pair(asked, "device", "device_user")
    yield _other_mistake(asked)
    yield _domain_mistake(asked)
    yield _ca_mistake(asked["ca_file"])
    known = ", ".join(SOURCES)
    for name in _chosen(asked):
        yield None if name in SOURCES else f"there is no source {name!r} for --sources; there are: {known}."


def _chosen(asked: Given) -> tuple[str, ...]:
    """The sources asked for; all if none were."""
    return SOURCES if asked["sources"] is None else tuple(map(str.strip, asked["sources"].split(",")))


def _url_mistake(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        sound = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        sound = False
    if not sound or not url.isprintable() or " " in url:
        return f"{url!r} is not a URL such as https://host.example."
    if parts.username is not None or parts.query or parts.fragment:
        return "the URL has neither user, query nor fragment; the token goes with --token."
    if parts.path.rstrip("/").endswith("/v1.0"):
        return f"give the URL before /api/v1.0: {url.rstrip('/').removesuffix('/v1.0').removesuffix('/api')}."
    return None


def _id_mistake(name: str, text: str | None) -> str | None:
    if text is None or (text.isascii() and URL_SAFE.fullmatch(text) and guids.usual(text)):
        return None
    flag = f"--{name.replace('_', '-')}"
    return (
        f"the id {text!r} of {flag} is no GUID such as cccccccc-0000-4000-8000-000000000001; copy it again."
    )


def _pair(asked: Given, one: str, other: str) -> str | None:
    if bool(asked[one]) == bool(asked[other]):
        return None
    flags = [f"--{name.replace('_', '-')}" for name in (one, other)]
    return f"{flags[0]} and {flags[1]} go together; give both or none."


def _other_mistake(asked: Given) -> str | None:
    token = asked["other_token"]
    if not token:
        return None
    if token == asked["token"]:
        return "--other-token is the same as --token; give the token of another reseller."
    return None if _is_token(token) else ODD.format("--other-token")


def _domain_mistake(asked: Given) -> str | None:
    domain = asked["mail_domain"].lower()
    if bodies.is_allowed(domain, bodies.RESERVED) or asked["allow_mail"]:
        return None
    return f"--mail-domain {domain} reaches people; allow that with --allow-mail, or leave it out."


def _ca_mistake(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        return f"the file {path} of --ca-file holds no certificate; it is PEM text."
    except OSError as fault:
        return f"the file {path} of --ca-file cannot be read: {fault.strerror}."
    return None


def _token(asked: Given) -> str:
    path = asked["token_file"]
    if path is not None:
        try:
            token = str(path.read_text("utf-8")).strip()
        except OSError as fault:
            raise CannotRun(f"the token file {path} cannot be read: {fault.strerror}.") from None
        except ValueError:
            raise CannotRun(f"the token file {path} is no text; write the token alone into it.") from None
    else:
        token = str(asked["token"] or "").strip()
    if not token:
        raise CannotRun("there is no token; give --token, --token-file or DIMENSIONS_TOKEN.")
    if not _is_token(token):
        raise CannotRun(ODD.format("--token" if path is None else "--token-file"))
    return token


def _is_token(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text
