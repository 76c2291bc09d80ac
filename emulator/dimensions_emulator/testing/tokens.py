"""Tokens for the app under test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dimensions_emulator.testing import names
from dimensions_emulator.testing.line import SESSION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dimensions_emulator.testing.line import Line


class Tokens:
    def __init__(self, line: Line) -> None:
        self._line = line

    def mint(
        self,
        *,
        accounts: Iterable[str] | None = None,
        customers: Iterable[str] | None = None,
        scopes: Iterable[str] | None = None,
        lifetime: int | None = None,
        name: str | None = None,
    ) -> str:
        """A new token, which works for so many seconds; it names its session by itself.

        It opens all accounts unless accounts or customers are given.
        """
        wanted = {
            "accounts": _listed(accounts, "accounts is a list of account ids"),
            "customers": _listed(customers, "customers is a list of customer ids"),
            "scopes": _listed(scopes, "scopes is a list of scopes"),
            "lifetimeSeconds": lifetime,
            "name": name,
            "session": self._line.headers.get(SESSION),
        }
        body = {member: value for member, value in wanted.items() if value is not None}
        return str(self._line.control("POST", "tokens", body)["token"])

    def list(self) -> list[dict[str, Any]]:
        """The tokens of the world, without what would let use them."""
        found: list[dict[str, Any]] = self._line.control("GET", "tokens")
        return found

    def expire(self, token: str) -> None:
        """Let a token's time be over."""
        self._line.control("POST", "tokens/expire", {"token": token})

    def revoke(self, token: str) -> None:
        """Take a token back."""
        self._line.control("POST", "tokens/revoke", {"token": token})


def _listed(given: Iterable[str] | None, what: str) -> list[str] | None:
    return None if given is None else names.texts(given, what)
