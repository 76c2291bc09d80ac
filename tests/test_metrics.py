import json
import threading

import pytest
from prometheus_client.parser import text_string_to_metric_families

from dimensions_emulator import __version__
from dimensions_emulator.settings import Settings
from server_process import serving
from small_world import UC, emulator, supervisor

PREFIX = "dimensions_emulator_"


def families(text):
    return {family.name.removeprefix(PREFIX): family for family in text_string_to_metric_families(text)}


def scraped(api):
    answer = api.control("metrics")
    assert answer.status == 200
    return families(answer.body.decode())


def value(found, name, **labels):
    """The value of the only sample with this name and these labels."""
    (one,) = [
        sample.value
        for family in found.values()
        for sample in family.samples
        if sample.name == PREFIX + name and labels.items() <= sample.labels.items()
    ]
    return one


def test_it_is_the_text_format_of_prometheus(api):
    answer = api.control("metrics")

    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = families(answer.body.decode())
    assert {family.type for family in found.values()} == {"gauge", "counter", "histogram"}
    assert all(family.documentation for family in found.values())
    assert all(sample.name.startswith(PREFIX) for family in found.values() for sample in family.samples)


def test_requests_are_counted_by_operation_and_status(api):
    api.list()
    api.list()
    api.list("?pageIndex=x")
    api.call("GET", "/api/v1.0/nothing")

    found = scraped(api)
    assert value(found, "requests_total", operation="listUsers", status="200") == 2
    assert value(found, "requests_total", operation="listUsers", status="400") == 1
    assert value(found, "requests_total", operation="none", status="404") == 1
    assert value(found, "refusals_total", rule="LIST-PAGING", error="ValueInvalid") == 1


def test_how_long_answers_took_is_a_histogram(api):
    for _ in range(3):
        api.list()
    api.list("?pageIndex=x")

    samples = [
        sample
        for sample in scraped(api)["request_duration_seconds"].samples
        if sample.labels["operation"] == "listUsers"
    ]
    buckets = [sample.value for sample in samples if sample.name.endswith("_bucket")]
    assert buckets == sorted(buckets)
    assert buckets[-1] == 4
    (count,) = [sample.value for sample in samples if sample.name.endswith("_count")]
    (seconds,) = [sample.value for sample in samples if sample.name.endswith("_sum")]
    assert count == 4
    assert 0 < seconds < 60


def test_a_slow_answer_falls_into_a_later_class(api):
    api.control("faults", "POST", json={"latency": {"type": "fixed", "milliseconds": 30}})
    api.list()

    found = scraped(api)
    assert value(found, "request_duration_seconds_bucket", operation="listUsers", le="0.025") == 0
    assert value(found, "request_duration_seconds_bucket", operation="listUsers", le="10.0") == 1


def test_what_the_sessions_hold_is_told_together(api):
    api.create("one@example.com", [UC])
    api.call("POST", f"/s/other{api.users}", json={"email": "two@example.com", "displayName": "Two"})

    found = scraped(api)
    assert value(found, "sessions") == 2
    assert value(found, "users") == 6
    assert value(found, "mails") == 3
    assert value(found, "charges") == 1
    assert value(found, "journal_entries") == 2
    assert 1000 < value(found, "journal_bytes") < 20_000
    assert value(found, "mails_sent_total", kind="activation") == 2
    assert value(found, "mails_sent_total", kind="uc-welcome") == 1
    assert value(found, "charges_made_total") == 1


def test_faults_that_struck_and_entries_that_had_to_go_are_counted():
    api = emulator(settings=Settings(journal=2))
    api.control("faults", "POST", json={"break": "reset", "count": 1})
    for _ in range(5):
        api.list()

    found = scraped(api)
    assert value(found, "faults_struck_total") == 1
    assert value(found, "requests_total", operation="listUsers", status="0") == 1
    assert value(found, "journal_dropped_total") == 3
    assert value(found, "journal_entries") == 2


def test_counters_never_fall():
    api = emulator(settings=Settings(journal=1))
    api.create(roles=[supervisor(1), supervisor(2)])
    api.call("GET", f"/s/other{api.users}")
    api.list()

    def counters():
        found = scraped(api)
        return {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in found.values()
            if family.type == "counter"
            for sample in family.samples
        }

    before = counters()
    for path, method in (
        ("coverage", "DELETE"),
        ("requests", "DELETE"),
        ("sessions/other", "DELETE"),
        ("reset", "POST"),
    ):
        assert api.control(path, method).status == 200
    assert counters() == before


def test_what_is_running_is_told(api):
    found = scraped(api)

    assert value(found, "build_info", version=__version__, profile="default", world="office") == 1
    assert value(found, "start_time_seconds") > 1_500_000_000


def test_odd_names_are_escaped(tmp_path):
    profile = tmp_path / "profile.json"
    profile.write_text(json.dumps({"name": 'a"b\\c\nd', "decisions": {}}), "utf-8")

    found = scraped(emulator(profile=str(profile)))
    assert found["build_info"].samples[0].labels["profile"] == 'a"b\\c\nd'


def test_filters_are_refused(api):
    assert api.control("metrics?name=up").status == 400


@pytest.mark.parametrize("waiting", [0, 2])
def test_requests_that_wait_are_counted(tmp_path, waiting):
    with serving(cwd=tmp_path) as server:
        waits = [
            threading.Thread(
                target=server.call, args=("GET", "/_emulator/mail/wait?to=no@mail.example&timeout=3")
            )
            for _ in range(waiting)
        ]
        for wait in waits:
            wait.start()
        server.until(
            lambda: (
                value(families(server.call("GET", "/_emulator/metrics")[2].decode()), "waiting_requests")
                == waiting
            )
        )
        for wait in waits:
            wait.join()
