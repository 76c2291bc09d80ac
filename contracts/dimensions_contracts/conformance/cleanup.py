"""Removing what a run created."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dimensions_contracts.conformance import bodies
from dimensions_contracts.conformance.guard import Unsafe
from dimensions_contracts.conformance.messages import Fault, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dimensions_contracts.conformance.guard import Located
    from dimensions_contracts.conformance.ledger import Created, OpenItems, Staged
    from dimensions_contracts.conformance.transport import GuardedSession

    RemoveStage = Callable[[Staged], None]

OK, GONE = 200, frozenset({200, 202, 204, 404})
MAIN, OTHER = "main", "other"
PAGE, PAGES = 1000, 1000


@dataclass(frozen=True, slots=True)
class Left:
    """How many users the clean-up removed, and a sentence for each thing that it could not remove."""

    deleted: int
    left: tuple[str, ...] = ()


def clean(
    session: GuardedSession,
    items: OpenItems,
    places: Mapping[str, Located],
    remove_stage: RemoveStage | None = None,
) -> Left:
    """Remove the stage and every user of the run, known or found by listing; what fails is told, not raised.

    It can be repeated: what is gone already counts as removed.
    """
    session.unbounded()
    for place in places.values():
        session.guard.enter(place)
    work = Cleaning(session)
    if items.stage is not None:
        work.take_down(items, items.stage, remove_stage)
    for entry in items.created:
        if entry.intent.customer not in work.removed:
            work.delete_known(entry)
    for customer in work.customers(items):
        work.sweep(customer)
    return Left(len(work.deleted), tuple(work.left))


@dataclass(slots=True)
class Cleaning:
    """A clean-up under way; `removed` are customers that went with the stage."""

    session: GuardedSession
    removed: frozenset[str] = frozenset()
    deleted: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    left: list[str] = field(default_factory=list)

    def take_down(self, items: OpenItems, stage: Staged, remove_stage: RemoveStage | None) -> None:
        """Remove the stage, and with it the users who were created there."""
        try:
            if remove_stage is None:
                raise Unsafe("nothing is known that removes it.")  # noqa: TRY301
            remove_stage(stage)
        except Exception as problem:  # noqa: BLE001  whatever it is, the rest must go on
            self.left.append(f"the stage: {problem}")
            return
        self.removed = frozenset(stage.customers)
        for entry in items.created:
            if entry.intent.customer in self.removed:
                self.session.ledger.deleted(entry.id)
                self.deleted.add(entry.id)
        for intent in items.intents:
            if intent.customer in self.removed:
                self.session.ledger.answered(intent.n, 0)
        self.session.ledger.unstaged()

    def delete_known(self, entry: Created) -> None:
        """Delete a user whom the ledger tells of."""
        guard = self.session.guard
        try:
            if entry.id in guard.met:
                guard.adopt(entry.id, entry.intent.email or "")
            elif entry.id not in guard.owned:
                guard.own(entry.id)
        except Unsafe as no:
            self._kept(entry.intent.customer, entry.id, str(no))
            return
        self._delete(entry.intent.customer, entry.id)

    def customers(self, items: OpenItems) -> list[str]:
        """The customers in which users of the run may be who are not known."""
        if not self.session.ledger.book.intents:
            return []
        written = {intent.customer for intent in self.session.ledger.book.intents.values()}
        waiting = {intent.customer for intent in items.intents}
        return sorted((waiting | (written & self.session.guard.tenants)) - self.removed)

    def sweep(self, customer: str) -> None:
        """Delete the run's users whom a list of this customer tells of, and look again."""
        try:
            found = [user for user, email in self._listed(customer) if self._is_own(user, email)]
            deleted = [user for user in found if user not in self.failed and self._delete(customer, user)]
            again = {user for user, _ in self._listed(customer)} if deleted else set()
        except (Fault, Unsafe, Unlisted) as problem:
            self.left.append(f"whatever else the run created in customer {customer}: {problem}")
            return
        for user in again.intersection(deleted):
            self.deleted.discard(user)
            self._kept(customer, user, "it was deleted, and is listed still.")
        for intent in self.session.ledger.open_items().intents:
            if intent.customer == customer:
                self.session.ledger.answered(intent.n, 0)

    def _is_own(self, user: str, email: str) -> bool:
        try:
            self.session.guard.adopt(user, email)
        except Unsafe:
            return False
        return True

    def _delete(self, customer: str, user: str) -> bool:
        path = f"/api/v1.0/customers/{customer}/users/{user}"
        try:
            answer = self.session.send(Request("DELETE", path, (), None, self._caller(customer)))
        except (Fault, Unsafe) as problem:
            return self._kept(customer, user, str(problem))
        if answer.status not in GONE:
            return self._kept(customer, user, f"the target answered {answer.status}.")
        self.session.ledger.deleted(user)
        self.deleted.add(user)
        return True

    def _kept(self, customer: str, user: str, why: str) -> bool:
        self.failed.add(user)
        self.left.append(f"the user {user} of customer {customer}: {why}")
        return False

    def _listed(self, customer: str) -> Iterator[tuple[str, str]]:
        """Id and address of every user of a customer, from as many pages as there are."""
        path, known = f"/api/v1.0/customers/{customer}/users", set[str]()
        for page in range(-1, PAGES):
            query = "" if page < 0 else f"?pageIndex={page}&pageSize={PAGE}"
            users = self._page(customer, path + query)
            new = {user: email for user, email in users if user not in known}
            yield from new.items()
            known |= new.keys()
            if len(users) < PAGE or (page > 0 and not new):
                return

    def _page(self, customer: str, path: str) -> list[tuple[str, str]]:
        answer = self.session.send(Request("GET", path, (), None, self._caller(customer)))
        data: Any = bodies.member(answer.body, "data")
        if answer.status != OK or not isinstance(data, list):
            raise Unlisted(f"listing its users answered {answer.status}.")
        entries = [entry for entry in data if isinstance(entry, dict)]
        return [(f"{entry.get('id')}", f"{entry.get('email')}") for entry in entries]

    def _caller(self, customer: str) -> str:
        names = {place.name for place in self.session.guard.at(customer)}
        return OTHER if OTHER in names and OTHER in self.session.callers else MAIN


class Unlisted(Exception):
    """The users of a customer were not listed; the text is one sentence."""
