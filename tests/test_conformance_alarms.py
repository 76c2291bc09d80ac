"""No false alarm: the clean emulator keeps every rule, and another decision is a difference that is named."""

import json
from contextlib import contextmanager
from io import StringIO

import pytest
from rich.console import Console

from dimensions_contracts import catalog as catalogue
from dimensions_contracts import profile as profiles
from dimensions_contracts.conformance import checking, verdicts
from dimensions_contracts.conformance.options import Options
from dimensions_emulator.app import create_app
from dimensions_emulator.server import Server
from dimensions_emulator.settings import Settings

CATALOG = catalogue.load()
DEFAULT = profiles.default(CATALOG)
US, UK = (f"cccccccc-0000-4000-8000-00000000000{n}" for n in (1, 2))
WORLDS = ("office", "call-centre", "crowd", "empty")
ALTERNATIVES = [
    (decision.key, choice) for decision in CATALOG.decisions.values() for choice in decision.choices[1:]
]


@contextmanager
def serving(**settings):
    server = Server("127.0.0.1", 0, max_body=1 << 20)
    server.serve(create_app(Settings(**settings)).wsgi_app)
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.stop()


def judged(url, place, *, profile=DEFAULT, **more):
    options = Options(url, "emulator-token-reseller", **{"customer": US, "ledger": place / "ledger", **more})
    checked = checking.check(options, CATALOG, profile, Console(file=StringIO()))
    return verdicts.report(checked, (), command="", strict=False)


def ids(report, *statuses):
    return {rule["id"] for rule in report["rules"] if rule["status"] in statuses}


ALARMS = ("FAIL", "ERROR", "DIFFERENT")


@pytest.mark.parametrize("seed", range(20))
def test_the_clean_emulator_is_never_found_fault_with(seed, tmp_path):
    """Over twenty seeds every world is met in every mode, and both countries."""
    world, mode = WORLDS[seed % 4], ("full", "own-data", "read-only", "full", "own-data")[seed % 5]
    customer = UK if world in {"office", "empty"} and seed % 3 == 0 else US
    consent = {"allow_charges": True, "allow_mail": True} if mode == "own-data" and seed % 2 else {}
    with serving(world=world, seed=seed) as url:
        report = judged(
            url, tmp_path, customer=customer, mode=mode, seed=seed, sources=("cases", "tables"), **consent
        )
    assert ids(report, *ALARMS) == set()
    assert report["safety"]["left"] == []
    assert report["safety"]["created"] == report["safety"]["deleted"]
    assert report["safety"]["refused"] == 0
    if mode == "full":
        assert (report["verdict"]["exitCode"], ids(report, "PASS")) == (0, set(CATALOG.rules))


@pytest.mark.parametrize(("decision", "choice"), ALTERNATIVES)
def test_another_decision_is_a_difference_and_its_choice_is_found(decision, choice, tmp_path):
    path = tmp_path / "profile.json"
    path.write_text(json.dumps({"name": "other", "decisions": {decision: choice}}), "utf-8")
    other = profiles.parse(json.loads(path.read_text("utf-8")), CATALOG)
    with serving(seed=1, profile=str(path)) as url:
        report = judged(url, tmp_path, mode="full", sources=("cases",), seed=1)
        rules = tuple(ids(report, "DIFFERENT"))
        expected = judged(url, tmp_path, mode="full", sources=("cases",), seed=2, profile=other, rules=rules)
    seen = {entry["key"]: entry["seen"] for entry in report["decisions"]}
    assert ids(report, "FAIL", "ERROR") == set()
    assert ids(report, "DIFFERENT") != set()
    assert seen.pop(decision) == choice
    assert seen == {key: known.choices[0] for key, known in CATALOG.decisions.items() if key != decision}
    assert ids(expected, *ALARMS) == set()
