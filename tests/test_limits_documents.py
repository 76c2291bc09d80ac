"""World documents above the limits are refused, wherever they come from."""

import json

import pytest

from dimensions_emulator.app import create_app
from dimensions_emulator.domain import room
from dimensions_emulator.settings import Settings, SettingsInvalid
from small_world import PBX, US, WEB, Api, emulator, person, user_id


def full_state(part, number):
    api = emulator({"me@example.com": person(3, WEB)})
    state, at = api.state(), "2020-01-01T00:00:00Z"
    mail = {"kind": "activation", "customer": US, "user": user_id(3), "to": "a@b.example", "displayName": "A"}
    made = {
        "users": {
            f"user{n}@example.com": {"displayName": "U", "memberships": {US: [WEB]}} for n in range(number)
        },
        "devices": [{"id": f"d{n}", "customer": US} for n in range(number * 5)],
        "mails": [
            {**mail, "id": n + 1, "origin": "http://x", "token": f"t{n}", "sent": at} for n in range(number)
        ],
        "activations": {f"t{n}": user_id(3) for n in range(number)},
        "charges": [
            {"id": n + 1, "customer": US, "user": user_id(3), "role": PBX, "at": at} for n in range(number)
        ],
        "callers": [{"name": "c", "token": f"token{n}"} for n in range(number)],
    }
    return {**state, part: made[part]}


FLAGS = {
    "users": "--max-users",
    "devices": "--max-users",
    "mails": "--max-mails",
    "activations": "--max-mails",
    "charges": "--max-charges",
    "callers": "",
}
SMALL = Settings(max_users=10, max_mails=10, max_charges=10)


@pytest.fixture
def few_callers(monkeypatch):
    monkeypatch.setattr(room, "CALLERS", 10)


@pytest.mark.usefixtures("few_callers")
@pytest.mark.parametrize("part", FLAGS)
def test_a_state_above_a_limit_is_refused_with_the_way_out(part):
    api = emulator({"me@example.com": person(3, WEB)}, settings=SMALL)
    before = api.state()

    answer = api.control("state", "PUT", json=full_state(part, 11))

    number, most = (55, 50) if part == "devices" else (11, 10)
    assert answer.status == 507
    assert answer.message.startswith(f"The world has {number} {part}, and {most} is the most")
    assert FLAGS[part] in answer.message
    assert api.state() == before
    assert api.control("state", "PUT", json=full_state(part, 10)).status == 200
    assert api.control("sessions", "POST", json={"world": full_state(part, 10)}).status == 201
    assert api.control("sessions", "POST", json={"world": full_state(part, 11)}).status == 507


@pytest.mark.usefixtures("few_callers")
@pytest.mark.parametrize("part", FLAGS)
def test_a_world_file_above_a_limit_does_not_start(part, tmp_path):
    path = tmp_path / "world.json"
    path.write_text(json.dumps(full_state(part, 11)), "utf-8")
    small = Settings(world=str(path), max_users=10, max_mails=10, max_charges=10)

    with pytest.raises(SettingsInvalid, match=f"the world has .* {part}, and .* is the most.*{FLAGS[part]}"):
        create_app(small)

    path.write_text(json.dumps(full_state(part, 10)), "utf-8")
    assert Api(create_app(small)).control("health").status == 200


def test_every_limit_that_is_exceeded_is_told_at_once(tmp_path):
    path = tmp_path / "world.json"
    path.write_text(
        json.dumps({**full_state("users", 11), "mails": full_state("mails", 11)["mails"]}), "utf-8"
    )

    with pytest.raises(SettingsInvalid) as refused:
        create_app(Settings(world=str(path), max_users=10, max_mails=10))

    told = ["the world has 11 users", "the world has 11 mails"]
    assert [line.partition(",")[0] for line in refused.value.args[0]] == told


def test_a_named_world_above_the_limit_does_not_start():
    with pytest.raises(SettingsInvalid, match="users, and 3 is the most; start with a larger --max-users"):
        create_app(Settings(world="office", max_users=3))
    with pytest.raises(
        SettingsInvalid, match="--users 5000 is more than --max-users 400 allows; raise that too"
    ):
        create_app(Settings(world="crowd", users=5000, max_users=400))


def test_a_session_with_a_named_world_above_the_limit_is_refused():
    api = emulator({"me@example.com": person(3, WEB)}, settings=Settings(max_users=3))

    answer = api.control("sessions", "POST", json={"name": "big", "world": "call-centre"})

    assert (answer.status, "--max-users" in answer.message) == (507, True)
    assert api.control("sessions/big").status == 404
