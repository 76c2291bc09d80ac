"""The webhooks of a session: who is told of what, and how that went."""

from __future__ import annotations

import hmac
from collections import deque
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple
from uuid import NAMESPACE_URL, uuid5

import orjson

from dimensions_emulator.domain import ticks

if TYPE_CHECKING:
    from dimensions_emulator.sandbox.clock import Clock
    from dimensions_emulator.sandbox.courier import Courier

ENTITIES = ("User", "Customer")
EVENTS = ("created", "updated", "deleted")
MOST_RETRIES = 10
WEBHOOKS = 20
QUEUE = 1_000
"""Deliveries that wait for a webhook; the oldest goes where there is no room."""
LOG = 500
WAITING, DELIVERED, FAILED, DROPPED, CANCELLED = "waiting", "delivered", "failed", "dropped", "cancelled"
STATES = (WAITING, DELIVERED, FAILED, DROPPED, CANCELLED)


class TooManyWebhooks(Exception):
    """The session has as many webhooks as it may."""


class Wanted(NamedTuple):
    """What a webhook is registered for; `secret` signs what is sent."""

    url: str
    entity: str = "User"
    events: tuple[str, ...] = EVENTS
    retries: int = 1
    secret: str | None = None


class Attempt(NamedTuple):
    """One try at a delivery; `at` is in ticks of the session's clock, `reason` tells why it failed."""

    at: int
    milliseconds: float
    status: int | None
    reason: str | None


class Delivery:
    """What is sent to a webhook for one event; `next_try` is in ticks of the session's clock."""

    __slots__ = ("at", "attempts", "entity_id", "event", "event_id", "id", "next_try", "state", "webhook_id")

    def __init__(
        self,
        id: int,  # noqa: A002  what it is
        webhook_id: str,
        event_id: int,
        event: str,
        entity_id: str,
        at: int,
    ) -> None:
        self.id = id
        self.webhook_id = webhook_id
        self.event_id = event_id
        self.event = event
        self.entity_id = entity_id
        self.at = at
        self.state = WAITING
        self.attempts: tuple[Attempt, ...] = ()
        self.next_try: int | None = None

    @property
    def payload(self) -> dict[str, str]:
        """The documented members, and no others."""
        return {"triggerID": self.webhook_id, "id": self.entity_id, "event": self.event}


class Webhook:
    """A receiver, and the deliveries that wait for it in the order of their events."""

    def __init__(self, id: str, wanted: Wanted, session: str, clock: Clock) -> None:  # noqa: A002  what it is
        self.id = id
        self.wanted = wanted
        self.session = session
        self.clock = clock
        self.created = clock.now()
        self.kinds = frozenset(f"{wanted.entity.lower()}.{event}" for event in wanted.events)
        self.delivered = self.failed = self.dropped = 0
        self._lock = Lock()
        self._queue: deque[Delivery] = deque()
        self._busy = self._closed = False

    @property
    def waiting(self) -> int:
        """How many deliveries are not settled."""
        return len(self._queue)

    def put(self, delivery: Delivery) -> bool:
        """Queue a delivery; whether somebody must begin to work on the queue."""
        with self._lock:
            if self._closed:
                delivery.state = CANCELLED
                return False
            self._queue.append(delivery)
            if len(self._queue) > QUEUE:
                # The first may be under way.
                dropped = self._queue[1]
                del self._queue[1]
                dropped.state = DROPPED
                self.dropped += 1
            begin, self._busy = not self._busy, True
            return begin

    def next(self) -> Delivery | None:
        """The delivery to work on, which stays in the queue; None if there is none, until the next `put`."""
        with self._lock:
            if self._queue and not self._closed:
                return self._queue[0]
            self._busy = False
            return None

    def note(self, delivery: Delivery, attempt: Attempt, wait: float | None) -> None:
        """Keep how an attempt went; `wait` is in seconds, None where no other one follows."""
        with self._lock:
            delivery.attempts = (*delivery.attempts, attempt)
            if self._closed:
                return
            delivery.next_try = None if wait is None else self.clock.now() + int(wait * ticks.SECOND)
            if wait is not None:
                return
            self._queue.popleft()
            if attempt.reason is None:
                delivery.state = DELIVERED
                self.delivered += 1
            else:
                delivery.state = FAILED
                self.failed += 1

    def close(self) -> None:
        """Deliver nothing any more."""
        with self._lock:
            self._closed = True
            for delivery in self._queue:
                delivery.state, delivery.next_try = CANCELLED, None
            self._queue.clear()

    def sent(self, delivery: Delivery, number: int) -> tuple[dict[str, str], bytes]:
        """The headers and the body of an attempt; what no page documents is named X-Emulator-…."""
        body = orjson.dumps(delivery.payload)
        headers = {
            "Content-Type": "application/json",
            "X-Emulator-Session": self.session,
            "X-Emulator-Delivery": str(delivery.id),
            "X-Emulator-Attempt": str(number),
        }
        if self.wanted.secret is not None:
            digest = hmac.new(self.wanted.secret.encode(), body, "sha256").hexdigest()
            headers["X-Emulator-Signature"] = f"sha256={digest}"
        return headers, body


class Webhooks:
    """The webhooks of a session, with a log of their latest deliveries."""

    __slots__ = ("_clock", "_courier", "_last", "_lock", "_log", "_made", "_name", "all")

    def __init__(self, name: str, clock: Clock, courier: Courier) -> None:
        self._name = name
        self._clock = clock
        self._courier = courier
        self._lock = Lock()
        self._log: deque[Delivery] = deque(maxlen=LOG)
        self._made = self._last = 0
        self.all: tuple[Webhook, ...] = ()

    def add(self, wanted: Wanted) -> Webhook:
        """Register a webhook, with an id that repeats with the session's name; raises `TooManyWebhooks`."""
        with self._lock:
            if len(self.all) >= WEBHOOKS:
                raise TooManyWebhooks
            self._made += 1
            webhook_id = str(uuid5(NAMESPACE_URL, f"webhook:{self._name}:{self._made}"))
            webhook = Webhook(webhook_id, wanted, self._name, self._clock)
            self.all = (*self.all, webhook)
            return webhook

    def remove(self, webhook_id: str) -> bool:
        """Remove a webhook with what waits for it; whether there was one."""
        with self._lock:
            gone = [webhook for webhook in self.all if webhook.id == webhook_id]
            self.all = tuple(webhook for webhook in self.all if webhook.id != webhook_id)
        self._end(gone)
        return bool(gone)

    def close(self) -> None:
        """Remove all webhooks."""
        with self._lock:
            gone, self.all = self.all, ()
        self._end(gone)

    def take(self, event_id: int, kind: str, user_id: str) -> None:
        """Deliver an event to those who want it; never waits."""
        for webhook in self.all:
            if kind in webhook.kinds:
                with self._lock:
                    self._last += 1
                    event = kind.partition(".")[2]
                    delivery = Delivery(self._last, webhook.id, event_id, event, user_id, self._clock.now())
                    self._log.append(delivery)
                if webhook.put(delivery):
                    self._courier.work(webhook)

    def deliveries(self) -> list[Delivery]:
        """The latest deliveries, the oldest first."""
        with self._lock:
            return list(self._log)

    def _end(self, gone: tuple[Webhook, ...] | list[Webhook]) -> None:
        for webhook in gone:
            webhook.close()
            self._courier.end(webhook)
