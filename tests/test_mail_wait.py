"""Waiting for mail, by long poll."""

import threading
from time import monotonic

import pytest

from dimensions_emulator.post.rendering import MailRenderer
from dimensions_emulator.sandbox.sessions import Sessions
from dimensions_emulator.wire import waiting
from small_world import UC, UK, US, WEB, emulator, person

AT_ONCE = 2.0
"""Seconds within which a mail that is there is handed out: far less than the timeouts here."""


@pytest.fixture
def api():
    return emulator({"me@example.com": person(3, WEB)})


def wait(api, query="", **kw):
    return api.control(f"mail/wait{query}", **kw)


class Waiter(threading.Thread):
    """A request in a thread of its own; `answer` is there after `join`."""

    def __init__(self, api, query, **kw):
        super().__init__(daemon=True)
        self.begun = threading.Event()
        self._call = lambda: wait(api, query, **kw)
        self.start()
        self.begun.wait(5)

    def run(self):
        started = monotonic()
        self.begun.set()
        self.answer = self._call()
        self.seconds = monotonic() - started

    def done(self):
        self.join(10)
        assert not self.is_alive()
        return self.answer


def waiting_in(api, query="", **kw):
    """A waiter that found nothing yet and waits for something to arrive."""
    waiter = Waiter(api, query, **kw)
    mailboxes = sessions(api).default.mailboxes
    until(lambda: mailboxes._waiting)
    return waiter


def sessions(api):
    return next(
        cell.cell_contents.sessions
        for rule in api.app.view_functions.values()
        for cell in rule.__closure__ or ()
        if isinstance(getattr(cell.cell_contents, "sessions", None), Sessions)
    )


def until(condition, seconds=5):
    end = monotonic() + seconds
    while not condition():
        assert monotonic() < end
        threading.Event().wait(0.002)


def test_a_mail_that_is_there_is_answered_at_once(api):
    api.create()

    answer = wait(api, "?timeout=60")

    assert answer.status == 200
    assert answer.data == api.mails()[0]


def test_a_mail_that_arrives_later_ends_the_wait(api, monkeypatch):
    monkeypatch.setattr(waiting, "LOOK", 60)
    waiter = waiting_in(api, "?to=NEW@example.com&timeout=30")

    assert api.create().status == 201

    assert waiter.done().data["to"] == "new@example.com"
    assert waiter.seconds < AT_ONCE


def test_a_mail_that_is_not_wanted_does_not_end_the_wait(api):
    waiter = waiting_in(api, "?kind=uc-welcome&to=second@example.com&timeout=30")

    api.create("first@example.com", [UC])
    assert waiter.is_alive()
    api.create("second@example.com", [UC])

    mail = waiter.done().data
    assert (mail["to"], mail["kind"]) == ("second@example.com", "uc-welcome")


def test_each_mail_is_looked_at_once(api, monkeypatch):
    read = []
    monkeypatch.setattr(MailRenderer, "words", lambda *known: str(read.append(known[1].id)))
    api.create("first@example.com", [UC])
    waiter = waiting_in(api, "?search=nothing&timeout=0.5")

    api.create("second@example.com", [UC])

    assert waiter.done().status == 404
    assert read == [1, 2, 3, 4]


def test_every_waiter_gets_the_mail(api):
    waiters = [Waiter(api, "?timeout=30") for _ in range(8)]
    api.create()

    assert [waiter.done().data["id"] for waiter in waiters] == [1] * 8


def test_who_asks_for_the_next_one_misses_none_and_sees_none_twice(api):
    seen = []

    def read():
        while len(seen) < 60:
            seen.append(wait(api, f"?after={seen[-1] if seen else 0}&timeout=20").data["id"])

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    for number in range(30):
        api.create(f"user{number}@example.com", [UC])
    reader.join(20)

    assert seen == list(range(1, 61))


def test_without_a_number_the_oldest_is_answered(api):
    api.create("first@example.com")
    api.create("second@example.com")

    assert wait(api).data["id"] == 1
    assert wait(api, "?after=1").data["id"] == 2
    assert wait(api, "?search=second").data["id"] == 2


@pytest.mark.parametrize(
    "query", ["?to=other@example.com", "?kind=uc-welcome", f"?customer={UK}", "?after=1"]
)
def test_a_wait_in_vain_tells_what_mails_there_are(api, query):
    api.create()

    answer = wait(api, f"{query}&timeout=0.01")

    assert answer.status == 404
    name, _, value = query.removeprefix("?").partition("=")
    assert answer.message.startswith("No mail with ")
    assert f"{name} {value}" in answer.message
    assert "came within 0.01 s. The latest mails: 1 activation to new@example.com." in answer.message


def test_a_wait_in_vain_where_there_is_no_mail_says_so(api):
    answer = wait(api, "?timeout=0")

    assert (answer.status, answer.message) == (
        404,
        "No mail with delivery delivered came within 0 s. There is no mail at all.",
    )


def test_of_many_mails_the_latest_are_told(api):
    for number in range(25):
        api.create(f"user{number}@example.com")

    told = wait(api, "?to=nobody@example.com&timeout=0").message

    assert "The latest mails: 25 activation to user24@example.com; 24 " in told
    assert "user15@" in told
    assert "user14@" not in told
    assert told.endswith("; and 15 older ones.")


def test_failed_mails_are_met_by_who_asks_for_them(api):
    api.control("mail/failures", "POST", json={"to": "new@*", "reason": "Full"})
    api.create()

    answer = wait(api, "?timeout=0.01")
    assert answer.status == 404
    assert "1 activation to new@example.com (failed: Full)." in answer.message
    assert wait(api, "?timeout=0.01&delivery=failed").data["delivery"] == {
        "status": "failed",
        "reason": "Full",
    }


@pytest.mark.parametrize(
    ("query", "told"),
    [
        *[
            (f"timeout={text}", "timeout is a number of seconds from 0 to 60.")
            for text in ("61", "-1", "nan", "inf", "x", "1e400", "1,5", "0x10")
        ],
        *[
            (f"after={text}", "after is the number of a mail")
            for text in ("-1", "x", "1.5", "9" * 5000, "%C2%B2")
        ],
        ("kind=nonsense", "there are: activation, uc-welcome."),
        ("delivery=late", "there are: delivered, failed."),
        (
            "form=x",
            "There is no filter 'form' here; there are: to, kind, customer, search, delivery, after, timeout.",
        ),
        (
            "customer=x",
            "customer is the id of a customer, not 'x'; GET /_emulator/state tells the ids of the customers.",
        ),
        *[
            (f"to=a@mail.example&{name}=", f"The filter '{name}' is empty; give it a value, or leave it out.")
            for name in ("customer", "kind", "search", "after", "timeout")
        ],
        ("to=", "The filter 'to' is empty"),
        ("to=&to=a@mail.example", "The filter 'to' is empty"),
    ],
)
def test_what_cannot_be_waited_for_is_refused(api, query, told):
    answer = wait(api, f"?{query}")

    assert answer.status == 400
    assert told in answer.message


def test_a_reset_in_between_starts_the_numbers_again(api):
    api.create()
    waiter = waiting_in(api, "?to=second@example.com&timeout=30")
    api.control("reset", "POST")

    api.create("second@example.com")

    assert waiter.done().data["id"] == 1


def test_mail_of_another_session_ends_no_wait(api):
    api.client.get("/s/other/_emulator/health")
    waiter = waiting_in(api, "?timeout=0.4")

    other = {"X-Emulator-Session": "other"}
    body = {"email": "new@example.com", "displayName": "New", "roles": []}
    assert api.call("POST", api.users, json=body, headers=other).status == 201

    assert waiter.done().status == 404
    assert wait(api, "?timeout=0", headers=other).data["to"] == "new@example.com"


def test_the_end_of_the_session_ends_the_wait(api):
    waiter = Waiter(api, "?timeout=30", headers={"X-Emulator-Session": "short"})
    until(lambda: api.control("sessions/short").status == 200)
    session = sessions(api).look("short")
    until(lambda: session.mailboxes._waiting)

    assert api.control("sessions/short", "DELETE").status == 200

    assert waiter.done().status == 404
    assert "was ended" in waiter.answer.message
    assert waiter.seconds < AT_ONCE


def test_a_session_in_which_somebody_waits_is_not_idle(api):
    waiter = Waiter(api, "?timeout=1", headers={"X-Emulator-Session": "busy"})
    until(lambda: "busy" in sessions(api)._live)
    session = sessions(api).look("busy")
    until(lambda: session.mailboxes._waiting)
    session.used -= 1000

    until(lambda: session.used > monotonic() - 10)
    assert waiter.done().status == 404


def test_the_stop_of_the_server_ends_the_wait(api):
    stopping = threading.Event()
    environ = {"dimensions.stopping": stopping, "dimensions.gone": lambda: False}
    waiter = waiting_in(api, "?timeout=30", environ_overrides=environ)

    stopping.set()

    assert waiter.done().status == 503
    assert waiter.seconds < AT_ONCE


def test_a_caller_who_hung_up_is_waited_for_no_longer(api):
    environ = {"dimensions.stopping": threading.Event(), "dimensions.gone": lambda: True}

    assert Waiter(api, "?timeout=30", environ_overrides=environ).done().status == 503


def test_a_wait_asks_the_server_for_room_and_gives_it_back(api):
    room = []

    class Room:
        def __enter__(self):
            room.append("taken")

        def __exit__(self, *_):
            room.append("given back")

    wait(api, "?timeout=0.01", environ_overrides={"dimensions.waiting": Room})
    assert room == ["taken", "given back"]

    api.create()
    assert wait(api, environ_overrides={"dimensions.waiting": Room}).status == 200
    assert len(room) == 2


def test_without_room_a_wait_is_refused_with_the_way_out(api):
    def full():
        raise waiting.TooManyWaiting(100)

    answer = wait(api, "?timeout=1", environ_overrides={"dimensions.waiting": full})

    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert "--max-waiting" in answer.message


def test_a_mail_of_one_customer_is_waited_for_in_any_spelling_of_its_id(api):
    api.create()

    assert wait(api, f"?customer=%7B{US.upper()}%7D").data["customer"] == US
