"""The state machine finds what is wrong with an implementation, and tells it in few steps."""

import json
from pathlib import Path

import pytest

from conformance_player import CATALOG, Player, judge_by
from dimensions_contracts import profile
from dimensions_contracts.conformance import machine
from dimensions_contracts.conformance.bindings import Unbound
from dimensions_contracts.conformance.model import Facts
from dimensions_emulator.domain import users


class World:
    """An emulator that the machine works with in process; remembers every story."""

    catalog = CATALOG
    control = True
    administrators = True

    def __init__(self, *, without=(), country="US", profile_path=None, decided=None):
        self.profile = decided or profile.default(CATALOG)
        self.facts = Facts(country)
        self.player = Player(without=without, country=country, profile_path=profile_path)
        self.judge = judge_by(self.profile)
        self.stories = []

    def fresh(self):
        self.player.anew()
        self.bindings, self.seen = self.player.bindings(), []
        self.stories.append([])
        return "empty"

    def call(self, step):
        self.stories[-1].append(step)
        try:
            ready = self.bindings.resolved({"label": f"{len(self.seen)}", **step})
        except Unbound:
            return []
        self.seen.append(self.player.send(ready, self.bindings))
        return [one.rule for one in self.findings if one.calls[-1] == self.seen[-1].n]

    @property
    def findings(self):
        """What the judge finds in the story as far as it was told."""
        return self.judge.case(self.seen).findings


def calls(story):
    return [step["call"] for step in story]


def deciding_otherwise(deciding, decision, choice):
    path = deciding(**{decision: choice})
    return path, profile.parse(json.loads(Path(path).read_text("utf-8")), CATALOG)


@pytest.mark.parametrize("country", ["US", "GB"])
def test_the_emulator_keeps_to_the_model(country):
    world = World(country=country)

    machine.run(world, 1, 2)

    assert world.findings == ()
    assert len(world.stories) >= 2 * machine.EXAMPLES


def test_every_kind_of_call_is_made_and_every_rule_on_roles_refuses():
    world = World()
    machine.run(world, 2, 6)

    steps = [step for story in world.stories for step in story]
    refused = {
        check["rule"].partition("/")[0] for step in steps for check in step["checks"] if "error" in check
    }
    assert set(calls(steps)) == {
        "createUser",
        "getUser",
        "patchUser",
        "deleteUser",
        "listUsers",
        "sendActivationEmail",
        "mails",
    }
    operations = {one["op"] for step in steps if step["call"] == "patchUser" for one in step["body"]}
    assert operations == {"add", "remove", "replace", "move", "test"}
    assert refused >= {
        "ROLE-KNOWN",
        "ROLE-READ-ONLY",
        "ADMIN-LAST",
        "ROLE-PREREQUISITE",
        "ROLE-SUPERVISOR-EXCLUSIVE",
        "ROLE-UK-ESSENTIAL",
        "CHARGES-ACCEPTED",
        "PATCH-TEXTS",
        "DELETE-ANSWER",
    }
    assert world.findings == ()


def test_the_same_seed_makes_the_same_calls():
    one, same, other = World(), World(), World()
    machine.run(one, 7, 1)
    machine.run(same, 7, 1)
    machine.run(other, 8, 1)

    assert one.stories == same.stories
    assert one.stories != other.stories


@pytest.mark.parametrize(
    "rule",
    [
        "ROLE-KNOWN",
        "ROLE-WEBSITE",
        "ROLE-PBX-KEPT",
        "ROLE-READ-ONLY",
        "ADMIN-LAST",
        "ROLE-PREREQUISITE",
        "ROLE-SUPERVISOR-EXCLUSIVE",
        "ROLE-UK-ESSENTIAL",
        "ROLE-REALTIME-SPREAD",
        "CHARGES-ACCEPTED",
        "MAIL-ON-CREATE",
        "MAIL-ON-UC",
    ],
)
def test_a_rule_switched_off_is_found_and_told_in_few_steps(rule):
    world = World(without=(rule,))

    machine.run(world, 5, 8)

    assert {found.rule for found in world.findings} == {rule}
    assert len(world.stories[-1]) <= 6


def test_a_planted_bug_is_found_and_told_in_few_steps(monkeypatch):
    kept = users.json_patch.apply

    def forgetful(operations, document):
        """A move that loses the role it moves."""
        after = kept(operations, document)
        moved = any(step.op == "move" for step in operations)
        return {**after, "roles": after["roles"][1:]} if moved else after

    monkeypatch.setattr(users.json_patch, "apply", forgetful)
    world = World()

    machine.run(world, 3, 8)

    assert calls(world.stories[-1])[-2:] == ["patchUser", "getUser"]
    assert len(world.stories[-1]) <= 6
    assert "PATCH-OPERATIONS" in {found.rule for found in world.findings}


@pytest.mark.parametrize(
    ("decision", "choice"),
    [
        ("prerequisite-missing", "add"),
        ("prerequisite-missing", "allow"),
        ("supervisor-clash", "last-wins"),
        ("supervisor-clash", "allow"),
        ("read-only-role", "ignore"),
        ("uk-essential", "allow"),
        ("realtime-trigger", "l3-l4"),
        ("charges-missing", "refuse-402"),
        ("charges-missing", "ignore"),
        ("role-unknown", "ignore"),
        ("last-administrator", "allow"),
        ("admin-role-key", "admin.user"),
    ],
)
def test_who_decides_otherwise_is_recognised_and_keeps_to_the_model_of_that(deciding, decision, choice):
    path, decided = deciding_otherwise(deciding, decision, choice)
    otherwise, knowing = World(profile_path=path), World(profile_path=path, decided=decided)

    machine.run(otherwise, 5, 8)
    machine.run(knowing, 5, 1)

    assert {(one.status, one.decision, one.choice) for one in otherwise.findings} == {
        ("DIFFERENT", decision, choice)
    }
    assert knowing.findings == ()


def test_nobody_becomes_administrator_where_nobody_may():
    world = World()
    world.administrators = False

    machine.run(world, 4, 1)

    bodies = [step["body"] for story in world.stories for step in story if "body" in step]
    assert "user.admin" not in json.dumps(bodies)


def test_without_a_control_plane_no_mails_are_read():
    world = World()
    world.control = False

    machine.run(world, 4, 1)

    assert "mails" not in calls(step for story in world.stories for step in story)


def test_a_fault_ends_the_machine_at_once():
    world = World()
    sent = []

    def broken(step):
        sent.append(step)
        raise ConnectionError("the target is gone")

    world.call = broken

    with pytest.raises(ConnectionError, match="gone"):
        machine.run(world, 1, 3)
    assert len(sent) == 1


def test_nothing_is_written_where_the_suite_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    machine.run(World(), 1, 1)

    assert list(tmp_path.iterdir()) == []
