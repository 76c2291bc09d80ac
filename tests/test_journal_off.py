"""Requests that a test makes for itself."""

import pytest

from dimensions_emulator.settings import Settings
from small_world import UC, emulator, supervisor, user_id

OFF = {"X-Emulator-Journal": "off"}


def refused(api, **headers):
    """The answer to a creation that a rule refuses."""
    body = {"email": "new@example.com", "displayName": "New", "roles": [supervisor(1), supervisor(2)]}
    return api.call("POST", api.users, json=body, headers=headers)


def unnoted(api, path="", method="GET", **more):
    return api.call(method, api.users + path, headers=OFF, **more)


def request_id(answer):
    return answer.headers["X-Emulator-Request-Id"]


@pytest.mark.parametrize(
    ("value", "kept"), [("off", 0), ("OFF", 0), (" off ", 0), ("on", 1), ("", 1), ("offline", 1), ("0", 1)]
)
def test_a_request_with_the_header_off_is_not_in_the_journal(api, value, kept):
    answer = api.call("GET", api.users, headers={"X-Emulator-Journal": value})

    assert answer.status == 200
    assert api.control("requests").data["meta"] == {"total": kept}
    assert api.control("requests/count", "POST", json={}).data["count"] == kept
    assert len(api.client.get("/_emulator/requests.har").json["log"]["entries"]) == kept


def test_a_refused_one_is_not_there_either(api):
    assert refused(api, **OFF).status == 400
    assert unnoted(api, token="wrong").status == 401
    assert api.call("GET", "/api/v1.0/nothing", headers=OFF).status == 404

    assert api.control("requests").data["requests"] == []


def test_it_has_an_id_that_no_other_request_has(api):
    ids = [request_id(answer) for answer in (api.list(), unnoted(api), refused(api, **OFF), api.list())]

    assert len(set(ids)) == 4
    kept = [entry["id"] for entry in api.control("requests").data["requests"]]
    assert kept == [ids[0], ids[3]]
    assert api.control(f"requests/{ids[1]}").status == 404


def test_it_does_not_count_in_coverage_nor_do_its_mails_and_charges(api):
    body = {"email": "new@example.com", "displayName": "New", "roles": [UC]}
    assert unnoted(api, method="POST", json=body, charges="true").status == 201
    refused(api, **OFF)

    data = api.control("coverage").data
    assert data["percent"] == 0
    for part in ("operations", "errors", "rules", "mails"):
        assert not any(one["count"] for one in data[part])
    assert len(api.mails()) == 2
    assert "charges_made_total 0.0\n" in api.client.get("/_emulator/metrics").text
    api.create("other@example.com", [UC])
    assert {one["id"]: one["count"] for one in api.control("coverage").data["mails"]} == {
        "activation": 1,
        "uc-welcome": 1,
    }


def test_its_refusal_is_no_event_but_what_it_changes_is_one(api):
    body = {"email": "new@example.com", "displayName": "New", "roles": []}
    refused(api, **OFF)
    unnoted(api, method="POST", json=body)

    told = api.client.get("/_emulator/events?after=0&limit=2").text
    assert "event: user.created" in told
    assert "request.refused" not in told
    refused(api)
    assert "request.refused" in api.client.get("/_emulator/events?after=0&limit=3").text


def test_its_refusal_cannot_be_explained_later_and_that_is_said(api):
    answer = api.control(f"explain/{request_id(refused(api, **OFF))}")

    assert answer.status == 404
    assert "Requests with X-Emulator-Journal: off are in no journal." in answer.message


def test_its_refusal_is_explained_at_once_where_it_asks_for_that(api):
    answer = refused(api, **OFF, **{"X-Emulator-Explain": "1"})

    assert "ROLE-SUPERVISOR-EXCLUSIVE" in answer.headers["X-Emulator-Explain"]


def test_it_takes_no_place_among_the_refusals_that_are_explained(api):
    first = refused(api)
    for _ in range(60):
        refused(api, **OFF)
    api.delete(user_id(1))

    assert api.control(f"explain/{request_id(first)}").data["world"] == "refusal"


def test_faults_strike_it_like_others(api):
    api.control("faults", "POST", json={"match": {"operation": "listUsers"}, "answer": {"status": 503}})

    assert unnoted(api).status == 503


def test_a_journal_that_is_off_altogether_changes_nothing_of_that():
    api = emulator(settings=Settings(journal=0))
    refused(api, **OFF)

    assert api.control("coverage").data["percent"] == 0
    refused(api)
    assert api.control("coverage").data["percent"] > 0
