"""Who is calling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimensions_emulator.domain.errors import Refused

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from dimensions_emulator.domain.models import Caller
    from dimensions_emulator.domain.world import World

SCOPE = "onboarding"


def caller(environ: WSGIEnvironment, world: World, now: int) -> Caller:
    """The holder of the request's token; raises `Refused` (AUTH-REQUIRED, AUTH-SCOPE)."""
    holder = world.callers.get(token(environ))
    if holder is None or (holder.expires is not None and holder.expires <= now):
        raise Refused("AUTH-REQUIRED", "TokenInvalid")
    if SCOPE not in holder.scopes:
        raise Refused("AUTH-SCOPE", "ScopeMissing")
    return holder


def token(environ: WSGIEnvironment) -> str:
    """The request's token, known or not, empty if there is none."""
    scheme, _, sent = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return str(sent.strip()) if scheme.lower() == "bearer" else ""
