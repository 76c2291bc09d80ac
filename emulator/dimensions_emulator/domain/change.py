"""A wanted change, as the rules see it: what was, what shall be, and the world around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dimensions_emulator.domain.models import Device, Roles, User
    from dimensions_emulator.domain.tenant import Tenant
    from dimensions_emulator.domain.world import World


class UserChange(NamedTuple):
    """A user created, patched or imported; effects replace `roles`, `spread` and `mails`.

    `user` is the account before the change, None for a new one. `before` are its roles in this
    tenant, `roles` the wanted ones. `unknown` lists wanted keys outside the catalogue, `replaced`
    tells that the whole list was replaced, `agent` that the platform reports a call-centre agent.
    `spread` is a role that all holders of the PBX user role get with it.
    """

    world: World
    tenant: Tenant
    user: User | None
    email: str | None
    display_name: str | None
    before: Roles
    roles: Roles
    unknown: tuple[str, ...] = ()
    replaced: bool = False
    agent: bool = False
    charges_accepted: bool = False
    spread: str | None = None
    mails: tuple[str, ...] = ()

    @property
    def added(self) -> Roles:
        """The roles that this change gives to the user."""
        return tuple(role for role in self.roles if role not in self.before)

    def gives(self, role: str) -> bool:
        """Tell whether this change gives the role to the user."""
        return role in self.roles and role not in self.before

    def losses(self) -> Iterator[tuple[Tenant, Roles, Roles]]:
        """Each tenant whose roles change, with the user's roles there before and after."""
        yield self.tenant, self.before, self.roles


class Deletion(NamedTuple):
    """A user deleted through a tenant; effects replace `leaves`, the tenants to be removed from."""

    world: World
    tenant: Tenant
    user: User
    leaves: tuple[str, ...]

    def losses(self) -> Iterator[tuple[Tenant, Roles, Roles]]:
        """Each tenant the user leaves, with the user's roles there before and after."""
        for tenant_id in self.leaves:
            tenant = self.world.tenants[tenant_id]
            yield tenant, tenant.roles_of(self.user.id), ()


class DeviceChange(NamedTuple):
    """A device assigned to a client type or unassigned; effects replace `device`."""

    device: Device
    user: User
    roles: Roles
    client_type: str


class MailRequest(NamedTuple):
    """A mail that a caller asks for."""

    tenant: Tenant
    user: User
