"""A world of its own for each test."""

from threading import Barrier, Thread

import pytest

from dimensions_emulator.domain import ticks
from dimensions_emulator.sandbox import sessions as registry
from dimensions_emulator.settings import Settings
from dimensions_emulator.store.memory import MemoryStore
from small_world import UC, US, WEB, emulator, small_document, user_id

HEADER = "X-Emulator-Session"
MUST_EXIST = "X-Emulator-Session-Must-Exist"
USERS = f"/api/v1.0/customers/{US}/users"


class Time:
    """Monotonic seconds under a test's control."""

    def __init__(self, monkeypatch):
        self.now = 1000.0
        for module in ("sandbox.session", "sandbox.sessions", "wire.entrance"):
            monkeypatch.setattr(f"dimensions_emulator.{module}.monotonic", lambda: self.now)


@pytest.fixture
def time(monkeypatch):
    return Time(monkeypatch)


def of(name, **more):
    return {HEADER: name, **more}


def emails(api, headers=None, prefix=""):
    listed = api.call("GET", prefix + USERS, headers=headers).data
    return sorted(user["email"] for user in listed)


def create(api, email, headers=None, prefix=""):
    body = {"email": email, "displayName": "New", "roles": []}
    return api.call("POST", prefix + USERS, json=body, headers=headers)


def test_what_is_done_in_a_session_is_not_seen_in_another(api):
    create(api, "one@example.com", of("one"))
    create(api, "two@example.com", of("two"))

    assert "one@example.com" in emails(api, of("one"))
    assert "two@example.com" not in emails(api, of("one"))
    assert emails(api) == ["admin@example.com", "plain@example.com"]


def test_mails_charges_and_state_are_those_of_the_session(api):
    body = {"email": "a@example.com", "displayName": "A", "roles": [WEB, UC]}
    api.call("POST", USERS, json=body, charges="true", headers=of("one"))

    def seen(headers):
        return [
            len(api.control("mail/messages", headers=headers).data),
            len(api.control("charges", headers=headers).data),
            "a@example.com" in api.control("state", headers=headers).data["users"],
            api.control("health", headers=headers).data["holds"]["users"],
        ]

    assert seen(of("one"))[2:] == [True, 3]
    assert all(seen(of("one")))
    assert seen({}) == [0, 0, False, 2]


def test_the_path_names_a_session_too(api):
    answer = create(api, "one@example.com", prefix="/s/one")

    assert answer.headers["Location"] == f"http://localhost/s/one{USERS}/{answer.data['id']}"
    assert "one@example.com" in emails(api, of("one"))
    assert "one@example.com" in emails(api, prefix="/s/one")
    assert api.call("GET", answer.headers["Location"].removeprefix("http://localhost")).status == 200


def test_the_path_names_the_session_of_the_control_plane_too(api):
    create(api, "one@example.com", of("one"))

    assert api.call("GET", "/s/one/_emulator/mail/messages").json["page_size"] == 1


@pytest.mark.parametrize("prefix", ["", "/s/one"])
def test_the_activation_link_of_a_session_opens_without_a_header(api, prefix):
    create(api, "one@example.com", of("one") if not prefix else None, prefix)
    (mail,) = api.control("mail/messages", headers=of("one")).data
    (link,) = mail["links"]

    assert link.startswith("http://localhost/s/one/_emulator/activate/")
    assert api.client.get(link.removeprefix("http://localhost")).status_code == 200
    assert api.control("state", headers=of("one")).data["users"]["one@example.com"]["activated"]


def test_path_and_header_must_not_name_two_sessions(api):
    answer = api.call("GET", "/s/one" + USERS, headers=of("two"))

    assert answer.status == 400
    assert "'one'" in answer.message
    assert "'two'" in answer.message
    assert api.call("GET", "/s/one" + USERS, headers=of("one")).status == 200


@pytest.mark.parametrize("name", ["", "-a", ".a", "a b", "a/b", "ü", "a" * 65, "a\tb", "~"])
def test_a_name_that_is_none_is_refused(api, name):
    answer = api.call("GET", USERS, headers=of(name.encode("utf-8").decode("latin-1")))

    assert answer.status == 400
    assert "session" in answer.message
    assert answer.headers["X-Emulator"]


@pytest.mark.parametrize("name", ["a", "A.b_c-9", "0", "a" * 64])
def test_every_answer_names_its_session_and_its_request(api, name):
    first, second = (api.call("GET", USERS, headers=of(name)) for _ in range(2))

    assert [answer.headers[HEADER] for answer in (first, second)] == [name, name]
    assert [answer.headers["X-Emulator-Request-Id"] for answer in (first, second)] == [
        f"{name}.1",
        f"{name}.2",
    ]


def test_a_session_is_made_listed_looked_at_and_deleted(api):
    made = api.control("sessions", "POST", json={"name": "one", "seed": 3})
    create(api, "one@example.com", of("one"))

    assert made.status == 201
    assert made.data["url"] == "http://localhost/s/one"
    assert (made.data["world"], made.data["seed"]) == ("office", 3)
    assert [session["name"] for session in api.control("sessions").data] == ["default", "one"]
    assert api.control("sessions/one").data["users"] == 3
    assert api.control("health").data["sessions"]["live"] == 2
    assert api.control("sessions/one", "DELETE").status == 200
    assert [session["name"] for session in api.control("sessions").data] == ["default"]
    assert emails(api, of("one")) == ["admin@example.com", "plain@example.com"]


def test_a_session_without_a_name_gets_one(api):
    first, second = (api.control("sessions", "POST").data["name"] for _ in range(2))

    assert first != second
    assert registry.NAME.fullmatch(first)


def test_a_session_that_is_there_is_not_made_again(api):
    create(api, "one@example.com", of("one"))

    answer = api.control("sessions", "POST", json={"name": "one"})

    assert answer.status == 409
    assert "'one'" in answer.message
    assert len(emails(api, of("one"))) == 3


def test_the_default_session_stays(api):
    assert api.control("sessions/default", "DELETE").status == 400
    assert api.control("sessions", "POST", json={"name": "default"}).status == 409
    assert api.control("health").status == 200


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": "a b"},
        {"name": 5},
        {"seed": -1},
        {"seed": 2**63},
        {"seed": "1"},
        {"seed": True},
        {"seed": 1.5},
        {"world": "moon"},
        {"world": "/etc/passwd"},
        {"world": 5},
        {"world": []},
        {"world": {"version": 1}},
        {"users": 5},
        {"name": "a", "world": {}},
    ],
)
def test_a_session_that_cannot_be_is_refused_and_leaves_nothing(api, body):
    assert api.control("sessions", "POST", json=body).status == 400
    assert len(api.control("sessions").data) == 1


def test_a_session_has_another_world_if_it_is_asked_for(api):
    document = small_document({"sole@example.com": {"displayName": "Sole", "memberships": {"us": [WEB]}}})
    api.control("sessions", "POST", json={"name": "own", "world": document})
    api.control("sessions", "POST", json={"name": "named", "world": "empty"})

    assert emails(api, of("own")) == ["sole@example.com"]
    assert api.control("health", headers=of("named")).data["holds"]["users"] == 0
    create(api, "more@example.com", of("own"))
    api.control("reset", "POST", headers=of("own"))
    assert emails(api, of("own")) == ["sole@example.com"]


def test_the_same_seed_gives_the_same_ids_in_each_session(api):
    for name, seed in (("one", 7), ("two", 7), ("three", 8), ("four", None)):
        api.control("sessions", "POST", json={"name": name, "seed": seed})

    ids = [create(api, "a@example.com", of(name)).data["id"] for name in ("one", "two", "three", "four")]

    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


def test_the_seed_of_the_server_holds_in_every_session():
    ids = {
        create(emulator(settings=Settings(seed=5)), "a@example.com", of(name)).data["id"]
        for name in ("one", "two", "default")
    }

    assert len(ids) == 1


@pytest.mark.parametrize("fate", ["never", "deleted", "expired", "evicted"])
def test_who_asks_for_a_session_that_must_exist_hears_what_became_of_it(time, fate):
    api = emulator(settings=Settings(max_sessions=2, session_idle=100))
    if fate != "never":
        create(api, "one@example.com", of("one"))
    if fate == "deleted":
        api.control("sessions/one", "DELETE")
    if fate == "expired":
        time.now += 101
    if fate == "evicted":
        time.now += 90
        emails(api, of("two"))

    answer = api.call("GET", USERS, headers=of("one", **{MUST_EXIST: "true"}))

    told = {
        "never": "was never there",
        "deleted": "was deleted",
        "expired": "expired after 100 s",
        "evicted": "longest idle of 2",
    }
    assert answer.status == 404
    assert answer.message.startswith("The session 'one' ")
    assert told[fate] in answer.message
    assert "one" not in [session["name"] for session in api.control("sessions").data]


def test_who_does_not_ask_gets_a_fresh_world_after_expiry(time):
    api = emulator(settings=Settings(session_idle=100))
    create(api, "one@example.com", of("one"))
    time.now += 101

    assert len(emails(api, of("one"))) == 2


def test_a_session_in_use_does_not_expire(time):
    api = emulator(settings=Settings(session_idle=100))
    create(api, "one@example.com", of("one"))
    for _ in range(5):
        time.now += 99
        assert len(emails(api, of("one", **{MUST_EXIST: "1"}))) == 3


def test_idle_sessions_go_even_if_nobody_asks_for_them_again(time):
    api = emulator(settings=Settings(session_idle=100))
    emails(api, of("one"))
    time.now += 101
    emails(api, of("two"))

    assert [session["name"] for session in api.control("sessions").data] == ["default", "two"]


def test_sessions_never_expire_if_so_set(time):
    api = emulator(settings=Settings(session_idle=0))
    create(api, "one@example.com", of("one"))
    time.now += 10_000_000

    assert len(emails(api, of("one"))) == 3


def test_a_session_in_use_is_never_evicted(time):
    api = emulator(settings=Settings(max_sessions=3))
    for name in ("one", "two"):
        create(api, "kept@example.com", of(name))
    time.now += 59

    refused = api.call("GET", USERS, headers=of("three"))

    assert refused.status == 503
    assert refused.headers["Retry-After"] == "1"
    assert "--max-sessions" in refused.message
    assert "kept@example.com" in emails(api, of("one"))
    time.now += 2
    assert emails(api, of("three")) == ["admin@example.com", "plain@example.com"]
    assert [session["name"] for session in api.control("sessions").data] == ["default", "one", "three"]


def test_a_request_whose_session_is_deleted_meanwhile_is_told_so():
    class Deleting(MemoryStore):
        def transaction(self, session):
            if session.startswith("one"):
                self.drop(session)
            return super().transaction(session)

    api = emulator(store=Deleting())

    answer = create(api, "one@example.com", of("one"))

    assert answer.status == 404
    assert "ended" in answer.message


def test_a_session_that_comes_again_shares_nothing_with_its_namesake():
    store = MemoryStore()
    api = emulator(store=store)
    emails(api, of("one"))
    (old,) = [key for key in store._sessions if key.startswith("one")]
    turn = store.transaction(old)
    with turn:
        api.control("sessions/one", "DELETE")
        emails(api, of("one"))
        turn.world = turn.world._replace(users=turn.world.users.delete(user_id(2)))

    assert len(emails(api, of("one"))) == 2


def test_one_first_use_wins_where_many_come_at_once(api):
    barrier, seen = Barrier(8), []

    def use(number):
        barrier.wait()
        seen.append(create(api, f"n{number}@example.com", of("one")).status)

    threads = [Thread(target=use, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == [201] * 8
    assert len(emails(api, of("one"))) == 10


def test_the_uptime_does_not_follow_the_clock_of_a_session(api):
    api.control("clock/advance", "POST", json={"seconds": 5000}, headers=of("one"))

    assert api.control("health", headers=of("one")).data["uptimeSeconds"] < 100
    assert (
        ticks.parse(api.control("health", headers=of("one")).json["timestamp"])
        > ticks.now() + 4000 * ticks.SECOND
    )


@pytest.mark.parametrize(
    "path", ["/s/one//_emulator/sessions", "//_emulator/sessions", "//s/one/_emulator/sessions"]
)
def test_doubled_slashes_do_not_hide_the_control_plane(api, path):
    asked = {"environ_overrides": {"PATH_INFO": path}}
    answer = api.call("GET", "/", headers={"Origin": "https://elsewhere.example"}, **asked)

    assert answer.status == 403
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]
    for headers in ({}, of("one")):
        assert api.control("requests", headers=headers).data["meta"]["total"] == 0
    assert api.call("GET", "/", **asked).status == 200


@pytest.mark.parametrize(("limit", "live"), [(2, ["default", "one"]), (3, ["default", "one", "two"])])
def test_a_session_with_a_request_in_work_neither_expires_nor_is_evicted(time, limit, live):
    class Waiting(MemoryStore):
        def transaction(self, session):
            if session.startswith("one"):
                time.now += 1000
                seen.append(api.call("GET", USERS, headers=of("two")).status)
                seen.append([one["name"] for one in api.control("sessions").data])
            return super().transaction(session)

    seen = []
    api = emulator(store=Waiting(), settings=Settings(max_sessions=limit, session_idle=100))

    assert create(api, "one@example.com", of("one")).status == 201
    assert seen == [503 if limit == 2 else 200, live]
    assert len(emails(api, of("one"))) == 3


def test_a_list_of_sessions_passes_over_those_that_go_meanwhile():
    class Going(MemoryStore):
        def read(self, session):
            if session.startswith("one") and gone:
                self.drop(session)
            return super().read(session)

    gone = []
    api = emulator(store=Going())
    for name in ("one", "two"):
        emails(api, of(name))
    gone.append(True)

    assert [session["name"] for session in api.control("sessions").data] == ["default", "two"]


@pytest.mark.parametrize("act", ["state", "reset", "snapshots/there/restore"])
def test_an_act_on_a_session_that_is_deleted_meanwhile_does_not_bring_its_world_back(act):
    class Going(MemoryStore):
        def rewrite(self, session, change):
            self.drop(session)
            return super().rewrite(session, change)

    store = Going()
    api = emulator(store=store)
    state = api.control("state", headers=of("one")).data
    api.control("snapshots/there", "POST", headers=of("one"))
    more = {"json": state} if act == "state" else {}

    answer = api.control(act, "PUT" if act == "state" else "POST", headers=of("one"), **more)

    assert answer.status == 404
    assert list(store._sessions) == ["default"]


def test_the_token_of_a_session_that_is_gone_tells_what_became_of_it(time):
    api = emulator(settings=Settings(session_idle=100))
    token = api.control("tokens", "POST", json={"session": "one"}).data["token"]
    assert api.call("GET", USERS, token=token).headers[HEADER] == "one"
    time.now += 101
    for _ in range(2):
        answer = api.call("GET", USERS, token=token)
        assert answer.status == 404
        assert "'one' expired after 100 s" in answer.message


def test_sessions_of_the_same_named_world_share_it(api):
    for name in ("one", "two"):
        api.control("sessions", "POST", json={"name": name, "world": "empty"})

    assert api.control("health", headers=of("one")).data["world"] == "empty"
    first, second = (
        api.app.wsgi_app._application._sessions.look(name).origin.world for name in ("one", "two")
    )
    assert first is second


@pytest.mark.parametrize("value", ["0", "false", "False"])
def test_a_session_need_not_exist_if_the_header_says_no(api, value):
    assert api.call("GET", USERS, headers=of("one", **{MUST_EXIST: value})).status == 200
