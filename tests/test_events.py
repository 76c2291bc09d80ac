import gc
import weakref
from types import SimpleNamespace

import pytest

from dimensions_emulator.sandbox.events import TYPES
from dimensions_emulator.store.memory import MemoryStore
from listening import events
from small_world import ADMIN, PBX, REALTIME, UC, UK, US, WEB, emulator, person, supervisor, user_id


def types(api, query=""):
    return [block.event for block in events(api, query)]


def last(api, kind):
    return events(api, f"&types={kind}")[-1].data


def test_a_created_user_is_told_with_its_mails_and_charges(api):
    who = api.create("ada@example.com", roles=[UC], name="Ada").data["id"]
    user, activation, welcome, charge = events(api)

    assert [block.event for block in (user, activation, welcome, charge)] == [
        "user.created",
        "mail.sent",
        "mail.sent",
        "charge.made",
    ]
    assert user.data == {
        "id": 1,
        "type": "user.created",
        "at": user.data["at"],
        "session": "default",
        "user": {
            "id": who,
            "email": "ada@example.com",
            "displayName": "Ada",
            "primaryTenant": US,
            "activated": False,
            "roles": {US: [UC, WEB]},
            "customers": [US],
        },
    }
    both = {"customer": US, "user": who, "to": "ada@example.com", "delivery": {"status": "delivered"}}
    mails = [activation.data["mail"], welcome.data["mail"]]
    assert mails == [
        {"id": 1, "kind": "activation", **both},
        {"id": 2, "kind": "uc-welcome", **both},
    ]
    assert charge.data["charge"] == {"id": 1, "customer": US, "user": who, "role": UC}
    assert [block.id for block in (user, activation, welcome, charge)] == [1, 2, 3, 4]


def test_an_updated_user_is_told_with_what_was_before(api):
    api.patch(
        user_id(2),
        {"op": "replace", "path": "/displayName", "value": "Other"},
        {"op": "add", "path": "/roles/-", "value": supervisor(1)},
    )
    user = last(api, "user.updated")["user"]

    assert (user["displayName"], user["roles"]) == ("Other", {US: [WEB, supervisor(1)]})
    assert user["before"] == {"displayName": "Person 2", "roles": {US: [WEB]}}
    assert user["customers"] == [US]


def test_a_deleted_user_is_told_as_it_was(api):
    api.delete(user_id(2))
    user = last(api, "user.deleted")["user"]

    assert (user["id"], user["email"], user["roles"]) == (user_id(2), "plain@example.com", {US: [WEB]})
    assert user["customers"] == [US]
    assert "before" not in user


def test_a_user_who_leaves_one_of_its_customers_is_deleted_there_and_stays():
    member = person(2, WEB, primary="us")
    member["memberships"]["uk"] = [WEB]
    api = emulator({"admin@example.com": person(1, WEB, ADMIN), "both@example.com": member})
    api.customer = UK
    assert api.delete(user_id(2)).status == 200
    (left,) = events(api)

    assert (left.event, left.data["user"]["customers"]) == ("user.deleted", [UK])
    assert left.data["user"]["roles"] == {US: [WEB]}
    assert left.data["user"]["before"] == {"roles": {US: [WEB], UK: [WEB]}}


def test_a_user_who_joins_another_customer_is_created_there(deciding):
    api = emulator(profile=deciding(existing_user_other_tenant="link"))
    api.customer = UK
    assert api.create("plain@example.com").status == 201
    joined = events(api, "&types=user.created,user.updated,user.deleted")

    assert [(block.event, block.data["user"]["customers"]) for block in joined] == [("user.created", [UK])]
    assert set(joined[0].data["user"]["roles"]) == {US, UK}


def test_a_mail_that_a_mailbox_does_not_take_is_told_with_the_reason(api):
    api.control("mail/failures", "POST", json={"to": "new@*", "reason": "550 Unknown"})
    api.create()

    assert last(api, "mail.sent")["mail"]["delivery"] == {"status": "failed", "reason": "550 Unknown"}


def test_what_is_only_tried_is_not_told(api):
    body = {"email": "new@example.com", "displayName": "New", "roles": []}
    for wanted in (body, {}):
        tried = api.control("what-if", "POST", json={"method": "POST", "path": api.users, "body": wanted})
        assert tried.status == 200, tried.body

    assert types(api) == []


def test_a_role_that_spreads_updates_each_user_who_gets_it():
    users = {f"p{number}@example.com": person(number, WEB, PBX) for number in range(2, 5)}
    api = emulator({"admin@example.com": person(1, WEB, ADMIN), **users})
    api.add(user_id(2), supervisor(3))
    updated = events(api, "&types=user.updated")

    assert {block.data["user"]["id"] for block in updated} == {user_id(2), user_id(3), user_id(4)}
    assert all(REALTIME in block.data["user"]["roles"][US] for block in updated)


def test_an_activated_user_is_updated(api):
    who = api.create().data["id"]
    link = api.mails()[0]["links"][0]
    api.client.get(link[link.index("/_emulator") :])
    user = last(api, "user.updated")["user"]

    assert (user["id"], user["activated"], user["before"]) == (who, True, {"activated": False})


def test_users_of_the_phone_platform_are_told_too(api):
    body = {"users": [{"email": "new@example.com", "displayName": "New"}]}
    api.control(f"platform/{US}/import", "POST", json=body)
    api.control(f"platform/{US}/import", "POST", json=body)

    assert types(api, "&types=user.created,user.updated") == ["user.created"]


def test_devices_are_no_change_of_a_user():
    users = {"me@example.com": person(1, WEB, ADMIN, UC, "customer.user.uc.softphone")}
    api = emulator(users, devices=[{"id": "one", "customer": "us", "owner": "me@example.com"}])
    assert api.device(user_id(1), "one").status == 201

    assert types(api) == []


def test_a_patch_that_changes_nothing_tells_nothing(api):
    assert api.patch(user_id(2), {"op": "add", "path": "/roles/-", "value": WEB}).status == 200

    assert types(api) == []


def test_a_refused_request_is_told_with_its_rule(api):
    answer = api.patch(user_id(2), {"op": "add", "path": "/roles/-", "value": UC}, charges="no")
    (refused,) = events(api)

    assert refused.event == "request.refused"
    assert refused.data["request"] == {
        "id": answer.headers["X-Emulator-Request-Id"],
        "method": "PATCH",
        "path": f"/api/v1.0/customers/{US}/users/{user_id(2)}",
        "status": 400,
        "rule": "CHARGES-ACCEPTED",
        "error": "ChargesNotAccepted",
        "operation": "patchUser",
        "customer": US,
        "user": user_id(2),
        "caller": "reseller",
    }


def test_a_refused_request_that_is_not_known_is_told_as_far_as_it_is(api):
    api.call("GET", "/api/v1.0/Ünknown%FF", token="wrong")
    request = last(api, "request.refused")["request"]

    assert (request["path"], request["rule"]) == ("/api/v1.0/Ünknown\ufffd", "ROUTE")
    assert [request[name] for name in ("operation", "customer", "user", "caller")] == [None] * 4


def test_a_long_path_is_cut(api):
    api.call("GET", "/" + "x" * 10_000)
    api.call("GET", f"{api.users}/{'y' * 10_000}")

    assert [len(block.data["request"]["path"]) for block in events(api)] == [500, 500]
    assert len(last(api, "request.refused")["request"]["user"]) == 100


def test_a_request_that_passes_is_not_told(api):
    api.list()
    api.control("nonsense")

    assert types(api) == []


def test_a_replaced_world_is_told_with_the_reason(api):
    state = api.state()
    api.control("reset", "POST")
    api.control("state", "PUT", json=state)
    api.control("snapshots/there", "POST")
    api.control("snapshots/there/restore", "POST")

    assert [block.data["reason"] for block in events(api, "&types=world.replaced")] == [
        "reset",
        "state",
        "restore",
    ]


def test_a_reset_of_what_is_not_in_the_world_replaces_no_world(api):
    api.control("reset?part=journal,clock", "POST")
    assert types(api) == []

    api.control("reset?part=users", "POST")
    assert types(api) == ["world.replaced"]


def test_sessions_have_events_of_their_own(api):
    api.call(
        "POST", f"/s/other{api.users}", json={"email": "new@example.com", "displayName": "N", "roles": []}
    )
    other = events(
        SimpleNamespace(control=lambda path, **more: api.call("GET", f"/s/other/_emulator/{path}", **more))
    )

    assert types(api) == []
    assert [(block.id, block.event, block.data["session"]) for block in other] == [
        (1, "user.created", "other"),
        (2, "mail.sent", "other"),
    ]


def test_events_follow_the_clock_of_the_session(api):
    api.control("clock/freeze", "POST", json={"at": "2031-02-03T04:05:06Z"})
    api.create()

    assert {block.data["at"] for block in events(api)} == {"2031-02-03T04:05:06.0000000Z"}


def test_roles_are_told_in_the_spelling_of_the_wire(deciding):
    api = emulator(profile=deciding(admin_role_key="admin.user"))
    who = api.create(roles=["admin.user"]).data["id"]

    assert last(api, "user.created")["user"]["roles"][US] == api.roles(who)


def test_only_the_types_asked_for_are_told(api):
    api.create(roles=[UC])

    assert types(api, "&types=charge.made,user.created") == ["user.created", "charge.made"]
    for kind in TYPES:
        assert set(types(api, f"&types={kind}")) <= {kind}


def test_what_is_lost_is_told():
    api = emulator()
    for _ in range(230):
        api.call("GET", "/nowhere")
    first, *rest = events(api)

    assert (first.event, first.id, first.data["count"]) == ("dropped", 30, 30)
    assert [block.id for block in rest] == list(range(31, 231))


@pytest.mark.parametrize("header", [True, False])
def test_a_listener_goes_on_after_the_last_event_it_got(api, header):
    for _ in range(5):
        api.call("GET", "/nowhere")
    found = events(api, "", **{"Last-Event-ID": "3"}) if header else events(api, "&limit=2")

    assert [block.id for block in found] == ([4, 5] if header else [1, 2])


def test_a_listener_of_an_earlier_session_begins_anew(api):
    api.call("GET", "/nowhere")
    dropped, refused = events(api, **{"Last-Event-ID": "50"})

    assert (dropped.event, dropped.data["count"]) == ("dropped", None)
    assert dropped.data["reason"].startswith("Event 50 is not of this session")
    assert (refused.id, refused.event) == (1, "request.refused")


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("types=moon", "There are no events of the type 'moon'; there are: user.created"),
        ("types=user.created,,", "There are no events of the type ''"),
        ("after=x", "after is the id of an event, a whole number; 'x' is none."),
        ("after=-1", "after is the id of an event"),
        ("after=" + "9" * 5000, "after is the id of an event"),
        ("limit=1.5", "limit is a whole number; '1.5' is none."),
        ("kinds=x", "There is no filter 'kinds' here; there are: types, after, limit."),
    ],
)
def test_a_bad_query_is_refused(api, query, told):
    answer = api.control(f"events?{query}")

    assert answer.status == 400
    assert answer.message.startswith(told)
    assert len(answer.message) < 300


def test_a_bad_header_is_refused_by_its_name(api):
    answer = api.control("events", headers={"Last-Event-ID": "nonsense"})

    assert (answer.status, answer.message) == (
        400,
        "Last-Event-ID is the id of an event, a whole number; 'nonsense' is none.",
    )


def test_events_keep_no_world_alive():
    store = MemoryStore()
    api = emulator(store=store)
    maps = []
    store.watch(lambda _, __, after: maps.extend((weakref.ref(after.users), weakref.ref(after.tenants))))
    api.create()
    api.add(user_id(2), supervisor(1))
    api.delete(user_id(2))
    assert types(api)
    assert [there for there in maps if there() is not None]
    api.control("reset", "POST")
    gc.collect()

    assert [there for there in maps if there() is not None] == []
