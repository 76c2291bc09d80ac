"""A world small enough to read, and a client that speaks its API."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from dimensions_emulator.app import create_app
from dimensions_emulator.domain import document
from dimensions_emulator.settings import Settings

RESELLER = "aaaaaaaa-0000-4000-8000-0000000000aa"
OTHER_RESELLER = "aaaaaaaa-0000-4000-8000-0000000000bb"
US = "cccccccc-0000-4000-8000-0000000000aa"
UK = "cccccccc-0000-4000-8000-0000000000bb"
ELSEWHERE = "cccccccc-0000-4000-8000-0000000000cc"
NOBODY = "00000000-0000-4000-8000-000000000000"

WEB, ADMIN, PBX, ESSENTIAL = "customer.user", "user.admin", "customer.user.pbx", "customer.user.uc.essential"
UC, REMOTE, SOFTPHONE = "customer.user.uc", "customer.user.uc.remote", "customer.user.uc.softphone"
REALTIME, ACD, TEAMS = "customer.user.pbx.realtime", "customer.user.acd", "customer.user.microsoftteams"
SETTINGS, WORKSPACE = "customer.settings", "customer.workspace.admin"


def supervisor(level):
    return f"customer.user.supervisorl{level}"


def user_id(number):
    return str(UUID(int=0xBBBB0000_0000_4000_8000_000000000000 + number))


def person(number, *roles, customer="us", **more):
    return {
        "id": user_id(number),
        "displayName": f"Person {number}",
        "memberships": {customer: list(roles)},
        **more,
    }


def small_document(users=None, *, devices=(), **customer):
    """Two customers of one reseller and one of another; `customer` sets members of the US customer."""
    if users is None:
        users = {"admin@example.com": person(1, WEB, ADMIN), "plain@example.com": person(2, WEB)}
    return {
        "version": 1,
        "accounts": {
            "reseller": {"id": RESELLER, "name": "Reseller"},
            "other": {"id": OTHER_RESELLER, "name": "Other"},
        },
        "customers": {
            "us": {"id": US, "account": "reseller", "name": "US", "countryCode": "US", **customer},
            "uk": {"id": UK, "account": "reseller", "name": "UK", "countryCode": "GB"},
            "elsewhere": {"id": ELSEWHERE, "account": "other", "name": "Elsewhere"},
        },
        "users": users,
        "devices": list(devices),
        "callers": [
            {"name": "reseller", "token": "good", "accounts": ["reseller"], "scopes": ["onboarding"]},
            {"name": "other", "token": "other", "accounts": ["other"], "scopes": ["onboarding"]},
            {"name": "one customer", "token": "customer", "customers": ["us"], "scopes": ["onboarding"]},
            {"name": "late", "token": "expired", "accounts": ["reseller"], "expires": "2020-01-01T00:00:00Z"},
            {"name": "no scope", "token": "scopeless", "accounts": ["reseller"], "scopes": []},
        ],
    }


@dataclass
class Answer:
    """An answer as tests look at it."""

    status: int
    body: bytes
    headers: Any
    json: Any

    @property
    def rule(self):
        return self.headers.get("X-Emulator-Rule")

    @property
    def code(self):
        return self.json.get("errorCode")

    @property
    def message(self):
        return self.json["message"]

    @property
    def data(self):
        return self.json["data"]


@dataclass
class Api:
    """Calls one customer's users; `customer`, `base` and `token` can be other ones for a call."""

    app: Any
    token: str = "good"
    customer: str = US
    base: str = "/api/v1.0"
    client: Any = field(init=False)

    def __post_init__(self):
        self.client = self.app.test_client()

    @property
    def users(self):
        return f"{self.base}/customers/{self.customer}/users"

    def call(self, method, path, *, token=None, charges=None, headers=None, **kw):
        sent = {"Authorization": f"Bearer {self.token if token is None else token}", **(headers or {})}
        if charges is not None:
            sent["accept-charges"] = charges
        answer = self.client.open(path, method=method, headers=sent, **kw)
        return Answer(answer.status_code, answer.data, answer.headers, answer.get_json(silent=True))

    def list(self, query=""):
        return self.call("GET", self.users + query)

    def get(self, who):
        return self.call("GET", f"{self.users}/{who}")

    def roles(self, who):
        return self.get(who).data["roles"]

    def create(self, email="new@example.com", roles=(), *, name="New", charges="true"):
        body = {"email": email, "displayName": name, "roles": list(roles)}
        return self.call("POST", self.users, json=body, charges=charges)

    def patch(self, who, *operations, charges="true"):
        return self.call("PATCH", f"{self.users}/{who}", json=list(operations), charges=charges)

    def add(self, who, role, *, charges="true"):
        return self.patch(who, {"op": "add", "path": "/roles/-", "value": role}, charges=charges)

    def replace(self, who, *roles, charges="true"):
        return self.patch(who, {"op": "replace", "path": "/roles", "value": list(roles)}, charges=charges)

    def drop(self, who, role, *, charges="true"):
        at = self.roles(who).index(role)
        return self.patch(who, {"op": "remove", "path": f"/roles/{at}"}, charges=charges)

    def delete(self, who):
        return self.call("DELETE", f"{self.users}/{who}")

    def device(self, who, device, act="assign", client="desktop", method="PUT"):
        path = f"{self.users}/{who}/devices/pbx/{device}/{act}"
        return self.call(method, path, json={"clientType": client})

    def control(self, path, method="GET", **kw):
        return self.call(method, "/_emulator/" + path, **kw)

    def mails(self, query=""):
        return self.control("mail/messages" + query).data

    def charges(self):
        return [(charge["user"], charge["role"]) for charge in self.control("charges").data]

    def state(self):
        return self.control("state").data


def emulator(
    users=None, *, devices=(), profile=None, without=(), store=None, clock=None, settings=None, **customer
):
    """An API client of an emulator with the small world."""
    world = document.load(small_document(users, devices=devices, **customer))
    more = {"clock": clock} if clock else {}
    return Api(create_app(settings or Settings(profile=profile), store, world=world, without=without, **more))
