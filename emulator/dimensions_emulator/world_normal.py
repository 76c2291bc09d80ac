"""World documents in their one usual spelling."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from dimensions_emulator import world_schema
from dimensions_emulator.domain import addresses, guids

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dimensions_contracts.catalog import Catalog


def normalised(document: Mapping[str, Any], catalog: Catalog) -> dict[str, Any]:
    """Rewrite a document without mistakes: defaults filled in, ids, role keys and owners spelled one way.

    What has no default stays absent: ids that the file leaves open, a customer's description, an expiry.
    """
    whole = world_schema.schema()
    parts, roles = whole["$defs"], catalog.spellings()
    world = _filled(whole, document)
    owners = {addresses.key(email): email for email in world["users"]}
    users = {email: _user(user, roles) for email, user in world["users"].items()}
    devices = [_device(_filled(parts["device"], device), owners) for device in world["devices"]]
    return world | {
        "version": 1,
        "accounts": {key: _spelled(account) for key, account in world["accounts"].items()},
        "customers": {key: _customer(parts, customer) for key, customer in world["customers"].items()},
        "users": users,
        "devices": devices,
        "callers": [_filled(parts["caller"], caller) for caller in world["callers"]],
        "mails": [_numbered(mail) for mail in world["mails"]],
        "charges": [_numbered(charge) | {"role": roles[charge["role"]]} for charge in world["charges"]],
    }


def _filled(part: Mapping[str, Any], value: Mapping[str, Any]) -> dict[str, Any]:
    defaults = {
        name: deepcopy(member["default"])
        for name, member in part["properties"].items()
        if name not in value and "default" in member
    }
    return {**value, **defaults}


def _spelled(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {**entry, "id": guids.usual(entry["id"])} if "id" in entry else {**entry}


def _customer(parts: Mapping[str, Any], customer: Mapping[str, Any]) -> dict[str, Any]:
    whole = _spelled(_filled(parts["customer"], customer))
    features = _filled(parts["customer"]["properties"]["features"], whole["features"])
    return {**whole, "features": {name: int(number) for name, number in features.items()}}


def _user(user: Mapping[str, Any], roles: Mapping[str, str]) -> dict[str, Any]:
    memberships = {
        customer: list(dict.fromkeys([roles[role] for role in held]))
        for customer, held in user.get("memberships", {}).items()
    }
    primary = user.get("primaryTenant") or next(iter(memberships))
    usual = {"primaryTenant": primary, "activated": user.get("activated", False), "memberships": memberships}
    return _spelled(user) | usual


def _device(device: dict[str, Any], owners: Mapping[str, str]) -> dict[str, Any]:
    return device | ({"owner": owners[addresses.key(device["owner"])]} if "owner" in device else {})


def _numbered(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {**entry, "id": int(entry["id"]), "user": guids.usual(entry["user"])}
