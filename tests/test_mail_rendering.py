from __future__ import annotations

import email
import re
from dataclasses import replace
from email.policy import SMTP, SMTPUTF8

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dimensions_emulator.domain.models import Mail
from dimensions_emulator.post.message import to_message
from dimensions_emulator.post.rendering import MailRenderer

ORIGIN = "http://127.0.0.1:4020/proxy"
TOKEN = "q3-Zk_w9"
LINK = f"{ORIGIN}/_emulator/activate/{TOKEN}"
MAIL = Mail(
    id=7,
    kind="activation",
    customer="8c0f6cf0-0000-4000-8000-000000000001",
    user_id="8c0f6cf0-0000-4000-8000-000000000002",
    to="ada@mail.example",
    display_name="Ada Example",
    origin=ORIGIN,
    token=TOKEN,
    sent=15_750_433_639_251_680,
)
WELCOME = replace(MAIL, kind="uc-welcome")
RENDERER = MailRenderer()

ANY_TEXT = st.text(st.characters(), max_size=120)
AWKWARD_TEXT = st.text(
    st.sampled_from("<>&\"'()@,;:\\[]=?{%}é日😀\ud800\u202e\u2028\r\n\t\x00 a"), max_size=40
)
TEXT = ANY_TEXT | AWKWARD_TEXT


def rendered(mail, customer="Example Ltd"):
    return RENDERER.render(mail, customer)


def parsed(mail):
    source = to_message(rendered(mail), mail).as_bytes()
    return email.message_from_bytes(source, policy=SMTP)


def test_an_activation_mail_carries_its_link_in_text_and_html():
    mail = rendered(MAIL)
    assert mail.links == (LINK,)
    assert f"\n{LINK}\n" in mail.text
    assert f'href="{LINK}"' in mail.html


def test_a_welcome_mail_links_to_the_client_and_not_to_the_activation():
    mail = rendered(WELCOME)
    assert mail.links == (f"{ORIGIN}/_emulator/uc-client",)
    assert mail.links[0] in mail.text
    assert TOKEN not in mail.text + mail.html


@pytest.mark.parametrize("mail", [MAIL, WELCOME])
def test_a_mail_names_its_reader_the_customer_and_the_sender(mail):
    mail = rendered(mail, "Näh & Söhne")
    assert (mail.sender, mail.to) == ("no-reply@dimensions.example", "ada@mail.example")
    assert "Näh & Söhne" in mail.subject
    assert "Näh & Söhne" in mail.text
    assert "Näh &amp; Söhne" in mail.html
    assert "Hello Ada Example," in mail.text
    assert "Hello <bdi>Ada Example</bdi>," in mail.html


@pytest.mark.parametrize("mail", [MAIL, WELCOME])
def test_the_text_is_wrapped_except_for_its_link(mail):
    mail = rendered(replace(mail, origin="https://a-rather-long-host-name.mail.example/with/a/long/prefix"))
    assert max(len(line) for line in mail.text.splitlines() if line != mail.links[0]) <= 72
    assert mail.links[0] in mail.text.splitlines()


@pytest.mark.parametrize("mail", [MAIL, WELCOME])
def test_the_html_of_a_mail_loads_nothing_and_runs_nothing(mail):
    html = rendered(mail).html
    assert not re.search(r"<script|<img|<link|<style|\bsrc=|\bon\w+=|url\(", html)
    assert '<html lang="en">' in html


def test_markup_in_names_is_shown_and_not_interpreted():
    html = rendered(
        replace(MAIL, display_name="<b>'Ada'</b>", to='"<i>"@mail.example'), "<script>x</script>"
    ).html
    assert "&lt;b&gt;&#39;Ada&#39;&lt;/b&gt;" in html
    assert not re.search(r"<b>|<i>|<script>", html)


def test_a_line_break_in_a_name_adds_no_header_and_no_line():
    mail = replace(
        MAIL, display_name="Ada\r\nBcc: eve@mail.example\r\n\r\nHi", to="ada@mail.example\r\nBcc: eve"
    )
    evil = "Example\r\nBcc: eve@mail.example"
    written = RENDERER.render(mail, evil)
    message = email.message_from_bytes(to_message(written, mail).as_bytes(), policy=SMTP)
    assert message["Bcc"] is None
    assert written.subject == "Activate your Example Bcc: eve@mail.example account"
    assert "Hello Ada Bcc: eve@mail.example Hi," in written.text


def test_a_reader_without_a_printable_name_is_addressed_by_e_mail():
    assert "Hello ada@mail.example," in rendered(replace(MAIL, display_name="\x00\u2028")).text


@pytest.mark.parametrize(
    "origin", ["javascript:alert(1)//", 'data:text/html,"><script>', "ftp://files.example"]
)
def test_a_link_is_always_http_or_https(origin):
    (link,) = rendered(replace(MAIL, origin=origin)).links
    assert link.startswith("http://")
    assert not set(link) & set('"<> ')


def test_a_message_has_both_alternatives_and_the_headers_of_automatic_mail():
    message = parsed(MAIL)
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message["From"] == "Dimensions <no-reply@dimensions.example>"
    assert message["To"] == "Ada Example <ada@mail.example>"
    assert message["Date"] == "Fri, 29 Nov 2019 16:02:43 +0000"
    assert message["Auto-Submitted"] == "auto-generated"


def test_the_link_stands_whole_in_the_source_of_the_message():
    mail = replace(MAIL, token=TOKEN * 10)
    assert rendered(mail).links[0].encode() in to_message(rendered(mail), mail).as_bytes()


@pytest.mark.parametrize(
    "to", ["", "@", "ada", "ada@[", "a b@c d", '"<i>"@mail.example', "ada@mail.example, eve@x"]
)
def test_a_message_can_be_built_for_an_address_that_is_none(to):
    mail = replace(MAIL, to=to)
    assert b"\r\nTo: " in to_message(rendered(mail), mail).as_bytes()


def test_a_message_id_is_stable_distinct_and_silent_about_the_token():
    first, again = (to_message(rendered(MAIL), MAIL)["Message-ID"] for _ in range(2))
    assert first == again
    assert re.fullmatch(r"<[0-9a-f]{32}@dimensions\.example>", first)
    assert parsed(replace(MAIL, token="another"))["Message-ID"] == first
    assert parsed(replace(MAIL, id=8))["Message-ID"] != first


def test_an_address_outside_ascii_is_written_in_utf_8():
    mail = replace(MAIL, to="jösé@münchen.example", display_name="José 日本 😀")
    assert "José 日本 😀 <jösé@münchen.example>".encode() in to_message(rendered(mail), mail).as_bytes()


def test_a_name_outside_ascii_arrives_as_it_was_even_over_plain_smtp():
    mail = replace(MAIL, display_name="José 日本 😀")
    assert to_message(rendered(mail), mail).as_bytes().isascii()
    assert parsed(mail)["To"].addresses[0].display_name == "José 日本 😀"


@given(name=TEXT, to=TEXT, customer=TEXT, kind=st.sampled_from(["activation", "uc-welcome"]))
def test_any_text_renders_escaped_and_serialises(name, to, customer, kind):
    mail = replace(MAIL, kind=kind, display_name=name, to=to)
    written = RENDERER.render(mail, customer)
    assert written.html.count("<") == rendered(replace(MAIL, kind=kind)).html.count("<")
    assert "\n" not in written.subject
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", written.subject)
    message = email.message_from_bytes(to_message(written, mail).as_bytes(), policy=SMTPUTF8)
    assert message.get_body(("plain",)).get_content().replace("\r\n", "\n") == written.text
    assert message.get_body(("html",)).get_content().replace("\r\n", "\n") == written.html


PAGES = [("activated", {"name": "Ada"}), ("activated", {}), ("unknown-link", {}), ("uc-client", {})]


@pytest.mark.parametrize(("name", "facts"), PAGES)
def test_a_page_is_self_contained_and_accessible(name, facts):
    html = RENDERER.page(name, **facts)
    assert '<html lang="en">' in html
    assert 'name="viewport"' in html
    assert re.search(r"<title>[^<]+ \S Dimensions emulator</title>", html)
    assert len(re.findall(r"<h1>[^<]+</h1>", html)) == 1
    assert not re.search(r"<script|<img|<link|\bsrc=|\bon\w+=|url\(|\{\{|\{%", html)


def test_the_page_after_activation_mentions_what_it_is_told():
    html = RENDERER.page("activated", name="<b>Ada\n</b>", email="ada@mail.example", customer="A & B")
    assert "<bdi>&lt;b&gt;Ada &lt;/b&gt;</bdi>" in html
    assert "<bdi>ada@mail.example</bdi>" in html
    assert "<bdi>A &amp; B</bdi>" in html
