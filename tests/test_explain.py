import pytest

from dimensions_contracts import catalog
from dimensions_emulator.domain import users
from dimensions_emulator.explain import search
from dimensions_emulator.explain.repairs import HOPELESS as REASONS
from dimensions_emulator.explain.repairs import REPAIRS
from explain_stage import (
    ADMINISTRATOR,
    HOPELESS,
    ME,
    PASSING,
    PHONE,
    SOFT,
    explained,
    replayed,
    stage,
    token_for,
)
from small_world import ACD, ADMIN, PBX, SOFTPHONE, UC, US, WEB

CATALOG = catalog.load()
REFUSING = {rule.id for rule in CATALOG.rules.values() if rule.refuses}
OF_THE_SERVER = {"NEVER-500", "WIRE-ERROR"}
UNLICENSED = {"ROLE-ACD-FEATURE"}


def test_every_rule_that_can_refuse_is_explained_here():
    passing = {rule for rule, _, _ in PASSING}

    assert passing | OF_THE_SERVER | UNLICENSED == REFUSING
    assert REPAIRS.keys() == REFUSING - OF_THE_SERVER
    assert REASONS.keys() >= OF_THE_SERVER


@pytest.mark.parametrize(("rule", "ask", "summary"), PASSING)
def test_the_smallest_change_is_told_and_passes(rule, ask, summary):
    api = stage()
    answer = ask(api)

    told = explained(api, answer)
    change = told["change"]

    assert answer.rule == told["rule"]["id"] == rule
    assert change["verified"] is True, change
    assert change["summary"].startswith(summary)
    assert all(answer.status_code < 400 for answer in replayed(api, change, token_for(told)))


@pytest.mark.parametrize(("rule", "ask", "reason"), HOPELESS)
def test_where_no_change_helps_the_reason_is_told(rule, ask, reason):
    api = stage()
    answer = ask(api)

    told = explained(api, answer)

    assert answer.rule == rule
    assert told["change"]["verified"] is False
    assert reason in told["change"]["reason"]
    assert "requests" not in told["change"]


def test_a_failure_of_the_emulator_is_no_fault_of_the_request(monkeypatch):
    api = stage()
    with monkeypatch.context() as broken:
        broken.setattr(users, "create", lambda *_: 1 / 0)
        answer = api.create()
        told = explained(api, answer)

    assert (answer.status, told["rule"]["id"]) == (500, "NEVER-500")
    assert told["change"] == {
        "verified": False,
        "reason": "The emulator failed, not the request; its log has the traceback under the id of the message.",
        "tried": 1,
    }


def test_a_feature_that_a_customer_lacks_is_given_by_no_request():
    api = stage(features={"agent": 0})

    told = explained(api, api.add(PHONE, ACD))

    assert told["rule"]["id"] == "ROLE-ACD-FEATURE"
    assert told["change"]["verified"] is False
    assert "0, which no request of this API changes" in told["change"]["reason"]
    assert told["context"]["customer"]["features"]["agent"] == 0
    created = explained(api, api.create(roles=[PBX, ACD]))["change"]
    assert created["summary"] == f"Leave out {ACD}."
    assert created["requests"][0]["body"]["roles"] == [PBX]


def test_a_customer_without_users_has_none_to_name():
    api = stage()
    api.control("reset?to=empty", "POST")

    told = explained(api, api.get(ME))

    assert told["change"]["verified"] is False
    assert told["change"]["reason"].startswith("The customer has no user; create one first.")


def test_an_explanation_tells_the_rule_and_the_facts():
    api = stage()
    answer = api.add(ME, SOFTPHONE)

    told = explained(api, answer)

    rule = CATALOG.rules["ROLE-PREREQUISITE"]
    assert told["request"] == answer.headers["X-Emulator-Request-Id"]
    assert told["refused"] is True
    assert told["rule"] == {
        "id": rule.id,
        "statement": rule.statement,
        "mark": rule.mark,
        "marks": dict(rule.marks),
        "source": rule.source,
    }
    assert told["answer"] == {"status": 400, "errorCode": answer.code, "message": answer.message}
    assert told["facts"] == {"role": SOFTPHONE, "missing": UC}
    context = told["context"]
    assert (context["caller"]["name"], context["customer"]["id"], context["user"]["id"]) == (
        "reseller",
        US,
        ME,
    )
    assert context["rolesBefore"] == [WEB, "customer.settings"]
    assert context["rolesWanted"] == context["rolesResulting"] == [WEB, "customer.settings", SOFTPHONE]
    assert context["missingAltogether"] == [UC]


@pytest.mark.parametrize(
    ("ask", "name", "value"),
    [
        (lambda api: api.delete(ADMINISTRATOR), "lastAdministrator", {"id": ADMINISTRATOR, "email": "admin@example.com", "customer": US}),
        (lambda api: api.device(ME, "soft"), "devicesOfUser", ["mine"]),
        (lambda api: api.call("GET", api.users, token="wrong"), "callersWhoMay", ["one customer", "reseller", "other"]),
    ],
)  # fmt: skip
def test_an_explanation_tells_what_the_rule_looked_at(ask, name, value):
    api = stage()

    assert explained(api, ask(api))["context"][name] == value


def test_what_the_caller_is_asked_to_send_is_no_larger_than_it_must_be():
    api = stage()

    change = explained(api, api.add(ME, SOFTPHONE, charges=None))["change"]

    (wanted,) = change["requests"]
    assert wanted["body"] == [
        {"op": "add", "path": "/roles/-", "value": SOFTPHONE},
        {"op": "add", "path": "/roles/-", "value": UC},
    ]
    assert wanted["headers"]["accept-charges"] == "true"
    assert wanted["method"] == "PATCH"


def test_the_search_is_bounded(monkeypatch):
    api = stage()
    monkeypatch.setattr(search, "RUNS", 2)

    change = explained(api, api.add(ME, SOFTPHONE, charges=None))["change"]

    assert change["verified"] is False
    assert change["tried"] == 2
    assert change["reason"].startswith("None of the changes that were tried passes.")


def test_no_more_changes_are_combined_than_four(monkeypatch):
    api = stage()
    monkeypatch.setattr(search, "DEPTH", 1)

    assert explained(api, api.add(ME, SOFTPHONE, charges=None))["change"]["verified"] is False
    assert explained(api, api.add(ME, SOFTPHONE))["change"]["verified"] is True


def test_an_administrator_is_made_first_and_the_whole_is_sent_in_that_order():
    api = stage()

    change = explained(api, api.delete(ADMINISTRATOR))["change"]

    assert [wanted["method"] for wanted in change["requests"]] == ["PATCH", "DELETE"]
    assert change["requests"][0]["body"] == [{"op": "add", "path": "/roles/-", "value": ADMIN}]
    assert len(change["curl"]) == 2


@pytest.mark.parametrize(
    ("decision", "ask", "summary"),
    [
        ({"unassign_mismatch": "refuse"}, lambda api: api.device(SOFT, "soft", "unassign", "crm"), "Send the clientType 'mobile'."),
        ({"unassign_mismatch": "refuse"}, lambda api: api.device(ME, "mine", "unassign"), f"First give the user {UC} and {SOFTPHONE} and assign the device."),
        ({"charges_missing": "refuse-402"}, lambda api: api.add(ME, UC, charges=None), "Send the header accept-charges: true."),
        ({"user_exists": "409"}, lambda api: api.create("me@example.com"), "Set email to 'me.2@example.com'."),
        ({"admin_role_key": "admin.user"}, lambda api: api.delete(ADMINISTRATOR), "First make Person 2 <me@example.com> a user administrator."),
    ],
)  # fmt: skip
def test_the_decisions_of_a_profile_are_followed(deciding, decision, ask, summary):
    api = stage(profile=deciding(**decision))

    told = explained(api, ask(api))

    assert told["change"]["summary"] == summary
    assert all(answer.status_code < 400 for answer in replayed(api, told["change"]))


def test_the_french_paths_are_understood():
    api = stage()

    told = explained(api, api.call("GET", f"/v1.0/clients/{US}/utilisateurs/me@example.com"))

    assert told["change"]["requests"][0]["path"] == f"/v1.0/clients/{US}/utilisateurs/{ME}"
