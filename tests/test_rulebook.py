"""The catalogue and the verbs hold each other: each rule is seen to matter."""

import inspect
from functools import partial

import pytest

from dimensions_contracts import catalog
from dimensions_emulator.domain import role_checks, role_effects
from small_world import (
    ACD,
    ADMIN,
    ESSENTIAL,
    PBX,
    REALTIME,
    SETTINGS,
    SOFTPHONE,
    TEAMS,
    UC,
    UK,
    US,
    WEB,
    emulator,
    person,
    supervisor,
    user_id,
)

RULES = catalog.load().rules
ADMINISTRATOR, ME, PHONE, BOTH = (user_id(n) for n in (1, 3, 4, 5))


def verbs(module):
    return {
        name
        for name, _ in inspect.getmembers(module, inspect.isfunction)
        if not name.startswith("_") and inspect.getmodule(getattr(module, name)) is module
    }


def test_the_verbs_of_the_rules_are_the_functions_there_are():
    named = {step.verb for rule in RULES.values() for step in rule.steps}

    assert named == verbs(role_effects) | verbs(role_checks)
    assert not verbs(role_effects) & verbs(role_checks)


def test_a_check_names_its_error_and_an_effect_none():
    for rule in RULES.values():
        for step in rule.steps:
            if step.verb in verbs(role_effects):
                assert step.refuse is None
            else:
                assert step.refuse or rule.refuses


def imported(api, **entry):
    api.control(
        f"platform/{US}/import",
        "POST",
        json={"users": [{"email": "i@example.com", "displayName": "I", **entry}]},
    )
    return sorted(api.state()["users"].get("i@example.com", {}).get("memberships", {}).get(US, []))


# What a caller sees of each rule; with the rule switched off it must look different.
SEEN = {
    "USER-FIELDS": lambda api: api.create(name="x" * 101).status,
    "USER-UNIQUE-EMAIL": lambda api: api.create("me@example.com").status,
    "ROLE-KNOWN": lambda api: api.add(ME, "nonsense").status,
    "ROLE-WEBSITE": lambda api: api.create().data["roles"],
    "ROLE-PBX-AUTO": imported,
    "ROLE-ACD-AUTO": lambda api: imported(api, agent=True),
    "ROLE-PBX-KEPT": lambda api: (api.replace(PHONE, WEB), api.roles(PHONE))[1],
    "ROLE-READ-ONLY": lambda api: api.add(ME, TEAMS).status,
    "ROLE-PREREQUISITE": lambda api: api.add(ME, SOFTPHONE).status,
    "ROLE-SUPERVISOR-EXCLUSIVE": lambda api: api.replace(ME, WEB, supervisor(1), supervisor(2)).status,
    "ROLE-UK-ESSENTIAL": lambda api: api.add(ME, ESSENTIAL).status,
    "ROLE-ACD-FEATURE": lambda api: api.again(features={"agent": 0}).add(PHONE, ACD).status,
    "ROLE-REALTIME-SPREAD": lambda api: (api.add(ME, supervisor(3)), REALTIME in api.roles(PHONE))[1],
    "ADMIN-LAST": lambda api: api.drop(ADMINISTRATOR, ADMIN).status,
    "CHARGES-ACCEPTED": lambda api: api.add(ME, UC, charges=None).status,
    "MAIL-ON-CREATE": lambda api: (api.create(), len(api.mails()))[1],
    "MAIL-ON-UC": lambda api: (api.add(ME, UC), len(api.mails()))[1],
    "MAIL-PRIMARY": lambda api: mail_from_uk(api),
    "DEVICE-OWNED": lambda api: api.device(PHONE, "mine").rule,
    "DEVICE-ROLES": lambda api: api.device(ME, "mine").status,
    "DEVICE-CLIENT": lambda api: mismatched(api),
    "DEVICE-MOVES": lambda api: (api.replace(ME, WEB, UC, SOFTPHONE), api.device(ME, "mine"), api.control(f"platform/{US}/devices").data)[2],
    "DELETE-PRIMARY": lambda api: deleted_everywhere(api),
}  # fmt: skip


def mail_from_uk(api):
    api.customer = UK
    return api.call("POST", f"{api.users}/{BOTH}/sendActivationEmail").status


def mismatched(api):
    return api.again(profile=api.deciding(unassign_mismatch="refuse")).device(ME, "mine", "unassign").status


def deleted_everywhere(api):
    api.delete(BOTH)
    api.customer = UK
    return api.get(BOTH).status


def world(without, **more):
    both = person(5, WEB, primaryTenant="us")
    both["memberships"]["uk"] = [WEB]
    users = {
        "admin@example.com": person(1, WEB, ADMIN),
        "me@example.com": person(3, WEB, SETTINGS),
        "phone@example.com": person(4, WEB, PBX),
        "both@example.com": both,
    }
    devices = [{"id": "mine", "customer": "us", "owner": "me@example.com"}]
    return emulator(users, devices=devices, without=without, **{"syncAcdAgentWithPbx": True, **more})


def test_every_rule_with_a_verb_is_looked_at():
    assert set(SEEN) == {rule.id for rule in RULES.values() if rule.steps}


@pytest.mark.parametrize("rule", SEEN)
def test_a_rule_that_is_switched_off_is_missed(rule, deciding):
    def seen(without):
        api = world(without)
        api.again, api.deciding = partial(world, without), deciding
        return SEEN[rule](api)

    assert seen(()) != seen((rule,))
