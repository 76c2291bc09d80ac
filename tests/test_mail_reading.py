"""Mails read one by one, searched, as pages and as they travel."""

import email
import re
from email.policy import SMTP
from html import unescape
from html.parser import HTMLParser

import pytest

from small_world import UC, WEB, Api, emulator, person

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
MISSING = ["7", "0", "-1", "x", "1.5", "01x", "9" * 5000, "%C2%B2", "%3Cscript%3E"]
SUFFIXES = ["", "/links", ".html", ".eml"]


@pytest.fixture
def api():
    api = emulator({"me@example.com": person(3, WEB)})
    api.create("ada@example.com", [UC], name="Ada Lovelace")
    return api


def read(api, path, method="GET"):
    return api.control(f"mail/messages/{path}", method)


def test_a_mail_is_read_by_its_number(api):
    assert [read(api, number).data for number in (1, 2)] == api.mails()


def test_the_links_of_a_mail_are_listed(api):
    answer = read(api, "1/links")

    assert (answer.status, answer.data, answer.json["page_size"]) == (200, api.mails()[0]["links"], 1)
    assert api.call("GET", answer.data[0].removeprefix("http://localhost")).status == 200


def test_a_mail_is_a_page_that_runs_no_script(api):
    page = read(api, "1.html")

    assert page.body.decode() == api.mails()[0]["html"]
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Content-Security-Policy"] == POLICY
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Referrer-Policy"] == "no-referrer"


def test_a_mail_is_read_as_it_travels(api):
    answer = read(api, "1.eml")

    assert answer.headers["Content-Type"] == "message/rfc822"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    message, shown = email.message_from_bytes(answer.body, policy=SMTP), api.mails()[0]
    assert (message["To"], message["Subject"]) == ("Ada Lovelace <ada@example.com>", shown["subject"])
    assert message.get_body(("plain",)).get_content().replace("\r\n", "\n") == shown["text"]
    assert message.get_body(("html",)).get_content().replace("\r\n", "\n") == shown["html"]
    assert b"\n" not in answer.body.replace(b"\r\n", b"")
    assert read(api, "1.eml").body == answer.body


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("number", MISSING)
def test_a_mail_that_is_not_there_is_told(api, number, suffix):
    answer = read(api, number + suffix)

    assert (answer.status, list(answer.json)) == (404, ["error", "message", "status", "timestamp"])
    assert len(answer.message) < 100


def test_what_is_missing_and_what_is_there_is_told(api):
    assert read(api, "7").message == "There is no mail 7; the latest is 2."
    api.control("mail/messages", "DELETE")
    assert read(api, "1").message == "There is no mail 1; there is none at all."
    assert read(api, "x").message == "A mail has a number, which 'x' is not."


def test_one_mail_is_deleted_and_its_link_keeps_working(api):
    link = read(api, 1).data["links"][0].removeprefix("http://localhost")

    assert read(api, 1, "DELETE").status == 200
    assert [mail["id"] for mail in api.mails()] == [2]
    assert read(api, 1, "DELETE").status == 404
    assert api.call("GET", link).status == 200


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("ADA@EXAMPLE", [1, 2]),
        ("lovelace", [1, 2, 3]),
        ("Activate your US account", [1, 3]),
        ("activate your us account", [1, 3]),
        ("UC client", [2]),
        ("nothing happens until the link is opened", [1, 3]),
        ("Hello  Ada\tLovelace,", [1, 2]),
        ("bob", [3]),
        ("Bücher", [3]),
        ("BÜCHER", [3]),
        ("<script>", []),
        (".*", []),
    ],
)
def test_mails_are_found_by_words_in_address_name_subject_and_text(api, words, found):
    api.create("bob@example.com", name="Lovelace Bücher")

    answer = api.control("mail/messages", query_string={"search": words})

    assert [mail["id"] for mail in answer.data] == found


def test_a_search_goes_with_other_filters_and_deletes_what_it_finds(api):
    assert [mail["id"] for mail in api.mails("?search=lovelace&kind=uc-welcome")] == [2]

    assert api.control("mail/messages?search=uc%20client", "DELETE").status == 200
    assert [mail["id"] for mail in api.mails()] == [1]


PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "</bdi></title><svg/onload=alert(1)>",
    "{{7*7}}{% raw %}",
    "&lt;script&gt;&#60;script&#62;",
]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_users_are_called_is_shown_and_never_run(payload):
    state = emulator().state()
    customer = next(iter(state["customers"]))
    state["customers"][customer]["name"] = payload
    state["users"]["me@example.com"] = {"displayName": payload, "memberships": {customer: [WEB]}}
    plain, api = emulator(), emulator()
    assert api.control("state", "PUT", json=state).status == 200
    state["customers"][customer]["name"] = state["users"]["me@example.com"]["displayName"] = "Plain"
    plain.control("state", "PUT", json=state)

    pages = [html_of(one, customer) for one in (api, plain)]

    for shown, usual in zip(*pages, strict=True):
        assert Markup.of(shown) == Markup.of(usual)
        assert payload in unescape(shown)


class Markup(HTMLParser):
    """The tags of a page with their attributes, as a browser reads them."""

    @classmethod
    def of(cls, html):
        reader = cls()
        reader.read = []
        reader.feed(html)
        reader.close()
        return reader.read

    def handle_starttag(self, tag, attrs):
        self.read.append((tag, attrs))


def html_of(api, customer):
    """The mails and the page of a user whose name is given, without what differs by chance."""
    user = next(user["id"] for user in api.list().data if user["email"] == "me@example.com")
    for kind in ("sendActivationEmail", "sendUConnectActivationEmail"):
        assert api.call("POST", f"/api/v1.0/customers/{customer}/users/{user}/{kind}").status == 204
    mails = [read(api, f"{number}.html").body.decode() for number in (1, 2)]
    link = read(api, "1/links").data[0]
    page = api.call("GET", link.removeprefix("http://localhost")).body.decode()
    return [re.sub(r"/activate/[\w-]+", "/activate/", text) for text in (*mails, page)]


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Proto": "javascript"},
        {"X-Forwarded-Host": 'x"><script>alert(1)</script>'},
        {"X-Forwarded-Prefix": '/"><script>alert(1)</script>'},
        {"X-Forwarded-Prefix": "/'onmouseover='alert(1)"},
        {"Host": "x'onmouseover=alert(1)"},
    ],
)
def test_where_links_lead_is_no_way_in_either(headers):
    api = emulator({"me@example.com": person(3, WEB)})
    body = {"email": "new@example.com", "displayName": "New", "roles": []}
    assert api.call("POST", api.users, json=body, headers=headers).status == 201

    html = read(api, "1.html").body.decode()

    links = [value for _, attributes in Markup.of(html) for name, value in attributes if name == "href"]
    assert links == api.mails()[0]["links"]
    assert not [name for _, attributes in Markup.of(html) for name, _ in attributes if name.startswith("on")]
    assert "script" not in [tag for tag, _ in Markup.of(html)]
    assert all(re.fullmatch(r"https?://[^\s\"<>]+", link) for link in api.mails()[0]["links"])


def test_an_address_outside_ascii_travels_too():
    api = Api(emulator({"me@example.com": person(3, WEB)}).app)
    api.create("jösé@example.com", name="José 日本")

    assert "José 日本 <jösé@example.com>".encode() in read(api, "1.eml").body
