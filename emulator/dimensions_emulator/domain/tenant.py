"""A customer with its members and the indexes over them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from immutables import Map

from dimensions_emulator.domain.models import Customer, Membership, Roles, User

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ADMINISTRATOR = ("user.admin", "customer.user")
CHUNK = 256


def administers(roles: Roles) -> bool:
    """Tell whether these roles make a user administrator who can sign in (ADMIN-LAST)."""
    return ADMINISTRATOR[0] in roles and ADMINISTRATOR[1] in roles


class Tenant(NamedTuple):
    """A customer, its members by user id, and what the rules ask of all members at once.

    `order` lists the members as they were created (LIST-ORDER), in chunks of `CHUNK` sequence
    numbers, so that a change copies one chunk and not the list. `counts` has the holders of each role,
    `administrators` the holders of both roles of ADMIN-LAST.
    """

    customer: Customer
    members: Map[str, Membership] = Map()
    order: tuple[tuple[str, ...], ...] = ()
    counts: Map[str, int] = Map()
    administrators: int = 0

    def user_ids(self) -> Iterator[str]:
        """The members' ids in the order of their creation."""
        for chunk in self.order:
            yield from chunk

    def roles_of(self, user_id: str) -> Roles:
        member = self.members.get(user_id)
        return member.roles if member else ()

    def holders(self, roles: Iterable[str]) -> int:
        """How many times any of these roles is held."""
        return sum(self.counts.get(role, 0) for role in roles)

    def joined_by(self, user: User, roles: Roles) -> Tenant:
        """This tenant with a new member."""
        members = self.members.set(user.id, Membership(user.sequence, roles))
        order, place = self.order, user.sequence // CHUNK
        order += ((),) * (place + 1 - len(order))
        chunk = (*order[place], user.id)
        if order[place] and members[order[place][-1]].sequence > user.sequence:
            chunk = tuple(sorted(chunk, key=lambda user_id: members[user_id].sequence))
        return self._replace(
            members=members,
            order=(*order[:place], chunk, *order[place + 1 :]),
            counts=_recount(self.counts, (), roles),
            administrators=self.administrators + administers(roles),
        )

    def with_roles(self, changed: Mapping[str, Roles]) -> Tenant:
        """This tenant with other roles for some of its members."""
        members, counts, administrators = {}, self.counts, self.administrators
        for user_id, roles in changed.items():
            before = self.members[user_id]
            members[user_id] = Membership(before.sequence, roles)
            counts = _recount(counts, before.roles, roles)
            administrators += administers(roles) - administers(before.roles)
        return self._replace(
            members=self.members.update(members), counts=counts, administrators=administrators
        )

    def left_by(self, user_id: str) -> Tenant:
        """This tenant without one of its members."""
        member = self.members[user_id]
        place = member.sequence // CHUNK
        chunk = self.order[place]
        at = chunk.index(user_id)
        return self._replace(
            members=self.members.delete(user_id),
            order=(*self.order[:place], chunk[:at] + chunk[at + 1 :], *self.order[place + 1 :]),
            counts=_recount(self.counts, member.roles, ()),
            administrators=self.administrators - administers(member.roles),
        )


def populated(customer: Customer, members: Iterable[tuple[User, Roles]]) -> Tenant:
    """A tenant with all its members at once, given in the order of their creation."""
    listed = list(members)
    shared: dict[Roles, Roles] = {}
    order: list[list[str]] = [[] for _ in range(listed[-1][0].sequence // CHUNK + 1)] if listed else []
    for user, _ in listed:
        order[user.sequence // CHUNK].append(user.id)
    return Tenant(
        customer,
        members=Map(
            {user.id: Membership(user.sequence, shared.setdefault(roles, roles)) for user, roles in listed}
        ),
        order=tuple(tuple(chunk) for chunk in order),
        counts=Map(Counter(role for _, roles in listed for role in roles)),
        administrators=sum(administers(roles) for _, roles in listed),
    )


def _recount(counts: Map[str, int], before: Roles, after: Roles) -> Map[str, int]:
    for role in before:
        if role not in after:
            counts = counts.set(role, counts[role] - 1)
    for role in after:
        if role not in before:
            counts = counts.set(role, counts.get(role, 0) + 1)
    return counts
