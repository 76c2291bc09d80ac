"""A run harms nobody: whatever it may do, and however it ends."""

import json
import re
import shlex
import signal
from contextlib import chdir
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote

import pytest

from dimensions_contracts import catalog
from dimensions_contracts.conformance.run import run_id
from server_process import serving
from suite_process import (
    CUSTOMER,
    TOKEN,
    arguments,
    check,
    ended,
    lines,
    mutant,
    proxied,
    report,
    started,
    suite,
)

FOREIGN = 50
OTHER = "cccccccc-0000-4000-8000-000000000003"
OTHER_TOKEN = "emulator-token-other-reseller"
GUID = "[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
CREATES = r"POST \S*/users "
DELETES = r"DELETE \S*/users/"
STAGING = r"PUT /_emulator/state "
FEW = ("--sources", "cases", "--rules", "DELETE-ANSWER,PATCH-ANSWER,GET-ITEM")
SENDING = ("sendActivationEmail", "sendUConnectActivationEmail")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("target")
    with serving("--users", FOREIGN + 3, "--seed", 1, cwd=folder) as running:
        assert running.url
        running.world = running.call("GET", "/_emulator/state")[2]
        yield running


@pytest.fixture
def target(server, tmp_path, monkeypatch):
    """The server as it was at first, and a folder to run in."""
    monkeypatch.chdir(tmp_path)
    return renewed(server)


@pytest.fixture
def proxy(target):
    with proxied(target.url) as passing:
        yield passing


def renewed(server):
    status, *_ = server.call("PUT", "/_emulator/state", server.world, Content_Type="application/json")
    assert status == 200
    server.before = state(server)
    return server


def state(server):
    return json.loads(server.call("GET", "/_emulator/state")[2])["data"]


def people(world):
    """The users and what they are in each customer, byte by byte."""
    return json.dumps(world["users"])


def kept(world):
    """All of a world but for how many things there ever were."""
    return {name: part for name, part in world.items() if name != "ever"}


def trace(world, seed):
    """Where a run left a mark, but for mails, which cannot be called back."""
    run = run_id(seed)
    return [name for name, part in world.items() if name != "mails" and run in json.dumps(part)]


def is_untouched(before, after, seed):
    """Tell whether others are as they were, and nothing of the run is left."""
    assert len(before["users"]) >= FOREIGN
    assert people(after) == people(before)
    for part in ("accounts", "customers", "callers", "devices"):
        assert after[part] == before[part]
    return trace(after, seed) == []


SEED = 11
SECOND = ("--other-token", OTHER_TOKEN, "--other-customer", OTHER)
MODES = {
    "read-only": ["--mode", "read-only", *SECOND],
    "own-data": ["--mode", "own-data", "--sources", "cases,tables,grid"],
    "own-data with all that is allowed": ["--mode", "own-data", "--allow-charges", "--allow-mail", *SECOND],
    "full": ["--mode", "full", "--allow-mail"],
}


def options(mode):
    sources = [] if "--sources" in MODES[mode] else ["--sources", "cases,tables"]
    return [*MODES[mode], *sources, "--seed", SEED]


@pytest.fixture(scope="module")
def runs(server, tmp_path_factory):
    """Runs in each mode, made when a test first asks for one: what was sent, what was written, what is left."""
    made = {}

    def run(mode):
        if mode not in made:
            folder = tmp_path_factory.mktemp("run")
            files = {kind: folder / f"report.{kind}" for kind in ("json", "html", "junit")}
            wanted = [f"--report={kind}={path}" for kind, path in files.items()]
            more = [*options(mode), "--log", folder / "log", "--ledger", folder / "ledger"]
            renewed(server)
            with chdir(folder), proxied(server.url) as passing:
                done = check(passing.url, *more, *wanted)
            made[mode] = SimpleNamespace(
                done=done, proxy=passing, folder=folder, before=server.before, after=state(server)
            )
            assert done.code in {0, 3}, done
        return made[mode]

    return run


@pytest.mark.parametrize("mode", MODES)
def test_a_run_leaves_the_users_of_others_as_they_are(mode, runs):
    run = runs(mode)

    assert is_untouched(run.before, run.after, SEED)
    told = report(run.folder / "report.json")["safety"]
    assert told["created"] == told["deleted"]
    assert told["left"] == []
    assert (told["created"] > 10) == (mode != "read-only")


def test_a_full_run_takes_its_mails_and_charges_away_too(runs):
    run = runs("full")

    assert any(request.startswith(b"POST /_emulator/platform/") for request in run.proxy.received)
    assert kept(run.after) == kept(run.before)


def test_a_run_that_reads_sends_nothing_but_reads(runs):
    sent = runs("read-only").proxy

    assert len(sent.received) > 100
    assert {method for method, _ in sent.calls} == {"GET"}
    heads = re.findall(rb"^[!-~]+ [!-~]+ HTTP/1\.[01]\r$", sent.raw, re.MULTILINE)
    assert len(heads) == len(sent.received)
    assert b"".join(sent.received) == sent.raw
    assert all(request.endswith(b"\r\n\r\n") for request in sent.received)


def granted(sent):
    """Every text in a body that a write sent."""
    words = set()
    for request in sent.writes:
        words |= set(re.findall(r'"([^"]*)"', request.partition(b"\r\n\r\n")[2].decode("utf-8", "replace")))
    return {word.strip().lower() for word in words}


def test_a_run_gives_no_licensed_role_and_sends_no_mail_unless_it_is_allowed(runs):
    known = catalog.load()
    licensed = {name.lower() for name, key in known.spellings().items() if known.roles[key].licensed}
    sent, allowed = (runs(mode).proxy for mode in ("own-data", "own-data with all that is allowed"))

    assert len(sent.writes) > 100
    assert not granted(sent) & (licensed | {"customer.user.uc"})
    assert b"accept-charges: true" not in b"".join(sent.received).lower()
    assert not [path for _, path in sent.calls if any(word in path for word in SENDING)]
    assert granted(allowed) & licensed
    assert "customer.user.uc" in granted(allowed)
    assert b"accept-charges: true" in b"".join(allowed.received).lower()
    assert [path for _, path in allowed.calls if any(word in path for word in SENDING)]


@pytest.mark.parametrize("mode", ["own-data", "own-data with all that is allowed"])
def test_a_run_on_own_data_only_reads_the_control_plane(mode, runs):
    calls = {call for call in runs(mode).proxy.calls if call[1].startswith("/_emulator/")}

    assert calls == {("GET", "/_emulator/health"), ("GET", "/_emulator/state")}


@pytest.mark.parametrize("mode", MODES)
def test_addresses_that_a_run_makes_up_reach_nobody(mode, runs):
    for request in runs(mode).proxy.writes:
        if request.startswith(b"PUT /_emulator/state"):
            continue
        body = request.partition(b"\r\n\r\n")[2].decode("utf-8", "replace")
        for domain in re.findall(r"[\w.+-]@([\w.-]+\.[A-Za-z]{2,})", body):
            assert domain.lower().endswith((".example", ".test", ".invalid", "example.com", "example.org")), (
                body
            )


def secrets(run):
    """The tokens that worked during a run, and the people who were there before."""
    staged = [request for request in run.proxy.writes if request.startswith(b"PUT /_emulator/state")]
    worlds = [run.before, *(json.loads(request.partition(b"\r\n\r\n")[2]) for request in staged)]
    tokens = {caller["token"] for world in worlds for caller in world["callers"]}
    users = run.before["users"]
    people = {text for email, user in users.items() for text in (email, user["displayName"])}
    return tokens, people


@pytest.mark.parametrize("mode", MODES)
def test_what_a_run_writes_has_no_token_and_nobody_elses_name_in_it(mode, runs):
    run = runs(mode)
    written = {path.name: path.read_text("utf-8") for path in run.folder.iterdir()}
    written |= {"stdout": run.done.out, "stderr": run.done.err}

    tokens, people = secrets(run)
    assert len(people) > 2 * FOREIGN - 5
    assert {"log", "report.json", "report.html", "report.junit"} <= written.keys()
    for name, text in written.items():
        plain = text.casefold()
        found = [secret for secret in tokens | people if secret.casefold() in plain]
        assert found == [], (name, found)


def test_evidence_has_no_token_and_nobody_elses_name_in_it(tmp_path):
    with mutant("list-with-roles", tmp_path) as broken:
        world = json.loads(broken.call("GET", "/_emulator/state")[2])["data"]
        kinds = [f"--report={kind}={tmp_path / kind}" for kind in ("json", "html", "junit")]
        done = check(broken.url, "--sources", "cases", "--log", tmp_path / "log", *kinds)

    rules = {rule["id"]: rule for rule in report(tmp_path / "json")["rules"]}
    assert done.code == 1
    assert rules["LIST-ITEMS"]["evidence"]
    everything = [path.read_text("utf-8") for path in tmp_path.iterdir() if "stderr" not in path.name]
    tokens = {caller["token"] for caller in world["callers"]}
    names = {text for email, user in world["users"].items() for text in (email, user["displayName"])}
    for text in (*everything, done.out, done.err):
        assert [secret for secret in tokens | names if secret.casefold() in text.casefold()] == []


def fits(planned, path):
    """Tell whether a path is the planned one with other ids in it."""
    literal = map(re.escape, re.split(rf"\$\{{[^}}]*\}}|{GUID}", unquote(planned)))
    return re.fullmatch(".+".join(literal), unquote(path))


@pytest.mark.parametrize("mode", ["read-only", "own-data with all that is allowed", "full"])
def test_a_plan_lists_what_a_run_sends_and_sends_no_write(mode, runs, target, proxy):
    told = suite(*arguments("plan", proxy.url, *options(mode), "--json"))

    assert told.code == 0, told
    assert {method for method, _ in proxy.calls} == {"GET"}
    assert state(target) == target.before
    plan = [json.loads(line) for line in told.out.splitlines()]
    planned = [line for line in plan if "skip" not in line]
    calls = [line for line in lines(runs(mode).folder / "log") if line["kind"] == "call"]
    sent = [call for call in calls if call["source"] != "clean-up" and call["label"] != "clean up"]
    assert [(line["case"], line["method"]) for line in planned] == [
        (call["case"], call["method"]) for call in sent
    ]
    for line, call in zip(planned, sent, strict=True):
        assert fits(line["path"], call["path"]), (line, call["path"])
        assert line["rules"] == list(dict.fromkeys(one["rule"].partition("/")[0] for one in call["checks"]))


def test_a_plan_for_people_has_a_line_for_each_request(target):
    told = suite(*arguments("plan", target.url, "--sources", "cases", "--rules", "AUTH-REQUIRED"))

    assert told.code == 0
    said = told.out.splitlines()
    wanted = rf"GET +/api/v1\.0/customers/{CUSTOMER}/users +\[.*AUTH-REQUIRED.*\]"
    assert any(re.fullmatch(wanted, line) for line in said)
    assert any(line.startswith("skip ") for line in said)


def test_a_target_that_is_not_known_for_an_emulator_is_none(target):
    with proxied(target.url, hidden="/_emulator/") as passing:
        done = check(passing.url, "--mode", "own-data", *FEW, "--rate", 500, "--country", "US", "--seed", 3)

    assert done.code == 0, done
    asked = [path for _, path in passing.calls if path.startswith("/_emulator/")]
    assert asked == ["/_emulator/health"]
    assert len(passing.writes) > 10
    assert is_untouched(target.before, state(target), 3)


def test_a_target_that_is_no_emulator_is_called_20_times_a_second_unless_told_otherwise(target):
    with proxied(target.url, hidden="/_emulator/") as passing:
        check(passing.url, "--sources", "cases", "--rules", "ID-*", "--log", "log", "--max-requests", 40)

    at = [line["at"] for line in lines(Path("log")) if line["kind"] == "call"]
    assert len(at) > 10
    assert (at[-1] - at[0]) / (len(at) - 1) > 0.045


def test_a_target_that_is_no_emulator_is_not_let_to_the_engine(target):
    with proxied(target.url, hidden="/_emulator/") as passing:
        done = check(passing.url, "--mode", "own-data", "--sources", "engine,machine", "--rate", 500)

    assert done.code == 3, done
    assert passing.writes == []


CHARGING = ("--sources", "cases", "--rules", "CHARGES-ACCEPTED,MAIL-ON-CREATE")
KILLED = {
    "a creation is not answered": (["--mode", "own-data"], CREATES, 3, False),
    "a deletion is not sent": (["--mode", "own-data"], DELETES, 2, True),
    "a creation in full is not answered": (["--mode", "full"], CREATES, 4, False),
    "a creation after charges in full": (["--mode", "full", *CHARGING], CREATES, 9, False),
    "the stage is set": (["--mode", "full"], STAGING, 1, False),
    "the stage is struck": (["--mode", "full", "--max-requests", "40"], STAGING, 2, True),
}


@pytest.mark.parametrize("moment", KILLED)
def test_what_a_killed_run_left_is_removed_by_its_ledger(moment, target, proxy):
    mode, pattern, count, before = KILLED[moment]
    reached = proxy.hold(pattern, count, before=before)
    given = arguments("check", proxy.url, *FEW, *mode, "--seed", 7)
    process = started(*given, cwd=Path.cwd())
    assert reached.wait(30)
    process.kill()
    assert ended(process).code == -signal.SIGKILL
    assert trace(state(target), 7)
    (ledger,) = Path.cwd().glob("*.ledger")

    refused = suite(*given)
    assert refused.code == 2
    assert f"cleanup --ledger {ledger.name} {proxy.url}" in refused.err
    assert refused.out == ""
    assert trace(state(target), 7)

    for _ in range(2):
        done = suite("cleanup", proxy.url, "--ledger", ledger.name, "--token", TOKEN)
        assert done.code == 0, done
        assert "nothing left" in done.out
        assert is_untouched(target.before, state(target), 7)
    if "full" in mode:
        assert kept(state(target)) == kept(target.before)

    assert suite(*given).code in {0, 3}
    assert is_untouched(target.before, state(target), 7)


STOPPED = {
    "Ctrl-C on own data": (["--mode", "own-data", *FEW], signal.SIGINT, CREATES, 3),
    "an end on own data": (["--mode", "own-data", *FEW], signal.SIGTERM, CREATES, 3),
    "Ctrl-C in full": (["--mode", "full", *FEW], signal.SIGINT, CREATES, 4),
    "an end while the stage is set": (["--mode", "full", *FEW], signal.SIGTERM, STAGING, 1),
    "Ctrl-C while the machine runs": (
        ["--mode", "full", "--sources", "machine"],
        signal.SIGINT,
        r"\S+ /api/",
        60,
    ),
    "Ctrl-C while the engine runs": (
        ["--mode", "full", "--sources", "engine", "--timeout", "2"],
        signal.SIGINT,
        r"\S+ /api/",
        60,
    ),
}


@pytest.mark.parametrize("moment", STOPPED)
def test_an_interrupted_run_cleans_up_and_reports(moment, target, proxy):
    mode, number, pattern, count = STOPPED[moment]
    reached = proxy.hold(pattern, count)
    given = arguments("check", proxy.url, *mode, "--seed", 8, "--report", "json=report.json", "--log", "log")
    process = started(*given, cwd=Path.cwd())
    assert reached.wait(30)
    process.send_signal(number)
    done = ended(process)

    assert done.code == 130, done
    assert "Interrupted" in done.out
    assert "Traceback" not in done.err
    told = report(Path("report.json"))
    assert told["run"]["interrupted"] is True
    assert told["verdict"]["exitCode"] == 130
    assert told["verdict"]["conforms"] is False
    assert told["verdict"]["sentence"].startswith("Interrupted; ")
    assert not [rule["id"] for rule in told["rules"] if rule["status"] in {"FAIL", "DIFFERENT"}]
    assert is_untouched(target.before, state(target), 8)
    assert not list(Path.cwd().glob("*.ledger"))
    assert suite("judge", "log", "--quiet").code == 130


def test_a_second_interruption_is_told_with_what_finishes_the_clean_up(target, proxy):
    reached = proxy.hold(CREATES, 3)
    given = arguments("check", proxy.url, "--mode", "own-data", *FEW, "--seed", 9, "--report", "json=r.json")
    process = started(*given, cwd=Path.cwd())
    assert reached.wait(30)
    cleaning = proxy.hold(DELETES, before=True)
    process.send_signal(signal.SIGINT)
    assert cleaning.wait(30)
    process.send_signal(signal.SIGINT)
    done = ended(process)

    assert done.code == 4, done
    assert trace(state(target), 9)
    told = report(Path("r.json"))
    assert told["safety"]["left"]
    assert told["run"]["interrupted"] is True
    words = shlex.split(re.search("dimensions-contracts (cleanup .*)$", done.err, re.MULTILINE)[1])
    assert shlex.join(words) in told["verdict"]["sentence"]
    assert suite(*words, "--token", TOKEN).code == 0
    assert is_untouched(target.before, state(target), 9)


def test_a_stage_whose_setting_is_not_answered_is_struck(target, proxy):
    proxy.hold(STAGING)

    done = check(proxy.url, "--mode", "full", *FEW, "--seed", 13, "--timeout", 1)

    assert done.code == 2, done
    assert "no complete answer within 1 seconds" in done.err
    assert [method for method, path in proxy.calls if path == "/_emulator/state"] == [
        "GET",
        "PUT",
        "GET",
        "PUT",
    ]
    assert kept(state(target)) == kept(target.before)
    assert not list(Path.cwd().glob("*.ledger"))


def test_a_clean_up_that_the_target_refuses_is_told(target, proxy):
    proxy.refuse(DELETES, 500)
    done = check(proxy.url, "--mode", "own-data", *FEW, "--seed", 10, "--report", "json=r.json")

    assert done.code == 4, done
    told = report(Path("r.json"))
    assert len(told["safety"]["left"]) == told["safety"]["created"] > 3
    assert told["safety"]["deleted"] == 0
    (ledger,) = Path.cwd().glob("*.ledger")
    failed = suite("cleanup", proxy.url, "--ledger", ledger, "--token", TOKEN)
    assert failed.code == 4
    assert "left: the user " in failed.err
    proxy.allow()
    assert suite("cleanup", proxy.url, "--ledger", ledger, "--token", TOKEN).code == 0
    assert is_untouched(target.before, state(target), 10)
