"""Runs can be repeated, judged again, waived, narrowed and cut short, and say so."""

import json
import os
import re
import subprocess
from contextlib import chdir
from pathlib import Path

import pytest

from dimensions_contracts import catalog
from dimensions_contracts.conformance.run import run_id
from server_process import serving
from suite_process import CUSTOMER, TOKEN, arguments, check, ended, lines, mutant, report, started, suite

FEW = ("--sources", "cases", "--rules", "DELETE-ANSWER,PATCH-ANSWER,GET-ITEM")
UNIQUE = ("--sources", "cases", "--rules", "USER-UNIQUE-EMAIL,CREATE-IGNORES,ID-*")
GUID = re.compile("[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving("--seed", 1, cwd=tmp_path_factory.mktemp("target")) as running:
        assert running.url
        running.world = running.call("GET", "/_emulator/state")[2]
        yield running


@pytest.fixture
def target(server, tmp_path, monkeypatch):
    """The server as it was at first, and a folder to run in."""
    monkeypatch.chdir(tmp_path)
    status, *_ = server.call("PUT", "/_emulator/state", server.world, Content_Type="application/json")
    assert status == 200
    return server


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """A target that answers a creation with 200."""
    with mutant("create-is-ok", tmp_path_factory.mktemp("mutant")) as running:
        yield running


def requests(log):
    """What a run sent, but for ids that the server made up."""
    known = {}

    def plain(text):
        return GUID.sub(lambda found: known.setdefault(_digits(found[0]), f"id {len(known)}"), text)

    calls = [line for line in lines(log) if line["kind"] == "call"]
    assert calls
    return [
        (
            call["case"],
            call["caller"],
            call["method"],
            plain(call["path"]),
            call["request_headers"],
            plain(call["request_body"] or ""),
        )
        for call in calls
    ]


def _digits(text):
    return text.replace("-", "").lower()


def rules(document):
    return {rule["id"]: rule for rule in document["rules"]}


@pytest.mark.parametrize(
    ("more", "least"),
    [
        (["--sources", "tables", "--max-requests", "400"], 300),
        (["--sources", "machine", "--max-requests", "300"], 200),
        (["--sources", "engine", "--max-requests", "300"], 150),
    ],
)
def test_the_same_seed_sends_the_same_requests(more, least, tmp_path):
    given = ("--mode", "full", *more, "--seed", "5")
    for name, hashes in (("one", "1"), ("two", "2")):
        folder = tmp_path / name
        folder.mkdir()
        with serving("--seed", 1, cwd=folder) as fresh:
            process = started(
                *arguments("check", fresh.url, *given, "--log", folder / "log"),
                cwd=folder,
                PYTHONHASHSEED=hashes,
            )
            done = ended(process)
            assert done.code in {0, 3}, done

    one, two = (requests(tmp_path / name / "log") for name in ("one", "two"))
    assert len(one) > least
    assert one == two


def test_the_same_seed_plans_the_same_requests(target, tmp_path):
    given = arguments("plan", target.url, "--mode", "full", "--json", "--seed", 5)
    one, two = (ended(started(*given, cwd=tmp_path, PYTHONHASHSEED=hashes)) for hashes in ("1", "2"))

    assert one.code == 0, one
    assert one.out == two.out
    assert {json.loads(line)["source"] for line in one.out.splitlines()} == {
        "cases",
        "tables",
        "grid",
        "coverage",
    }


def test_another_seed_makes_up_other_addresses(target):
    for seed in (5, 6):
        check(target.url, "--mode", "own-data", *FEW, "--seed", seed, "--log", f"log{seed}")

    texts = [Path(f"log{seed}").read_text("utf-8") for seed in (5, 6)]
    made = [set(re.findall(r"[\w.+-]+@mail\.example", text)) for text in texts]
    assert all(made)
    assert not made[0] & made[1]
    assert all(run_id(seed) in text for seed, text in zip((5, 6), texts, strict=True))
    assert run_id(5) != run_id(6)


def test_a_run_without_a_seed_draws_one_and_tells_it(target):
    for n in (1, 2):
        check(target.url, *FEW, "--report", f"json=r{n}.json")

    assert report(Path("r1.json"))["run"]["seed"] != report(Path("r2.json"))["run"]["seed"]


@pytest.mark.parametrize("more", [[], ["--strict"]])
def test_a_log_is_judged_as_its_run_was(more, broken, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = (
        "--mode",
        "full",
        "--sources",
        "tables",
        "--rules",
        "CREATE-ANSWER,LIST-*,WIRE-*,ROLE-KNOWN",
    )
    run = check(broken.url, *given, *more, "--log", "log", "--report", "json=run.json", "--seed", 1)
    again = suite("judge", "log", *more, "--report", "json=again.json")

    assert run.code == again.code == 1
    first, second = report(Path("run.json")), report(Path("again.json"))
    assert second["rules"] == first["rules"]
    for part in ("totals", "decisions", "verdict", "safety"):
        assert second[part] == first[part]
    assert {**second["run"], "command": ""} == {**first["run"], "command": ""}


def test_a_log_is_judged_for_other_rules_too(target):
    assert check(target.url, "--sources", "cases", "--rules", "LIST-*", "--log", "log").code in {0, 3}

    suite("judge", "log", "--rules", "WIRE-SUCCESS", "--report", "json=again.json")

    assert [rule["id"] for rule in report(Path("again.json"))["rules"]] == ["WIRE-SUCCESS"]
    unknown = suite("judge", "log", "--rules", "NONE")
    assert unknown.code == 2
    assert "--rules NONE" in unknown.err


def test_a_log_that_is_none_is_told_in_a_sentence(target):
    check(target.url, "--sources", "cases", "--rules", "LIST-*", "--log", "log")
    whole = Path("log").read_bytes()
    first, *rest = whole.splitlines(keepends=True)
    logs = {
        "missing": (None, "cannot be read"),
        "empty": (b"", "no log of a run"),
        "torn": (whole[:-20], "not one of a log"),
        "ended early": (b"".join([first, *rest[:-1]]), "ends before its run did"),
        "without a start": (b"".join(line for line in rest if b'"kind": "call"' in line), "no log of a run"),
        "other json": (b'{"a": 1}\n', "not one of a log"),
        "other lines": (b'{"kind": "call"}\n', "lacks members"),
        "foreign": (b'{"kind": "run", "id": "x"}\n', "ends before its run did"),
        "foreign and whole": (b'{"kind": "end", "id": "x", "safety": {}}\n', "another version"),
        "bytes": (b"\xff\xfe\x00", "not text"),
        "a list": (b"[]\n", "not one of a log"),
    }
    for name, (content, words) in logs.items():
        path = Path(f"{name}.log")
        if content is not None:
            path.write_bytes(content)
        done = suite("judge", path)
        assert done.code == 2, (name, done)
        assert words in done.err, name
        assert len(done.err.splitlines()) == 1
        assert done.out == ""


def waiving(*entries):
    known = [{"rule": rule, "reason": "Known since May.", "expires": day} for rule, day in entries]
    Path("waivers.json").write_text(json.dumps({"waivers": known}), "utf-8")
    return "--waivers", "waivers.json"


def test_a_waiver_makes_a_violation_known_until_it_ends(broken, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = ("--mode", "full", "--sources", "cases", "--rules", "CREATE-ANSWER,DELETE-ANSWER", "--seed", 1)
    bare = check(broken.url, *given, "--log", "log")
    assert bare.code == 1
    seen = ("--report", "json=r.json")

    current = suite(
        "judge", "log", *waiving(("CREATE-ANSWER", "2999-12-31"), ("DELETE-ANSWER", "2999-12-31")), *seen
    )
    told = report(Path("r.json"))
    known = rules(told)["CREATE-ANSWER"]
    assert known["status"] == "KNOWN"
    assert known["waiver"] == {"reason": "Known since May.", "expires": "2999-12-31", "was": "FAIL"}
    assert "Known since May." in current.out

    expired = suite("judge", "log", *waiving(("CREATE-ANSWER", "2020-01-31")), *seen)
    told = report(Path("r.json"))
    assert expired.code == 1
    assert rules(told)["CREATE-ANSWER"]["status"] == "FAIL"
    assert [(one["rule"], one["why"]) for one in told["waivers"]["stale"]] == [
        ("CREATE-ANSWER", "expired on 2020-01-31")
    ]
    assert "expired on 2020-01-31" in expired.out


def test_a_waiver_that_serves_no_longer_is_reported(target):
    done = check(
        target.url,
        "--mode",
        "own-data",
        *FEW,
        *waiving(("GET-ITEM", "2999-12-31")),
        "--report",
        "json=r.json",
    )

    assert done.code == 0
    told = report(Path("r.json"))
    assert rules(told)["GET-ITEM"]["status"] == "PASS"
    assert [(one["rule"], one["why"]) for one in told["waivers"]["stale"]] == [
        ("GET-ITEM", "no longer fails")
    ]
    assert "no longer fails" in done.out


def test_rules_and_tags_narrow_the_run_and_its_verdict(target):
    one = check(target.url, "--mode", "own-data", *FEW, "--report", "json=r.json", "--log", "log")
    assert one.code == 0
    assert set(rules(report(Path("r.json")))) == {"DELETE-ANSWER", "PATCH-ANSWER", "GET-ITEM"}
    few = len(lines(Path("log")))

    tags = sorted({tag for line in _cases() for tag in line.get("tags", ())})
    assert tags
    for tag in tags[:2]:
        done = check(
            target.url,
            "--mode",
            "full",
            "--sources",
            "cases,tables",
            "--tags",
            tag,
            "--report",
            "json=t.json",
            "--log",
            "t",
        )
        told = report(Path("t.json"))
        assert done.code == 0, (tag, done)
        assert 0 < len(told["rules"]) < len(catalog.load().rules)
        tagged = {case["id"] for case in _cases() if tag in case.get("tags", ())}
        ran = {line["case"].partition(".")[0] for line in lines(Path("t")) if line["kind"] == "call"}
        assert {case for case in ran if not case.startswith("sweep-")} <= tagged
    assert few > 5


def _cases():
    folder = Path(catalog.__file__).parent / "cases"
    return [case for path in folder.glob("*.json") for case in json.loads(path.read_text("utf-8"))["cases"]]


def test_a_run_may_leave_rules_out(target):
    check(target.url, "--sources", "cases", "--rules", "LIST-*,!LIST-ORDER", "--report", "json=r.json")

    named = set(rules(report(Path("r.json"))))
    assert named
    assert named == {rule for rule in catalog.load().rules if rule.startswith("LIST-")} - {"LIST-ORDER"}


@pytest.mark.parametrize(
    ("mode", "most"), [("read-only", 12), ("own-data", 12), ("own-data", 31), ("full", 12), ("full", 31)]
)
def test_a_run_that_may_send_no_more_requests_ends_incomplete_and_clean(mode, most, target):
    before = target.call("GET", "/_emulator/state")[2]

    done = check(
        target.url, "--mode", mode, *UNIQUE, "--max-requests", most, "--seed", 3, "--report", "json=r.json"
    )

    told = report(Path("r.json"))
    assert done.code == 3, done
    assert told["verdict"]["conforms"] is False
    assert "--max-requests" in told["verdict"]["sentence"]
    assert told["safety"]["left"] == []
    assert not [rule["id"] for rule in told["rules"] if rule["status"] in {"FAIL", "DIFFERENT", "ERROR"}]
    users = [
        json.loads(text)["data"]["users"] for text in (before, target.call("GET", "/_emulator/state")[2])
    ]
    assert users[0] == users[1]


@pytest.mark.parametrize("most", range(14, 19))
def test_users_of_a_case_cut_short_are_no_violation(most, target):
    given = ("--sources", "cases", "--rules", "REFUSAL-CLEAN", "--max-requests", most, "--seed", 3)

    done = check(target.url, "--mode", "own-data", *given, "--report", "json=r.json")

    told = report(Path("r.json"))
    assert done.code == 3, done
    assert rules(told)["REFUSAL-CLEAN"]["status"] != "FAIL"
    assert not rules(told)["REFUSAL-CLEAN"]["evidence"]
    assert told["safety"]["left"] == []
    assert told["safety"]["created"] == told["safety"]["deleted"] > 0


def test_a_run_that_ended_early_does_not_conform_though_all_it_saw_was_kept(target):
    done = check(
        target.url,
        "--sources",
        "cases",
        "--rules",
        "AUTH-REQUIRED",
        "--max-requests",
        8,
        "--report",
        "json=r.json",
    )

    told = report(Path("r.json"))
    assert rules(told)["AUTH-REQUIRED"]["status"] == "PASS"
    assert done.code == 3
    assert told["verdict"]["conforms"] is False
    assert "ended early" in told["verdict"]["sentence"]


def test_a_run_whose_time_is_over_ends_incomplete_and_clean(target):
    done = check(
        target.url,
        "--mode",
        "own-data",
        *FEW,
        "--budget-seconds",
        1,
        "--rate",
        10,
        "--seed",
        3,
        "--report",
        "json=r.json",
    )

    told = report(Path("r.json"))
    assert done.code == 3, done
    assert "the 1 seconds of --budget-seconds are over" in told["verdict"]["sentence"]
    assert told["safety"]["left"] == []
    assert told["run"]["seconds"] < 10


def test_a_violation_has_curl_lines_that_show_it_again(broken, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = ("--mode", "own-data", "--sources", "cases", "--rules", "CREATE-*", "--seed", 4)
    done = check(broken.url, *given, "--report", "json=r.json")

    assert done.code == 1
    told = rules(report(Path("r.json")))["CREATE-ANSWER"]
    assert told["status"] == "FAIL"
    evidence = next(one for one in told["evidence"] if one["calls"] and len(one["calls"]) == len(one["curl"]))
    for line, call in zip(evidence["curl"], evidence["calls"], strict=True):
        assert line in done.out
        assert TOKEN not in line
        shown = subprocess.run(
            ["bash", "-c", f"{line} --silent --max-time 10"],
            env={**os.environ, "TOKEN": TOKEN, "OTHER_TOKEN": "emulator-token-other-reseller"},
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        ).stdout
        assert re.match(rf"HTTP/1\.[01] {call['status']} ", shown), (line, shown)


DECISIONS = {
    "user-exists": "409",
    "charges-missing": "refuse-402",
    "prerequisite-missing": "add",
    "supervisor-clash": "last-wins",
}
DECIDED = "USER-UNIQUE-EMAIL,CHARGES-ACCEPTED,ROLE-PREREQUISITE,ROLE-SUPERVISOR-EXCLUSIVE"


def test_a_deployment_is_calibrated_to_its_decisions(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("theirs.json").write_text(json.dumps({"name": "theirs", "decisions": DECISIONS}), "utf-8")
    given = ("--mode", "full", "--sources", "cases", "--rules", DECIDED)

    with serving("--profile", "theirs.json", "--seed", 1, cwd=tmp_path) as deployment:
        plain = check(deployment.url, *given, "--report", "json=plain.json")
        assert plain.code == 0, plain
        assert {rule["status"] for rule in report(Path("plain.json"))["rules"]} == {"DIFFERENT"}
        assert check(deployment.url, *given, "--strict", "--quiet").code == 1
        done = check(deployment.url, *given, "--output", "found.json", "--name", "found", command="calibrate")
        assert done.code == 0, done
        assert _passes(deployment, given)

    found = json.loads(Path("found.json").read_text("utf-8"))
    assert found["name"] == "found"
    assert found["decisions"].items() >= DECISIONS.items()
    with serving("--profile", "found.json", "--seed", 1, cwd=tmp_path) as emulator:
        assert _passes(emulator, given)


def _passes(target, given):
    done = check(
        target.url, *given, "--profile", "found.json", "--strict", "--report", "json=found-report.json"
    )
    assert done.code == 0, done
    return {rule["status"] for rule in report(Path("found-report.json"))["rules"]} == {"PASS"}


ALONE = """
import sys

class Forbidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"dimensions_emulator", "dimensions_fixtures", "flask"}:
            raise ImportError(f"the suite imports {name}")

sys.meta_path.insert(0, Forbidden())
from dimensions_contracts.cli import main
main(prog_name="dimensions-contracts")
"""


def test_the_suite_knows_nothing_of_the_emulator(target, tmp_path):
    given = arguments(
        "check",
        target.url,
        "--mode",
        "full",
        "--rules",
        "METHOD-UNKNOWN",
        "--log",
        "log",
        "--budget-seconds",
        "3",
    )
    with chdir(tmp_path):
        process = started(*given, cwd=tmp_path, program=ALONE)
    done = ended(process)

    assert done.code in {0, 3}, done
    assert "Traceback" not in done.err
    ran = {line["source"] for line in lines(tmp_path / "log") if line["kind"] == "call"}
    assert "coverage" in ran or "ended early" in done.out
    assert ended(started("judge", tmp_path / "log", "--quiet", cwd=tmp_path, program=ALONE)).code == done.code


def test_a_run_is_not_misled_by_the_mails_of_another_with_the_same_seed(target):
    given = ("--mode", "full", "--sources", "cases", "--rules", "MAIL-ON-CREATE", "--seed", 12)
    assert check(target.url, *given, "--log", "log", "--quiet").code == 0
    headers = {"Content_Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
    path = f"/api/v1.0/customers/{CUSTOMER}/users"
    for line in lines(Path("log")):
        if line["kind"] == "call" and line["operation"] == "createUser" and line["status"] == 201:
            email = json.loads(line["request_body"])["email"]
            body = json.dumps({"email": email, "displayName": "Ada", "roles": []})
            user = json.loads(target.call("POST", path, body, **headers)[2])["data"]["id"]
            assert target.call("DELETE", f"{path}/{user}", **headers)[0] == 200

    assert run_id(12) in target.call("GET", "/_emulator/mail/messages")[2].decode()
    assert check(target.url, *given, "--quiet").code == 0
