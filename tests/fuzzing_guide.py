"""Leads generated requests to what a world holds, so that they get past "not found" and "exists already"."""

from __future__ import annotations

from copy import deepcopy
from itertools import count
from uuid import UUID

SOFTPHONE = {"customer.user.uc", "customer.user.uc.softphone"}
STRAY = 5  # every so many requests keep the ids that the generator invented


class Guide:
    """Gives path parameters and bodies; invalid parts are left as the generator broke them.

    Users who were there before, with their devices, are not deleted: others need them.
    """

    def __init__(self, read):
        self._read = read
        self._turns = count()
        self._kept = set(read().users)
        self._sent_addresses = set()

    def prepare(self, sent, stateful):
        path = sent.path if "path" in sent.broken else self._path(sent, stateful)
        body = sent.body if "body" in sent.broken else self._body(sent)
        return path, body

    def _path(self, sent, stateful):
        world, turn = self._read(), next(self._turns)
        named = world.tenants.get(text(sent.path.get("customerId")))
        if named is None and turn % STRAY == 0:
            return sent.path
        tenant = named or pick(sorted(world.tenants.values(), key=lambda t: t.customer.id)[1:], turn)
        path = {**sent.path, "customerId": tenant.customer.id}
        if "accountId" in path:
            path["accountId"] = tenant.customer.account
        if "userId" in path and not stateful:
            path.update(self._user(sent, world, tenant, turn))
        return path

    def _user(self, sent, world, tenant, turn):
        users = [user_id for user_id in tenant.user_ids() if self._fits(sent, user_id)]
        if "deviceId" not in sent.path:
            return {"userId": pick(users, turn)} if users else {}
        able = [
            device
            for key, device in sorted(world.devices.items())
            if device.customer == tenant.customer.id
            and device.owner
            and SOFTPHONE.issubset(tenant.roles_of(device.owner))
        ]
        if not able:
            return {}
        device = pick(able, turn)
        return {"userId": device.owner, "deviceId": device.id}

    def _fits(self, sent, user_id):
        return user_id not in self._kept or not sent.operation.startswith("deleteUser")

    def _body(self, sent):
        body = deepcopy(sent.body)
        if isinstance(body, dict) and isinstance(body.get("email"), str):
            body["email"] = self._address(body["email"])
        for step in body if isinstance(body, list) else ():
            if (
                step.get("path") == "/email"
                and step.get("op") != "test"
                and isinstance(step.get("value"), str)
            ):
                step["value"] = self._address(step["value"])
        return body

    def _address(self, address):
        """The address itself the first time, then one that nobody has."""
        if address.lower() in self._sent_addresses:
            return f"fuzz{len(self._sent_addresses)}.{UUID(int=next(self._turns))}@mail.example"
        self._sent_addresses.add(address.lower())
        return address


def pick(things, turn):
    return things[turn % len(things)]


def text(value):
    return value if isinstance(value, str) else ""
