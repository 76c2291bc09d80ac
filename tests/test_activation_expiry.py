"""Activation links hold for a while by the clock of the session."""

import json

import pytest

from dimensions_emulator.app import create_app
from dimensions_emulator.domain import ticks
from dimensions_emulator.settings import Settings
from small_world import RESELLER, US, WEB, Api, emulator, person, user_id

WEEK = 7 * 24 * 3600
START = 15_750_433_639_251_680
SENT, EXPIRED = "2019-11-29 16:02:43 UTC", "2019-12-06 16:02:43 UTC"


class Clock:
    now = START

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def api(clock):
    return emulator({"me@example.com": person(3, WEB)}, clock=clock)


def link_of(api, query=""):
    return api.mails(query)[-1]["links"][0].removeprefix("http://localhost")


def opened(api, link):
    return api.call("GET", link, token="").status


def activated(api, email="new@example.com"):
    return api.state()["users"][email]["activated"]


def test_a_link_works_until_its_time_is_over(api, clock):
    api.create()
    link = link_of(api)

    clock.now = START + WEEK * ticks.SECOND
    assert opened(api, link) == 410
    assert not activated(api)
    clock.now -= 1
    assert opened(api, link) == 200
    assert activated(api)


def test_the_setting_says_how_long_a_link_works(clock):
    api = emulator(clock=clock, settings=Settings(activation_lifetime=60))
    api.create()

    clock.now += 60 * ticks.SECOND
    assert opened(api, link_of(api)) == 410
    clock.now -= 1
    assert opened(api, link_of(api)) == 200


def test_the_clock_of_the_session_decides(api):
    other = {"X-Emulator-Session": "other"}
    body = {"email": "new@example.com", "displayName": "New", "roles": []}
    api.call("POST", api.users, json=body, headers=other)
    link = api.control("mail/messages", headers=other).data[0]["links"][0].removeprefix("http://localhost")

    api.control("clock/advance", "POST", json={"seconds": WEEK})
    assert opened(api, link) == 200
    api.control("reset?part=users", "POST", headers=other)
    api.call("POST", api.users, json=body, headers=other)
    link = api.control("mail/messages", headers=other).data[-1]["links"][0].removeprefix("http://localhost")
    api.control("clock/advance", "POST", json={"seconds": WEEK}, headers=other)
    assert opened(api, link) == 410


def test_the_page_tells_when_it_expired_and_how_to_send_a_new_mail(api, clock):
    user = api.create().data["id"]
    clock.now += WEEK * ticks.SECOND

    page = api.call("GET", link_of(api), token="")

    text = page.body.decode()
    assert (page.status, page.headers["Content-Type"]) == (410, "text/html; charset=utf-8")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert f"sent at {SENT}" in text
    assert f"until {EXPIRED}" in text
    way_out = f"/api/v1.0/customers/{US}/users/{user}/sendActivationEmail"
    assert f"<code>POST http://localhost{way_out}</code>" in text
    assert api.call("POST", way_out).status == 204
    assert opened(api, link_of(api)) == 200
    assert activated(api)


def test_a_user_above_the_customers_is_told_no_request_that_would_be_refused(clock):
    users = {"above@example.com": {**person(4, WEB), "primaryTenant": "reseller"}}
    api = emulator(users, clock=clock)
    state = api.state()
    state["activations"] = {"t": user_id(4)}
    state["links"] = {"t": {"mail": 1, "sent": "2019-01-01T00:00:00Z"}}
    assert api.control("state", "PUT", json=state).status == 200

    page = api.call("GET", "/_emulator/activate/t")

    assert page.status == 410
    assert RESELLER not in page.body.decode()
    assert "Ask your administrator to send a new activation mail." in page.body.decode()


def test_who_is_activated_stays_so_and_is_told_so(api, clock):
    api.create()
    assert opened(api, link_of(api)) == 200

    clock.now += WEEK * ticks.SECOND

    assert opened(api, link_of(api)) == 200
    assert activated(api)


def test_each_mail_has_a_link_with_a_time_of_its_own(api, clock):
    api.create()
    first = link_of(api)
    clock.now += WEEK * ticks.SECOND // 2
    user = api.list().data[-1]["id"]
    api.call("POST", f"{api.users}/{user}/sendActivationEmail")
    second = link_of(api)
    clock.now += WEEK * ticks.SECOND // 2

    assert (opened(api, first), opened(api, second)) == (410, 200)


def test_the_user_of_an_expired_link_may_be_gone(api, clock):
    user = api.create().data["id"]
    clock.now += WEEK * ticks.SECOND
    api.delete(user)

    assert opened(api, link_of(api)) == 404


@pytest.mark.parametrize("deleted", [False, True])
def test_a_link_expires_after_an_import_as_it_would_have(api, clock, deleted):
    api.create()
    link = link_of(api)
    if deleted:
        api.control("mail/messages", "DELETE")
    other = emulator({}, clock=clock)
    assert other.control("state", "PUT", json=api.state()).status == 200

    clock.now += WEEK * ticks.SECOND

    assert opened(other, link) == opened(api, link) == 410


def test_the_state_maps_the_tokens_of_links_to_users_as_ever(api):
    user = api.create().data["id"]
    token = link_of(api).rpartition("/")[2]

    state = api.state()

    assert state["activations"] == {token: user}
    assert state["links"] == {token: {"mail": 1, "sent": "2019-11-29T16:02:43.9251680Z"}}


def older(api, **parts):
    """The API with the state as a server without expiring links would have written it."""
    state = api.state()
    del state["links"]
    state["ever"] = {name: state["ever"][name] for name in ("users", "mails", "charges")}
    assert api.control("state", "PUT", json={**state, **parts}).status == 200
    return api


def test_a_link_of_an_older_state_expires_by_the_time_of_its_mail(api, clock):
    api.create()
    link = link_of(older(api))

    clock.now += WEEK * ticks.SECOND
    assert opened(api, link) == 410
    clock.now -= 1
    assert opened(api, link) == 200


def test_a_link_of_an_older_state_whose_mail_is_gone_does_not_expire(api, clock):
    api.create()
    link = link_of(api)
    api.control("mail/messages", "DELETE")
    older(api)

    clock.now += 1000 * WEEK * ticks.SECOND

    assert opened(api, link) == 200
    assert api.state()["links"] == {}


def test_a_mail_of_an_older_state_brings_its_link(api):
    api.create()
    link = link_of(api)
    older(api, activations={})

    assert opened(api, link) == 200


@pytest.mark.parametrize(
    "links",
    [
        [],
        {"t": 1},
        {"t": {}},
        {"t": {"mail": 1}},
        {"t": {"mail": -1, "sent": "2020-01-01T00:00:00Z"}},
        {"t": {"mail": 1, "sent": "yesterday"}},
        {"t": {"mail": 1, "sent": "2020-02-30T00:00:00Z"}},
        {"t": {"mail": 1, "sent": "9999-12-31T23:59:59-14:00"}},
        {"t": {"mail": 1, "sent": "2020-01-01T00:00:00Z", "more": 1}},
    ],
)
def test_a_link_that_makes_no_sense_is_refused(api, links):
    before = api.state()

    answer = api.control("state", "PUT", json={**before, "links": links})

    assert answer.status == 400
    assert "links" in answer.message
    assert api.state() == before


def test_the_last_links_of_the_calendar_do_not_break_the_page(api):
    state = api.state()
    state["activations"] = {"t": user_id(3)}
    state["links"] = {"t": {"mail": 1.0, "sent": "9999-12-31T23:59:59Z"}}
    assert api.control("state", "PUT", json=state).status == 200

    assert opened(api, "/_emulator/activate/t") == 200


def test_a_world_file_keeps_when_links_were_sent(api, clock, tmp_path):
    api.create()
    link, path = link_of(api), tmp_path / "world.json"
    path.write_text(json.dumps(api.state()), "utf-8")

    other = Api(create_app(Settings(world=str(path)), clock=clock))
    clock.now += WEEK * ticks.SECOND

    assert opened(other, link) == 410
