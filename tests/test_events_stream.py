import threading
from contextlib import ExitStack
from time import monotonic, sleep

import pytest

from dimensions_emulator.control import events as control_events
from dimensions_emulator.sandbox import events as sandbox_events
from listening import Listener, listening, served, session
from receiver import until
from server_process import call
from small_world import Api, emulator


@pytest.fixture
def server(api):
    with served(api) as server:
        yield server


def listeners(api, name="default"):
    return len(session(api, name).events._listeners)


def test_a_stream_says_how_to_come_back(server):
    with listening(server.port) as listener:
        opening = listener.block()

    assert listener.status == 200
    assert listener.headers["Content-Type"] == "text/event-stream"
    assert listener.headers["Cache-Control"] == "no-store"
    assert (opening.retry, opening.id) == (2000, 0)


def test_events_arrive_as_they_happen(api, server, monkeypatch):
    monkeypatch.setattr(control_events, "LOOK", 1.0)
    with listening(server.port, "?types=user.created") as listener:
        listener.block()
        for number in range(3):
            began = monotonic()
            api.create(f"new{number}@example.com")
            assert listener.block().data["user"]["email"] == f"new{number}@example.com"
            assert monotonic() - began < 0.9


def test_a_listener_who_lost_its_connection_misses_nothing(api, server):
    with listening(server.port) as listener:
        listener.block()
        api.create("a@example.com")
        first = listener.block()
    api.create("b@example.com")
    with listening(server.port, "?after=0", Last_Event_ID=first.id) as listener:
        listener.block()
        found = [listener.block() for _ in range(3)]

    assert [block.id for block in (first, *found)] == [1, 2, 3, 4]


def test_a_stream_ends_after_as_many_events_as_were_asked_for(api, server):
    with listening(server.port, "?limit=1&types=user.created") as listener:
        api.create()
        _, created, end = listener.rest()

    assert (created.event, end.event) == ("user.created", "end")
    assert "as many events" in end.data["reason"]
    until(lambda: listeners(api) == 0)


def test_a_silent_stream_is_kept_alive(server, monkeypatch):
    monkeypatch.setattr(control_events, "HEARTBEAT", 0.01)
    with listening(server.port) as listener:
        listener.block()
        beats = [listener.block() for _ in range(2)]

    assert [(beat.comment, beat.id, beat.event) for beat in beats] == [("still here", 0, None)] * 2


def test_a_listener_of_some_types_comes_back_to_where_it_was(api, server, monkeypatch):
    monkeypatch.setattr(control_events, "HEARTBEAT", 0.01)
    with listening(server.port, "?types=user.deleted") as listener:
        api.create()
        until(lambda: listener.block().id == 2)


def test_a_session_that_is_listened_to_is_in_use(api, server):
    with listening(server.port, path="/s/mine/_emulator/events"):
        mine = session(api, "mine")
        mine.used = 0.0
        until(lambda: monotonic() - mine.used < 5)


def test_the_end_of_a_session_ends_its_streams(api, server):
    with listening(server.port, path="/s/mine/_emulator/events") as listener:
        listener.block()
        api.call("DELETE", "/_emulator/sessions/mine")
        (end,) = listener.rest()

    assert (end.event, end.data) == ("end", {"reason": "The session was ended."})


def test_the_stop_of_the_server_ends_its_streams_with_all_that_happened(api):
    with ExitStack() as stack:
        with served(api) as server:
            listener = stack.enter_context(listening(server.port))
            listener.block()
            api.create()
            began = monotonic()
        took = monotonic() - began
        *found, end = listener.rest()

    assert [block.event for block in found] == ["user.created", "mail.sent"]
    assert (end.event, end.data) == ("end", {"reason": "The server stops."})
    assert took < 4


def test_there_is_room_for_some_listeners_and_again_for_one_when_one_has_gone(api, server):
    with ExitStack() as stack:
        places = [stack.enter_context(listening(server.port)) for _ in range(32)]
        assert all(listener.block().retry for listener in places)
        status, headers, body = call(server.port, "GET", "/_emulator/events")
        assert (status, headers["Retry-After"]) == (503, "1")
        assert b"32 listen to the session 'default' already" in body
        with listening(server.port, path="/s/other/_emulator/events") as other:
            assert other.status == 200
        places[7].close()
        until(lambda: listeners(api) == 31)
        with listening(server.port) as listener:
            assert listener.status == 200
    until(lambda: listeners(api) == 0)


def test_listeners_take_no_turn_of_others(api, server):
    with ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(listening(server.port))

        assert call(server.port, "GET", "/_emulator/livez")[0] == 200


def test_a_listener_for_whom_the_server_has_no_room_takes_no_place(api):
    with served(api, max_waiting=1) as server, listening(server.port) as first:
        first.block()
        status, headers, body = call(server.port, "GET", "/_emulator/events")

        assert (status, headers["Retry-After"]) == (503, "1")
        assert b"--max-waiting" in body
        assert listeners(api) == 1


def test_a_stream_that_is_closed_gives_its_place_back_at_once(api):
    answer = api.client.get("/_emulator/events", buffered=False)
    assert listeners(api) == 1
    answer.close()

    assert listeners(api) == 0
    assert answer.status_code == 200


def test_the_head_of_a_stream_takes_no_place(api, server):
    status, headers, body = call(server.port, "HEAD", "/_emulator/events")

    assert (status, headers["Content-Type"], body) == (200, "text/event-stream", b"")
    assert listeners(api) == 0


def test_a_bad_query_takes_no_place(api, server):
    assert call(server.port, "GET", "/_emulator/events?types=moon")[0] == 400
    assert listeners(api) == 0


def test_a_listener_hears_nothing_of_other_sessions(api, server):
    with listening(server.port, path="/s/mine/_emulator/events") as listener:
        listener.block()
        api.create()
        body = {"email": "mine@example.com", "displayName": "N", "roles": []}
        api.call("POST", f"/s/mine{api.users}", json=body)
        block = listener.block()

    assert (block.id, block.data["session"]) == (1, "mine")
    assert block.data["user"]["email"] == "mine@example.com"


def test_a_slow_reader_loses_the_oldest_events_and_is_told(api, server, monkeypatch):
    monkeypatch.setattr(sandbox_events, "HEARD", 300)
    mine = session(api)
    with listening(server.port, buffer=4096) as listener:
        listener.block()
        for _ in range(60_000):
            mine.events.replaced("reset")
        assert len(mine.events._ring) == 300
        ids, dropped = [], None
        while not ids or ids[-1] < 60_000:
            block = listener.block()
            if block.event == "dropped":
                dropped = block
            ids.append(block.id)

    assert dropped is not None
    at = ids.index(dropped.id)
    assert dropped.data["count"] == dropped.id - ids[at - 1]
    assert ids[at + 1 :] == list(range(dropped.id + 1, 60_001))


def test_the_server_holds_but_a_part_of_what_a_slow_reader_has_not_read(api, server):
    mine = session(api)
    with listening(server.port, buffer=4096) as listener:
        listener.block()
        for _ in range(100):
            for _ in range(20):
                mine.events.replaced("x" * 10_000)
            sleep(0.005)
        held = max(channel.total_outbufs_len for channel in server._server.active_channels.values())

    assert 0 < held < 4 << 20


def test_a_listener_who_stops_reading_and_goes_frees_its_place(api, server):
    mine = session(api)
    listener = Listener(server.port, buffer=4096)
    for _ in range(30_000):
        mine.events.replaced("reset")
    listener.close()

    until(lambda: listeners(api) == 0)
    assert len(mine.events._ring) == 200


def test_every_listener_hears_every_event_of_many_writers_in_order():
    api = emulator()
    with served(api) as server, ExitStack() as stack:
        places = [stack.enter_context(listening(server.port, "?limit=320")) for _ in range(3)]
        assert all(listener.block() for listener in places)

        def write(name):
            own = Api(api.app)
            for number in range(20):
                own.create(f"{name}-{number}@example.com")

        threads = [threading.Thread(target=write, args=(f"w{name}",)) for name in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        heard = [listener.rest()[:-1] for listener in places]

    for blocks in heard:
        assert [block.id for block in blocks] == list(range(1, 321))
        created = [block.data["user"]["id"] for block in blocks if block.event == "user.created"]
        assert len(set(created)) == 160
    assert heard[0] == heard[1] == heard[2]
