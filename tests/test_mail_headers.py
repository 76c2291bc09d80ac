"""No text that a client gives reaches the headers of a mail as more than text."""

from __future__ import annotations

import email
from dataclasses import replace
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimensions_emulator.post.message import to_message
from mail_server import MAIL, RENDER, Inbox, relaying, serving, until
from small_world import US, WEB, emulator, person

INJECTION = "=?utf-8?q?a=0D=0ABcc=3A_evil=40x.example=0D=0AX-Inj=3A_1?="
BASE64 = "=?utf-8?b?YQ0KQmNjOiBldmlsQHguZXhhbXBsZQ0KWC1Jbmo6IDE=?="
IMPOSTOR = "=?utf-8?q?Bob_=3Cbob=40x=2Eexample=3E=2C?="
NAMES = [
    INJECTION,
    BASE64,
    IMPOSTOR,
    f"Ada {INJECTION} Example",
    f'"{INJECTION}"',
    f"é{INJECTION}",
    INJECTION * 3,
]
HEADERS = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"}
FROM = "Dimensions <no-reply@dimensions.example>"

WORDS = st.sampled_from(
    [
        INJECTION,
        BASE64,
        IMPOSTOR,
        "=?",
        "?=",
        "=",
        "?",
        "=\\?",
        "= ?",
        "\r\n",
        '"',
        "\\",
        "é",
        " ",
        "(",
        "<",
        "a",
    ]
)
TEXT = st.lists(WORDS, max_size=8).map("".join)


def parsed(mail, customer="Example Ltd"):
    source = to_message(RENDER(mail, customer), mail).as_bytes()
    return source.partition(b"\r\n\r\n")[0], email.message_from_bytes(source, policy=SMTP)


def literal(text):
    return text.replace("=?", "= ?")


@pytest.mark.parametrize("name", NAMES)
def test_an_encoded_word_in_the_name_of_a_user_stays_text(name):
    head, message = parsed(replace(MAIL, display_name=name))

    assert set(message.keys()) == HEADERS
    assert b"\r\nBcc" not in head
    (to,) = message["To"].addresses
    assert to.addr_spec == MAIL.to
    assert to.display_name.replace(" ", "") == name.replace(" ", "")  # folding may put in more of them


@pytest.mark.parametrize("name", NAMES)
def test_an_encoded_word_in_the_name_of_a_customer_stays_text(name):
    head, message = parsed(MAIL, name)

    assert set(message.keys()) == HEADERS
    assert b"\r\nBcc" not in head
    assert message["Subject"] == f"Activate your {literal(name)} account"


@pytest.mark.parametrize("word", [INJECTION, BASE64, IMPOSTOR])
def test_an_encoded_word_in_an_address_stays_text(word):
    head, message = parsed(replace(MAIL, to=f"{word}@mail.example"))

    assert set(message.keys()) == HEADERS
    assert b"\r\nBcc" not in head
    (to,) = message["To"].addresses
    assert to.addr_spec == f'"{literal(word)}"@mail.example'


@pytest.mark.parametrize("name", NAMES)
def test_the_sender_is_the_same_whatever_the_names_say(name):
    _, message = parsed(replace(MAIL, display_name=name, to=f"{IMPOSTOR}@mail.example"), name)

    assert message["From"] == FROM
    assert message.get_all("From") == [FROM]


@given(name=TEXT, to=TEXT, customer=TEXT)
def test_no_text_adds_a_header(name, to, customer):
    head, message = parsed(replace(MAIL, display_name=name, to=to), customer)

    assert set(message.keys()) == HEADERS
    assert b"\r\nBcc" not in head
    assert message["From"] == FROM


def test_a_mail_that_is_read_has_no_header_of_its_readers_making():
    api = emulator({"me@example.com": person(1, WEB)}, name=BASE64)
    api.create("ada@example.com", name=INJECTION)

    (mail,) = api.mails()
    message = email.message_from_bytes(api.control(f"mail/messages/{mail['id']}.eml").body, policy=SMTP)

    assert mail["customer"] == US
    assert set(message.keys()) == HEADERS
    (to,) = message["To"].addresses
    assert (to.display_name, to.addr_spec) == (literal(INJECTION), "ada@example.com")
    assert message["Subject"] == literal(mail["subject"])
    assert BASE64 in mail["subject"]


def test_a_mail_that_is_relayed_has_no_header_of_its_readers_making():
    inbox = Inbox()
    with serving(inbox) as server, relaying(server.port) as relay:
        relay.enqueue(replace(MAIL, display_name=INJECTION), BASE64)
        until(relay, sent=1)

    (envelope,) = inbox.mails
    message = email.message_from_bytes(envelope.content, policy=SMTP)
    assert envelope.rcpt_tos == [MAIL.to]
    assert set(message.keys()) <= HEADERS | {"X-Peer", "X-MailFrom", "X-RcptTo"}
    assert b"\r\nBcc" not in envelope.content
    assert b"\r\nX-Inj" not in envelope.content
