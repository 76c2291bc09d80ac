import pytest

from dimensions_emulator.sandbox import webhooks as sandbox_webhooks
from listening import session
from receiver import hanging, receiving, until
from small_world import UC, UK, emulator, user_id

URL = "http://127.0.0.1:9/hooks"


@pytest.fixture
def api():
    api = emulator()
    yield api
    api.app.extensions["dimensions_courier"].close()


def add(api, url=URL, **more):
    return api.control("webhooks", "POST", json={"url": url, **more})


def test_a_webhook_is_shown_as_it_was_taken(api):
    answer = add(api, entity="User", events=["deleted", "created"], retries=3, secret="hush-hush")

    assert answer.status == 201
    assert answer.data == {
        "id": answer.data["id"],
        "url": URL,
        "entity": "User",
        "events": ["created", "deleted"],
        "retries": 3,
        "signed": True,
        "created": answer.data["created"],
        "waiting": 0,
        "delivered": 0,
        "failed": 0,
        "dropped": 0,
    }
    listed = api.control("webhooks")
    assert listed.data == [answer.data]
    assert b"hush" not in answer.body + listed.body


def test_a_webhook_is_for_all_changes_of_users_unless_told_otherwise(api):
    webhook = add(api).data

    assert (webhook["entity"], webhook["retries"]) == ("User", 1)
    assert webhook["events"] == ["created", "updated", "deleted"]
    assert webhook["signed"] is False


def test_a_webhook_for_customers_says_that_none_change(api):
    assert "nothing will be delivered" in add(api, entity="Customer").data["note"]


def test_each_change_of_a_user_is_delivered(api):
    with receiving() as receiver:
        webhook = add(api, receiver.url).data
        who = api.create().data["id"]
        api.patch(who, {"op": "replace", "path": "/displayName", "value": "Other"})
        api.add(who, UC, charges="no")
        api.delete(who)
        receiver.until(3)
        until(lambda: api.control("webhooks").data[0]["delivered"] == 3)
        log = api.control("webhooks/deliveries").data

    assert receiver.payloads == [
        {"triggerID": webhook["id"], "id": who, "event": event} for event in ("created", "updated", "deleted")
    ]
    assert [delivery["payload"] for delivery in log] == receiver.payloads
    assert [(delivery["id"], delivery["state"]) for delivery in log] == [
        (1, "delivered"),
        (2, "delivered"),
        (3, "delivered"),
    ]
    assert all(delivery["attempts"][0]["status"] == 200 for delivery in log)


def test_a_failing_delivery_shows_its_attempts_and_the_next_one(api):
    with receiving(503) as receiver:
        add(api, receiver.url)
        api.create()
        until(lambda: api.control("webhooks/deliveries").data[0]["attempts"])
        (delivery,) = api.control("webhooks/deliveries").data

    assert delivery["state"] == "waiting"
    assert delivery["attempts"][0]["reason"] == "it answered 503"
    assert delivery["attempts"][0]["at"] < delivery["nextTry"]
    assert api.control("webhooks").data[0]["waiting"] == 1


def test_deliveries_can_be_picked(api):
    with receiving() as receiver:
        first, second = add(api, receiver.url).data, add(api, receiver.url, events=["deleted"]).data
        api.create()
        api.delete(user_id(2))
        receiver.until(3)
        until(lambda: len(api.control("webhooks/deliveries?state=delivered").data) == 3)

    def picked(query):
        return [
            (one["webhook"], one["payload"]["event"])
            for one in api.control(f"webhooks/deliveries?{query}").data
        ]

    assert picked(f"webhook={second['id']}") == [(second["id"], "deleted")]
    assert picked("event=created") == [(first["id"], "created")]
    assert picked("state=failed") == []
    assert len(picked("")) == 3


def test_a_webhook_that_is_removed_is_gone(api):
    webhook = add(api).data

    assert api.control(f"webhooks/{webhook['id']}", "DELETE").status == 200
    assert api.control("webhooks").data == []
    again = api.control(f"webhooks/{webhook['id']}", "DELETE")
    assert (again.status, again.message) == (404, f"The session has no webhook '{webhook['id']}'.")


def test_sessions_have_webhooks_of_their_own(api):
    with receiving() as receiver:
        api.call("POST", "/s/mine/_emulator/webhooks", json={"url": receiver.url})
        assert api.control("webhooks").data == []
        api.create()
        body = {"email": "mine@example.com", "displayName": "Mine", "roles": []}
        who = api.call("POST", f"/s/mine{api.users}", json=body).data["id"]
        receiver.until(1)

    ((request, _),) = receiver.got
    assert receiver.payloads[0]["id"] == who
    assert request.headers["X-Emulator-Session"] == "mine"


def test_a_session_that_ends_takes_its_webhooks_along(api):
    webhook = api.call("POST", "/s/mine/_emulator/webhooks", json={"url": URL}).data
    api.call("DELETE", "/_emulator/sessions/mine")

    assert api.call("GET", "/s/mine/_emulator/webhooks").data == []
    again = api.call("POST", "/s/mine/_emulator/webhooks", json={"url": URL}).data
    assert again["id"] == webhook["id"], "ids repeat with the name of the session"


def test_a_session_that_ends_breaks_off_its_deliveries(api):
    with receiving(hanging) as receiver:
        api.call("POST", "/s/mine/_emulator/webhooks", json={"url": receiver.url})
        body = {"email": "mine@example.com", "displayName": "Mine", "roles": []}
        api.call("POST", f"/s/mine{api.users}", json=body)
        receiver.until(1)
        webhooks = session(api, "mine").events.webhooks
        api.call("DELETE", "/_emulator/sessions/mine")

        assert [delivery.state for delivery in webhooks.deliveries()] == ["cancelled"]


def test_webhooks_of_a_session_and_of_two_sessions_have_ids_of_their_own(api):
    ids = {add(api).data["id"], add(api).data["id"]}
    ids.add(api.call("POST", "/s/mine/_emulator/webhooks", json={"url": URL}).data["id"])

    assert len(ids) == 3


def test_a_reset_leaves_webhooks_alone(api):
    add(api)
    api.control("reset", "POST")

    assert len(api.control("webhooks").data) == 1


def test_a_receiver_that_does_not_answer_holds_up_no_request(api):
    with receiving(hanging) as receiver:
        add(api, receiver.url)
        api.create()
        receiver.until(1)
        api.customer = UK
        assert api.create("other@example.com").status == 201
        assert api.control("webhooks").data[0]["waiting"] == 2


def test_a_session_has_some_webhooks_at_most(api):
    for _ in range(sandbox_webhooks.WEBHOOKS):
        assert add(api).status == 201
    refused = add(api)

    assert (refused.status, refused.message) == (
        409,
        "This session has 20 webhooks, which is the most; delete some.",
    )
    assert len(api.control("webhooks").data) == 20


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "url is missing"),
        ({"url": None}, "url is missing"),
        ({"url": ""}, "url is missing"),
        ({"url": 5}, "The request body is not valid: url is not a string"),
        ({"url": "127.0.0.1:80"}, "url is not an address to send to"),
        ({"url": "/hooks"}, "url is not an address to send to"),
        ({"url": "http:///hooks"}, "url is not an address to send to"),
        ({"url": "ftp://127.0.0.1/"}, "url is not an address to send to"),
        ({"url": "file:///etc/passwd"}, "url is not an address to send to"),
        ({"url": "http://me:secret@127.0.0.1/"}, "url has credentials in it"),
        ({"url": "http://me@127.0.0.1/"}, "url has credentials in it"),
        ({"url": "http://127.0.0.1/#part"}, "url has a fragment"),
        ({"url": "http://127.0.0.1:0/"}, "url has a host or port that cannot be"),
        ({"url": "http://127.0.0.1:70000/"}, "url has a host or port that cannot be"),
        ({"url": "http://127.0.0.1:x/"}, "url has a host or port that cannot be"),
        ({"url": "http://[::1/"}, "url has a host or port that cannot be"),
        ({"url": f"http://{'x' * 64}.example/"}, "url has a host or port that cannot be"),
        ({"url": "http://a..b/"}, "url has a host or port that cannot be"),
        ({"url": "http://127.0.0.1/a b"}, "url has at most 2000 characters"),
        ({"url": "http://127.0.0.1/\r\nX: y"}, "url has at most 2000 characters"),
        ({"url": "http://münchen.example/"}, "url has at most 2000 characters"),
        ({"url": "http://127.0.0.1/" + "x" * 2000}, "url has at most 2000 characters"),
        ({"url": URL, "entity": "Device"}, "There is no entity 'Device'; there are: User, Customer."),
        ({"url": URL, "entity": ""}, "There is no entity ''"),
        ({"url": URL, "entity": []}, "The request body is not valid: entity is not a string"),
        (
            {"url": URL, "events": ["moved"]},
            "There is no event 'moved'; there are: created, updated, deleted.",
        ),
        ({"url": URL, "events": []}, "events is empty"),
        ({"url": URL, "events": "created"}, "The request body is not valid: events is not an array"),
        ({"url": URL, "events": [1]}, "The request body is not valid: events is not an array"),
        ({"url": URL, "retries": -1}, "retries is a whole number from 0 to 10."),
        ({"url": URL, "retries": 11}, "retries is a whole number"),
        ({"url": URL, "retries": 10**18}, "retries is a whole number"),
        ({"url": URL, "retries": True}, "retries is a whole number"),
        ({"url": URL, "retries": 1.0}, "retries is a whole number"),
        ({"url": URL, "retries": "1"}, "retries is a whole number"),
        ({"url": URL, "secret": ""}, "secret has 1 to 200 characters."),
        ({"url": URL, "secret": "x" * 201}, "secret has 1 to 200 characters."),
        ({"url": URL, "secret": 5}, "The request body is not valid: secret is not a string"),
        ({"url": URL, "retry": 1}, "The body has no member 'retry'; there are: entity, events, retries"),
    ],
)
def test_a_webhook_that_cannot_be_is_refused_and_not_kept(api, body, told):
    answer = api.control("webhooks", "POST", json=body)

    assert answer.status == 400
    assert told.removeprefix("The request body is not valid: ") in answer.message
    assert "secret@" not in answer.message
    assert api.control("webhooks").data == []


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "[]",
        "null",
        "NaN",
        '{"url": NaN}',
        '{"url": "\\ud800"}',
        "{" * 5000,
        '{"url": 1, "url": 2}',
        "\x00",
    ],
)
def test_a_body_that_is_no_object_is_refused(api, raw):
    answer = api.control("webhooks", "POST", data=raw, content_type="application/json")

    assert answer.status == 400
    assert api.control("webhooks").data == []


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (
            "state=done",
            "There is no state 'done'; there are: waiting, delivered, failed, dropped, cancelled.",
        ),
        ("event=user.created", "There is no event 'user.created'; there are: created, updated, deleted."),
        ("url=x", "There is no filter 'url' here; there are: webhook, state, event."),
    ],
)
def test_a_filter_that_there_is_not_is_refused(api, query, told):
    answer = api.control(f"webhooks/deliveries?{query}")

    assert (answer.status, answer.message) == (400, told)
