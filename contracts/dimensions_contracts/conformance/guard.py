"""The guard: what a run may send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from dimensions_contracts import catalog
from dimensions_contracts.conformance import bodies, guids, routes
from dimensions_contracts.conformance.guard_rules import RULES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from dimensions_contracts.conformance.messages import Request

SHORTEST = 6
MODES = ("read-only", "own-data", "full")


class Unsafe(Exception):
    """The guard refuses a request; the text names the rule of the guard."""


class Located(Protocol):
    """What the guard must know of a place."""

    @property
    def name(self) -> str: ...
    @property
    def customer(self) -> str: ...
    @property
    def account(self) -> str | None: ...
    @property
    def alone(self) -> bool: ...
    @property
    def administrator(self) -> bool: ...
    @property
    def stage(self) -> bool: ...


class Guard:
    """Decides on every request of a run, and knows which users are its own.

    `device` is a user and a device of that user that may be tied; `administrators` are the places where
    somebody else administers users and `alone` those without users of others, both by name.
    """

    def __init__(
        self,
        mode: str,
        places: Mapping[str, Located],
        run_id: str,
        *,
        allow_charges: bool = False,
        allow_mail: bool = False,
        mail_domains: Iterable[str] = bodies.RESERVED,
        control: bool = False,
        device: tuple[str, str] | None = None,
        administrators: Collection[str] | None = None,
        alone: Collection[str] | None = None,
    ) -> None:
        _check(mode, run_id)
        self.mode = mode
        self.run_id = run_id.casefold()
        self.allow_charges = allow_charges
        self.allow_mail = allow_mail
        self.mail_domains = tuple(mail_domains)
        self.control = control
        self.device = None if device is None else (guids.usual(device[0]) or device[0], device[1])
        self.words = bodies.role_words(catalog.load())
        self.places: dict[str, Located] = {}
        self.tenants: set[str] = set()
        self.owned: set[str] = set()
        self.voids: set[str] = set()
        self._met: set[str] = set()
        self._at: dict[str, list[Located]] = {}
        self._administrators = administrators
        self._alone = alone
        for place in places.values():
            self.enter(place)

    def enter(self, place: Located) -> None:
        """Work in this place, too; what was known of it under its name is forgotten."""
        self.places[place.name] = place
        customer = guids.usual(place.customer) or place.customer
        others = [known for known in self._at.get(customer, ()) if known.name != place.name]
        self._at[customer] = [*others, place]
        self.tenants |= {customer, *filter(None, [guids.usual(place.account or "")])}

    def allow(self, request: Request) -> None:
        """Let a request pass, or raise `Unsafe`."""
        route = routes.route(request.method, request.path)
        for name, objection in RULES.items():
            why = objection(self, request, route)
            if why is not None:
                raise Unsafe(
                    f"the guard's rule '{name}' refuses {request.method} {request.path[:200]}: {why}."
                )

    def own(self, user: str) -> None:
        """Take a user for the run's own; raises `Unsafe` if an answer told of the user before."""
        usual = self._usual(user)
        if usual in self._met:
            raise Unsafe(f"the user {usual} was there before this run created it.")
        self.owned.add(usual)

    def adopt(self, user: str, email: str) -> None:
        """Take a user that a list tells of for the run's own; raises `Unsafe` if the address is no proof."""
        local, _, domain = email.casefold().rpartition("@")
        if self.run_id not in local or not bodies.is_allowed(domain, self.mail_domains):
            raise Unsafe(f"the address of the user {user} does not carry the id of this run.")
        self.owned.add(self._usual(user))

    def void(self, identifier: str) -> None:
        """Take a made-up id for one that nobody has; raises `Unsafe` if somebody has it."""
        usual = self._usual(identifier)
        if usual in self._met | self.owned | self.tenants:
            raise Unsafe(f"somebody has the id {usual}.")
        self.voids.add(usual)

    def seen(self, identifier: str) -> None:
        """Remember that an answer told of this id, written as usual: it exists and was not made up."""
        if identifier not in self.owned:
            self._met.add(identifier)
            self.voids.discard(identifier)

    @property
    def met(self) -> frozenset[str]:
        """The ids that answers told of and the run does not own."""
        return frozenset(self._met - self.owned)

    def at(self, customer: str | None) -> list[Located]:
        """The places that are this customer, in whatever way its id is written."""
        return self._at.get(guids.usual(customer or "") or "", [])

    def is_stage(self, customer: str | None) -> bool:
        """Tell whether this customer was made by the run."""
        places = self.at(customer)
        return bool(places) and all(place.stage for place in places)

    def is_alone(self, customer: str | None) -> bool:
        """Tell whether this customer has no users of others."""
        names = self._alone
        places = self.at(customer)
        return bool(places) and all(place.alone if names is None else place.name in names for place in places)

    def is_administered(self, customer: str | None) -> bool:
        """Tell whether somebody else administers the users of this customer, or there is nobody else."""
        names = self._administrators
        places = self.at(customer)
        known = any(place.administrator if names is None else place.name in names for place in places)
        return known or (self.is_stage(customer) and self.is_alone(customer))

    def _usual(self, text: str) -> str:
        usual = guids.usual(text)
        if usual is None:
            raise Unsafe(f"{text[:64]!r} is not the id of a user.")
        return usual


def _check(mode: str, run_id: str) -> None:
    if mode not in MODES:
        raise ValueError(f"a mode is one of {', '.join(MODES)}.")
    if len(run_id) < SHORTEST or not run_id.isalnum() or not run_id.isascii():
        raise ValueError(f"the id of a run has {SHORTEST} letters or digits at least.")
