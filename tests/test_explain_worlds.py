"""Which world a refusal is explained on, and what else is not told of a request."""

import json

import pytest

from dimensions_emulator.domain import ticks
from dimensions_emulator.domain.world import World
from dimensions_emulator.sandbox.events import Events
from dimensions_emulator.sandbox.journal import KEPT_BODY
from dimensions_emulator.sandbox.refusals import KEPT, Refusals
from dimensions_emulator.settings import Settings
from dimensions_emulator.store.memory import MemoryStore
from explain_stage import ADMINISTRATOR, ME, explained, replayed, stage
from small_world import ADMIN, SOFTPHONE, UC, UK, US, WEB, emulator, small_document


def test_a_refusal_is_explained_on_the_world_that_refused_it():
    api = stage()
    answer = api.delete(ADMINISTRATOR)
    api.add(ME, ADMIN)
    assert api.delete(ADMINISTRATOR).status == 200

    told = explained(api, answer)

    assert told["world"] == "refusal"
    assert told["context"]["lastAdministrator"]["id"] == ADMINISTRATOR
    assert told["change"]["summary"].startswith("First make Person 2 <me@example.com> a user administrator")


def test_a_token_that_expired_later_was_valid_when_the_request_was_refused():
    now = [ticks.parse("2019-12-31T23:00:00Z")]
    api = stage(clock=lambda: now[0])
    answer = api.call(
        "PATCH",
        f"{api.users}/{ME}",
        token="expired",
        json=[{"op": "add", "path": "/roles/-", "value": SOFTPHONE}],
    )
    now[0] += 2 * 3600 * ticks.SECOND

    told = explained(api, answer)

    assert told["rule"]["id"] == "ROLE-PREREQUISITE"
    assert told["change"]["summary"] == f"Add {UC} to the roles and send the header accept-charges: true."


def test_the_worlds_of_the_latest_refusals_are_kept_and_older_ones_are_explained_on_the_world_of_now():
    api = stage()
    first, second = api.add(ME, SOFTPHONE), api.add(ME, SOFTPHONE)
    for _ in range(KEPT - 1):
        api.get("nonsense")
    api.add(ME, UC)

    gone, kept = explained(api, first), explained(api, second)

    assert (gone["world"], kept["world"]) == ("now", "refusal")
    assert gone["change"]["summary"] == "It passes as it is on the world of now."
    assert kept["change"]["summary"] == f"Add {UC} to the roles."


def test_a_million_refusals_leave_no_more_than_the_latest_worlds():
    refusals, world = Refusals(), World()
    for number in range(1_000_000):
        refusals.keep(number, world)

    assert [number for number in range(999_900, 1_000_000) if refusals.world(number)] == list(
        range(1_000_000 - KEPT, 1_000_000)
    )
    assert refusals.world(0) is None


def test_a_journal_that_is_forgotten_leaves_no_world_behind():
    refusals = Refusals()
    refusals.keep(1, World())
    refusals.clear()

    assert refusals.world(1) is None


def test_accepted_requests_are_told_as_such():
    api = stage()
    answer = api.get(ME)

    told = explained(api, answer)

    assert told == {
        "request": answer.headers["X-Emulator-Request-Id"],
        "status": 200,
        "refused": False,
        "reason": "There is nothing to explain: no rule refused it.",
    }


def test_an_unknown_request_is_answered_with_what_is_kept():
    api = stage()

    empty = api.control("explain/default.7")
    api.get(ME)
    last = api.get(ME).headers["X-Emulator-Request-Id"]
    unknown = api.control("explain/default.70000")

    assert (empty.status, unknown.status) == (404, 404)
    assert empty.message == (
        "The journal of the session 'default' has no request 'default.7'; it is empty. "
        "Requests with X-Emulator-Journal: off are in no journal."
    )
    assert "has no request 'default.70000'; it keeps 2, default." in unknown.message
    assert f"to {last}, and has dropped 0" in unknown.message


def test_a_change_is_explained_by_the_world_that_its_turn_found(monkeypatch):
    api = stage()
    transaction = MemoryStore.transaction

    def late(store, session):
        monkeypatch.undo()
        assert api.create("new@example.com").status == 201
        return transaction(store, session)

    monkeypatch.setattr(MemoryStore, "transaction", late)
    answer = api.create("new@example.com")

    told = explained(api, answer)
    assert answer.rule == told["rule"]["id"] == "USER-UNIQUE-EMAIL"
    assert told["change"]["summary"] == "Set email to 'new.2@example.com'."


def test_what_a_request_has_seen_explains_it_though_others_change_it_meanwhile(monkeypatch):
    api = stage()
    tell = Events.refused

    def late(events, *told):
        monkeypatch.undo()
        assert api.delete(ME).status == 200
        return tell(events, *told)

    monkeypatch.setattr(Events, "refused", late)
    answer = api.get(f"{ME[:10]}{ME[11:]}")

    assert explained(api, answer)["change"]["summary"] == f"Name the user Person 2 ({ME})."


def test_without_a_journal_nothing_is_explained_later_but_the_header_is_there():
    api = stage(settings=Settings(journal=0))
    answer = api.call("GET", f"{api.users}/nonsense", headers={"X-Emulator-Explain": "yes"})

    assert answer.headers["X-Emulator-Explain"].startswith("ID-FORMAT: Name the user")
    told = api.control("explain/" + answer.headers["X-Emulator-Request-Id"])
    assert told.status == 404
    assert "start with a --journal above 0" in told.message


def test_a_body_too_large_to_keep_is_not_changed():
    api = stage()
    answer = api.create(name="x" * (KEPT_BODY + 1))

    told = explained(api, answer)

    assert told["rule"]["id"] == "USER-FIELDS"
    assert told["change"]["verified"] is False
    assert f"more than {KEPT_BODY} bytes" in told["change"]["reason"]
    assert told["change"]["tried"] == 0


def test_a_body_that_is_larger_than_allowed_is_told_the_limit():
    api = stage(settings=Settings(max_body=2000))
    answer = api.create(name="x" * 3000)

    told = explained(api, answer)

    assert (answer.status, told["facts"]) == (413, {"limit": 2000})
    assert told["change"]["verified"] is False
    assert "--max-body" in told["change"]["reason"]


def test_a_body_that_is_larger_than_both_limits_is_not_sent_on_to_where_it_is_too_large_as_well():
    api = stage(settings=Settings(max_body=KEPT_BODY + 1))

    told = explained(api, api.create(name="x" * 2 * KEPT_BODY))

    assert told["change"]["reason"] == "Send less, or start the server with a larger --max-body."


def test_another_session_has_its_own_requests():
    api = stage()
    headers = {"X-Emulator-Session": "mine"}
    answer = api.call("GET", f"{api.users}/{ME[:10]}{ME[11:]}", headers=headers)
    number = answer.headers["X-Emulator-Request-Id"]

    assert api.control(f"explain/{number}").status == 404
    told = api.control(f"explain/{number}", headers=headers).data
    assert told["change"]["summary"] == f"Name the user Person 2 ({ME})."
    (line,) = told["change"]["curl"]
    assert "-H 'X-Emulator-Session: mine'" in line


def test_the_prefix_that_names_a_session_is_part_of_the_line_for_the_shell():
    api = stage()
    answer = api.call("GET", f"/s/mine{api.users}/nonsense")

    told = api.control(
        "explain/" + answer.headers["X-Emulator-Request-Id"], headers={"X-Emulator-Session": "mine"}
    ).data

    assert f"http://localhost/s/mine{api.users}/" in told["change"]["curl"][0]
    assert told["change"]["requests"][0]["path"].startswith("/api/v1.0/")


def test_a_token_that_the_request_repeats_is_not_told():
    api = stage()
    secret = "a-secret-of-somebody"
    answer = api.call("GET", f"/{secret}/customers/{US}", token=secret, headers={"X-Emulator-Explain": "1"})
    wish = {"method": "GET", "path": f"/{secret}", "token": secret}

    assert secret not in answer.headers["X-Emulator-Explain"]
    told = explained(api, answer)
    assert secret not in json.dumps(told)
    assert told["facts"]["path"] == f"/***/customers/{US}"
    assert secret not in json.dumps(api.control("what-if", "POST", json=wish).data["explanation"])


def test_what_is_not_known_of_a_large_body_is_not_told():
    api = stage()
    roles = ["x" * KEPT_BODY, "nonsense"]

    told = explained(api, api.patch(ME, {"op": "replace", "path": "/roles", "value": roles}))

    assert told["rule"]["id"] == "ROLE-KNOWN"
    assert "rolesWanted" not in told["context"]


def test_no_token_is_told():
    api = stage()
    users = {"token": "a-secret-of-somebody"}
    api.control("tokens", "POST", json={"name": "minted"})
    for answer in (
        api.call("GET", api.users, **users),
        api.call("GET", f"{api.users}/a-secret-of-somebody", headers={"Authorization": "Bearer good"}),
        api.call("GET", api.users, token="scopeless"),
    ):
        told = json.dumps(explained(api, answer))
        assert "Bearer ***" in told
        assert "$TOKEN" in told
        assert all(caller not in told for caller in ("scopeless", "Bearer good", "emulator-token"))


@pytest.mark.parametrize("value", ["1", "true", "yes", "", "short"])
def test_a_refusal_explains_itself_in_a_header_when_asked(value):
    api = stage()
    answer = api.call("GET", f"{api.users}/me@example.com", headers={"X-Emulator-Explain": value})

    assert answer.headers["X-Emulator-Explain"] == f"ID-FORMAT: Name the user Person 2 ({ME})."


@pytest.mark.parametrize("value", [None, "0", "False", "no", " Off"])
def test_nothing_is_explained_that_nobody_asked_for(value):
    api = stage()
    headers = {} if value is None else {"X-Emulator-Explain": value}

    assert "X-Emulator-Explain" not in api.call("GET", f"{api.users}/nonsense", headers=headers).headers


def test_an_accepted_answer_has_nothing_to_explain():
    api = stage()

    assert "X-Emulator-Explain" not in api.call("GET", api.users, headers={"X-Emulator-Explain": "1"}).headers


def test_the_header_is_one_line_of_ascii_whatever_the_request_says():
    api = stage()
    name = "É\u2028\u200bx\x7f" * 30
    for path in ("/api/v1.0/customers/%0d%0aSet-Cookie:%20a/users", "/%0d%0ax", f"/{name}"):
        line = api.call("GET", path, headers={"X-Emulator-Explain": "1"}).headers["X-Emulator-Explain"]
        assert line.isascii()
        assert line.isprintable()
    long = api.create(roles=["é\r\n" * 1000]).rule
    assert long == "ROLE-KNOWN"
    body = {"email": "n@example.com", "displayName": "N", "roles": ["é\r\n" * 1000]}
    line = api.call("POST", api.users, json=body, headers={"X-Emulator-Explain": "1"}).headers[
        "X-Emulator-Explain"
    ]
    assert line.isascii()
    assert line.isprintable()
    assert len(line) <= 500


def test_what_is_cut_short_in_the_header_ends_in_dots():
    api = stage()
    asking = {"X-Emulator-Explain": "1"}
    body = {"email": "n@example.com", "displayName": "x" * 101, "roles": []}

    short = api.call("POST", api.users, json=body, headers=asking).headers["X-Emulator-Explain"]
    body = {**body, "displayName": "N", "roles": [f"nonsense {number}" * 4 for number in range(20)]}
    cut = api.call("POST", api.users, json=body, headers=asking).headers["X-Emulator-Explain"]

    assert short == f"USER-FIELDS: Set displayName to '{'x' * 64}... (100 characters)'."
    assert (len(cut), cut[-3:]) == (500, "...")


def test_explaining_changes_nothing_and_counts_nothing():
    api = stage(settings=Settings(seed=7))
    answer = api.delete(ADMINISTRATOR)
    before, dry = api.state(), api.control("explain/" + answer.headers["X-Emulator-Request-Id"])

    assert dry.data["change"]["tried"] > 1
    assert api.state() == before
    assert api.mails() == []
    assert api.create().data["id"] == stage(settings=Settings(seed=7)).create().data["id"]


def test_an_administrator_of_two_customers_is_replaced_in_both():
    users = small_document()["users"]
    users["admin@example.com"] |= {"memberships": {"us": [WEB, ADMIN], "uk": [WEB, ADMIN]}}
    api = emulator(users)

    change = explained(api, api.delete(ADMINISTRATOR))["change"]

    assert change["summary"] == (
        "First make Person 2 <plain@example.com> a user administrator and create another user administrator."
    )
    assert [(sent["method"], sent["path"]) for sent in change["requests"]] == [
        ("PATCH", f"/api/v1.0/customers/{US}/users/{ME}"),
        ("POST", f"/api/v1.0/customers/{UK}/users"),
        ("DELETE", f"/api/v1.0/customers/{US}/users/{ADMINISTRATOR}"),
    ]
    assert [answer.status_code for answer in replayed(api, change)] == [200, 201, 200]
