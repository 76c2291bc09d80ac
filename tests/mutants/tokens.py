"""Emulators that let the wrong callers in."""

from __future__ import annotations

from dataclasses import replace

from flask import request

from dimensions_emulator.domain.errors import Refused

from . import probes
from .mutant import Mutant, around, deviant, errors
from .probes import PLAIN, calling

ANONYMOUS = "HTTP_AUTHORIZATION"


def caller(wrap):
    return around("wire.access.caller", wrap)


def anybody(world):
    """A caller who sees everything."""
    known = next(iter(world.callers.values()))
    scopes = frozenset({"onboarding"})
    return replace(known, accounts=frozenset(world.accounts), scopes=scopes, expires=None)


def _where(condition):
    """Anybody gets in under the condition."""

    def enter(original, environ, world, now):
        return anybody(world) if condition(environ) else original(environ, world, now)

    return enter


def _without_scope(original, environ, world, now):
    try:
        return original(environ, world, now)
    except Refused as no:
        if no.rule == "AUTH-SCOPE":
            return anybody(world)
        raise


def _wrong_token(original, environ, world, now):
    token = environ.get(ANONYMOUS, "").partition(" ")[2]
    return original(environ, world, now) if not token or token in world.callers else anybody(world)


def _unchallenged(response):
    if response.status_code == 401 and request.method == "DELETE":
        del response.headers["WWW-Authenticate"]


def token(name, why, wrap, probe, rule="AUTH-REQUIRED"):
    return Mutant(name, (rule,), deviant(caller(wrap)), why, probe)


def refused(api, who):
    return probes.every_method(calling(api, who))


TOKENS = (
    token(
        "token-that-expired",
        "A token is good for ever.",
        lambda original, environ, world, _: original(environ, world, 0),
        lambda api: refused(api, "expired"),
    ),
    token(
        "token-not-needed-to-read-a-user",
        "Who has no token can read a user.",
        _where(lambda environ: ANONYMOUS not in environ and request.endpoint == "get"),
        lambda api: api.client.get(f"{api.users}/{PLAIN}").status_code,
    ),
    token("token-unknown", "Any token will do.", _wrong_token, lambda api: refused(api, "wrong")),
    token(
        "token-not-needed-for-mail",
        "The mail routes ask for no token.",
        _where(lambda environ: environ["PATH_INFO"].endswith("Email")),
        lambda api: refused(api, "wrong"),
    ),
    token(
        "token-not-needed-to-delete",
        "Deleting asks for no token.",
        _where(lambda environ: environ["REQUEST_METHOD"] == "DELETE"),
        lambda api: refused(api, "wrong"),
    ),
    token(
        "token-not-needed-behind-accounts",
        "The enterprise prefix asks for no token.",
        _where(lambda environ: "/accounts/" in environ["PATH_INFO"]),
        lambda api: probes.behind(calling(api, "wrong")).list(),
    ),
    Mutant(
        "token-refused-with-body",
        ("AUTH-REQUIRED",),
        deviant(errors(TokenInvalid={"message": "Unauthorized"})),
        "The 401 has a body.",
        lambda api: calling(api, "wrong").list(),
    ),
    Mutant(
        "token-refused-without-challenge",
        ("AUTH-REQUIRED",),
        deviant(errors(TokenInvalid={"headers": {}})),
        "The 401 has no WWW-Authenticate.",
        lambda api: calling(api, "wrong").list(),
    ),
    Mutant(
        "token-refused-without-challenge-on-delete",
        ("AUTH-REQUIRED",),
        deviant(rewrite=_unchallenged),
        "The 401 of one operation has no WWW-Authenticate.",
        lambda api: calling(api, "wrong").delete(PLAIN),
    ),
    Mutant(
        "token-refused-as-forbidden",
        ("AUTH-REQUIRED",),
        deviant(errors(TokenInvalid={"status": 403})),
        "A wrong token is a 403.",
        lambda api: calling(api, "wrong").list(),
    ),
    token(
        "scope-not-checked",
        "The scope is not looked at.",
        _without_scope,
        lambda api: refused(api, "scopeless"),
        "AUTH-SCOPE",
    ),
    Mutant(
        "scope-refused-as-unknown",
        ("AUTH-SCOPE",),
        deviant(errors(ScopeMissing={"status": 401})),
        "A token without the scope is a 401.",
        lambda api: calling(api, "scopeless").list(),
    ),
    Mutant(
        "scope-refused-with-body",
        ("AUTH-SCOPE",),
        deviant(errors(ScopeMissing={"message": "Forbidden"})),
        "The 403 has a body.",
        lambda api: calling(api, "scopeless").list(),
    ),
)
