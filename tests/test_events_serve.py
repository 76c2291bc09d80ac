"""Events and webhooks of a server in a process of its own."""

import json
from urllib.parse import urlsplit

from listening import listening
from receiver import hanging, receiving
from server_process import serving

USERS = "/api/v1.0/customers/cccccccc-0000-4000-8000-000000000001/users"


def test_a_server_with_listeners_and_stuck_receivers_stops_at_once(tmp_path):
    with receiving(hanging) as receiver, serving("--world", "office", cwd=tmp_path) as server:
        port = urlsplit(server.url).port
        server.call(
            "POST", "/_emulator/webhooks", json.dumps({"url": receiver.url}), Content_Type="application/json"
        )
        with listening(port) as listener:
            listener.block()
            body = json.dumps({"email": "new@mail.example", "displayName": "New", "roles": []})
            created = server.call(
                "POST",
                USERS,
                body,
                Content_Type="application/json",
                Authorization="Bearer emulator-token-reseller",
            )
            assert created[0] == 201
            receiver.until(1)
            status, took = server.stop()
            *found, end = listener.rest()

    assert (status, server.errors.count("Traceback")) == (0, 0)
    assert took < 5
    assert [block.event for block in found] == ["user.created", "mail.sent"]
    assert end.data == {"reason": "The server stops."}
    assert receiver.payloads[0]["id"] == found[0].data["user"]["id"]
