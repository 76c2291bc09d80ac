"""What was charged, and the licences in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimensions_emulator.control import filters
from dimensions_emulator.control.mail import DROPPED
from dimensions_emulator.domain import ticks
from dimensions_emulator.wire import envelope

if TYPE_CHECKING:
    from flask import Blueprint, Response

    from dimensions_emulator.control.desk import Desk


def register(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get("/charges")
    def charges() -> Response:
        """Every accepted grant of a licensed role, the oldest first; a header counts those that made room."""
        world, customer = desk.world(), filters.known("customer").get("customer")
        data = [
            {
                "id": number,
                "customer": charge.customer,
                "user": charge.user_id,
                "role": charge.role,
                "at": ticks.text(charge.at),
            }
            for number, charge in sorted(world.charges.items())
            if not customer or charge.customer == customer
        ]
        answer = envelope.many(data, desk.clock())
        answer.headers[DROPPED] = str(world.charges_dropped)
        return answer

    @blueprint.get("/licences")
    def licences() -> Response:
        """How many users of each customer hold each licensed role."""
        world, roles = desk.world(), desk.book.catalog.roles
        data = [
            {
                "customer": tenant_id,
                "roles": {key: tenant.counts.get(key, 0) for key, role in roles.items() if role.licensed},
            }
            for tenant_id, tenant in sorted(world.tenants.items())
        ]
        return envelope.many(data, desk.clock())
