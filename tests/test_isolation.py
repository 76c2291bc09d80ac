"""Many sessions at once: what each one holds is what it would hold alone."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Barrier

import pytest

from dimensions_emulator.settings import Settings
from small_world import PBX, REMOTE, UC, US, WEB, Api, emulator, supervisor

SESSIONS, OPERATIONS = 64, 200
USERS = f"/api/v1.0/customers/{US}/users"
ROLES = (WEB, PBX, UC, REMOTE, supervisor(1), supervisor(3))
FROZEN = {"at": "2026-01-31T09:00:00Z"}


@pytest.fixture
def busy():
    """Threads that take turns as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


class Player:
    """Plays a story that follows from a number, in a session of the same seed."""

    def __init__(self, app, name, number):
        self.api = Api(app)
        self.name, self.headers = name, {"X-Emulator-Session": name}
        self.chance = Random(number)
        self.number = number
        self.made = []
        self.api.control("sessions", "POST", json={"name": name, "seed": number})
        self.control("clock/freeze", "POST", json=FROZEN)

    def control(self, path, method="GET", **kw):
        return self.api.control(path, method, headers=self.headers, **kw)

    def call(self, method, path, **kw):
        return self.api.call(method, USERS + path, headers=self.headers, charges="true", **kw)

    def play(self):
        for step in range(OPERATIONS):
            self.act(step)
        left = {
            "state": self.control("state").data,
            "mails": self.control("mail/messages").data,
            "charges": self.control("charges").data,
            "holds": self.control("health").data["holds"],
            "clock": self.control("clock").data["now"],
        }
        return json.loads(json.dumps(left).replace(f"/s/{self.name}", "/s/NAME"))  # links name their session

    def act(self, step):
        name = self.chance.choice(("create", "create", "grant", "rename", "delete", "mail", "steer"))
        if name in {"create", "rename"}:
            getattr(self, name)(step)
        else:
            getattr(self, name)()

    def create(self, step):
        roles = self.chance.sample(ROLES, self.chance.randint(0, 3))
        body = {
            "email": f"p{step}@s{self.number}.example",
            "displayName": f"{self.number}:{step}",
            "roles": roles,
        }
        answer = self.call("POST", "", json=body)
        if answer.status == 201:
            self.made.append(answer.data["id"])

    def grant(self):
        if self.made:
            change = {"op": "add", "path": "/roles/-", "value": self.chance.choice(ROLES)}
            self.call("PATCH", f"/{self.chance.choice(self.made)}", json=[change])

    def rename(self, step):
        if self.made:
            change = {"op": "replace", "path": "/displayName", "value": f"{self.number}/{step}"}
            self.call("PATCH", f"/{self.chance.choice(self.made)}", json=[change])

    def delete(self):
        if self.made:
            self.call("DELETE", f"/{self.made.pop(self.chance.randrange(len(self.made)))}")

    def mail(self):
        if self.made:
            self.call("POST", f"/{self.chance.choice(self.made)}/sendActivationEmail")

    def steer(self):
        kind = self.chance.randrange(4)
        if kind == 0:
            self.control("clock/advance", "POST", json={"seconds": self.chance.randint(1, 1000)})
        elif kind == 1:
            self.control("snapshots/point", "POST")
        elif kind == 2 and self.chance.random() < 0.3:
            self.control("snapshots/point/restore", "POST")
        elif self.chance.random() < 0.1:
            self.control("reset?part=mail", "POST")


def played(app, numbers):
    """What the story of each number leaves, all told at once."""
    players = [Player(app, f"session-{place:02}", number) for place, number in enumerate(numbers)]
    start = Barrier(len(players))

    def play(player):
        start.wait()
        return player.play()

    with ThreadPoolExecutor(len(players)) as pool:
        return list(pool.map(play, players))


def test_what_a_session_holds_is_what_it_would_hold_alone(busy):
    numbers = [place // 2 for place in range(SESSIONS)]  # each story is told in two sessions

    together = played(emulator().app, numbers)

    for number, (first, second) in enumerate(zip(together[::2], together[1::2], strict=True)):
        (alone,) = played(emulator(settings=Settings(max_sessions=2)).app, [number])
        assert first == alone
        assert second == alone
        others = {
            email
            for email in first["state"]["users"]
            if not email.endswith((f"@s{number}.example", "@example.com"))
        }
        assert others == set()
    assert len({str(one["state"]) for one in together}) == SESSIONS // 2
    assert sum(len(one["state"]["users"]) for one in together) > 5 * SESSIONS
