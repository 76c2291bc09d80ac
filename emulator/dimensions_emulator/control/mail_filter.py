"""Which mails a request asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import abort

from dimensions_emulator.control import filters
from dimensions_emulator.domain import addresses

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dimensions_emulator.domain.models import Mail
    from dimensions_emulator.domain.world import World
    from dimensions_emulator.post.rendering import MailRenderer

NAMES = ("to", "kind", "customer", "search", "delivery")
KINDS = ("activation", "uc-welcome")
DELIVERIES = ("delivered", "failed")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters of a request by name; what is absent fits everything."""

    given: Mapping[str, str]
    renderer: MailRenderer

    def among(self, world: World, numbers: Iterable[int]) -> Iterator[Mail]:
        """The mails with these numbers that fit, in the order of the numbers."""
        return (mail for number in numbers if (mail := world.mails.get(number)) and self._fits(world, mail))

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in self.given.items())

    def _fits(self, world: World, mail: Mail) -> bool:
        given = self.given
        return (
            given.get("kind") in {None, mail.kind}
            and given.get("customer") in {None, mail.customer}
            and ("to" not in given or addresses.key(given["to"]) == addresses.key(mail.to))
            and given.get("delivery") in {None, delivery(mail)}
            and ("search" not in given or self._says(world, mail, _folded(given["search"])))
        )

    def _says(self, world: World, mail: Mail, words: str) -> bool:
        return words in _folded(self.renderer.words(mail, world.tenants[mail.customer].customer.name))


def wanted(renderer: MailRenderer, *more: str) -> Wanted:
    """The mails that the query asks for, which may have parameters of these names too."""
    given = filters.known(*NAMES, *more)
    for name, choices in (("kind", KINDS), ("delivery", DELIVERIES)):
        if given.get(name) not in {None, *choices}:
            abort(400, f"There is no mail of the {name} '{given[name]}'; there are: {', '.join(choices)}.")
    return Wanted(given, renderer)


def delivery(mail: Mail) -> str:
    """Whether the mailbox took the mail."""
    return "failed" if mail.failure else "delivered"


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
