"""A refusal to find a way around, and the changes tried so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dimensions_emulator.domain import guids
from dimensions_emulator.explain import places

if TYPE_CHECKING:
    from dimensions_emulator.domain.errors import Refused
    from dimensions_emulator.domain.models import Caller, User
    from dimensions_emulator.domain.rulebook import Rulebook
    from dimensions_emulator.domain.tenant import Tenant
    from dimensions_emulator.domain.world import World
    from dimensions_emulator.sandbox.dry_run import Request

KEEPS, GIVES_UP = 1, 5
"""What a change costs that keeps all that was asked for, and one that gives up a part of it."""
SCOPE = "onboarding"


class Plan(NamedTuple):
    """A request changed, with the requests to send before it.

    `said` tells the changes as clauses, `first` what the earlier requests do; `cost` is the size of all and
    `depth` how many changes they are.
    """

    request: Request
    earlier: tuple[Request, ...] = ()
    said: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    cost: int = 0
    depth: int = 0

    def with_request(self, request: Request, *said: str, cost: int = KEEPS) -> Plan:
        """This plan with the request changed once more."""
        return self._replace(
            request=request, said=(*self.said, *said), cost=self.cost + cost, depth=self.depth + 1
        )

    def after(self, request: Request, said: str) -> Plan:
        """This plan with one more request before the last one."""
        return self._replace(
            earlier=(*self.earlier, request),
            first=(*self.first, said),
            cost=self.cost + KEEPS,
            depth=self.depth + 1,
        )


class Case(NamedTuple):
    """A plan that was refused, the refusal, and the world that refused it; `now` is in ticks of 100 ns."""

    book: Rulebook
    world: World
    now: int
    plan: Plan
    no: Refused

    @property
    def request(self) -> Request:
        return self.plan.request

    @property
    def caller(self) -> Caller | None:
        """Who holds the request's token, whether it is valid or not."""
        return self.world.callers.get((self.request.header("Authorization") or "").partition(" ")[2].strip())

    @property
    def tenant(self) -> Tenant | None:
        """The customer that the path names."""
        return self.world.tenants.get(self.id_of("customer") or "")

    @property
    def user(self) -> User | None:
        """The user that the path names, in whatever customer."""
        return self.world.users.get(self.id_of("user") or "")

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles of that user in that customer."""
        tenant, user = self.tenant, self.user
        return tenant.roles_of(user.id) if tenant and user else ()

    def id_of(self, kind: str) -> str | None:
        """An id of the path in its usual spelling."""
        return guids.usual(places.value(self.request.path, kind) or "")

    def changed(self, request: Request, said: str, cost: int = KEEPS) -> Plan:
        """The plan with the request changed."""
        return self.plan.with_request(request, said, cost=cost)

    def valid(self, caller: Caller) -> bool:
        """Tell whether a caller's token opens the API."""
        return SCOPE in caller.scopes and (caller.expires is None or caller.expires > self.now)
