"""An emulator in a thread with a customer for the engine, and a target that lets it in through the guard."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from random import Random

from dimensions_contracts import catalog as catalogue
from dimensions_contracts import openapi
from dimensions_contracts.conformance import stage
from dimensions_contracts.conformance.engine_guide import Softphone
from dimensions_contracts.conformance.guard import Guard
from dimensions_contracts.conformance.ledger import Ledger
from dimensions_contracts.conformance.messages import Request
from dimensions_contracts.conformance.places import Place
from dimensions_contracts.conformance.transport import GuardedSession
from dimensions_emulator.app import create_app
from dimensions_emulator.domain import ticks
from dimensions_emulator.server import Server
from dimensions_emulator.settings import Settings
from dimensions_emulator.store.memory import MemoryStore

DOCUMENT = openapi.document(catalogue.load(), "1.2.3")
MAIN = Place("main", "cccccccc-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000001")
RUN = "k3v9wq2z"
JSON = (("Content-Type", "application/json"),)
VOIDS = [f"0f0f0f0f-0000-4000-8000-{n:012x}" for n in range(5)]


@dataclass
class Target:
    """What the engine is given: the guarded way to a place of the stage."""

    session: GuardedSession
    place: Place
    document: dict = field(default_factory=lambda: DOCUMENT)
    calls: list = field(default_factory=list)
    softphones: list = field(default_factory=list)
    callers: tuple[str, ...] = ("main", "other")
    voids: list = field(default_factory=lambda: VOIDS)

    @property
    def base_url(self):
        return self.session.target.url

    @property
    def places(self):
        return [self.place]

    def address(self, start):
        return f"{start}.{RUN}@mail.example"

    def send(self, request):
        return self.session.send(request)

    def record(self, operation, request, answer):
        self.calls.append((operation, request, answer))


def clock():
    """A clock that ticks when it is looked at, so that every run sees the same answers."""
    return count(ticks.parse("2026-03-04T09:30:00Z"), ticks.SECOND).__next__


@contextmanager
def staged(break_it=lambda application: application, profile=None):
    """Serve an emulator, perhaps with a bug or another profile, and set the stage on it."""
    server = Server("127.0.0.1", 0, max_body=1 << 20)
    server.serve(
        break_it(create_app(Settings(seed=1, profile=profile), MemoryStore(), clock=clock()).wsgi_app)
    )
    found = None
    try:
        found = target(f"http://127.0.0.1:{server.port}")
        yield found
    finally:
        if found:
            found.session.close()
        server.stop()


def target(url):
    guard = Guard("full", {"main": MAIN}, RUN, allow_charges=True, allow_mail=True, control=True)
    session = GuardedSession(url, {"main": None, "none": None, "wrong": "wrong"}, guard, Ledger())
    made = stage.planned(MAIN, RUN, Random(1))
    for place in made.places.values():
        guard.enter(place)
    stage.put(session, stage.built(stage.state(session), made, RUN, "mail.example"))
    session.introduce(made.tokens)
    for void in VOIDS:
        guard.void(void)
    found = Target(session, made.places["lab"])
    found.softphones.append(softphone(found))
    return found


def softphone(target):
    """Bring in a user with a device, and give the roles that a softphone needs."""
    device = f"{RUN}-desk"
    user = {"email": target.address("phone"), "displayName": "Phone", "devices": [{"id": device}]}
    path = f"/_emulator/platform/{target.place.customer}/import"
    answer = target.send(Request("POST", path, JSON, json.dumps({"users": [user]}).encode(), "none"))
    found = json.loads(answer.body)["data"][0]["id"]
    roles = ["customer.user", "customer.user.uc", "customer.user.uc.softphone"]
    patch = json.dumps([{"op": "replace", "path": "/roles", "value": roles}]).encode()
    path = f"/api/v1.0/customers/{target.place.customer}/users/{found}"
    target.send(Request("PATCH", path, (*JSON, ("accept-charges", "true")), patch))
    return Softphone(target.place.customer, found, device)
