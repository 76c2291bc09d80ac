import json

import pytest

from dimensions_emulator import world_file
from dimensions_emulator.app import create_app
from dimensions_emulator.domain import document
from dimensions_emulator.settings import Settings
from mail_server import Inbox, serving
from small_world import (
    ACD,
    ADMIN,
    PBX,
    REMOTE,
    SOFTPHONE,
    UC,
    UK,
    US,
    WEB,
    Api,
    emulator,
    person,
    small_document,
    supervisor,
    user_id,
)


def small():
    users = {
        "admin@example.com": person(1, WEB, ADMIN),
        "plain@example.com": person(2, WEB, PBX),
        "me@example.com": person(3, WEB, UC, SOFTPHONE),
        "parent@example.com": person(4, WEB, primaryTenant="reseller"),
        "above@example.com": {"displayName": "Above", "primaryTenant": "reseller"},
    }
    devices = [{"id": f"d{n}", "customer": "us", "owner": "me@example.com"} for n in range(2)]
    return emulator(users, devices=devices)


def named(world):
    api = Api(create_app(Settings(world=world)))
    state = api.state()
    caller = next(c for c in state["callers"] if c["accounts"] and c["scopes"] and "expires" not in c)
    api.token = caller["token"]
    api.customer = next(i for i, c in state["customers"].items() if c["account"] in caller["accounts"])
    return api


def bring_in(api, email, *devices, customer=None):
    users = [{"email": email, "displayName": "Phone", "devices": [{"id": key} for key in devices]}]
    path = f"platform/{customer or api.customer}/import"
    return api.control(path, "POST", json={"users": users}).data[0]["id"]


def lived_in(api):
    """A world where everything that can leave a trace has done so."""
    kept = api.create("first@example.com", [UC, SOFTPHONE], name="<First> \u00fc\u4e16\U0001f600").data["id"]
    gone = api.create("second@example.com", [UC]).data["id"]
    mixed = api.create("Mixed.Case@Example.com", [PBX, UC, REMOTE, ACD]).data["id"]
    bring_in(api, "first@example.com", "new-1", "new-2")
    bring_in(api, "mixed.case@example.com", "new-2")
    api.device(kept, "new-1", client="mobile")
    api.delete(gone)
    api.patch(mixed, {"op": "replace", "path": "/email", "value": "Renamed@example.com"})
    api.add(mixed, supervisor(3))
    if api.customer == US:
        bring_in(api, "renamed@example.com", "uk-1", customer=UK)
    api.call("GET", api.mails("?to=first@example.com")[0]["links"][0].removeprefix("http://localhost"))
    api.control("mail/messages?kind=activation&to=first@example.com", "DELETE")
    wanted = {"name": "late", "customers": [api.customer], "scopes": ["b", "a"], "lifetimeSeconds": 0}
    api.control("tokens", "POST", json=wanted)
    return api


def put(api, state, **kw):
    return api.control(
        "state", "PUT", **{"data": json.dumps(state), "content_type": "application/json", **kw}
    )


def text(api):
    """The export as text: the order of its members counts too."""
    return json.dumps(api.state(), ensure_ascii=False)


@pytest.fixture
def api():
    return lived_in(small())


WORLDS = {"small": small, **{name: lambda name=name: named(name) for name in ("office", "call-centre")}}


@pytest.mark.parametrize("world", WORLDS)
def test_an_export_that_is_imported_is_exported_again_letter_by_letter(world):
    api, other = lived_in(WORLDS[world]()), emulator({})
    before = text(api)

    assert put(other, api.state()).status == 200
    assert text(other) == before
    assert put(api, api.state()).status == 200
    assert text(api) == before


@pytest.mark.parametrize("world", WORLDS)
def test_an_export_starts_another_emulator_as_a_world_file(world, tmp_path):
    api, path = lived_in(WORLDS[world]()), tmp_path / "world.json"
    path.write_text(text(api), "utf-8")

    assert json.dumps(document.dump(document.load(world_file.read(path))), ensure_ascii=False) == text(api)
    other = Api(create_app(Settings(world=str(path))), api.token, api.customer)
    assert text(other) == text(api)
    assert other.list().data == api.list().data


def test_what_was_exported_here_is_all_there_is_to_export(api):
    state = api.state()
    users, devices = state["users"].values(), state["devices"]

    assert all(state.values())
    assert "late" in [caller["name"] for caller in state["callers"] if "expires" in caller]
    assert {"owner", "clientType"} <= {member for device in devices for member in device}
    assert {device["customer"] for device in devices} == {US, UK}
    assert {user["activated"] for user in users} == {True, False}
    assert {len(user["memberships"]) for user in users} == {0, 1, 2}
    assert {mail["kind"] for mail in state["mails"]} == {"activation", "uc-welcome"}
    assert {mail["user"] for mail in state["mails"]} - {user["id"] for user in users}


def test_users_keep_their_ids_and_their_order(api):
    users = api.list().data
    assert [user["displayName"] for user in users][-2:] == ["<First> \u00fc\u4e16\U0001f600", "New"]

    put(api, {**api.state(), "users": dict(reversed(api.state()["users"].items()))})

    assert api.list().data == users[::-1]


def test_an_imported_world_goes_on_where_the_exported_one_was(api):
    other = emulator({})
    put(other, api.state())

    for one in (api, other):
        assert one.delete(user_id(1)).code == "LastUserAdministrator"
        assert one.create("FIRST@example.com").code == "UserAlreadyExists"
        assert REMOTE in one.roles(one.list().data[-1]["id"])
        assert "customer.user.pbx.realtime" in one.create("third@example.com", [PBX]).data["roles"]
        link = one.mails("?to=mixed.case@example.com&kind=activation")[0]["links"][0]
        assert one.call("GET", link.removeprefix("http://localhost")).status == 200
        assert one.delete(user_id(3)).status == 200
        assert user_id(3) not in [device.get("user") for device in one.control(f"platform/{US}/devices").data]
    for path in ("licences", f"platform/{US}/devices", f"platform/{UK}/devices"):
        assert other.control(path).data == api.control(path).data
    for path in ("charges", "mail/messages"):
        assert [one["id"] for one in other.control(path).data] == [
            one["id"] for one in api.control(path).data
        ]


def test_a_whole_answer_is_taken_as_it_came(api):
    before, export = text(api), api.control("state").body
    api.control("reset", "POST")

    assert put(api, None, data=export).status == 200
    assert text(api) == before


def test_every_mistake_is_named_and_nothing_changes(api):
    before = text(api)
    state = small_document(
        {"admin@example.com": person(1, WEB), "two words": person(1, "king", customer="moon")}
    )
    state["customers"]["us"]["account"] = "nobody"
    state["devices"] = [{"id": "d", "customer": "us", "owner": "else@example.com"}]
    state["callers"][0]["expires"] = "tomorrow"
    state["usres"] = {}

    answer = put(api, state)

    assert (answer.status, list(answer.json)) == (400, ["error", "message", "status", "timestamp"])
    for place in (
        "customers.us.account",
        "users.two words",
        "users.two words.id",
        "memberships.moon",
        "king",
    ):
        assert place in answer.message
    for place in ("devices.0.owner", "callers.0.expires", "usres"):
        assert place in answer.message
    assert text(api) == before


def test_very_many_mistakes_are_counted(api):
    told = put(api, small_document(devices=[{"id": f"d{n}", "customer": "moon"} for n in range(60)])).message

    assert told.count("moon") == 50
    assert told.endswith(" (and 10 more)")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"content_type": "text/plain"}, 415),
        ({"content_type": "application/json; charset=latin-1"}, 415),
        ({"content_type": "application/json-patch+json"}, 415),
        ({"data": b""}, 400),
        ({"data": b"{"}, 400),
        ({"data": b'{"version": NaN}'}, 400),
        ({"data": b'{"version": 1, "version": 1}'}, 400),
        ({"data": b'{"a":' * 100_000}, 400),
        ({"data": b'{"version":' + b"[" * 900 + b"]" * 900 + b"}"}, 400),
        ({"data": b'{"version": ' + b"9" * 5000 + b"}"}, 400),
    ]
    + [
        ({"data": json.dumps({"data": data}).encode()}, 400)
        for data in (None, 1, "x", [], [[]], {}, {"data": {}})
    ],
)
def test_what_is_no_world_is_refused_and_changes_nothing(api, sent, status):
    before = text(api)

    assert put(api, {}, **sent).status == status
    assert text(api) == before


def test_a_state_may_be_larger_than_bodies_of_the_api(api):
    users = {f"user{n:06}@example.com": person(n, WEB) for n in range(12_000)}
    body = json.dumps(small_document(users))
    assert len(body) > Settings().max_body

    assert put(api, None, data=body).status == 200
    assert api.control("health").data["holds"]["users"] == 12_000
    assert api.call("POST", api.users, data=body, content_type="application/json").status == 413
    assert "268435456" in put(api, {}, environ_overrides={"CONTENT_LENGTH": str(1 << 30)}).message


def test_the_mails_of_an_imported_state_are_not_sent_again(api):
    inbox = Inbox()
    with serving(inbox) as server:
        other = emulator({}, settings=Settings(smtp=("127.0.0.1", server.port)))
        assert put(other, api.state()).status == 200
        other.create("later@example.com")
        other.app.extensions["dimensions_relay"].close(5.0)

    assert len(other.mails()) > 1
    assert inbox.recipients == ["later@example.com"]
