"""A world as a document, the format of world files and of state exports."""

from __future__ import annotations

from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from immutables import Map

from dimensions_emulator.domain import addresses, mail_document, ticks
from dimensions_emulator.domain.models import Account, Caller, Charge, Customer, Device, User
from dimensions_emulator.domain.tenant import populated
from dimensions_emulator.domain.world import World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dimensions_emulator.domain.models import DeviceKey, Roles

NAMESPACE = UUID("5f1d7f0a-6a0c-4d52-9f53-0d7f6a5a3c11")


def tenant_id(key: str) -> str:
    """The id of an account or customer whose document gives none."""
    return str(uuid5(NAMESPACE, f"tenant:{key}"))


def user_id(email: str) -> str:
    """The id of a user whose document gives none."""
    return str(uuid5(NAMESPACE, f"user:{addresses.key(email)}"))


def load(document: Mapping[str, Any]) -> World:
    """The world of a document free of mistakes; ids that it leaves out follow from its keys."""
    tenant_ids = {
        key: entry.get("id") or tenant_id(key)
        for key, entry in chain(document.get("accounts", {}).items(), document.get("customers", {}).items())
    }
    accounts = {
        tenant_ids[key]: Account(tenant_ids[key], entry["name"])
        for key, entry in document.get("accounts", {}).items()
    }
    users, members = _users(document.get("users", {}), tenant_ids)
    tenants = {
        tenant_ids[key]: populated(_customer(tenant_ids, key, entry), members.get(key, []))
        for key, entry in document.get("customers", {}).items()
    }
    emails = {addresses.key(user.email): user.id for user in users.values()}
    devices = [_device(entry, tenant_ids, emails) for entry in document.get("devices", [])]
    owned: dict[str, tuple[DeviceKey, ...]] = {}
    for device in devices:
        if device.owner is not None:
            owned[device.owner] = (*owned.get(device.owner, ()), device.key)
    mails = mail_document.mails(document.get("mails", []), tenant_ids)
    charges = {entry["id"]: _charge(entry, tenant_ids) for entry in document.get("charges", [])}
    ever = document.get("ever", {})
    callers = {entry["token"]: _caller(entry, tenant_ids) for entry in document.get("callers", [])}
    return World(
        accounts=Map(accounts),
        tenants=Map(tenants),
        users=Map(users),
        created=max(len(users), ever.get("users", 0)),
        emails=Map(emails),
        devices=Map({device.key: device for device in devices}),
        owned=Map(owned),
        mails=Map(mails),
        mail_count=max(max(mails, default=0), ever.get("mails", 0)),
        mails_dropped=ever.get("mailsDropped", 0),
        activations=Map(mail_document.activations(document, mails)),
        charges=Map(charges),
        charge_count=max(max(charges, default=0), ever.get("charges", 0)),
        charges_dropped=ever.get("chargesDropped", 0),
        callers=Map(callers),
    )


def dump(world: World) -> dict[str, Any]:
    """The document of a world; tenants are keyed by their ids, everything that has an id is pinned."""
    return {
        "version": 1,
        "ever": {
            "users": world.created,
            "mails": world.mail_count,
            "mailsDropped": world.mails_dropped,
            "charges": world.charge_count,
            "chargesDropped": world.charges_dropped,
        },
        "accounts": {
            account.id: {"id": account.id, "name": account.name}
            for _, account in sorted(world.accounts.items())
        },
        "customers": {key: _dump_customer(tenant.customer) for key, tenant in sorted(world.tenants.items())},
        "users": {
            user.email: _dump_user(world, user)
            for user in sorted(world.users.values(), key=attrgetter("sequence"))
        },
        "devices": [_dump_device(world, device) for _, device in sorted(world.devices.items())],
        "callers": [_dump_caller(caller) for _, caller in sorted(world.callers.items())],
        **mail_document.dump(world),
        "charges": [
            {
                "id": n,
                "customer": charge.customer,
                "user": charge.user_id,
                "role": charge.role,
                "at": ticks.text(charge.at),
            }
            for n, charge in sorted(world.charges.items())
        ],
    }


def _users(
    entries: Mapping[str, Any], tenant_ids: Mapping[str, str]
) -> tuple[dict[str, User], dict[str, list[tuple[User, Roles]]]]:
    users: dict[str, User] = {}
    members: dict[str, list[tuple[User, Roles]]] = {}
    shared: dict[tuple[str, ...], tuple[str, ...]] = {}
    for sequence, (email, entry) in enumerate(entries.items()):
        memberships = entry.get("memberships", {})
        own_id = entry.get("id") or user_id(email)
        tenants = tuple(tenant_ids[key] for key in memberships)
        primary = entry.get("primaryTenant")
        user = users[own_id] = User(
            own_id,
            entry["displayName"],
            email,
            tenant_ids[primary] if primary else tenants[0],
            shared.setdefault(tenants, tenants),
            sequence,
            entry.get("activated", False),
        )
        for key, roles in memberships.items():
            members.setdefault(key, []).append((user, tuple(roles)))
    return users, members


def _customer(tenant_ids: Mapping[str, str], key: str, entry: Mapping[str, Any]) -> Customer:
    features = entry.get("features", {})
    return Customer(
        id=tenant_ids[key],
        account=tenant_ids[entry["account"]],
        name=entry["name"],
        description=entry.get("description", ""),
        reference=entry.get("reference", ""),
        timezone=entry.get("timezone", ""),
        country_code=entry.get("countryCode", "US"),
        agent=features.get("agent", 1000),
        device=features.get("device", 1000),
        sync_acd_agent_with_pbx=entry.get("syncAcdAgentWithPbx", False),
        send_new_user_email=entry.get("sendNewUserEmail", True),
        send_connect_welcome_email=entry.get("sendConnectWelcomeEmail", True),
    )


def _device(entry: Mapping[str, Any], tenant_ids: Mapping[str, str], emails: Mapping[str, str]) -> Device:
    owner = entry.get("owner")
    return Device(
        id=entry["id"],
        customer=tenant_ids[entry["customer"]],
        name=entry.get("name", ""),
        extension=entry.get("extension", ""),
        owner=emails[addresses.key(owner)] if owner else None,
        client_type=entry.get("clientType"),
    )


def _caller(entry: Mapping[str, Any], tenant_ids: Mapping[str, str]) -> Caller:
    expires = entry.get("expires")
    return Caller(
        name=entry["name"],
        token=entry["token"],
        accounts=frozenset(tenant_ids[key] for key in entry.get("accounts", [])),
        customers=frozenset(tenant_ids[key] for key in entry.get("customers", [])),
        scopes=frozenset(entry.get("scopes", ["onboarding"])),
        expires=ticks.parse(expires) if expires else None,
    )


def _charge(entry: Mapping[str, Any], tenant_ids: Mapping[str, str]) -> Charge:
    return Charge(
        entry["id"], tenant_ids[entry["customer"]], entry["user"], entry["role"], ticks.parse(entry["at"])
    )


def _dump_customer(customer: Customer) -> dict[str, Any]:
    return {
        "id": customer.id,
        "account": customer.account,
        "name": customer.name,
        "description": customer.description,
        "reference": customer.reference,
        "timezone": customer.timezone,
        "countryCode": customer.country_code,
        "features": {"agent": customer.agent, "device": customer.device},
        "syncAcdAgentWithPbx": customer.sync_acd_agent_with_pbx,
        "sendNewUserEmail": customer.send_new_user_email,
        "sendConnectWelcomeEmail": customer.send_connect_welcome_email,
    }


def _dump_user(world: World, user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "displayName": user.display_name,
        "primaryTenant": user.primary_tenant,
        "activated": user.activated,
        "memberships": {tenant: list(world.tenants[tenant].roles_of(user.id)) for tenant in user.tenants},
    }


def _dump_device(world: World, device: Device) -> dict[str, Any]:
    entry = {"id": device.id, "customer": device.customer, "name": device.name, "extension": device.extension}
    if device.owner is not None:
        entry["owner"] = world.users[device.owner].email
    if device.client_type is not None:
        entry["clientType"] = device.client_type
    return entry


def _dump_caller(caller: Caller) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": caller.name,
        "token": caller.token,
        "accounts": sorted(caller.accounts),
        "customers": sorted(caller.customers),
        "scopes": sorted(caller.scopes),
    }
    if caller.expires is not None:
        entry["expires"] = ticks.text(caller.expires)
    return entry
