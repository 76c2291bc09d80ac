import pytest

from dimensions_emulator.sandbox.journal import KEPT_BODY
from dimensions_emulator.settings import Settings
from small_world import NOBODY, UC, US, Api, emulator, supervisor, user_id


def ids(answer):
    return [entry["id"] for entry in answer.data["requests"]]


def requests(api, query="", **kw):
    return api.control("requests" + query, **kw)


@pytest.fixture
def busy(api):
    """Has listed, created, failed to create, got and asked for what is not there: default.1 to default.5."""
    api.list("?pageIndex=0")
    api.create("ada@example.com", [UC])
    api.create("bob@example.com", [supervisor(1), supervisor(2)])
    api.get(user_id(1))
    api.call("GET", "/api/v1.0/nothing", token="wrong")
    return api


def test_an_entry_tells_request_answer_and_what_became_known(busy):
    entry = busy.control("requests/default.3").data

    assert {name: entry[name] for name in ("id", "session", "operation", "customer", "user", "caller")} == {
        "id": "default.3",
        "session": "default",
        "operation": "createUser",
        "customer": US,
        "user": None,
        "caller": "reseller",
    }
    assert (entry["rule"], entry["errorCode"], entry["fault"]) == (
        "ROLE-SUPERVISOR-EXCLUSIVE",
        "SupervisorRolesExclusive",
        None,
    )
    assert entry["request"]["method"] == "POST"
    assert entry["request"]["url"] == busy.users
    assert entry["request"]["absoluteUrl"] == f"http://localhost{busy.users}"
    assert entry["request"]["headers"]["Content-Type"] == "application/json"
    assert '"email": "bob@example.com"' in entry["request"]["body"]
    assert entry["response"]["status"] == 400
    assert entry["response"]["headers"]["X-Emulator-Rule"] == "ROLE-SUPERVISOR-EXCLUSIVE"
    assert '"errorCode":"SupervisorRolesExclusive"' in entry["response"]["body"]
    assert 0 < entry["milliseconds"] < 5000


@pytest.mark.parametrize("who", [user_id(1), NOBODY, "nobody"])
def test_an_entry_is_of_the_time_that_the_answer_tells(api, who):
    api.control("clock", "PUT", json={"now": "2031-01-01T00:00:00Z"})
    answer = api.get(who)

    entry = api.control(f"requests/{answer.headers['X-Emulator-Request-Id']}").data

    assert entry["at"] == answer.json["timestamp"]
    assert entry["at"].startswith("2031-01-01T00:00:0")


def test_an_entry_above_the_rate_is_of_the_time_that_the_answer_tells(api):
    api.control("rate-limit", "PUT", json={"requests": 1, "seconds": 60})
    api.list()
    answer = api.list()

    entry = api.control(f"requests/{answer.headers['X-Emulator-Request-Id']}").data

    assert answer.status == 429
    assert entry["at"] == answer.json["timestamp"]


def test_a_request_on_no_route_is_of_the_session_s_time(api):
    api.control("clock", "PUT", json={"now": "2031-01-01T00:00:00Z"})
    answer = api.call("GET", "/nothing")

    assert requests(api).data["requests"][0]["at"].startswith("2031-01-01T00:00:0")
    assert answer.status == 404


def test_a_content_type_that_is_empty_was_not_sent(api):
    api.call("GET", api.users, environ_overrides={"CONTENT_TYPE": ""})

    assert "Content-Type" not in requests(api).data["requests"][0]["request"]["headers"]


@pytest.mark.parametrize("size", ["9" * 30, "9" * 5000, "-1", "x", "²"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_length_that_is_none_spoils_no_list(api, method, size):
    environ = {"CONTENT_LENGTH": size, "CONTENT_TYPE": "application/json"}
    assert api.call(method, api.users, environ_overrides=environ).status in {200, 400, 413}

    (entry,) = requests(api).data["requests"]

    assert entry["request"]["bodySize"] == 0
    assert api.control("requests.har").status == 200


def test_requests_are_listed_the_oldest_first(busy):
    answer = requests(busy)

    assert ids(answer) == [f"default.{number}" for number in range(1, 6)]
    assert answer.data["meta"] == {"total": 5}
    assert (answer.data["dropped"], answer.data["requestJournalDisabled"]) == (0, False)


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("operation=createUser", [2, 3]),
        ("status=400", [3]),
        ("rule=ROLE-SUPERVISOR-EXCLUSIVE", [3]),
        ("caller=reseller", [1, 2, 3, 4]),
        (f"user={user_id(1)}", [4]),
        (f"user={user_id(1).upper()}", [4]),
        (f"customer={US}", [1, 2, 3, 4]),
        (f"customer={{{US.upper()}}}", [1, 2, 3, 4]),
        (f"customer={NOBODY}", []),
        ("method=post", [2, 3]),
        ("method=POST&status=201", [2]),
        ("after=default.3", [4, 5]),
        ("limit=2", [4, 5]),
        ("limit=0", []),
        ("after=default.1&limit=1&method=POST", [3]),
    ],
)
def test_filters_choose(busy, query, numbers):
    assert ids(requests(busy, f"?{query}")) == [f"default.{number}" for number in numbers]


def test_the_total_counts_what_the_limit_leaves_out(busy):
    assert requests(busy, "?caller=reseller&limit=1").data["meta"] == {"total": 4}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("operatoin=createUser", "no filter 'operatoin' here; there are: operation, status"),
        ("operation=createUsers", 'operation cannot be "createUsers"; there are: listUsers'),
        ("rule=NONE", 'rule cannot be "NONE"; there are: USER-FIELDS'),
        ("status=four", "status is a whole number, not 'four'"),
        ("status=-1", "status is a whole number"),
        ("status=600", "status is a status code"),
        ("status=99999999999999999999999", "status is a whole number"),
        ("status=%D9%A3", "status is a whole number"),
        ("limit=x", "limit is a whole number"),
        ("customer=x", "customer is the id of a customer, not 'x'"),
        ("operation=", "The filter 'operation' is empty"),
        ("after=other.1", "after is the id of a request of the session 'default', not 'other.1'"),
        ("after=1", "after is the id"),
        ("after=default.x", "whole number"),
    ],
)
def test_filters_that_cannot_be_are_refused(busy, query, words):
    answer = requests(busy, f"?{query}")

    assert answer.status == 400
    assert words in answer.message


def test_after_a_request_that_had_to_go_come_those_with_later_numbers():
    api = emulator(settings=Settings(journal=2))
    for _ in range(4):
        api.list()

    assert ids(requests(api, "?after=default.1")) == ["default.3", "default.4"]


def test_the_oldest_goes_and_every_answer_tells_how_many_did():
    api = emulator(settings=Settings(journal=2))
    for _ in range(5):
        api.list()

    assert requests(api).data["dropped"] == 3
    assert api.control("requests/count", "POST", json={}).data == {
        "count": 2,
        "dropped": 3,
        "requestJournalDisabled": False,
    }
    assert api.control("requests/find", "POST", json={}).data["dropped"] == 3
    assert api.control("requests/verify", "POST", json={"match": {}}).data["dropped"] == 3
    assert api.control("requests.har").json["log"]["_dropped"] == 3


def test_a_request_that_is_not_there_is_not_found_with_the_reason(busy):
    busy.control("requests", "DELETE")

    for request_id, words in (
        ("default.1", "it keeps 0, and 0 had to go"),
        ("nonsense", "it keeps 0"),
        ("other.1", "if it is one of the session 'other', name that in X-Emulator-Session"),
    ):
        answer = busy.control(f"requests/{request_id}")
        assert answer.status == 404
        assert f"no request '{request_id}'; {words}" in answer.message


def test_deleting_forgets_all_requests(busy):
    assert busy.control("requests?status=200", "DELETE").status == 400
    assert busy.control("requests", "DELETE").status == 200

    assert requests(busy).data["requests"] == []


def test_each_session_has_its_own(busy):
    busy.call("GET", f"/s/mine{busy.users}")
    busy.call("GET", busy.users, headers={"X-Emulator-Session": "mine"})

    mine = requests(busy, headers={"X-Emulator-Session": "mine"})
    assert ids(mine) == ["mine.1", "mine.2"]
    assert mine.data["requests"][0]["request"]["url"] == f"/s/mine{busy.users}"
    assert mine.data["requests"][1]["request"]["headers"]["X-Emulator-Session"] == "mine"
    assert len(ids(requests(busy))) == 5


def test_the_url_is_the_one_that_was_sent(api):
    api.call("GET", f"{api.users}/a%2Fb%20%C3%A4?q=%26&r=a+b")

    entry = requests(api).data["requests"][0]
    assert entry["request"]["url"] == f"{api.users}/a%2Fb%20%C3%A4?q=%26&r=a+b"


def test_the_url_is_put_together_where_the_server_does_not_tell_it(api):
    api.call("GET", f"{api.users}/a%20%C3%A4?q=%26", environ_overrides={"REQUEST_URI": ""})

    assert requests(api).data["requests"][0]["request"]["url"] == f"{api.users}/a%20%C3%A4?q=%26"


def test_a_body_that_is_no_text_is_shown_in_base64(api):
    api.call("POST", api.users, data=b"\xff\x00\xfe", content_type="application/json")

    request = requests(api).data["requests"][0]["request"]
    assert (request["body"], request["bodyAsBase64"], request["bodySize"]) == ("", "/wD+", 3)


def test_of_a_large_body_the_beginning_is_kept_and_all_is_served(api):
    name = "ü" * 50
    padding = " " * (3 * KEPT_BODY)
    sent = f'{{"email": "large@example.com", "displayName": "{name}", "roles": []{padding}}}'.encode()
    answer = api.call("POST", api.users, data=sent, content_type="application/json")

    request = requests(api).data["requests"][0]["request"]
    assert answer.status == 201
    assert answer.data["displayName"] == name
    assert request["body"].encode() == sent[:KEPT_BODY]
    assert (request["bodySize"], request["bodyCut"]) == (len(sent), True)


def test_a_body_that_is_cut_in_the_middle_of_a_character_is_text(api):
    sent = b'"' + "ü".encode() * KEPT_BODY + b'"'
    api.call("POST", api.users, data=sent, content_type="application/json")

    request = requests(api).data["requests"][0]["request"]
    assert request["body"] == '"' + "ü" * (KEPT_BODY // 2 - 1)


def test_of_a_large_answer_the_beginning_is_kept():
    api = emulator(
        {
            f"{number}@example.com": {
                "id": user_id(number),
                "displayName": "x" * 100,
                "memberships": {"us": []},
            }
            for number in range(200)
        }
    )
    whole = api.list().body

    response = requests(api).data["requests"][0]["response"]
    assert response["body"].encode() == whole[:KEPT_BODY]
    assert (response["bodySize"], response["bodyCut"]) == (len(whole), True)


def test_a_broken_answer_has_the_status_0_and_names_its_fault(api):
    fault = api.control("faults", "POST", json={"break": "reset"}).data["id"]
    api.list()

    entry = requests(api, "?status=0").data["requests"][0]
    assert (entry["response"]["status"], entry["fault"]) == (0, fault)


def test_requests_to_the_control_plane_and_tries_are_not_kept(api):
    api.control("health")
    api.control("what-if", "POST", json={"method": "GET", "path": api.users, "token": "good"})

    assert requests(api).data["requests"] == []


def test_a_refused_request_keeps_nothing_of_its_stack_alive(api):
    api.list("?pageIndex=x")

    (session,) = [cell for cell in sessions(api) if cell.name == "default"]
    refused = session.journal.entries()[0].met.refused
    assert refused.rule == "LIST-PAGING"
    assert (refused.__traceback__, refused.__context__) == (None, None)


def sessions(api: Api):
    entrance = api.app.wsgi_app
    while not hasattr(entrance, "_sessions"):
        entrance = entrance._application
    return entrance._sessions.live()


class TestWithoutJournal:
    @pytest.fixture
    def off(self):
        api = emulator(settings=Settings(journal=0))
        api.list()
        return api

    def test_nothing_is_kept_and_the_answer_says_that_it_is_off(self, off):
        assert requests(off).data == {
            "requests": [],
            "meta": {"total": 0},
            "dropped": 0,
            "requestJournalDisabled": True,
        }

    @pytest.mark.parametrize("act", ["count", "find", "verify"])
    def test_questions_are_refused_with_the_way_out(self, off, act):
        answer = off.control(f"requests/{act}", "POST", json={})

        assert answer.status == 409
        assert "--journal 0" in answer.message
        assert "start with --journal 1000" in answer.message

    def test_a_request_is_not_found_with_that_reason(self, off):
        assert "it is off (--journal 0)" in off.control("requests/default.1").message

    def test_refusals_are_answered_all_the_same(self, off):
        assert off.list("?pageIndex=x").rule == "LIST-PAGING"
