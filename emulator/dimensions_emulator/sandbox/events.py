"""What happens in a session, kept for those who listen."""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from itertools import islice
from threading import Event as Wake
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, cast

from dimensions_emulator.domain.models import Charge, Mail
from dimensions_emulator.sandbox import redaction
from dimensions_emulator.sandbox.exchange import named
from dimensions_emulator.sandbox.webhooks import Webhooks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dimensions_emulator.domain.models import Roles, User
    from dimensions_emulator.domain.world import World
    from dimensions_emulator.sandbox.clock import Clock
    from dimensions_emulator.sandbox.courier import Courier
    from dimensions_emulator.sandbox.journal import Entry

CREATED, UPDATED, DELETED = "user.created", "user.updated", "user.deleted"
MAIL, CHARGE, REFUSED, REPLACED = "mail.sent", "charge.made", "request.refused", "world.replaced"
TYPES = (CREATED, UPDATED, DELETED, MAIL, CHARGE, REFUSED, REPLACED)
KEPT = 200
"""Events kept for those who come back."""
HEARD = 4_000
"""Events kept while somebody listens, so that a slow listener or a great many at once lose none."""
LISTENERS = 32
LONGEST_PATH, LONGEST_ID = 500, 100


class TooManyListeners(Exception):
    """As many listen to the session as may."""


class Told(NamedTuple):
    """A user before and after a commit, None where there was or is none, with the roles in its customers."""

    was: User | None
    now: User | None
    roles_were: tuple[Roles, ...]
    roles: tuple[Roles, ...]

    @property
    def user(self) -> User:
        """The user as it is, or as it was in the end."""
        return self.now or cast("User", self.was)

    @property
    def customers(self) -> tuple[str, ...]:
        """The customers that the user joined or left, all of its own if it did neither."""
        was, now = self.was.tenants if self.was else (), self.now.tenants if self.now else ()
        return tuple(customer for customer in (*was, *now) if (customer in was) != (customer in now)) or now


class Refusal(NamedTuple):
    """A request that a rule refused; `path` is as WSGI spells it."""

    id: str
    method: str
    path: str
    status: int
    rule: str
    error: str
    operation: str | None
    customer: str | None
    user: str | None
    caller: str | None


Facts: TypeAlias = Told | Mail | Charge | Refusal | str
"""Of a user, a mail, a charge, a refusal; of a replaced world what replaced it."""


class Event(NamedTuple):
    """Something that happened; `id` counts what happened in the session, `at` is in ticks of its clock."""

    id: int
    type: str
    at: int
    facts: Facts


class Events:
    """The latest events of a session, those who listen to them, and its webhooks.

    An event keeps the values that it tells of, and no world. `last` is the number of the latest one.
    """

    __slots__ = ("_clock", "_listeners", "_lock", "_ring", "closed", "last", "webhooks")

    def __init__(self, name: str, clock: Clock, courier: Courier) -> None:
        self._clock = clock
        self._lock = Lock()
        self._ring: deque[tuple[int, str, int, Facts]] = deque()
        self._listeners: tuple[Wake, ...] = ()
        self.last = 0
        self.closed = False
        self.webhooks = Webhooks(name, clock, courier)

    def commit(self, before: World, after: World) -> None:
        """Tell of users, mails and charges in which these worlds differ; `after` names the users."""
        if after.changed or after.mail_count > before.mail_count or after.charge_count > before.charge_count:
            self._tell(_differences(before, after))

    def refused(self, entry: Entry, hidden: Iterable[str] = ()) -> None:
        """Tell of a request that a rule refused; `hidden` are secrets of the server's own."""
        met, no = entry.met, entry.met.refused
        if no is not None:
            secrets = {*redaction.secrets(named(entry.headers)), *hidden}
            facts = Refusal(
                entry.id,
                entry.method,
                redaction.path(entry.path, secrets)[:LONGEST_PATH],
                entry.status,
                no.rule,
                no.error,
                met.operation,
                met.customer and redaction.path(met.customer, secrets)[:LONGEST_ID],
                met.user and redaction.path(met.user, secrets)[:LONGEST_ID],
                met.caller,
            )
            self._tell(((REFUSED, facts),))

    def replaced(self, reason: str) -> None:
        """Tell that the world is another one: by `reset`, `restore` or `state`."""
        self._tell(((REPLACED, reason),))

    def since(self, number: int, most: int) -> tuple[list[Event], int]:
        """The first `most` events after one, and how many there were before them but are lost."""
        with self._lock:
            first = self.last - len(self._ring) + 1
            start = max(number + 1 - first, 0)
            found = islice(self._ring, start, start + most)
            return [Event(*raw) for raw in found], max(first - number - 1, 0)

    @contextmanager
    def listening(self) -> Iterator[Wake]:
        """What is set when something happened; raises `TooManyListeners`."""
        wake = Wake()
        with self._lock:
            if len(self._listeners) >= LISTENERS:
                raise TooManyListeners
            self._listeners = (*self._listeners, wake)
        try:
            yield wake
        finally:
            with self._lock:
                self._listeners = tuple(other for other in self._listeners if other is not wake)
                self._trim()

    def close(self) -> None:
        """End all subscriptions and deliveries."""
        with self._lock:
            self.closed = True
            for wake in self._listeners:
                wake.set()
        self.webhooks.close()

    def _tell(self, happened: Iterable[tuple[str, Facts]]) -> None:
        at, ring = self._clock.now(), self._ring
        with self._lock:
            for kind, facts in happened:
                self.last += 1
                ring.append((self.last, kind, at, facts))
                if len(ring) > KEPT:
                    self._trim()
                if self.webhooks.all and isinstance(facts, Told):
                    self.webhooks.take(self.last, kind, facts.user.id)
            for wake in self._listeners:
                if not wake.is_set():
                    wake.set()

    def _trim(self) -> None:
        most = HEARD if self._listeners else KEPT
        while len(self._ring) > most:
            self._ring.popleft()


def _differences(before: World, after: World) -> Iterator[tuple[str, Facts]]:
    changed = after.changed
    for user_id in changed if len(changed) == 1 else dict.fromkeys(changed):
        was, now = before.users.get(user_id), after.users.get(user_id)
        told = Told(was, now, _roles(before, was), _roles(after, now))
        if kind := _kind(told):
            yield kind, told
    for number in range(before.mail_count + 1, after.mail_count + 1):
        if mail := after.mails.get(number):
            yield MAIL, mail
    for number in range(before.charge_count + 1, after.charge_count + 1):
        if charge := after.charges.get(number):
            yield CHARGE, charge


def _kind(told: Told) -> str | None:
    """As the API has it, a user is created in the customers it joins, and deleted in those it leaves."""
    was, now, roles_were, roles = told
    if was is None:
        return CREATED if now else None
    if now is None:
        return DELETED
    if was.tenants != now.tenants:
        return CREATED if len(now.tenants) > len(was.tenants) else DELETED
    return UPDATED if was != now or roles_were != roles else None


def _roles(world: World, user: User | None) -> tuple[Roles, ...]:
    if user is None:
        return ()
    return tuple([world.tenants[customer].roles_of(user.id) for customer in user.tenants])
