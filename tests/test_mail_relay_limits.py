from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace

from dimensions_emulator.post.relay import Relay
from mail_server import MAIL, RENDER, SECRET, Inbox, free_port, hanging_server, relaying, serving, until


def test_a_mail_that_cannot_be_rendered_fails_alone():
    def render(mail, customer):
        if mail.id == 1:
            raise ZeroDivisionError(SECRET)
        return RENDER(mail, customer)

    inbox = Inbox()
    with serving(inbox) as server, relaying(server.port, render) as relay:
        relay.enqueue(MAIL, "Example Ltd")
        relay.enqueue(replace(MAIL, id=2), "Example Ltd")
        status = until(relay, sent=1, failed=1)
    assert status["lastError"] == "ZeroDivisionError: [token]"


def test_a_mail_that_breaks_off_halfway_fails_alone():
    def render(mail, customer):
        rendered = RENDER(mail, customer)
        return replace(rendered, to="a\udc80@mail.example") if mail.id == 1 else rendered

    inbox = Inbox()
    with serving(inbox) as server, relaying(server.port, render) as relay:
        relay.enqueue(MAIL, "Example Ltd")
        relay.enqueue(replace(MAIL, id=2), "Example Ltd")
        status = until(relay, sent=1, failed=1)
    assert "UnicodeEncodeError" in status["lastError"]


def test_no_token_reaches_the_log_or_the_last_error(caplog):
    caplog.set_level(logging.DEBUG)
    inbox = Inbox(content=[f"554 5.6.0 Do not like http://127.0.0.1/_emulator/activate/{SECRET}"])
    with serving(inbox) as server, relaying(server.port) as relay:
        relay.enqueue(MAIL, "Example Ltd")
        status = until(relay, failed=1, status="up")
    assert "Do not like" in status["lastError"]
    logged = [record.getMessage() for record in caplog.records if record.name == "dimensions_emulator.relay"]
    assert logged
    assert SECRET not in f"{logged} {status}"


def test_a_server_that_hangs_is_given_up_after_the_timeout():
    with hanging_server() as port, relaying(port, timeout=0.1, waits=()) as relay:
        relay.enqueue(MAIL, "Example Ltd")
        status = until(relay, status="down", failed=1)
    assert "timed out" in status["lastError"]


def test_a_server_that_hangs_delays_neither_callers_nor_the_stop():
    with hanging_server() as port, relaying(port, timeout=1.0) as relay:
        started = time.monotonic()
        for _ in range(100):
            relay.enqueue(MAIL, "Example Ltd")
        assert time.monotonic() - started < 0.2
        relay.close(0.1)
        assert time.monotonic() - started < 0.6
        assert relay.status()["dropped"] == 100


def test_a_server_that_is_down_does_not_delay_the_stop():
    with relaying(free_port(), waits=(60, 60)) as relay:
        relay.enqueue(MAIL, "Example Ltd")
        relay.enqueue(MAIL, "Example Ltd")
        until(relay, status="down")
        started = time.monotonic()
        relay.close(30.0)
        assert time.monotonic() - started < 5.0
    assert (relay.status()["queued"], relay.status()["dropped"]) == (0, 2)


def test_closing_sends_what_is_queued_and_takes_no_more():
    inbox = Inbox()
    with serving(inbox) as server:
        relay = Relay("127.0.0.1", server.port, RENDER)
        for _ in range(50):
            relay.enqueue(MAIL, "Example Ltd")
        relay.close(10.0)
        relay.enqueue(MAIL, "Example Ltd")
    status = relay.status()
    assert (len(inbox.mails), status["sent"], status["dropped"]) == (50, 50, 1)


def test_a_full_queue_drops_and_counts_and_says_so_once(caplog):
    with relaying(free_port(), waits=(60,), limit=3) as relay:
        for _ in range(5):
            relay.enqueue(MAIL, "Example Ltd")
        until(relay, queued=3, dropped=2)
        assert len([r for r in caplog.records if "takes no more" in r.message]) == 1


def test_a_mail_still_under_way_when_time_is_up_is_counted_once():
    held = threading.Event()

    def render(mail, customer):
        held.wait(10)
        return RENDER(mail, customer)

    inbox = Inbox()
    with serving(inbox) as server, relaying(server.port, render) as relay:
        relay.enqueue(MAIL, "Example Ltd")
        relay.close(0.05)
        held.set()
        relay.close(5.0)
        assert relay.status().items() >= {"sent": 0, "dropped": 1, "queued": 0}.items()
