"""Mutants deviate, each in its own way, and leave other emulators alone."""

from dataclasses import replace

import pytest

from dimensions_contracts import catalog
from dimensions_contracts.conformance.options import CannotRun
from dimensions_emulator.app import create_app
from mutants import scoring
from mutants.catalogue import MUTANTS
from mutants.probes import asked

ALL = {mutant.name: mutant for mutant in MUTANTS}


def told(seen):
    """What a probe saw, as a caller of any deployment sees it."""
    if isinstance(seen, list | tuple):
        return [told(part) for part in seen]
    if hasattr(seen, "headers"):
        headers = sorted((name, value) for name, value in seen.headers if not name.startswith("X-Emulator"))
        return seen.status, seen.body, headers
    return seen


def test_mutants_have_names_of_their_own():
    assert len(ALL) == len(MUTANTS) >= 75


def test_every_rule_is_the_right_one_of_a_mutant():
    assert {mutant.rules[0] for mutant in MUTANTS} == set(catalog.load().rules)


def test_mutants_name_rules_that_there_are():
    assert {rule for mutant in MUTANTS for rule in mutant.rules} <= set(catalog.load().rules)


@pytest.mark.parametrize("name", ALL)
def test_a_mutant_answers_otherwise_and_leaves_other_emulators_alone(name):
    mutant = ALL[name]

    before, deviating, after = (
        told(mutant.probe(api)) for api in map(asked, (create_app, mutant.make, create_app))
    )

    assert deviating != before
    assert after == before


def report(**statuses):
    return {"rules": [{"id": rule.replace("_", "-"), "status": status} for rule, status in statuses.items()]}


def test_a_rule_is_broken_that_failed_or_that_a_deployment_keeps_otherwise():
    seen = report(
        WIRE_ERROR="FAIL", LIST_ORDER="DIFFERENT", GET_ITEM="PASS", MAIL_ANSWER="ERROR", ROUTE="SKIP"
    )

    assert scoring.broken(seen) == ("WIRE-ERROR", "LIST-ORDER")


def test_a_mutant_is_found_by_one_of_its_rules_alone():
    def verdict(*named, reason=""):
        return scoring.Score("m", ("GET-ITEM", "WIRE-SUCCESS"), named, 1.0, reason).verdict

    assert verdict("GET-ITEM", "ROUTE") == "found"
    assert verdict("WIRE-SUCCESS") == "found by a neighbour"
    assert verdict("ROUTE") == "NAMED WRONGLY"
    assert verdict() == "SURVIVED"
    assert verdict(reason="it hung") == "NOT JUDGED: it hung"


@pytest.fixture
def worker(monkeypatch):
    """This process as one that scores."""
    monkeypatch.setattr(scoring, "WORKER", {})
    scoring.begin()
    yield
    scoring.WORKER["server"].end()


def test_a_mutant_is_scored_by_the_cases_about_its_rules_first(worker, monkeypatch):
    asked = []
    monkeypatch.setattr(scoring, "judged", lambda *given: asked.append(given[1:]) or (("ROUTE",), ""))

    assert scoring.score("list-reversed", ("LIST-ORDER",), "cases,grid").verdict == "NAMED WRONGLY"
    assert asked == [("cases,tables", ("LIST-ORDER",)), ("cases,grid",)]


def test_the_server_of_a_worker_turns_from_mutant_to_mutant(worker):
    first = scoring.score("list-reversed", ("LIST-ORDER",))
    second = scoring.score("success-says-ok", ("WIRE-SUCCESS",))

    assert (first.verdict, second.verdict) == ("found", "found")
    assert "LIST-ORDER" not in second.named


def test_a_target_that_needs_no_token_is_named_before_the_run(worker, monkeypatch):
    def refuse(*_):
        raise CannotRun("it lists users without any token, so AUTH-REQUIRED is broken.")

    monkeypatch.setattr(scoring.checking, "check", refuse)
    assert scoring.score("list-reversed", ("AUTH-REQUIRED",)).verdict == "found"


def test_a_run_that_could_not_begin_finds_nothing(worker, monkeypatch):
    def refuse(*_):
        raise CannotRun("it could not run.")

    monkeypatch.setattr(scoring.checking, "check", refuse)
    assert scoring.score("list-reversed", ("LIST-ORDER",)).verdict == "NOT JUDGED: it could not run."


def test_the_score_is_told_and_a_survivor_fails_it(capsys):
    assert scoring.main([ALL["list-reversed"]], jobs=1) == 0
    assert (
        capsys.readouterr().out.splitlines()[-2] == "found 1 of 1, 0 of them by a rule beside the one meant"
    )

    blamed = replace(ALL["list-reversed"], rules=("MAIL-ANSWER",))
    assert scoring.main([blamed], jobs=1, sources="cases") == 1
    assert "NAMED WRONGLY" in capsys.readouterr().out


def test_a_pattern_that_fits_no_mutant_is_no_success(capsys):
    assert scoring.main(MUTANTS, only="^nothing$") == 1
    assert capsys.readouterr().out.startswith("found 0 of 0")
