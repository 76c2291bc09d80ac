import json
import re
from uuid import UUID

import pytest

from dimensions_contracts.conformance.cleanup import clean
from dimensions_contracts.conformance.guard import Guard
from dimensions_contracts.conformance.ledger import Ledger
from dimensions_contracts.conformance.messages import Fault, Request, Spent
from dimensions_contracts.conformance.places import Place
from dimensions_contracts.conformance.transport import GuardedSession
from raw_target import body, json_reply, raw_target

RUN = "k3v9q2xw7p"
MAIN = "cccccccc-0000-4000-8000-0000000000aa"
OTHER = "cccccccc-0000-4000-8000-0000000000cc"
STAGE = "cccccccc-0000-4000-8000-0000000000dd"
PLACES = {"main": Place("main", MAIN), "other": Place("other", OTHER), "lab": Place("lab", STAGE, stage=True)}
PATH = re.compile(r"(\w+) /api/v1\.0/customers/([^/]+)/users/?([^ ?]*)(?:\?pageIndex=(\d+)&pageSize=(\d+))? ")


class Users:
    """Customers with users of others; `rules` are functions that may answer in place of them."""

    def __init__(self, foreign=5, page=None):
        self.held = {MAIN: {}, OTHER: {}, STAGE: {}}
        self.page = page
        self.rules = []
        for customer in (MAIN, OTHER):
            for n in range(foreign):
                self.add(customer, f"person{n}@corp.example")
        self.before = json.dumps(self.held)

    def add(self, customer, email):
        number = sum(map(len, self.held.values())) + 1000 * len(customer)
        user = str(UUID(int=0xBBBB0000_0000_4000_8000_000000000000 + number))
        self.held[customer][user] = email
        return user

    def __call__(self, request):
        method, customer, user, index, size = PATH.match(request.decode("latin-1")).groups()
        for rule in self.rules:
            answer = rule(method, customer, user)
            if answer is not None:
                return None if answer is HANGS_UP else answer
        users = self.held[customer]
        if method == "POST":
            email = json.loads(body(request))["email"]
            return json_reply(201, {"data": {"id": self.add(customer, email), "email": email}})
        if method == "GET":
            items = [{"id": key, "email": email} for key, email in users.items()]
            size = int(size or self.page or len(items))
            start = int(index or 0) * size
            return json_reply(200, {"data": items[start : start + size]})
        return json_reply(200, {}) if users.pop(user, None) else json_reply(404, {"error": 404})


HANGS_UP = object()


@pytest.fixture
def users():
    return Users()


@pytest.fixture
def session(users):
    with raw_target(users) as target:
        ledger = Ledger()
        ledger.open(RUN, target.url, "now", [MAIN, OTHER])
        callers = {"main": "first", "other": "second"}
        known = GuardedSession(target.url, callers, Guard("own-data", PLACES, RUN), ledger, timeout=5)
        known.target_lines = target.lines
        known.fake = target
        yield known
        known.close()


def create(session, name, customer=MAIN):
    text = json.dumps({"email": f"{name}.{RUN}@mail.example"})
    path = f"/api/v1.0/customers/{customer}/users"
    return session.send(Request("POST", path, (), text.encode()))


def cleaned(session, remove_stage=None):
    return clean(session, session.ledger.open_items(), PLACES, remove_stage)


def test_everything_that_was_created_is_deleted_and_nothing_else(session, users):
    for name, customer in [("ada", MAIN), ("bob", OTHER), ("cy", MAIN)]:
        create(session, name, customer)

    assert (cleaned(session).deleted, cleaned(session).left) == (3, ())
    assert json.dumps(users.held) == users.before
    assert session.ledger.book.deleted_count == 3


def test_the_other_customer_is_cleaned_with_its_own_token(session):
    create(session, "bob", OTHER)
    cleaned(session)

    deleting = next(request for request in session.fake.received if request.startswith(b"DELETE"))
    assert b"Authorization: Bearer second" in deleting


def test_a_run_that_created_nothing_asks_for_nothing(session):
    assert cleaned(session) == cleaned(session)
    assert session.sent == 0


def test_who_is_gone_already_counts_as_removed(session, users):
    create(session, "ada")
    users.held[MAIN].popitem()

    done = cleaned(session)
    assert (done.deleted, done.left) == (1, ())
    assert not session.ledger.open_items()


def test_a_creation_without_an_answer_is_found_by_listing(session, users):
    def swallowed(method, customer, user):
        if method == "POST":
            users.add(customer, f"ada.{RUN}@mail.example".upper())
            return HANGS_UP
        return None

    users.rules.append(swallowed)
    with pytest.raises(Fault):
        create(session, "ada")
    users.rules.clear()

    done = cleaned(session)
    assert (done.deleted, done.left) == (1, ())
    assert json.dumps(users.held) == users.before
    assert not session.ledger.open_items()


def test_a_target_that_refuses_and_creates_is_found_out(session, users):
    def lying(method, customer, user):
        if method == "POST":
            users.add(customer, f"ada.{RUN}@mail.example")
            return json_reply(400, {"error": 400})
        return None

    users.rules.append(lying)
    create(session, "ada")
    assert not session.ledger.open_items()

    assert cleaned(session).deleted == 1
    assert json.dumps(users.held) == users.before


def test_a_target_that_says_deleted_and_does_not_delete_is_told(session, users):
    create(session, "ada")
    users.rules.append(lambda method, *_: json_reply(200, {}) if method == "DELETE" else None)

    done = cleaned(session)
    (sentence,) = done.left
    assert done.deleted == 0
    assert "is listed still" in sentence


@pytest.mark.parametrize("answer", [json_reply(500, {}), json_reply(400, {}), HANGS_UP])
def test_a_failure_is_told_and_the_rest_goes_on(session, users, answer):
    first = json.loads(create(session, "ada").body)["data"]["id"]
    create(session, "bob")
    create(session, "cy", OTHER)
    users.rules.append(lambda method, _, user: answer if method == "DELETE" and user == first else None)

    done = cleaned(session)
    assert done.deleted == 2
    (sentence,) = done.left
    assert sentence.startswith(f"the user {first} of customer {MAIN}: ")
    assert [item.id for item in session.ledger.open_items().created] == [first]

    users.rules.clear()
    assert cleaned(session).deleted == 1
    assert json.dumps(users.held) == users.before


def test_a_list_that_fails_is_told_and_the_intent_stays_open(session, users):
    users.rules.append(lambda method, *_: HANGS_UP if method == "POST" else json_reply(403, {}))
    with pytest.raises(Fault):
        create(session, "ada")

    (sentence,) = cleaned(session).left
    assert sentence == f"whatever else the run created in customer {MAIN}: listing its users answered 403."
    assert session.ledger.open_items().intents


@pytest.mark.parametrize(("foreign", "page"), [(999, 1000), (1000, 1000), (2500, 1000), (1000, None)])
def test_a_long_list_is_read_to_its_end(foreign, page):
    users = Users(foreign, page)
    with raw_target(users) as target:
        known = GuardedSession(
            target.url, {"main": "first"}, Guard("own-data", PLACES, RUN), Ledger(), timeout=5
        )
        known.ledger.open(RUN, target.url, "now", [MAIN])
        known.ledger.intent(MAIN, "main", None)
        users.add(MAIN, f"late.{RUN}@mail.example")
        done = cleaned(known)
        known.close()

    assert (done.deleted, done.left) == (1, ())
    assert json.dumps(users.held) == users.before


def test_the_budget_of_the_run_does_not_stop_the_clean_up(users):
    with raw_target(users) as target:
        known = GuardedSession(
            target.url, {"main": "x"}, Guard("own-data", PLACES, RUN), Ledger(), max_requests=1
        )
        create(known, "ada")
        with pytest.raises(Spent):
            create(known, "bob")
        assert cleaned(known).deleted == 1
        known.close()

    assert json.dumps(users.held) == users.before


def test_users_of_the_stage_go_with_it(session):
    create(session, "ada", STAGE)
    create(session, "bob")
    session.ledger.stage([], [STAGE], ["name"])
    removed = []

    done = cleaned(session, removed.append)
    assert (done.deleted, done.left) == (2, ())
    assert [stage.customers for stage in removed] == [(STAGE,)]
    assert not session.ledger.open_items()
    assert not any("DELETE" in line and STAGE in line for line in session.fake.lines)


@pytest.mark.parametrize("remove", [None, "fails"])
def test_a_stage_that_stays_is_told_and_its_users_are_deleted(session, users, remove):
    create(session, "ada", STAGE)
    session.ledger.stage([], [STAGE], [])

    def failing(_):
        raise Fault("the target is gone.")

    done = cleaned(session, failing if remove else None)
    assert done.deleted == 1
    assert done.left[0].startswith("the stage: ")
    assert session.ledger.open_items().stage
    assert json.dumps(users.held) == users.before


def test_who_has_the_run_in_the_name_alone_is_left_alone(session, users):
    users.held[MAIN][str(UUID(int=7))] = f"eve@{RUN}.corp.com"
    users.held[MAIN][str(UUID(int=8))] = f"{RUN}@corp.com"
    before = json.dumps(users.held)
    create(session, "ada")

    assert cleaned(session).deleted == 1
    assert json.dumps(users.held) == before


def killed(session):
    """A session of another process, which knows the ledger alone."""
    guard = Guard("own-data", PLACES, RUN)
    return GuardedSession(session.fake.url, session.callers, guard, session.ledger, timeout=5)


def test_who_was_listed_before_the_clean_up_is_deleted_by_the_ledger(session, users):
    create(session, "ada")
    other = killed(session)
    other.send(Request("GET", f"/api/v1.0/customers/{MAIN}/users", (), None))

    assert (cleaned(other).deleted, json.dumps(users.held)) == (1, users.before)
    other.close()


def test_who_was_listed_and_created_without_an_address_is_left_and_told(session):
    n = session.ledger.intent(MAIN, "main", None)
    user = next(iter(session.fake.answer.held[MAIN]))
    session.ledger.created(n, user)
    other = killed(session)
    other.send(Request("GET", f"/api/v1.0/customers/{MAIN}/users", (), None))

    (sentence,) = cleaned(other).left
    assert "does not carry the id of this run" in sentence
    other.close()


def test_an_intent_in_the_stage_is_settled_with_it(session):
    session.ledger.intent(STAGE, "main", None)
    session.ledger.stage([], [STAGE], [])

    assert cleaned(session, lambda _: None).left == ()
    assert not session.ledger.open_items()
    assert session.sent == 0
