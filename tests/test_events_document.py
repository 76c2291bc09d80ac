"""What is really told has the shape that the document of the control plane declares."""

import jsonschema_rs
import pytest

from dimensions_emulator.control import documents
from dimensions_emulator.sandbox.events import TYPES
from listening import events
from receiver import receiving, until
from small_world import UC, emulator, supervisor, user_id

DOCUMENT = documents.control_document()


def misfits(name, value):
    whole = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    checker = jsonschema_rs.validator_for(whole, validate_formats=True)
    return [f"{error.instance_path}: {error.message}" for error in checker.iter_errors(value)]


@pytest.fixture
def api():
    api = emulator()
    yield api
    api.app.extensions["dimensions_courier"].close()


def test_events_of_all_types_are_as_declared(api):
    api.control("mail/failures", "POST", json={"to": "*", "reason": "550 Unknown"})
    who = api.create(roles=[UC]).data["id"]
    api.add(who, supervisor(1))
    api.call("GET", "/nowhere")
    api.delete(who)
    api.control("reset", "POST")
    told = [block.data for block in events(api)]

    assert {event["type"] for event in told} == set(TYPES)
    assert [misfit for event in told for misfit in misfits("Event", event)] == []


def test_webhooks_and_their_deliveries_are_as_declared(api):
    with receiving(200, 500) as receiver:
        api.control("webhooks", "POST", json={"url": receiver.url, "secret": "x"})
        api.control("webhooks", "POST", json={"url": receiver.url, "entity": "Customer"})
        api.delete(user_id(2))
        api.create()
        until(lambda: "nextTry" in api.control("webhooks/deliveries").data[-1])
        for name, path in (("Webhook", "webhooks"), ("WebhookDelivery", "webhooks/deliveries")):
            found = api.control(path).data
            assert len(found) == 2
            assert [misfit for one in found for misfit in misfits(name, one)] == []
        assert [misfits("WebhookPayload", payload) for payload in receiver.payloads] == [[], []]


@pytest.mark.parametrize("name", ["Event", "Webhook", "WebhookDelivery", "WebhookPayload"])
def test_what_is_not_declared_does_not_fit(name):
    assert misfits(name, {"moon": 1})
