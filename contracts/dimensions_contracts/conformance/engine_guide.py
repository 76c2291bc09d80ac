"""Leads what the engine makes up to users of the run: past "not found", and to nobody else."""

from __future__ import annotations

import json
import re
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

import jsonschema_rs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dimensions_contracts.conformance.messages import Answer, Request
    from dimensions_contracts.conformance.places import Place

STRAY = 7
"""Every so many requests go to somebody whom nobody knows."""
ATOM = 20
"""The characters that are kept of the local part of an address."""
WEBSITE, ADMINISTRATOR = "customer.user", frozenset({"user.admin", "admin.user"})
"""Without a user administrator beside, the first one made could never be deleted (ADMIN-LAST)."""
PATH = re.compile(
    r"/(?:accounts/(?P<account>[^/]*)/)?customers/(?P<customer>[^/]*)/users(?:/(?P<user>[^/?]*))?"
)
GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
CREATED, DONE = 201, 200


class Softphone(NamedTuple):
    """A device of the phone platform whose user, of this run, may tie it to clients."""

    customer: str
    user: str
    device: str


class Sent(NamedTuple):
    """What a generated request says: whether its path is broken on purpose, or linked to earlier answers."""

    method: str
    path: Mapping[str, Any]
    broken: bool
    linked: bool


class Guide:
    """Knows the users of the run and puts their ids in place of those made up.

    `voids` are ids that nobody has; `address` gives an own address that begins as told. Users who are there
    from the start are not deleted, for others need them.
    """

    def __init__(
        self,
        places: Sequence[Place],
        voids: Sequence[str],
        address: Callable[[str], str],
        document: Mapping[str, Any],
    ) -> None:
        self._places = {place.customer: place for place in places}
        self._administered = all(place.administrator for place in places)
        self._voids = voids
        self._address = address
        self._turns = count(1)
        self._own: dict[str, str] = {}
        self._living: dict[str, list[str]] = {customer: [] for customer in self._places}
        self._kept: set[str] = set()
        self._phones: list[Softphone] = []
        schema = document["components"]["schemas"]["EmailAddress"]
        self._address_schema = jsonschema_rs.validator_for(schema)

    def keep(self, phones: Sequence[Softphone]) -> None:
        """Keep everybody who is there now, and use these devices."""
        for phone in phones:
            self.own(phone.customer, phone.user)
        self._kept = set(self._own)
        self._phones = list(phones)

    def learn(self, request: Request, answer: Answer) -> None:
        """Take in who was created and who is gone."""
        found = PATH.search(request.path)
        if found is None:
            return
        customer, user = found["customer"], found["user"]
        if request.method == "POST" and user is None and answer.status == CREATED:
            self.own(customer, _created(answer.body))
        if request.method == "DELETE" and answer.status == DONE and user in self._living.get(customer, ()):
            self._living[customer].remove(user)

    def own(self, customer: str, user: str | None) -> None:
        """Take in a user of the run."""
        if user and customer in self._living:
            self._own[user] = customer
            self._living[customer].append(user)

    def aim(self, path: str) -> str:
        """Tell that ids of a path are meant to be wrong, and how."""
        found = PATH.search(path)
        if found is None:
            return ""
        ids = [value for value in found.groupdict().values() if value is not None]
        if not all(GUID.fullmatch(value) for value in ids):
            return "malformed"
        return "" if set(self._voids).isdisjoint(ids) else "unknown"

    def path(self, sent: Sent) -> dict[str, Any]:
        """The path parameters that are sent; invalid ones stay as they are."""
        turn = next(self._turns)
        if sent.broken:
            return {**sent.path, **self._others(sent.path, turn)}
        return {**sent.path, **self._led(sent, turn)}

    def _others(self, path: Mapping[str, Any], turn: int) -> dict[str, str]:
        """What goes with a broken id: a customer of the run, and a user whom nobody knows."""
        place = self._place("", turn)
        right = {"customerId": place.customer, "accountId": place.account or self._void(turn)}
        right["userId"] = self._void(turn)
        return {name: right[name] for name, value in path.items() if name in right and _is_guid(value)}

    def _led(self, sent: Sent, turn: int) -> dict[str, str]:
        place = self._place(sent.path.get("customerId"), turn)
        customer = self._void(turn) if turn % (STRAY * STRAY) == 0 else place.customer
        right = {"customerId": customer, "accountId": place.account or self._void(turn)}
        right |= self._user(sent, customer, turn)
        return {name: value for name, value in right.items() if name in sent.path}

    def _place(self, customer: Any, turn: int) -> Place:
        places = list(self._places.values())
        return self._places.get(customer) or places[turn % len(places)]

    def _void(self, turn: int) -> str:
        return self._voids[turn % len(self._voids)]

    def _user(self, sent: Sent, customer: str, turn: int) -> dict[str, str]:
        user = sent.path.get("userId")
        if sent.linked and self._own.get(str(user)) == customer:
            return {}
        phones = [phone for phone in self._phones if phone.customer == customer]
        if "deviceId" in sent.path and phones and turn % STRAY:
            phone = phones[turn % len(phones)]
            return {"userId": phone.user, "deviceId": phone.device}
        users = self._living.get(customer, [])
        if sent.method == "DELETE":
            users = [one for one in users if one not in self._kept]
        return {"userId": users[turn % len(users)] if users and turn % STRAY else self._void(turn)}

    def body(self, value: Any) -> Any:
        """The body with own addresses for valid ones, and without roles that could not be taken back."""
        if isinstance(value, dict):
            return {name: self.body(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.body(item) for item in value]
        return self._text(value) if isinstance(value, str) else value

    def _text(self, text: str) -> str:
        if is_valid(self._address_schema, text):
            atom = re.split(r"[.@]", text)[0][:ATOM]
            return self._address(f"{atom}.g{next(self._turns)}")
        return WEBSITE if text in ADMINISTRATOR and not self._administered else text


def is_valid(schema: jsonschema_rs.Validator, value: Any) -> bool:
    """Tell whether a value is valid; one with half a surrogate pair, which is no text, is not."""
    try:
        return schema.is_valid(value)
    except UnicodeEncodeError:
        return False


def _is_guid(value: Any) -> bool:
    return isinstance(value, str) and GUID.fullmatch(value) is not None


def _created(body: bytes) -> str | None:
    try:
        user = json.loads(body)["data"]["id"]
    except (ValueError, KeyError, TypeError):
        return None
    return user if isinstance(user, str) else None
