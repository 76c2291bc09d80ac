"""What an emulator tells, as values."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class User:
    """A user of one customer; lists of users leave the roles out."""

    id: str
    email: str
    display_name: str
    primary_tenant: str
    is_parent: bool
    roles: list[str]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> User:
        return cls(
            data["id"],
            data["email"],
            data["displayName"],
            data["primaryTenant"],
            data.get("isParent", False),
            list(data.get("roles", ())),
        )


@dataclass(frozen=True, slots=True)
class Imported:
    """A user whom the phone platform brought in."""

    id: str
    email: str
    roles: list[str]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Imported:
        return cls(data["id"], data["email"], list(data["roles"]))


@dataclass(frozen=True, slots=True)
class Device:
    """A device of the phone platform; `user` is an id, `client_type` what it is tied to, if it is."""

    id: str
    name: str
    extension: str
    user: str | None
    client_type: str | None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Device:
        return cls(data["id"], data["name"], data["extension"], data.get("user"), data.get("clientType"))


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that went out; `user` and `customer` are ids, `failure` is why its mailbox did not take it."""

    id: int
    kind: str
    customer: str
    user: str
    sender: str
    to: str
    subject: str
    sent: datetime
    links: tuple[str, ...]
    text: str
    html: str
    failure: str | None

    @property
    def link(self) -> str:
        """The first link: of an activation mail, the one that activates."""
        if not self.links:
            raise AssertionError(f"the mail {self} has no link")
        return self.links[0]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Mail:
        named = {
            name: data[name] for name in ("id", "kind", "customer", "user", "to", "subject", "text", "html")
        }
        return cls(
            **named,
            sender=data["from"],
            sent=moment(data["sent"]),
            links=tuple(data["links"]),
            failure=data["delivery"].get("reason"),
        )

    def __str__(self) -> str:
        failed = f" (failed: {self.failure})" if self.failure else ""
        return f"{self.id}, {self.kind} to {self.to}: {self.subject!r}{failed}"


@dataclass(frozen=True, slots=True)
class Message:
    """One direction of an entry of the journal: headers, and the body as text."""

    headers: Mapping[str, str]
    body: str | None

    def json(self) -> Any:
        return json.loads(self.body or "null")


@dataclass(frozen=True, slots=True)
class Entry:
    """A request that the emulator met; `status` is 0 where a fault left it without an answer.

    `fault` is the id of the fault that struck it.
    """

    id: str
    at: datetime
    operation: str | None
    customer: str | None
    user: str | None
    caller: str | None
    rule: str | None
    error_code: str | None
    fault: int | None
    milliseconds: float
    method: str
    url: str
    request: Message
    status: int
    response: Message
    curl: str

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Entry:
        asked, told = data["request"], data["response"]
        names = ("operation", "customer", "user", "caller", "rule", "fault")
        return cls(
            id=data["id"],
            **{name: data[name] for name in names},
            error_code=data["errorCode"],
            milliseconds=data["milliseconds"],
            curl=data["curl"],
            at=moment(data["at"]),
            method=asked["method"],
            url=asked["url"],
            request=Message(asked["headers"], asked.get("body")),
            status=told["status"],
            response=Message(told["headers"], told.get("body")),
        )

    def __str__(self) -> str:
        more = [f"{name} {value}" for name, value in (("rule", self.rule), ("fault", self.fault)) if value]
        return " ".join([self.id, self.method, self.url, "→", str(self.status or "no answer"), *more])


@dataclass(frozen=True, slots=True)
class Reading:
    """What a clock shows; `offset` is in seconds from the real time."""

    now: datetime
    frozen: bool
    offset: float

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Reading:
        return cls(moment(data["now"]), data["frozen"], data["offsetSeconds"])


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A point to go back to; `users` and `mails` are counts."""

    name: str
    created: datetime
    users: int
    mails: int

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Snapshot:
        return cls(data["name"], moment(data["created"]), data["users"], data["mails"])


@dataclass(frozen=True, slots=True)
class Trial:
    """How a request would be answered; `changes` counts what it would change, `data` is the whole answer."""

    status: int
    rule: str | None
    explanation: Any
    changes: Mapping[str, Any]
    data: Mapping[str, Any]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Trial:
        return cls(data["status"], data.get("rule"), data.get("explanation"), data["changes"], data)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def text_of(when: datetime) -> str:
    """A time as the emulator reads it; one without a zone is this machine's. Raises `TypeError`."""
    if not isinstance(when, datetime):
        raise TypeError(f"a time is a datetime, not {when!r}")
    return when.astimezone(UTC).isoformat().replace("+00:00", "Z")
