"""A world: all state of one session as one immutable value."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from immutables import Map

from dimensions_emulator.domain import addresses
from dimensions_emulator.domain.models import (
    Account,
    Activation,
    Caller,
    Charge,
    Device,
    DeviceKey,
    Mail,
    Roles,
    User,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dimensions_emulator.domain.tenant import Tenant


class World(NamedTuple):
    """Everything a session knows; every change is a new world that shares what it left alone.

    `emails` maps folded addresses to user ids, `owned` users to the keys of their devices,
    `activations` tokens of activation links to users. `created`, `mail_count` and `charge_count` count
    what ever was, deleted or not, `mails_dropped` and `charges_dropped` what had to make room.
    `changed` names the users whom a transaction has touched so far; it is empty in a world at rest.
    """

    accounts: Map[str, Account] = Map()
    tenants: Map[str, Tenant] = Map()
    users: Map[str, User] = Map()
    created: int = 0
    emails: Map[str, str] = Map()
    devices: Map[DeviceKey, Device] = Map()
    owned: Map[str, tuple[DeviceKey, ...]] = Map()
    mails: Map[int, Mail] = Map()
    mail_count: int = 0
    mails_dropped: int = 0
    activations: Map[str, Activation] = Map()
    charges: Map[int, Charge] = Map()
    charge_count: int = 0
    charges_dropped: int = 0
    callers: Map[str, Caller] = Map()
    changed: tuple[str, ...] = ()

    def user_by_email(self, email: str) -> User | None:
        """The account with this address, compared without case (USER-UNIQUE-EMAIL)."""
        user_id = self.emails.get(addresses.key(email))
        return self.users[user_id] if user_id else None

    def is_parent(self, user: User) -> bool:
        """Tell whether the user is configured above the customers."""
        return user.primary_tenant in self.accounts

    def with_tenant(self, tenant: Tenant) -> World:
        return self._replace(tenants=self.tenants.set(tenant.customer.id, tenant))

    def with_user(self, user: User) -> World:
        """This world with the user new or in place of its earlier self."""
        before, emails = self.users.get(user.id), self.emails
        address = addresses.key(user.email)
        if before is None or addresses.key(before.email) != address:
            if before is not None:
                emails = emails.delete(addresses.key(before.email))
            emails = emails.set(address, user.id)
        created = max(self.created, user.sequence + 1)
        return self._replace(
            users=self.users.set(user.id, user),
            emails=emails,
            created=created,
            changed=(*self.changed, user.id),
        )

    def with_member(self, user: User, tenant_id: str, roles: Roles) -> World:
        """This world with the user as a new member of a tenant."""
        tenant = self.tenants[tenant_id].joined_by(user, roles)
        joined = replace(user, tenants=(*user.tenants, tenant_id))
        return self.with_user(joined).with_tenant(tenant)

    def with_roles(self, tenant_id: str, changed: Mapping[str, Roles]) -> World:
        tenants = self.tenants.set(tenant_id, self.tenants[tenant_id].with_roles(changed))
        return self._replace(tenants=tenants, changed=(*self.changed, *changed))

    def without_member(self, user_id: str, tenant_ids: Iterable[str], *, account_too: bool) -> World:
        """This world with the user gone from some tenants, and from the system if asked."""
        user, tenants = self.users[user_id], self.tenants
        gone = frozenset(tenant_ids)
        for tenant_id in gone:
            tenants = tenants.set(tenant_id, tenants[tenant_id].left_by(user_id))
        world = self._replace(tenants=tenants)
        for key in world.owned.get(user_id, ()):
            if key[0] in gone or account_too:
                world = world.with_device(replace(world.devices[key], owner=None, client_type=None))
        if account_too:
            return world._replace(
                users=world.users.delete(user_id),
                emails=world.emails.delete(addresses.key(user.email)),
                changed=(*self.changed, user_id),
            )
        left = tuple(tenant_id for tenant_id in user.tenants if tenant_id not in gone)
        return world.with_user(replace(user, tenants=left))

    def with_device(self, device: Device) -> World:
        """This world with the device new or in place of its earlier self."""
        before, owned = self.devices.get(device.key), self.owned
        if before is not None and before.owner is not None and before.owner != device.owner:
            rest = tuple(key for key in owned[before.owner] if key != device.key)
            owned = owned.set(before.owner, rest) if rest else owned.delete(before.owner)
        if device.owner is not None and (before is None or before.owner != device.owner):
            owned = owned.set(device.owner, (*owned.get(device.owner, ()), device.key))
        return self._replace(devices=self.devices.set(device.key, device), owned=owned)

    def with_mail(self, mail: Mail) -> World:
        activations = self.activations
        if mail.kind == "activation":
            activations = activations.set(mail.token, Activation(mail.user_id, mail.id, mail.sent))
        return self._replace(mails=self.mails.set(mail.id, mail), mail_count=mail.id, activations=activations)

    def without_mails(self, numbers: Iterable[int]) -> World:
        mails = self.mails.mutate()
        for number in numbers:
            del mails[number]
        return self._replace(mails=mails.finish())

    def without_oldest_mails(self, count: int) -> World:
        """This world without its oldest mails and the links in them, which made room."""
        mails, activations = self.mails.mutate(), self.activations.mutate()
        for number in sorted(self.mails)[:count]:
            activations.pop(mails.pop(number).token, None)
        dropped = self.mails_dropped + count
        return self._replace(mails=mails.finish(), activations=activations.finish(), mails_dropped=dropped)

    def without_oldest_links(self, count: int) -> World:
        """This world without its oldest activation links, those of deleted mails among them."""
        activations = self.activations.mutate()
        for token, _ in sorted(self.activations.items(), key=lambda link: (link[1].mail, link[0]))[:count]:
            del activations[token]
        return self._replace(activations=activations.finish())

    def with_charges(self, tenant_id: str, grants: Iterable[tuple[str, str]], at: int) -> World:
        """This world with a charge for each (user id, role) of `grants`."""
        charges, number = self.charges.mutate(), self.charge_count
        for user_id, role in grants:
            number += 1
            charges[number] = Charge(number, tenant_id, user_id, role, at)
        return self._replace(charges=charges.finish(), charge_count=number)

    def without_oldest_charges(self, count: int) -> World:
        """This world without its oldest charges, which made room."""
        charges = self.charges.mutate()
        for number in sorted(self.charges)[:count]:
            del charges[number]
        return self._replace(charges=charges.finish(), charges_dropped=self.charges_dropped + count)

    def with_caller(self, caller: Caller) -> World:
        return self._replace(callers=self.callers.set(caller.token, caller))

    def without_caller(self, token: str) -> World:
        return self._replace(callers=self.callers.delete(token)) if token in self.callers else self
