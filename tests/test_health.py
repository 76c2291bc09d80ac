import json
from dataclasses import asdict

import pytest

from dimensions_emulator import __version__, settings
from dimensions_emulator.app import create_app
from dimensions_emulator.domain import document, ticks
from dimensions_emulator.settings import Settings
from dimensions_emulator.state_file import StateFile
from dimensions_emulator.store.memory import MemoryStore
from mail_server import Inbox, free_port, serving, until
from small_world import UC, WEB, Api, emulator, person, small_document

SECOND = 10_000_000


class Clock:
    now = 15_750_433_639_251_680

    def __call__(self):
        return self.now


@pytest.mark.parametrize("path", ["livez", "readyz"])
def test_a_server_that_is_up_says_so_without_a_token(api, path):
    answer = api.control(path, token="")

    assert (answer.status, list(answer.json)) == (200, ["status", "timestamp"])
    assert api.call("HEAD", f"/_emulator/{path}").status == 200


def test_health_tells_what_runs(api):
    data = api.control("health", token="").data

    assert list(data) == [
        "status",
        "version",
        "apiVersion",
        "profile",
        "world",
        "uptimeSeconds",
        "session",
        "sessions",
        "holds",
        "dropped",
        "smtp",
        "state",
    ]
    assert (data["status"], data["version"], data["apiVersion"]) == ("ready", __version__, "v1.0")
    assert (data["profile"], data["world"], data["session"]) == ("default", "office", "default")
    assert data["sessions"] == {"live": 1, "limit": 1000, "idleSeconds": 3600}
    assert data["smtp"] is None
    assert data["state"] is None


def test_health_tells_the_profile_and_the_world_chosen(deciding):
    api = emulator(settings=Settings(world="mine.yaml", profile=deciding()))

    data = api.control("health").data
    assert (data["profile"], data["world"]) == ("test", "mine.yaml")


def test_health_counts_what_the_world_holds():
    devices = [{"id": "one", "customer": "us"}, {"id": "two", "customer": "uk"}]
    api = emulator({"me@example.com": person(1, WEB)}, devices=devices)
    holds = lambda: api.control("health").data["holds"]  # noqa: E731
    seeded = {"accounts": 2, "customers": 3, "users": 1, "devices": 2, "mails": 0, "charges": 0}
    assert holds() == seeded

    created = api.create(roles=[UC]).data["id"]
    assert holds() == {**seeded, "users": 2, "mails": 2, "charges": 1}
    api.control("mail/messages?kind=activation", "DELETE")
    api.delete(created)
    assert holds() == {**seeded, "mails": 1, "charges": 1}
    api.control("reset", "POST")
    assert holds() == seeded


def test_uptime_is_counted_in_whole_seconds():
    clock = Clock()
    api = emulator(clock=clock)
    assert api.control("health").data["uptimeSeconds"] == 0

    clock.now += 90 * SECOND - 1
    assert api.control("health").data["uptimeSeconds"] == 89
    clock.now += 1
    answer = api.control("health")
    assert answer.data["uptimeSeconds"] == 90
    assert answer.json["timestamp"] == "2019-11-29T16:04:13.9251680Z"


def test_the_health_of_the_relay_is_shown():
    inbox = Inbox()
    with serving(inbox) as server:
        api = emulator(settings=Settings(smtp=("127.0.0.1", server.port)))
        relay = api.app.extensions["dimensions_relay"]
        idle = {"host": "127.0.0.1", "port": server.port, "status": "idle", "lastError": None}
        counts = {"sent": 0, "failed": 0, "dropped": 0, "queued": 0}
        assert api.control("health").data["smtp"] == {**idle, **counts}

        api.create()
        until(relay, sent=1, queued=0)
        assert api.control("health").data["smtp"] == {**idle, **counts, "status": "up", "sent": 1}
        relay.close(5.0)
    assert inbox.recipients == ["new@example.com"]


def test_a_relay_that_is_down_is_shown_and_fails_neither_a_call_nor_the_health():
    api = emulator(settings=Settings(smtp=("127.0.0.1", free_port())))
    relay = api.app.extensions["dimensions_relay"]

    assert api.create().status == 201
    until(relay, status="down")

    answer = api.control("health")
    assert (answer.status, answer.data["status"]) == (200, "ready")
    assert answer.data["smtp"]["status"] == "down"
    assert answer.data["smtp"]["lastError"]
    assert api.mails()[0]["links"][0].rpartition("/")[2] not in json.dumps(answer.json)
    assert api.control("readyz").status == 200
    relay.close(0.1)


def test_health_shows_the_file_that_keeps_the_state_and_why_it_could_not_be_saved(tmp_path, monkeypatch):
    path, store = tmp_path / "state.json", MemoryStore()
    state = StateFile(str(path))
    api = Api(create_app(Settings(), store, world=document.load(small_document()), state=state))
    assert api.control("health").data["state"] == {"file": str(path), "saved": None, "error": None}

    state.keep(store, 0)
    saved = api.control("health").data["state"]
    assert (saved["file"], saved["error"]) == (str(path), None)
    assert abs(ticks.parse(saved["saved"]) - ticks.now()) < 60 * SECOND

    def full(_):
        raise OSError(28, "No space left on device")

    api.create()
    with monkeypatch.context() as patch:
        patch.setattr("dimensions_emulator.state_file.os.fsync", full)
        state._try_to_save()
    assert api.control("health").data["state"] == {**saved, "error": "No space left on device"}
    state.close()
    later = api.control("health").data["state"]
    assert later["error"] is None
    assert later["saved"] > saved["saved"]


def test_config_shows_each_setting_with_its_value_and_where_it_came_from(tmp_path):
    file = tmp_path / "dimensions-emulator.toml"
    file.write_text('world = "call-centre"\nseed = 7\nport = 1\n', "utf-8")
    environ = {"DIMENSIONS_EMULATOR_SEED": "8", "DIMENSIONS_EMULATOR_ALLOWED_HOST": "a.test,b.test"}
    chosen = settings.resolve({"port": 4021, "smtp": None, "locale": ("fr_FR",)}, environ, file)
    shown = emulator(settings=chosen).control("config", token="").data["settings"]

    defaults = {
        name: {"value": value, "origin": "default"}
        for name, value in json.loads(json.dumps(asdict(settings.Settings()))).items()
        if name != "origins"
    }
    assert shown == defaults | {
        "host": {"value": "127.0.0.1", "origin": "default"},
        "port": {"value": 4021, "origin": "flag"},
        "world": {"value": "call-centre", "origin": f"file {file}"},
        "seed": {"value": 8, "origin": "environment"},
        "users": {"value": None, "origin": "default"},
        "locale": {"value": ["fr_FR"], "origin": "flag"},
        "profile": {"value": None, "origin": "default"},
        "smtp": {"value": None, "origin": "default"},
        "log_format": {"value": "text", "origin": "default"},
        "allowed_host": {"value": ["a.test", "b.test"], "origin": "environment"},
        "max_body": {"value": 1 << 20, "origin": "default"},
        "json": {"value": False, "origin": "default"},
    }


def test_config_shows_settings_made_in_code_too():
    shown = emulator(settings=Settings(port=1)).control("config").data["settings"]

    assert set(shown) == set(settings.PARSERS)
    assert shown["port"] == {"value": 1, "origin": "code"}


def test_config_shows_the_profile_with_every_decision(deciding):
    default = emulator().control("config").data["profile"]
    chosen = (
        emulator(settings=Settings(profile=deciding(user_exists="409"))).control("config").data["profile"]
    )

    assert default["name"] == "default"
    assert default["decisions"]["user-exists"] == "400"
    assert chosen == {"name": "test", "decisions": {**default["decisions"], "user-exists": "409"}}


@pytest.mark.parametrize(
    "path", ["config", "health", "livez", "readyz", "charges", "licences", "openapi.json"]
)
def test_no_token_is_shown(path):
    api = emulator({"me@example.com": person(1, WEB)})
    api.create(roles=[UC])
    secrets = [api.control("tokens", "POST", json={}).data["token"], api.state()["mails"][0]["token"]]

    shown = api.control(path).body.decode()
    assert not [secret for secret in secrets if secret in shown]
