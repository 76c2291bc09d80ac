from __future__ import annotations

import email
import threading
from dataclasses import replace
from email.policy import SMTPUTF8

import pytest

from mail_server import MAIL, RENDER, SECRET, Inbox, free_port, relaying, serving, until


def test_a_mail_arrives_at_a_real_server_as_it_was_rendered():
    inbox = Inbox()
    with serving(inbox) as server, relaying(server.port) as relay:
        assert relay.status()["status"] == "idle"
        relay.enqueue(MAIL, "Example Ltd")
        status = until(relay, sent=1, queued=0)
    (envelope,) = inbox.mails
    message = email.message_from_bytes(envelope.content, policy=SMTPUTF8)
    assert (envelope.mail_from, envelope.rcpt_tos) == ("no-reply@dimensions.example", ["ada@mail.example"])
    assert f"http://127.0.0.1:4020/_emulator/activate/{SECRET}" in message.get_body(("plain",)).get_content()
    assert status == {
        "host": "127.0.0.1",
        "port": server.port,
        "status": "up",
        "sent": 1,
        "failed": 0,
        "dropped": 0,
        "queued": 0,
        "lastError": None,
    }


def test_mails_of_one_batch_share_a_connection_and_keep_their_order():
    inbox = Inbox()
    held = threading.Event()

    def render(mail, customer):
        held.wait(10)
        return RENDER(mail, customer)

    with serving(inbox) as server, relaying(server.port, render) as relay:
        for number in range(20):
            relay.enqueue(replace(MAIL, to=f"user{number}@mail.example"), "Example Ltd")
        held.set()
        until(relay, sent=20, queued=0)
        assert inbox.farewell.wait(5), "an idle relay keeps no connection"
    assert inbox.recipients == [f"user{number}@mail.example" for number in range(20)]
    assert len(inbox.sessions) == 1


def test_an_address_outside_ascii_is_relayed_as_smtputf8():
    inbox = Inbox()
    with serving(inbox) as server, relaying(server.port) as relay:
        relay.enqueue(replace(MAIL, to="jösé@münchen.example", display_name="José \ud800日本"), "Ünïted")
        until(relay, sent=1)
    assert inbox.recipients == ["jösé@münchen.example"]


def test_an_address_outside_ascii_fails_at_once_where_the_server_knows_no_smtputf8():
    inbox = Inbox()
    with serving(inbox, enable_SMTPUTF8=False) as server, relaying(server.port, waits=(60,)) as relay:
        relay.enqueue(replace(MAIL, to="jösé@mail.example"), "Example Ltd")
        relay.enqueue(MAIL, "Example Ltd")
        status = until(relay, sent=1, failed=1)
    assert "SMTPUTF8" in status["lastError"]


def test_mails_arrive_once_a_server_that_was_down_comes_up():
    inbox, port = Inbox(), free_port()
    with relaying(port, waits=(0.1,) * 100) as relay:
        relay.enqueue(MAIL, "Example Ltd")
        relay.enqueue(MAIL, "Example Ltd")
        until(relay, status="down", queued=2)
        with serving(inbox, port):
            status = until(relay, status="up", sent=2)
    assert len(inbox.mails) == 2
    assert "Connection refused" in status["lastError"]


def test_a_connection_that_died_is_opened_again():
    inbox, port = Inbox(), free_port()
    with relaying(port) as relay:
        for sent in (1, 2):
            with serving(inbox, port):
                relay.enqueue(MAIL, "Example Ltd")
                until(relay, sent=sent)
    assert len(inbox.sessions) == 2


def test_a_server_that_is_down_makes_mails_fail_after_a_few_attempts():
    with relaying(free_port()) as relay:
        relay.enqueue(MAIL, "Example Ltd")
        until(relay, status="down", failed=1, sent=0, queued=0)


def test_a_refused_recipient_fails_at_once_and_holds_up_nobody():
    inbox = Inbox(recipients=["550 5.1.1 No such user"])
    with serving(inbox) as server, relaying(server.port, waits=(60,)) as relay:
        relay.enqueue(replace(MAIL, token=""), "Example Ltd")
        relay.enqueue(replace(MAIL, to="bob@mail.example"), "Example Ltd")
        status = until(relay, sent=1, failed=1, status="up")
    assert inbox.recipients == ["bob@mail.example"]
    assert status["lastError"] == "SMTPRecipientsRefused: 550 5.1.1 No such user"


@pytest.mark.parametrize("answer", ["450 4.2.1 Mailbox busy", "421 4.3.2 Going down"])
def test_a_recipient_refused_for_the_moment_is_tried_again(answer):
    inbox = Inbox(recipients=[answer])
    with serving(inbox) as server, relaying(server.port, waits=(0.02,)) as relay:
        relay.enqueue(MAIL, "Example Ltd")
        until(relay, sent=1, failed=0)
    assert inbox.attempts == 2


@pytest.mark.parametrize("step", ["data", "content"])
def test_refused_content_leaves_the_next_mail_alone(step):
    inbox = Inbox(**{step: ["554 5.6.0 Not wanted"]})
    with serving(inbox) as server, relaying(server.port) as relay:
        relay.enqueue(MAIL, "Example Ltd")
        relay.enqueue(replace(MAIL, to="bob@mail.example"), "Example Ltd")
        until(relay, sent=1, failed=1)
    assert inbox.recipients == ["bob@mail.example"]
