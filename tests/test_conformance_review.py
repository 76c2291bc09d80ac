"""A target, a disk or a file that is worse than expected ends in a sentence or a finding, never in a traceback."""

import errno
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dimensions_contracts.conformance import ledger, stage
from dimensions_contracts.conformance.messages import Spent
from dimensions_contracts.conformance.patterns import printable
from raw_target import json_reply, raw_target, reply
from server_process import serving
from suite_process import check, suite

REFUSED = reply(401, b"", 'WWW-Authenticate: Bearer realm="api"')
USER = {
    "id": "dddddddd-0000-4000-8000-000000000001",
    "email": "ada@mail.example",
    "displayName": "Ada",
    "roles": ["customer.user"],
}
FAR = "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"
TYPE = "Content-Type: application/json; charset=utf-8"


def listing(*users, timestamp=None):
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.0000000Z")
    return {"page_size": len(users), "data": list(users), "status": "success", "timestamp": timestamp or now}


def checked(answer, *more, rules="WIRE-*"):
    """Check a target that gives everybody with a token this answer, whatever the call is."""

    def answered(request):
        line, _, rest = request.partition(b"\r\n")
        if b" /_emulator/" in line:
            return reply(404, b"")
        return answer if b"authorization" in rest.lower() else REFUSED

    with raw_target(answered) as target:
        return check(target.url, "--sources", "cases", "--rate", 1000, "--rules", rules, *more)


@pytest.mark.parametrize("moment", ["2024-99-99T00:00:00.0000000Z", "0000-01-01T00:00:00.0000000Z"])
def test_a_timestamp_that_names_no_time_is_a_finding(moment):
    done = checked(json_reply(200, listing(USER, timestamp=moment)))
    assert (done.code, "WIRE-TIMESTAMP" in done.out) == (1, True)


def test_a_date_header_beyond_all_calendars_is_no_date():
    body = json.dumps(listing(USER)).encode()
    assert checked(reply(200, body, TYPE, f"Date: {FAR}")).code in {1, 3}


def test_a_wait_beyond_all_calendars_is_not_waited_for():
    done = checked(reply(429, b"", f"Retry-After: {FAR}"))
    assert (done.code, "429" in done.err) == (2, True)


def test_what_no_file_can_hold_and_what_a_terminal_obeys_is_told_as_escapes(tmp_path):
    report = tmp_path / "report.html"
    odd = {**USER, "displayName": "\ud800\x1b[2J\x9b31m", "roles": ["\udfff"]}
    done = checked(json_reply(200, listing(odd)), "--report", f"html={report}", rules="LIST-*,GET-*,ROLE-*")
    assert done.code == 1
    assert "\\udfff" in done.out
    assert not {"\x1b", "\x9b", "\ud800"} & set(done.out + report.read_text("utf-8"))


def test_an_answer_of_many_levels_is_a_finding(tmp_path):
    body = json.dumps({**listing(USER), "more": "deep"}).replace('"deep"', "[" * 900 + "]" * 900).encode()
    done = checked(reply(200, body, TYPE), "--report", f"html={tmp_path / 'report.html'}", rules="*")
    assert done.code == 1


def test_printable_text_stays_as_it_is():
    assert printable("Zoë Ωmega “x” 😀") == "Zoë Ωmega “x” 😀"


def test_an_id_that_a_terminal_obeys_is_told_as_escapes():
    done = checked(json_reply(200, listing({**USER, "id": "\x1b[2J"})), "--mode", "own-data")
    assert (done.code, "\x1b" in done.err, "\\x1b[2J" in done.err) == (2, False, True)


def test_roles_that_are_no_text_make_no_administrator(tmp_path):
    answer = {**listing(), "data": {**USER, "roles": ["customer.user", {}, []]}, "others": [USER]}
    done = checked(
        json_reply(200, answer), "--mode", "own-data", "--max-requests", 20, "--ledger", tmp_path / "ledger"
    )
    assert (done.code, "listing its users answered 200" in " ".join(done.out.split())) == (4, True)


def test_a_customer_whose_country_and_account_are_no_text_has_none():
    facts = {**USER, "countryCode": 44, "account": ["x"], "parentTenantId": {}}
    done = checked(json_reply(200, {**listing(), "data": facts, "others": [USER]}))
    assert done.code == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full disk")
def test_a_log_on_a_full_disk_does_not_keep_the_run_from_cleaning_up(tmp_path):
    ledger = tmp_path / "ledger"
    given = ["--mode", "own-data", "--sources", "cases", "--rules", "CREATE-ANSWER", "--max-requests", 60]
    with serving("--seed", 1, cwd=tmp_path) as office:
        done = check(office.url, *given, "--ledger", ledger, "--log", "/dev/full")
    assert (done.code, "to its end: No space left on device" in done.err) == (2, True)
    events = [json.loads(line)["event"] for line in ledger.read_text("utf-8").splitlines()]
    assert events.count("created") == events.count("deleted") > 0
    assert events[-1] == "close"


def test_a_device_is_no_ledger_and_stays(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    done = check("http://127.0.0.1:9", "--mode", "own-data", "--ledger", pipe)
    assert (done.code, "not a file" in done.err, pipe.is_fifo()) == (2, True, True)


@pytest.mark.parametrize("option", ["--waivers", "--profile"])
def test_a_file_that_is_nested_too_deeply_is_no_json(tmp_path, option):
    deep = tmp_path / "deep.json"
    deep.write_text("[" * 100_000, "utf-8")
    done = check("http://127.0.0.1:9", option, deep)
    assert (done.code, "no JSON" in done.err) == (2, True)


def test_a_log_that_is_nested_too_deeply_is_none(tmp_path):
    deep = tmp_path / "deep.json"
    deep.write_text("[" * 100_000, "utf-8")
    done = suite("judge", deep)
    assert (done.code, "line 1" in done.err) == (2, True)


def test_a_target_below_a_path_is_refused_with_its_port():
    assert "like http://127.0.0.1:9." in check("http://127.0.0.1:9/api").err


def test_a_second_full_run_on_an_emulator_is_refused_while_one_is_at_work():
    document = {"callers": [{"name": "reseller"}, {"name": "conformance main k3v9wq2zzz"}]}
    assert stage.run_at_work(document) == "k3v9wq2zzz"
    assert stage.run_at_work({"callers": document["callers"][:1]}) is None


def test_a_full_run_names_the_run_that_it_would_disturb(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with serving("--seed", 1, cwd=tmp_path) as server:
        document = json.loads(server.call("GET", "/_emulator/state")[2])["data"]
        caller = {
            "name": "conformance main k3v9wq2zzz",
            "token": "t",
            "accounts": [],
            "scopes": ["onboarding"],
        }
        document["callers"].append(caller)
        put = server.call("PUT", "/_emulator/state", json.dumps(document), Content_Type="application/json")
        assert put[0] == 200
        done = check(server.url, "--mode", "full", "--rules", "GET-ITEM", "--quiet")
    assert done.code == 2
    assert "k3v9wq2zzz" in done.err
    assert done.out == ""


def test_a_ledger_that_cannot_be_written_ends_the_run_and_its_users_go(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    append, written = ledger._append, []

    def full(path, line, *, lasting):
        if len(written) > 20:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(line)
        append(path, line, lasting=lasting)

    monkeypatch.setattr(ledger, "_append", full)
    with serving("--seed", 1, cwd=tmp_path) as server:
        done = check(server.url, "--mode", "own-data", "--sources", "cases", "--ledger", "l", "--quiet")
        users = json.loads(server.call("GET", "/_emulator/state")[2])["data"]["users"]
    assert done.code == 3
    assert "the ledger l cannot be written: No space left on device" in done.out
    assert not [email for email in users if email.endswith("@mail.example")]


@pytest.mark.parametrize("event", ["intent", "stage"])
def test_nothing_is_made_that_could_not_be_written_down_first(tmp_path, monkeypatch, event):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    book = ledger.Ledger(tmp_path / "l")
    book.open("k3v9wq2zzz", "http://t", "now", ["c"])
    monkeypatch.setattr(ledger, "_append", full)
    with pytest.raises(Spent, match="No space left"):
        book.intent("c", "main", "e") if event == "intent" else book.stage(["a"], ["c"], ["t"])
    assert not book.open_items()
