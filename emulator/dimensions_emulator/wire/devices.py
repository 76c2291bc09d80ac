"""The routes of softphone devices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimensions_emulator.domain import devices
from dimensions_emulator.wire import body, envelope, urls

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response

    from dimensions_emulator.domain.calls import Call
    from dimensions_emulator.domain.world import World
    from dimensions_emulator.wire.api import Api


def assign(api: Api, call: Call, user_id: str, device_id: str) -> Response:
    """A device assigned as a softphone (DEVICE-ANSWER)."""
    return _change(devices.assign, api, call, user_id, device_id)


def unassign(api: Api, call: Call, user_id: str, device_id: str) -> Response:
    """A device no longer a softphone (DEVICE-ANSWER)."""
    return _change(devices.unassign, api, call, user_id, device_id)


def _change(use_case: Callable[..., World], api: Api, call: Call, user_id: str, device_id: str) -> Response:
    wanted = body.json_object(api.max_body)
    client = body.choice(wanted, "clientType", "ClientType", devices.CLIENT_TYPES, "DEVICE-CLIENT")
    with api.turn() as turn:
        turn.world = use_case(turn.world, api.book, call, user_id, device_id, client)
    return envelope.done(call.now, 201, {"Location": urls.request_url()})
