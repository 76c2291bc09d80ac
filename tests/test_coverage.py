from threading import Thread
from time import sleep

import pytest

from dimensions_contracts import catalog as catalogue
from dimensions_contracts.operations import OPERATIONS
from dimensions_emulator.domain.errors import Refused
from dimensions_emulator.sandbox.coverage import BOUNDS, TOGETHER, Answers, Coverage, total
from dimensions_emulator.sandbox.met import Met
from dimensions_emulator.settings import Settings
from small_world import UC, emulator, supervisor, user_id

CATALOG = catalogue.load()
PARTS = ("operations", "errors", "rules", "mails")


def coverage(api, query="", **kw):
    return api.control(f"coverage{query}", **kw).data


def counts(data, part):
    """What was met of a part, with how often."""
    return {one["id"]: one["count"] for one in data[part] if one["count"]}


def test_at_the_beginning_nothing_was_met(api):
    data = coverage(api)

    assert (data["percent"], data["session"]) == (0.0, None)
    assert [one["id"] for one in data["operations"]] == [operation.id for operation in OPERATIONS]
    assert all(counts(data, part) == {} for part in PARTS)
    assert data["never"] == {part: [one["id"] for one in data[part]] for part in PARTS}


def test_operations_are_counted_with_their_statuses(api):
    api.list()
    api.create()
    api.create()
    api.create("other@example.com")
    api.call("HEAD", api.users)

    data = coverage(api)
    assert counts(data, "operations") == {"listUsers": 2, "createUser": 3}
    assert data["operations"][1] == {"id": "createUser", "count": 3, "statuses": {"201": 2, "400": 1}}
    assert "listUsers" not in data["never"]["operations"]
    assert "getUser" in data["never"]["operations"]


def test_refusals_are_counted_by_rule_and_error(api):
    api.create(roles=[supervisor(1), supervisor(2)])
    api.get("nonsense")
    api.list("?pageIndex=x")
    api.call("GET", "/api/v1.0/nothing")

    data = coverage(api)
    assert counts(data, "rules") == {
        "ROLE-SUPERVISOR-EXCLUSIVE": 1,
        "ID-FORMAT": 1,
        "LIST-PAGING": 1,
        "ROUTE": 1,
    }
    assert counts(data, "errors") == {"SupervisorRolesExclusive": 1, "ValueInvalid": 2, "NoSuchRoute": 1}


def test_mails_are_counted_by_kind_also_when_they_are_gone(api):
    api.create(roles=[UC])
    api.create("other@example.com")
    api.control("mail/messages", "DELETE")
    api.control("reset", "POST")

    assert counts(coverage(api), "mails") == {"activation": 2, "uc-welcome": 1}


def test_an_error_code_that_a_fault_answers_with_was_met(api):
    api.control("faults", "POST", json={"answer": {"errorCode": "RoleUnknown"}, "count": 1})
    api.list()

    data = coverage(api)
    assert counts(data, "errors") == {"RoleUnknown": 1}
    assert counts(data, "rules") == {}


def test_a_broken_answer_is_counted_with_the_status_0(api):
    api.control("faults", "POST", json={"break": "reset"})
    api.list()

    assert coverage(api)["operations"][0]["statuses"] == {"0": 1}


def test_the_control_plane_and_tries_count_nothing(api):
    api.control("health")
    tried = {
        "method": "POST",
        "path": api.users,
        "token": "good",
        "body": {"email": "a@b.example", "displayName": "A"},
    }
    assert api.control("what-if", "POST", json=tried).data["status"] == 201

    assert coverage(api)["percent"] == 0


def test_percent_is_the_share_of_all_parts_together_cut_after_one_digit(api):
    api.list()
    api.create(roles=[UC])
    api.get("nonsense")

    data = coverage(api)
    met = {part: len(counts(data, part)) for part in PARTS}
    of = {part: len(data[part]) for part in PARTS}
    assert met == {"operations": 3, "errors": 1, "rules": 1, "mails": 2}
    assert data["percent"] == int(sum(met.values()) * 1000 / sum(of.values())) / 10
    assert data["parts"] == {
        part: {"percent": int(met[part] * 1000 / of[part]) / 10, "met": met[part], "of": of[part]}
        for part in PARTS
    }
    assert data["never"] == {part: [one["id"] for one in data[part] if not one["count"]] for part in PARTS}


def test_errors_and_rules_are_those_of_the_catalogue_that_can_happen(api):
    data = coverage(api)
    errors, rules = ({one["id"] for one in data[part]} for part in ("errors", "rules"))

    assert errors == set(CATALOG.errors) - {
        "InternalError",
        "UserAlreadyExistsConflict",
        "ChargesNotAcceptedPayment",
        "DeviceClientMismatch",
    }
    refusing = {rule.id for rule in CATALOG.rules.values() if rule.refuses}
    assert rules == refusing - {"WIRE-ERROR", "NEVER-500"}


@pytest.mark.parametrize(
    ("decision", "choice", "gone", "new"),
    [
        ("charges_missing", "refuse-402", {"ChargesNotAccepted"}, {"ChargesNotAcceptedPayment"}),
        ("user_exists", "409", {"UserAlreadyExists"}, {"UserAlreadyExistsConflict"}),
        ("last_administrator", "allow", {"LastUserAdministrator", "ADMIN-LAST"}, set()),
        ("unassign_mismatch", "refuse", set(), {"DeviceClientMismatch"}),
    ],
)
def test_a_profile_changes_what_can_happen(deciding, decision, choice, gone, new):
    def there(api):
        return {one["id"] for part in ("errors", "rules") for one in coverage(api)[part]}

    usual, other = there(emulator()), there(emulator(profile=deciding(**{decision: choice})))
    assert (usual - other, other - usual) == (gone, new)


def in_two_sessions(api):
    api.list()
    api.call("GET", f"/s/one{api.users}")
    api.call("GET", f"{api.users}/{user_id(1)}", headers={"X-Emulator-Session": "two"})


def test_without_a_session_it_is_of_the_whole_server(api):
    in_two_sessions(api)

    data = coverage(api)
    assert data["session"] is None
    assert counts(data, "operations") == {"listUsers": 2, "getUser": 1}


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/_emulator/coverage?session=two", {}),
        ("/_emulator/coverage", {"X-Emulator-Session": "two"}),
        ("/s/two/_emulator/coverage", {}),
        ("/s/two/_emulator/coverage?session=two", {}),
    ],
)
def test_it_is_of_one_session_where_the_request_names_it(api, path, headers):
    in_two_sessions(api)

    data = api.call("GET", path, headers=headers).data
    assert data["session"] == "two"
    assert counts(data, "operations") == {"getUser": 1}


@pytest.mark.parametrize("path", ["/_emulator/coverage?session=default", "/s/default/_emulator/coverage"])
def test_the_default_session_can_be_named_too(api, path):
    in_two_sessions(api)

    assert counts(api.call("GET", path).data, "operations") == {"listUsers": 1}


def test_what_was_met_in_sessions_that_are_gone_counts_on_the_whole_server(api):
    in_two_sessions(api)
    api.control("sessions/one", "DELETE")
    api.control("sessions/two", "DELETE")

    assert counts(coverage(api), "operations") == {"listUsers": 2, "getUser": 1}


def test_a_session_that_comes_back_has_met_nothing(api):
    in_two_sessions(api)
    api.control("sessions/two", "DELETE")

    assert counts(coverage(api, headers={"X-Emulator-Session": "two"}), "operations") == {}
    assert counts(coverage(api), "operations") == {"listUsers": 2, "getUser": 1}


def test_mails_count_in_their_session(api):
    api.call("POST", f"/s/one{api.users}", json={"email": "a@example.com", "displayName": "A"})

    assert counts(coverage(api, "?session=one"), "mails") == {"activation": 1}
    assert counts(coverage(api, "?session=default"), "mails") == {}


def test_a_reset_leaves_it_alone(api):
    api.list()
    api.control("reset", "POST")

    assert counts(coverage(api), "operations") == {"listUsers": 1}


def test_it_can_begin_anew_for_the_whole_server(api):
    in_two_sessions(api)
    api.control("sessions/one", "DELETE")

    assert api.control("coverage", "DELETE").status == 200
    assert coverage(api)["percent"] == 0


def test_it_can_begin_anew_for_one_session(api):
    in_two_sessions(api)

    api.control("coverage?session=two", "DELETE")
    assert counts(coverage(api), "operations") == {"listUsers": 2}


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize(
    ("query", "headers", "status", "words"),
    [
        ("?session=gone", {}, 404, "The session 'gone' was never there"),
        ("?session=one", {"X-Emulator-Session": "two"}, 400, "names the session 'one', the request 'two'"),
        ("?sesion=one", {}, 400, "no filter 'sesion' here; there are: session"),
    ],
)
def test_a_session_that_cannot_be_meant_is_refused(api, method, query, headers, status, words):
    answer = api.control(f"coverage{query}", method, headers=headers)

    assert answer.status == status
    assert words in answer.message


def test_the_table_says_what_was_never_met_and_what_that_is(api):
    in_two_sessions(api)
    lines = api.control("coverage.txt").body.decode().splitlines()
    of = sum(len(coverage(api)[part]) for part in PARTS)

    assert lines[0] == f"{coverage(api)['percent']:g} % met in all sessions: 2 of {of}."
    assert "operations: 18.1 %, 2 of 11" in lines
    assert any(line.split() == ["never", "deleteUser", "Delete", "a", "user"] for line in lines)
    assert any(
        line.startswith("  never  LastUserAdministrator ") and "400 There must be" in line for line in lines
    )
    assert not any("never  listUsers" in line for line in lines)
    assert "in the session two: 1 of" in api.control("coverage.txt?session=two").body.decode()


def test_with_everything_met_it_is_100_percent(api):
    session = api.app.wsgi_app
    while not hasattr(session, "_sessions"):
        session = session._application
    counted = session._sessions.default.coverage
    for part in PARTS[1:3]:
        for one in coverage(api)[part]:
            counted.refusals[one["id"], one["id"]] += 1
    for operation in OPERATIONS:
        met = Met()
        met.operation = operation.id
        counted.count(met, 200, 0.1)
    counted.mails.update(["activation", "uc-welcome"])

    assert coverage(api)["percent"] == 100
    assert "never" not in api.control("coverage.txt").body.decode()


def test_no_journal_is_needed():
    api = emulator(settings=Settings(journal=0))
    api.list()

    assert counts(coverage(api), "operations") == {"listUsers": 1}


def test_what_is_taken_over_is_counted_once():
    one, other = Coverage(), Coverage()
    met = Met()
    met.operation = "getUser"
    for seconds in (0.0001, 0.03, 99.0):
        one.count(met, 200, seconds)
    other.take(one)
    other.take(one)

    (answers,) = total([one, other]).answers.values()
    assert answers.count == 3
    assert answers.seconds == pytest.approx(99.0301)
    assert (answers.classes[0], answers.classes[-1], len(answers.classes)) == (1, 1, len(BOUNDS) + 1)


def test_who_asks_sees_an_answer_with_the_refusal_in_it(monkeypatch):
    coverage, met, seen = Coverage(), Met(), []
    met.refused = Refused("RULE", "Error")
    asking = Thread(target=lambda: seen.append(total([coverage])))
    count = Coverage._count

    def slow(self, met):
        asking.start()
        asking.join(0.1)
        count(self, met)

    monkeypatch.setattr(Coverage, "_count", slow)
    coverage.count(met, 400, 0.001)
    asking.join()

    (answers,) = seen[0].answers.values()
    assert (answers.count, seen[0].refusals) == (1, {("RULE", "Error"): 1})


class Slow(list):
    """Lets others go on between reading and writing."""

    def __getitem__(self, place):
        found = super().__getitem__(place)
        sleep(0.0005)
        return found


def test_threads_that_count_what_is_pending_lose_nothing(monkeypatch):
    begin = Answers.__init__

    def slow(self):
        begin(self)
        self.classes = Slow(self.classes)

    monkeypatch.setattr(Answers, "__init__", slow)
    coverage = Coverage()
    threads = [
        Thread(target=lambda: [coverage.count(Met(), 200, 0.001) for _ in range(2 * TOGETHER)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert total([coverage]).answers[None, 200].count == 8 * TOGETHER


def test_what_is_counted_later_stays_little():
    coverage = Coverage()
    for _ in range(10 * TOGETHER):
        coverage.count(Met(), 200, 0.001)
        assert len(coverage._pending) < TOGETHER

    assert total([coverage]).answers[None, 200].count == 10 * TOGETHER
