"""What becomes of each person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from onboarding.roles import SOFTPHONE, with_prerequisites
from onboarding.transport import Denied, Failed, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from onboarding.customer import Customer
    from onboarding.people import Person


@dataclass(frozen=True, slots=True)
class Outcome:
    """`state` is created, updated, unchanged, refused, failed or skipped; `note` says what was done or why not."""

    email: str
    state: str
    note: str = ""

    @property
    def good(self) -> bool:
        return self.state in {"created", "updated", "unchanged"}


@dataclass(slots=True)
class Onboarding:
    """Brings people on board of a customer; doing it again changes nothing."""

    customer: Customer
    prerequisites: bool = False
    remind: bool = False
    _known: dict[str, str] | None = None

    def bring(self, people: Iterable[Person]) -> Iterator[Outcome]:
        """One outcome for each person; a person's failure is no other's, but a refused token is everybody's."""
        denied = ""
        for person in people:
            if denied:
                yield Outcome(person.email, "skipped", denied)
                continue
            done: list[str] = []
            try:
                state = self._one(person, done)
            except Refused as no:
                state = "refused"
                done.append(f"{no.code}: {no}")
            except Failed as no:
                state = "failed"
                done.append(str(no))
            except Denied as no:
                state, denied = "failed", str(no)
                done.append(denied)
            yield Outcome(person.email, state, ", ".join(done))

    def _one(self, person: Person, done: list[str]) -> str:
        """The state; `done` grows with each step, so that a step that fails hides none before it."""
        wanted, state = self._wanted(person), "unchanged"
        user_id = self._users().get(person.email.casefold())
        if user_id is None:
            user_id, state = self.customer.create(person, wanted), "created"
            done += [state, *wanted]
        else:
            if missing := self._grant(user_id, wanted):
                state = "updated"
                done += missing
            if self.remind:
                self.customer.remind(user_id)
                done.append("reminded")
        if person.device:
            self.customer.assign(user_id, person.device, person.client)
            done.append(f"{person.device} on {person.client}")
        return state

    def _wanted(self, person: Person) -> tuple[str, ...]:
        if not self.prerequisites:
            return person.roles
        return with_prerequisites((*person.roles, SOFTPHONE) if person.device else person.roles)

    def _grant(self, user_id: str, wanted: tuple[str, ...]) -> tuple[str, ...]:
        held = self.customer.roles(user_id) if wanted else []
        missing = tuple(role for role in wanted if role not in held)
        if missing:
            self.customer.grant(user_id, missing)
        return missing

    def _users(self) -> dict[str, str]:
        """Ids by address, asked for once: a file of many people costs one list."""
        if self._known is None:
            self._known = {user["email"].casefold(): user["id"] for user in self.customer.users()}
        return self._known
