from base64 import b64decode
from datetime import UTC as UNIVERSAL
from datetime import datetime, timedelta

import jsonschema_rs
import pytest

from dimensions_emulator import __version__
from har_format import SCHEMA
from small_world import UC, US, emulator

SLACK = timedelta(milliseconds=50)
CHECKER = jsonschema_rs.validator_for(SCHEMA, validate_formats=True)


@pytest.fixture
def api():
    api = emulator()
    api.list("?pageIndex=0&x=a+b&empty=")
    api.create(roles=[UC])
    api.call("POST", api.users, data=b"\xff\x00", content_type="application/json")
    api.call("GET", "/api/v1.0/nothing/ü%00")
    api.call("HEAD", api.users)
    api.call("GET", api.users, token="wrong")
    api.control("faults", "POST", json={"break": "truncate", "count": 1})
    api.list()
    api.control("faults", "POST", json={"answer": {"status": 299, "body": "plain"}, "count": 1})
    api.list()
    return api


def entries(api, query=""):
    return api.control(f"requests.har{query}").json["log"]["entries"]


def test_the_archive_has_the_format(api):
    archive = api.control("requests.har").json

    assert [f"{error.instance_path}: {error.message}" for error in CHECKER.iter_errors(archive)] == []
    assert archive["log"]["creator"] == {"name": "dimensions-emulator", "version": __version__}
    assert len(archive["log"]["entries"]) == 8


def test_an_empty_journal_makes_a_valid_archive():
    assert CHECKER.is_valid(emulator().control("requests.har").json)


def test_the_format_is_strict_enough_to_find_mistakes(api):
    for spoil in (
        lambda log: log["entries"][0].pop("cache"),
        lambda log: log["entries"][0]["request"].update(more=1),
        lambda log: log["entries"][0]["response"].update(status="200"),
        lambda log: log.update(version="1.1"),
    ):
        archive = api.control("requests.har").json
        spoil(archive["log"])
        assert not CHECKER.is_valid(archive)


def test_an_entry_holds_request_and_answer(api):
    first, second, *_ = entries(api)

    assert first["request"]["method"] == "GET"
    assert (
        first["request"]["url"] == f"http://localhost/api/v1.0/customers/{US}/users?pageIndex=0&x=a+b&empty="
    )
    assert first["request"]["queryString"] == [
        {"name": "pageIndex", "value": "0"},
        {"name": "x", "value": "a b"},
        {"name": "empty", "value": ""},
    ]
    assert "postData" not in first["request"]
    assert first["response"]["content"]["mimeType"] == "application/json; charset=utf-8"
    assert (second["response"]["status"], second["response"]["statusText"]) == (201, "Created")
    assert second["request"]["postData"]["mimeType"] == "application/json"
    assert '"new@example.com"' in second["request"]["postData"]["text"]
    assert (second["_id"], second["_operation"], second["_caller"]) == ("default.2", "createUser", "reseller")
    assert second["_curl"].startswith("curl ")


def test_a_body_that_is_no_text_is_in_base64(api):
    sent = entries(api)[2]["request"]["postData"]

    assert (b64decode(sent["text"]), sent["_encoding"]) == (b"\xff\x00", "base64")


def test_a_broken_answer_has_the_status_0(api):
    assert (entries(api)[6]["response"]["status"], entries(api)[6]["response"]["statusText"]) == (0, "")


def test_a_status_that_nobody_knows_has_no_text(api):
    assert (entries(api)[7]["response"]["status"], entries(api)[7]["response"]["statusText"]) == (299, "")


def test_the_times_add_up(api):
    for entry in entries(api):
        told = entry["timings"]
        assert entry["time"] == told["send"] + told["wait"] + told["receive"] > 0
        assert datetime.fromisoformat(entry["startedDateTime"]).tzinfo is not None


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_request_has_begun_when_it_came_however_long_its_answer_was_held_back(when):
    api = emulator()
    api.control("faults", "POST", json={"latency": {"type": "fixed", "milliseconds": 200}, "when": when})
    begun = datetime.now(UNIVERSAL)
    api.list()
    end = datetime.now(UNIVERSAL)

    (entry,) = entries(api)

    started = datetime.fromisoformat(entry["startedDateTime"])
    assert begun - SLACK < started < end - timedelta(milliseconds=entry["time"]) + SLACK
    assert entry["time"] > 200


@pytest.mark.parametrize("path", ["users", "nothing"])
def test_a_request_has_begun_by_the_session_s_clock(path):
    api = emulator()
    api.control("clock/freeze", "POST", json={"at": "2031-01-01T00:00:00Z"})
    api.call("GET", f"/api/v1.0/customers/{US}/{path}")

    assert [entry["startedDateTime"] for entry in entries(api)] == ["2031-01-01T00:00:00.0000000Z"]


def test_the_filters_of_the_list_choose(api):
    assert [entry["_id"] for entry in entries(api, "?operation=createUser")] == ["default.2", "default.3"]
    assert api.control("requests.har?statuss=4").status == 400
