"""Webhooks, and how their deliveries went."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from flask import abort

from dimensions_emulator.control import filters, members
from dimensions_emulator.domain import ticks
from dimensions_emulator.sandbox.webhooks import (
    ENTITIES,
    EVENTS,
    MOST_RETRIES,
    STATES,
    WEBHOOKS,
    TooManyWebhooks,
    Wanted,
)
from dimensions_emulator.wire import body, envelope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flask import Blueprint, Response

    from dimensions_emulator.control.desk import Desk
    from dimensions_emulator.sandbox.webhooks import Attempt, Delivery, Webhook

MEMBERS = ("url", "entity", "events", "retries", "secret")
LONGEST_URL, LONGEST_SECRET = 2_000, 200
PRINTABLE = re.compile(r"[!-~]+")
NO_CUSTOMERS = "Customers do not change in the emulator, so nothing will be delivered."


def register(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get("/webhooks")
    def webhooks() -> Response:
        """The session's webhooks, without their secrets."""
        filters.known()
        return envelope.many([_shown(webhook) for webhook in desk.session.events.webhooks.all], desk.clock())

    @blueprint.post("/webhooks")
    def add() -> Response:
        """A new webhook, told of what happens from now on."""
        wanted = _wanted(members.known(desk.settings.max_body, MEMBERS))
        try:
            webhook = desk.session.events.webhooks.add(wanted)
        except TooManyWebhooks:
            abort(409, f"This session has {WEBHOOKS} webhooks, which is the most; delete some.")
        return envelope.one(_shown(webhook), desk.clock(), 201)

    @blueprint.delete("/webhooks/<webhook_id>")
    def remove(webhook_id: str) -> Response:
        """Remove a webhook; what waits for it is not delivered any more."""
        if not desk.session.events.webhooks.remove(webhook_id):
            abort(404, f"The session has no webhook '{webhook_id}'.")
        return envelope.done(desk.clock())

    @blueprint.get("/webhooks/deliveries")
    def deliveries() -> Response:
        """The latest deliveries that match, the oldest first."""
        found = _matching(desk.session.events.webhooks.deliveries())
        return envelope.many([_delivery(delivery) for delivery in found], desk.clock())


def _matching(deliveries: Iterable[Delivery]) -> Iterator[Delivery]:
    wanted = filters.known("webhook", "state", "event")
    for name, allowed in (("state", STATES), ("event", EVENTS)):
        if wanted.get(name, allowed[0]) not in allowed:
            abort(400, f"There is no {name} '{wanted[name]}'; there are: {', '.join(allowed)}.")
    for delivery in deliveries:
        facts = {"webhook": delivery.webhook_id, "state": delivery.state, "event": delivery.event}
        if all(facts[name] == value for name, value in wanted.items()):
            yield delivery


def _wanted(given: dict[str, Any]) -> Wanted:
    entity = body.text(given, "entity")
    entity = ENTITIES[0] if entity is None else entity
    if entity not in ENTITIES:
        abort(400, f"There is no entity '{entity}'; there are: {', '.join(ENTITIES)}.")
    return Wanted(_url(body.text(given, "url")), entity, _events(given), _retries(given), _secret(given))


def _url(given: str | None) -> str:
    if not given:
        abort(400, "url is missing: the address to send to, such as http://127.0.0.1:8080/hooks.")
    if len(given) > LONGEST_URL or not PRINTABLE.fullmatch(given):
        abort(400, f"url has at most {LONGEST_URL} characters, printable ASCII without blanks.")
    place = _place(given)
    if place.scheme not in {"http", "https"} or not place.hostname:
        abort(400, "url is not an address to send to; it begins with http:// or https:// and a host.")
    if "@" in place.netloc:
        abort(400, "url has credentials in it, which would show up in listings; use secret instead.")
    if place.fragment:
        abort(400, "url has a fragment, which is never sent; leave out # and what follows.")
    return given


def _place(url: str) -> SplitResult:
    try:
        place = urlsplit(url)
        (place.hostname or "").encode("idna")
        port = place.port
    except ValueError:
        port = 0
    if port == 0:
        abort(400, "url has a host or port that cannot be; a port is a number from 1 to 65535.")
    return place


def _events(given: dict[str, Any]) -> tuple[str, ...]:
    if given.get("events") is None:
        return EVENTS
    events = body.texts(given, "events")
    if not events:
        abort(400, f"events is empty; leave it out for all, or choose from: {', '.join(EVENTS)}.")
    for event in events:
        if event not in EVENTS:
            abort(400, f"There is no event '{event}'; there are: {', '.join(EVENTS)}.")
    return tuple(event for event in EVENTS if event in events)


def _retries(given: dict[str, Any]) -> int:
    retries = given.get("retries")
    if retries is None:
        return 1
    if isinstance(retries, bool) or not isinstance(retries, int) or not 0 <= retries <= MOST_RETRIES:
        abort(400, f"retries is a whole number from 0 to {MOST_RETRIES}.")
    return retries


def _secret(given: dict[str, Any]) -> str | None:
    secret = body.text(given, "secret")
    if secret is not None and not 0 < len(secret) <= LONGEST_SECRET:
        abort(400, f"secret has 1 to {LONGEST_SECRET} characters.")
    return secret


def _shown(webhook: Webhook) -> dict[str, Any]:
    wanted = webhook.wanted
    return {
        "id": webhook.id,
        "url": wanted.url,
        "entity": wanted.entity,
        "events": list(wanted.events),
        "retries": wanted.retries,
        "signed": wanted.secret is not None,
        "created": ticks.text(webhook.created),
        "waiting": webhook.waiting,
        "delivered": webhook.delivered,
        "failed": webhook.failed,
        "dropped": webhook.dropped,
        **({"note": NO_CUSTOMERS} if wanted.entity == "Customer" else {}),
    }


def _delivery(delivery: Delivery) -> dict[str, Any]:
    shown = {
        "id": delivery.id,
        "webhook": delivery.webhook_id,
        "eventId": delivery.event_id,
        "at": ticks.text(delivery.at),
        "state": delivery.state,
        "payload": delivery.payload,
        "attempts": [_attempt(attempt) for attempt in delivery.attempts],
    }
    if delivery.next_try is not None:
        shown["nextTry"] = ticks.text(delivery.next_try)
    return shown


def _attempt(attempt: Attempt) -> dict[str, Any]:
    shown: dict[str, Any] = {"at": ticks.text(attempt.at), "milliseconds": attempt.milliseconds}
    if attempt.status is not None:
        shown["status"] = attempt.status
    if attempt.reason is not None:
        shown["reason"] = attempt.reason
    return shown
