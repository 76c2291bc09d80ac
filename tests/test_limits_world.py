"""What a world holds is bounded, however long it is used."""

import gc
import sys

import pytest
from immutables import Map

from dimensions_contracts import catalog as catalogue
from dimensions_contracts import profile
from dimensions_emulator.control import tokens
from dimensions_emulator.domain import charges, document, mails, platform, room
from dimensions_emulator.domain.calls import Call, Limits
from dimensions_emulator.domain.errors import WorldFull
from dimensions_emulator.domain.models import Caller
from dimensions_emulator.domain.platform import PlatformDevice, PlatformUser
from dimensions_emulator.domain.rulebook import Rulebook
from dimensions_emulator.domain.world import World
from dimensions_emulator.sandbox.mailboxes import Mailboxes, MailboxesFull
from dimensions_emulator.settings import Settings
from mail_server import Inbox, serving
from small_world import UC, UK, US, WEB, emulator, person, small_document, user_id

MILLION = 1_000_000
SPARE = 20_000
"""Blocks of memory by which a bounded world may have grown after a million operations."""

LIMITS = Limits(users=10, mails=100, charges=100)
CATALOG = catalogue.load()
BOOK = Rulebook(CATALOG, profile.default(CATALOG), ())


class Numbers:
    """Ids that cost nothing."""

    guid = token = staticmethod(str)


def world():
    return document.load(small_document({"me@example.com": person(3, WEB)}))


def call(limits=LIMITS, now=0):
    everything = Caller("test", "t")
    return Call(
        everything,
        US,
        None,
        lambda: "http://localhost",
        now,
        Numbers(),
        charges_accepted=True,
        limits=limits,
    )


def blocks():
    gc.collect()
    return sys.getallocatedblocks()


def limited(**limits):
    return emulator({"me@example.com": person(3, WEB)}, settings=Settings(**limits))


def test_a_million_mails_leave_no_more_than_the_limit():
    here, user = world(), world().users[user_id(3)]
    for turn in range(MILLION // 50):
        here = mails.send(here, call(), user, ("activation", "uc-welcome") * 25)
        assert len(here.mails) <= LIMITS.mails
        assert len(here.activations) <= LIMITS.mails
        if turn == 100:
            before = blocks()

    assert here.mail_count == MILLION
    assert here.mails_dropped == MILLION - len(here.mails)
    assert max(here.mails) == MILLION
    assert blocks() - before < SPARE


def test_a_million_links_of_deleted_mails_leave_no_more_than_the_limit():
    here, user = world(), world().users[user_id(3)]
    for turn in range(MILLION // 50):
        here = mails.send(here, call(), user, ("activation",) * 50)
        here = here._replace(mails=Map())
        assert len(here.activations) <= LIMITS.mails
        if turn == 100:
            before = blocks()

    assert max(link.mail for link in here.activations.values()) == MILLION
    assert blocks() - before < SPARE


def test_a_million_charges_leave_no_more_than_the_limit():
    here, grants = world(), [(user_id(3), UC)] * 50
    for turn in range(MILLION // 50):
        here = charges.make(here, call(), grants)
        assert len(here.charges) <= LIMITS.charges
        if turn == 100:
            before = blocks()

    assert here.charge_count == MILLION
    assert here.charges_dropped == MILLION - len(here.charges)
    assert max(here.charges) == MILLION
    assert blocks() - before < SPARE


def test_a_million_patterns_of_failing_mailboxes_leave_no_more_than_the_limit():
    mailboxes, refused = Mailboxes(), 0
    for number in range(MILLION):
        try:
            mailboxes.fail(f"user{number}@*", "Full")
        except MailboxesFull:
            refused += 1

    assert len(mailboxes.failures) == 100
    assert refused == MILLION - 100


def test_a_million_tokens_are_refused_beyond_the_limit():
    here, refused = World(), 0
    for number in range(MILLION):
        try:
            room.for_caller(here)
            here = here.with_caller(Caller(f"caller {number}", f"token {number}"))
        except WorldFull:
            refused += 1

    assert len(here.callers) == room.CALLERS
    assert refused == MILLION - room.CALLERS


def test_the_oldest_tenth_of_the_mails_makes_room_with_its_links():
    api = limited(max_mails=20)
    links = {}
    for number in range(11):
        api.create(f"user{number}@example.com", [UC] if number else [])
        mail = api.mails(f"?to=user{number}@example.com")[0]
        links[mail["id"]] = mail["links"][0].removeprefix("http://localhost")

    answer = api.control("mail/messages")

    assert [mail["id"] for mail in answer.data] == list(range(4, 22))
    assert answer.headers["X-Emulator-Dropped"] == "3"
    assert [api.call("GET", links[number]).status for number in (1, 2, 4)] == [404, 404, 200]
    assert api.control("health").data["dropped"] == {"mails": 3, "charges": 0}
    assert api.control("mail/messages/1").status == 404


def test_the_oldest_tenth_of_the_charges_makes_room():
    api = limited(max_charges=20)
    for number in range(21):
        api.create(f"user{number}@example.com", [UC])

    answer = api.control("charges")

    assert [charge["id"] for charge in answer.data] == list(range(4, 22))
    assert answer.headers["X-Emulator-Dropped"] == "3"
    assert api.control("health").data["dropped"] == {"mails": 0, "charges": 3}


def test_the_latest_mail_and_its_link_are_there_even_where_there_is_room_for_one():
    api = limited(max_mails=1, max_charges=1)
    for number in range(3):
        user = api.create(f"user{number}@example.com", [UC]).data
        assert [mail["kind"] for mail in api.mails()] == ["uc-welcome"]
        api.call("POST", f"{api.users}/{user['id']}/sendActivationEmail")
        assert api.call("GET", api.mails()[0]["links"][0].removeprefix("http://localhost")).status == 200
        assert len(api.charges()) == 1


def test_links_make_room_in_the_order_of_their_mails_whatever_the_clock_says():
    api = limited(max_mails=10)
    api.control("clock/freeze", "POST", json={})
    for number in range(35):
        api.create(f"user{number}@example.com")
        link = api.mails()[-1]["links"][0].removeprefix("http://localhost")
        api.control("mail/messages", "DELETE")
        assert api.call("GET", link).status == 200


def test_what_made_room_is_counted_on_after_an_export_and_forgotten_by_a_reset():
    api, other = limited(max_mails=20, max_charges=20), limited(max_mails=20, max_charges=20)
    for number in range(21):
        api.create(f"user{number}@example.com", [UC])
    dropped = api.control("health").data["dropped"]
    assert dropped["mails"] > dropped["charges"] > 0

    assert other.control("state", "PUT", json=api.state()).status == 200

    assert other.control("health").data["dropped"] == dropped
    assert other.state() == api.state()
    api.control("reset?part=mail", "POST")
    assert api.control("health").data["dropped"] == {**dropped, "mails": 0}
    api.control("reset?part=charges", "POST")
    assert api.control("health").data["dropped"] == {"mails": 0, "charges": 0}


def test_mails_beyond_the_limit_in_one_call_do_not_break_the_relay():
    inbox = Inbox()
    with serving(inbox) as server:
        api = limited(max_mails=1, smtp=("127.0.0.1", server.port))
        assert api.create(roles=[UC]).status == 201
        api.app.extensions["dimensions_relay"].close(5.0)

    assert [mail["kind"] for mail in api.mails()] == ["uc-welcome"]
    assert len(inbox.mails) == 1


def test_a_full_world_takes_no_user_and_tells_the_way_out():
    api = limited(max_users=2)
    assert api.create("first@example.com").status == 201
    before = api.state()

    answer = api.create("second@example.com")

    assert (answer.status, answer.rule) == (507, None)
    assert answer.message == (
        "This world is full: it has 2 users, and 2 is the most. Delete some, or start with a larger --max-users."
    )
    assert api.state() == before
    assert api.add(user_id(3), UC).status == 200
    assert api.delete(user_id(3)).status == 200
    assert api.create("second@example.com").status == 201


def test_a_full_world_refuses_what_breaks_a_rule_for_that():
    api = limited(max_users=1)

    assert api.create("me@example.com").status == 400
    assert api.create("new@example.com", ["nonsense"]).status == 400


def test_a_user_who_is_there_joins_another_customer_of_a_full_world():
    api = limited(max_users=1)
    users = [{"email": "me@example.com", "displayName": "Me"}]

    assert api.control(f"platform/{UK}/import", "POST", json={"users": users}).status == 201
    assert api.control("health").data["holds"]["users"] == 1


def test_an_import_into_a_full_world_is_refused_whole():
    api = limited(max_users=3)
    before = api.state()
    users = [{"email": f"user{number}@example.com", "displayName": "U"} for number in range(3)]

    answer = api.control(f"platform/{US}/import", "POST", json={"users": users})

    assert (answer.status, "--max-users" in answer.message) == (507, True)
    assert api.state() == before
    assert api.control(f"platform/{US}/import", "POST", json={"users": users[:2]}).status == 201


def test_devices_are_bounded_by_the_users_that_there_may_be():
    here = world()
    devices = tuple(PlatformDevice(f"d{number}") for number in range(51))
    entry = PlatformUser("me@example.com", "Me", devices=devices[:50])

    here, _ = platform.import_users(here, BOOK, call(), [entry])
    here, _ = platform.import_users(here, BOOK, call(), [entry])

    assert len(here.devices) == 50
    with pytest.raises(WorldFull, match="50 devices, and 50 is the most, 5 for each user of --max-users"):
        platform.import_users(here, BOOK, call(), [PlatformUser("me@example.com", "Me", devices=devices)])


def test_there_are_so_many_tokens_in_a_session_and_no_more(monkeypatch):
    monkeypatch.setattr(room, "CALLERS", 7)
    api = limited()
    minted = [api.control("tokens", "POST", json={}).data["token"] for _ in range(2)]

    answer = api.control("tokens", "POST", json={})

    assert (answer.status, answer.message) == (
        507,
        "This session is full: it has 7 tokens, and 7 is the most. Revoke some, or reset it.",
    )
    api.control("tokens/revoke", "POST", json={"token": minted[0]})
    assert api.control("tokens", "POST", json={}).status == 201


def test_tokens_that_a_reset_would_bring_back_count_too(monkeypatch):
    monkeypatch.setattr(room, "CALLERS", 7)
    api = limited()
    bare = {**api.state(), "callers": []}
    for _ in range(2):
        assert api.control("tokens", "POST", json={"session": "default"}).status == 201
        api.control("state", "PUT", json=bare)

    assert api.control("tokens", "POST", json={"session": "default"}).status == 507
    assert api.control("tokens", "POST", json={}).status == 201


def test_tokens_that_name_sessions_are_bounded_all_together(monkeypatch):
    monkeypatch.setattr(tokens, "MOST_OF_SESSIONS", 2)
    api = limited()
    for name in ("one", "two"):
        assert api.control("tokens", "POST", json={"session": name}).status == 201

    answer = api.control("tokens", "POST", json={"session": "one"})

    assert answer.status == 507
    assert "delete sessions" in answer.message
    api.control("sessions/two", "DELETE")
    assert api.control("tokens", "POST", json={"session": "one"}).status == 201


def test_tokens_that_are_revoked_make_room_for_others(monkeypatch):
    monkeypatch.setattr(tokens, "MOST_OF_SESSIONS", 2)
    api = limited()
    one, two = (
        api.control("tokens", "POST", json={"session": name}).data["token"] for name in ("one", "two")
    )
    api.control("tokens/revoke", "POST", json={"token": one})

    assert api.control("tokens", "POST", json={"session": "one"}).status == 201
    assert api.control("tokens", "POST", json={"session": "one"}).status == 507
    assert api.call("GET", api.users, token=two).headers["X-Emulator-Session"] == "two"
