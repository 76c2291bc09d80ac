"""The page that lists what is there."""

import re

from dimensions_emulator.control import documents
from small_world import emulator


def test_the_page_lists_every_call_and_its_links_lead_there(api):
    answer = api.client.get("/_emulator/")
    shown = set(re.findall(r"<td>([A-Z]+)</td><td>(?:<a [^>]*>)?<code>([^<]*)</code>", answer.text))
    document = documents.control_document()

    assert answer.status_code == 200
    assert shown == {
        (method.upper(), path) for path, methods in document["paths"].items() for method in methods
    }
    links = re.findall(r'href="([^"]*)"', answer.text)
    assert len(links) > 10
    led = [api.client.get(link.removeprefix("http://localhost")).status_code for link in links]
    assert set(led) == {200, 404}
    assert led.count(404) == 1  # ca.pem, without TLS


def test_the_page_allows_no_script(api):
    policy = api.client.get("/_emulator/").headers["Content-Security-Policy"]

    assert policy.startswith("default-src 'none'")
    assert "script" not in policy


def test_the_page_is_of_the_session(api):
    page = api.client.get("/s/one/_emulator/").text

    assert "Session <code>one</code>" in page
    assert "http://localhost/s/one/api/v1.0" in page


def test_the_page_escapes_what_a_caller_writes():
    page = (
        emulator().client.get("/_emulator/", headers={"Host": "127.0.0.1", "X-Forwarded-Prefix": "/<b>"}).text
    )

    assert "<b>" not in page


def test_the_address_without_its_slash_leads_to_the_page(api):
    assert api.client.get("/_emulator").text == api.client.get("/_emulator/").text
    assert api.client.get("/_emulator", headers={"Host": "rebound.example"}).status_code == 403


def test_its_links_follow_the_proxy_in_front(api):
    headers = {"X-Forwarded-Host": "tool.example", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/dim"}

    assert (
        'href="https://tool.example/dim/_emulator/health"'
        in api.client.get("/_emulator", headers=headers).text
    )
