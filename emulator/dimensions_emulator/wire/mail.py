"""The routes of mails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimensions_emulator.domain import mails
from dimensions_emulator.wire import envelope

if TYPE_CHECKING:
    from flask import Response

    from dimensions_emulator.domain.calls import Call
    from dimensions_emulator.wire.api import Api


def send_activation(api: Api, call: Call, user_id: str) -> Response:
    """The activation mail, once more (MAIL-ANSWER)."""
    return _send(api, call, user_id, "activation")


def send_uc_welcome(api: Api, call: Call, user_id: str) -> Response:
    """The UC welcome mail, once more (MAIL-ANSWER)."""
    return _send(api, call, user_id, "uc-welcome")


def _send(api: Api, call: Call, user_id: str, kind: str) -> Response:
    with api.turn() as turn:
        turn.world = mails.request(turn.world, api.book, call, user_id, kind)
    return envelope.empty(204)
