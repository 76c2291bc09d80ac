"""The reference model, which knows no implementation, predicts what the emulator does."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dimensions_contracts import catalog, profile
from dimensions_contracts.conformance import model, model_rules
from dimensions_contracts.conformance.model import Accepted, Facts, Refused
from small_world import (
    ADMIN,
    ESSENTIAL,
    PBX,
    REALTIME,
    REMOTE,
    SETTINGS,
    SOFTPHONE,
    TEAMS,
    UC,
    WEB,
    WORKSPACE,
    emulator,
    person,
    supervisor,
    user_id,
)

CATALOG = catalog.load()
KEYS = list(CATALOG.roles)
OFTEN = [WEB, ADMIN, PBX, UC, supervisor(1), supervisor(3), supervisor(5)] * 3
SETS = st.lists(st.sampled_from([*KEYS, *OFTEN]), max_size=6, unique=True)
WANTED = st.lists(st.sampled_from([*KEYS, *OFTEN, "admin.user", "nonsense"]), max_size=5)
BESIDE = st.lists(
    st.sampled_from([WEB, ADMIN, PBX, *(supervisor(n) for n in range(1, 6))]), max_size=3, unique=True
)
DECISIONS = st.fixed_dictionaries(
    {}, optional={key: st.sampled_from(one.choices) for key, one in CATALOG.decisions.items()}
)
ME, BESIDE_ME = user_id(1), user_id(2)


def deciding(decisions):
    return profile.parse({"name": "test", "decisions": decisions}, CATALOG)


def world(path, decisions, mine, beside, customer):
    users = {"beside@example.com": person(2, *beside)}
    if mine is not None:
        users["me@example.com"] = person(1, *mine)
    path.write_text(json.dumps({"name": "test", "decisions": decisions}), "utf-8")
    return emulator(users, profile=str(path), **customer)


def facts_of(beside, customer):
    return Facts(
        customer["countryCode"],
        customer["features"]["agent"],
        customer["sendNewUserEmail"],
        customer["sendConnectWelcomeEmail"],
        CATALOG.groups["supervisor"] & set(beside),
        model_rules.administers(beside),
    )


def in_catalogue_keys(roles):
    return [ADMIN if role == "admin.user" else role for role in roles]


def compare(api, predicted, answer, before, beside):
    if isinstance(predicted, Refused):
        error = CATALOG.errors[predicted.error]
        told = (answer.status, answer.rule, answer.message.replace("admin.user", ADMIN))
        assert told == (error.status, predicted.rule, error.message.format(**dict(predicted.facts)))
        assert api.mails() == api.charges() == []
        return
    assert answer.status in {200, 201}, answer.message
    me = answer.data["id"] if answer.status == 201 else ME
    assert in_catalogue_keys(api.roles(me)) == list(predicted.roles)
    assert [mail["kind"] for mail in api.mails()] == list(predicted.mails)
    assert [role for user, role in api.charges() if user == me] == list(predicted.charges)
    gains = predicted.spreads and {PBX, ESSENTIAL} & set(beside) and REALTIME not in beside
    assert in_catalogue_keys(api.roles(BESIDE_ME)) == [*beside, *([REALTIME] if gains else [])]


@given(
    data=st.data(),
    decisions=DECISIONS,
    before=st.none() | SETS,
    beside=BESIDE,
    country=st.sampled_from(["US", "GB", "uk"]),
    agent=st.sampled_from([0, 5]),
    mails=st.tuples(st.booleans(), st.booleans()),
    charges=st.sampled_from(["true", "true", "false", None]),
    op=st.sampled_from(["add", "prepend", "remove", "replace"]),
)
@settings(max_examples=300)
def test_the_model_predicts_what_the_emulator_does_whatever_is_decided(
    tmp_path_factory, data, decisions, before, beside, country, agent, mails, charges, op
):
    customer = {
        "countryCode": country,
        "features": {"agent": agent},
        "sendNewUserEmail": mails[0],
        "sendConnectWelcomeEmail": mails[1],
    }
    api = world(tmp_path_factory.getbasetemp() / "model.json", decisions, before, beside, customer)
    roles = data.draw(WANTED if op != "remove" or before is None else SETS)
    if before is None or op == "replace":
        wanted, replaced = roles, before is not None
    elif op == "add":
        wanted, replaced = [*before, *roles], False
    elif op == "prepend":
        wanted, replaced = [*reversed(roles), *before], False
    else:
        wanted, replaced = [role for role in before if role not in roles], False

    predicted = model.outcome(
        CATALOG,
        deciding(decisions),
        facts_of(beside, customer),
        None if before is None else tuple(before),
        wanted,
        accepts_charges=charges == "true",
        replaced=replaced,
    )

    if before is None:
        answer = api.create("me@example.com", roles, charges=charges)
    elif op == "replace":
        answer = api.replace(ME, *roles, charges=charges)
    elif op in {"add", "prepend"}:
        path = "/roles/-" if op == "add" else "/roles/0"
        steps = [{"op": "add", "path": path, "value": role} for role in roles]
        answer = api.patch(ME, *steps, charges=charges)
    else:
        gone = sorted((n for n, role in enumerate(before) if role in roles), reverse=True)
        answer = api.patch(ME, *({"op": "remove", "path": f"/roles/{n}"} for n in gone), charges=charges)
    compare(api, predicted, answer, before, beside)


def predicted(before, *wanted, decisions=(), facts=None, charges=True, replaced=False):
    return model.outcome(
        CATALOG,
        deciding(dict(decisions)),
        facts or Facts(),
        before,
        wanted,
        accepts_charges=charges,
        replaced=replaced,
    )


def test_a_change_to_what_is_there_already_breaks_nothing():
    assert predicted((SOFTPHONE,), SOFTPHONE) == Accepted((SOFTPHONE,))


def test_of_several_broken_rules_the_first_of_the_catalogue_is_told():
    everything_wrong = ("nonsense", TEAMS, REMOTE, supervisor(1), supervisor(2), ESSENTIAL)
    told = []
    wanted = list(everything_wrong)
    while isinstance(found := predicted(None, *wanted, charges=False), Refused):
        told.append(found.rule)
        culprit = {"ROLE-SUPERVISOR-EXCLUSIVE": supervisor(2), "CHARGES-ACCEPTED": supervisor(1)}
        wanted.remove(culprit.get(found.rule) or dict(found.facts)["role"])

    assert told == [
        "ROLE-KNOWN",
        "ROLE-READ-ONLY",
        "ROLE-PREREQUISITE",
        "ROLE-SUPERVISOR-EXCLUSIVE",
        "ROLE-UK-ESSENTIAL",
        "CHARGES-ACCEPTED",
    ]


def test_a_rule_that_the_catalogue_lacks_does_not_hold():
    rules = {
        key: rule for key, rule in CATALOG.rules.items() if key not in {"ROLE-WEBSITE", "MAIL-ON-CREATE"}
    }
    without = catalog.Catalog(CATALOG.roles, rules, CATALOG.errors, CATALOG.decisions, CATALOG.groups)

    assert model.outcome(without, deciding({}), Facts(), None, ()) == Accepted(())


def test_requirements_name_what_is_needed_before_what_needs_it():
    assert model_rules.requirements(CATALOG, WORKSPACE) == (WEB, SETTINGS)
    assert model_rules.requirements(CATALOG, SOFTPHONE) == (WEB, UC)


@pytest.mark.parametrize(("choice", "spreads"), [("l3-l4-l5", True), ("l3-l4", False)])
def test_whether_the_fifth_level_spreads_is_decided(choice, spreads):
    found = predicted((WEB,), WEB, supervisor(5), decisions={"realtime-trigger": choice})

    assert found.spreads is spreads


def test_the_supervisor_role_given_wins_wherever_it_is_put():
    held, given_first = (WEB, supervisor(1)), (supervisor(2), WEB, supervisor(1))

    assert predicted(held, *given_first, decisions={"supervisor-clash": "last-wins"}).roles == (
        supervisor(2),
        WEB,
    )
