"""Changes that let a device be assigned."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from dimensions_emulator.domain.devices import CLIENT_TYPES
from dimensions_emulator.explain import bodies, places
from dimensions_emulator.explain.case import GIVES_UP
from dimensions_emulator.explain.repairs.roles import lacks
from dimensions_emulator.explain.words import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dimensions_emulator.domain.models import Device
    from dimensions_emulator.explain.case import Case, Plan
    from dimensions_emulator.sandbox.dry_run import Request

SOFTPHONE = ("customer.user.uc", "customer.user.uc.softphone")
TRIED = 3


def owned(case: Case) -> Iterator[Plan]:
    """DEVICE-OWNED: a device that is the user's, the user whose device it is, or a platform that says so."""
    device, user = _device(case), case.user
    if user is None or case.tenant is None:
        return
    customer = case.tenant.customer.id
    named = places.device(case.request.path) or ""
    if device is not None and device.owner is not None:
        owner = case.world.users[device.owner]
        moved = places.with_id(case.request, "user", owner.id)
        yield case.changed(moved, f"name {owner.display_name} ({owner.id}), whose device it is")
    own = [key[1] for key in case.world.owned.get(user.id, ()) if key[0] == customer]
    for other in sorted(own, key=lambda key: key not in get_close_matches(named, own))[:TRIED]:
        yield case.changed(places.with_device(case.request, other), f"name the user's device '{other}'")
    yield _imported(case, named)


def softphone_roles(case: Case) -> Iterator[Plan]:
    """DEVICE-ROLES: the user is given the roles first."""
    needed = [role for role in SOFTPHONE if role not in case.roles]
    needed = [*lacks(case, (*case.roles, *needed)), *needed]
    wire = case.book.wire_roles(needed)
    steps = [{"op": "add", "path": "/roles/-", "value": role} for role in wire]
    path = places.of_user(case.request.path, case.user.id if case.user else "")
    patch = case.request._replace(method="PATCH", path=path, query="", body=b"")
    sent = bodies.written(patch.with_header("accept-charges", "true"), steps)
    yield case.plan.after(sent, f"give the user {listed(wire)}")


def client_type(case: Case) -> Iterator[Plan]:
    """DEVICE-CLIENT: one of the client types, or the one that the device is tied to."""
    if case.no.error != "DeviceClientMismatch":
        named = bodies.read(case.request).get("clientType")
        likely = get_close_matches(str(named).lower(), CLIENT_TYPES, 1)
        for name in dict.fromkeys((*likely, *CLIENT_TYPES)):
            yield _of_type(case, name)
        return
    device = _device(case)
    if device is not None and device.client_type is not None:
        yield _of_type(case, device.client_type)
        return
    path = case.request.path.removesuffix("unassign") + "assign"
    able = all(role in case.roles for role in SOFTPHONE)
    for plan in [case.plan] if able else softphone_roles(case):
        yield plan.after(case.request._replace(path=path), "assign the device")


def _of_type(case: Case, name: str) -> Plan:
    sent = bodies.written(case.request, {**bodies.read(case.request), "clientType": name})
    return case.changed(sent, f"send the clientType '{name}'")


def _device(case: Case) -> Device | None:
    return case.world.devices.get((case.id_of("customer") or "", places.device(case.request.path) or ""))


def _imported(case: Case, device: str) -> Plan:
    """The phone platform tells that the device is this user's."""
    user, tenant = case.user, case.tenant
    assert user is not None  # noqa: S101  asked before
    assert tenant is not None  # noqa: S101
    entry = {"email": user.email, "displayName": user.display_name, "devices": [{"id": device}]}
    path = f"/_emulator/platform/{tenant.customer.id}/import"
    sent = bodies.written(_plain(case.request, path), {"users": [entry]})
    plan = case.plan.after(sent, f"let the phone platform report the device '{device}' as this user's")
    return plan._replace(cost=plan.cost + GIVES_UP - 1)


def _plain(request: Request, path: str) -> Request:
    kept = tuple(item for item in request.headers if item[0].lower() == "x-emulator-session")
    return request._replace(method="POST", path=path, query="", headers=kept, body=b"")
