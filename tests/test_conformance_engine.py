import json
import re
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import pytest

import engine_stage
from dimensions_contracts import catalog as catalogue
from dimensions_contracts.conformance import engine, engine_rules, stage
from dimensions_contracts.conformance.engine_guide import Guide, Sent
from dimensions_contracts.conformance.engine_relay import Relay
from dimensions_contracts.conformance.engine_rules import Failed, Mistake
from dimensions_contracts.conformance.messages import Answer, Fault, Request, Spent
from dimensions_contracts.conformance.places import Place
from dimensions_contracts.operations import OPERATIONS
from engine_stage import DOCUMENT, RUN, VOIDS, staged

ALONE = ["examples", "coverage", "fuzzing"]  # the phases that need no second operation
SUCCESSES = {(operation.id, operation.status) for operation in OPERATIONS}
GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
HERE, THERE = "7aa53bc3-06a5-5a4e-8706-1656b02ae357", "11111111-0000-4000-8000-000000000001"


@pytest.fixture(autouse=True)
def working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rules(findings):
    return {(finding.rule, finding.check) for finding in findings}


def others(target):
    users = stage.state(target.session)["users"]
    return {email: user for email, user in users.items() if f".{RUN}@" not in email}


def test_a_clean_emulator_has_no_findings_and_keeps_its_users(working_directory, capfd):
    with staged() as target:
        before = others(target)
        found = engine.run(target, seed=1, examples=2, only=[operation.id for operation in OPERATIONS])
        after = others(target)

    assert found == []
    assert SUCCESSES - {(operation, answer.status) for operation, _, answer in target.calls} == set()
    assert after == before
    assert list(working_directory.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def unauthenticated(application):
    def accept(environ, start_response):
        return application(
            {**environ, "HTTP_AUTHORIZATION": "Bearer emulator-token-reseller"}, start_response
        )

    return accept


def crashing(application):
    """Answers 500 to a name of the greatest length."""

    def crash(environ, start_response):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if environ["REQUEST_METHOD"] == "POST" and len(name_in(body)) == 100:
            start_response("500 Internal Server Error", [("Content-Length", "0")])
            return [b""]
        return application({**environ, "wsgi.input": BytesIO(body)}, start_response)

    return crash


def name_in(body):
    try:
        return str(json.loads(body)["displayName"])
    except (ValueError, TypeError, KeyError):
        return ""


def answering(change):
    """Lets answers of the API be changed: status, headers and body."""

    def wrap(application):
        def answer(environ, start_response):
            kept = []
            body = b"".join(application(environ, lambda *head: kept.append(head)))
            status, headers = kept[0][:2]
            if environ["PATH_INFO"].startswith("/api/"):
                status, headers, body = change(status, headers, body)
            start_response(status, [(name, value) for name, value in headers if name != "Content-Length"])
            return [body]

        return answer

    return wrap


@answering
def forgetful(status, headers, body):
    """Leaves the address out of its answers."""
    return status, headers, re.sub(rb',"email":"[^"]*"', b"", body)


@answering
def misnumbered(status, headers, body):
    """Answers 404 where its bodies say 400."""
    return "404 NOT FOUND" if status.startswith("400") else status, headers, body


@answering
def open_to_all(status, headers, body):
    """Answers 200 to what it refuses."""
    return "200 OK" if status.startswith("400") else status, headers, body


@pytest.mark.parametrize(
    ("bug", "operation", "finding"),
    [
        (unauthenticated, "getUser", ("AUTH-REQUIRED", "ignored_auth")),
        (crashing, "createUser", ("NEVER-500", "not_a_server_error")),
        (forgetful, "getUser", ("WIRE-SUCCESS", "response_schema_conformance")),
        (misnumbered, "createUser", ("WIRE-ERROR", "response_schema_conformance")),
        (open_to_all, "listUsers", ("LIST-PAGING", "negative_data_rejection")),
    ],
)
def test_a_planted_bug_is_found_with_its_rule(bug, operation, finding):
    with staged(bug) as target:
        found = engine.run(target, seed=1, examples=2, only=[operation], phases=ALONE)

    assert finding in rules(found)
    assert {one.operation for one in found} == {operation}


def test_a_finding_can_be_repeated_by_hand_without_showing_a_token():
    with staged(crashing) as target:
        found = engine.run(target, seed=1, only=["createUser"], phases=["coverage"])

    (crash,) = [one for one in found if one.rule == "NEVER-500"]
    assert crash.curl.startswith("curl -X POST")
    assert f"{target.base_url}/api/v1.0/customers/{target.place.customer}/users" in crash.curl
    assert "Bearer $TOKEN" in crash.curl
    assert "conformance-main-" not in repr(found)
    assert crash.seen.endswith("answered 500")


@contextmanager
def recording():
    """A second server, and what it was asked."""
    asked = []

    class Recorder(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def __getattr__(self, name):
            if name.startswith("do_"):
                return self.do_GET
            raise AttributeError(name)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_engine_reaches_no_second_server(monkeypatch):
    reached = set()
    connect = socket.socket.connect
    monkeypatch.setattr(
        socket.socket, "connect", lambda self, address: (reached.add(address), connect(self, address))[1]
    )
    with recording() as (second, asked):

        def lure(status, headers, body):
            status = "307 Temporary Redirect" if status.startswith("200") else status
            return status, [*headers, ("Location", f"{second}/api/v1.0/customers/{HERE}/users")], body

        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, second)
        with staged(answering(lure)) as target:
            engine.run(target, seed=1, examples=1, only=["listUsers", "createUser", "getUser"])

    assert len(target.calls) > 100
    assert asked == []
    assert reached == {("127.0.0.1", target.session.target.port)}


def test_the_same_seed_sends_the_same():
    first, second = (sent_with(seed) for seed in (5, 5))

    assert len(first) > 30
    assert first == second
    assert first != sent_with(6)


def sent_with(seed):
    with staged() as target:
        engine.run(
            target, seed, examples=4, only=["createUser", "deleteUser"], phases=["fuzzing", "stateful"]
        )
    names = {}
    return [
        GUID.sub(lambda found: names.setdefault(found[0], f"id {len(names)}"), repr(request))
        for _, request, _ in target.calls
    ]


class Failing(engine_stage.Target):
    """A target that stops answering after a while."""

    reason = Fault("the target hung up.")

    def send(self, request):
        if len(self.calls) > 20:
            raise self.reason
        return super().send(request)


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        (Fault("the target hung up."), engine.EngineFailed),
        (ValueError("a mistake of ours"), engine.EngineFailed),
        (Spent("enough."), Spent),
    ],
)
def test_an_engine_that_cannot_go_on_never_passes(reason, outcome):
    with staged() as target:
        failing = Failing(target.session, target.place)
        failing.reason = reason
        with pytest.raises(outcome, match=str(reason)):
            engine.run(failing, seed=1, only=["listUsers"], phases=["coverage"])

    assert len(failing.calls) == 21


def test_an_engine_without_users_to_work_on_never_passes():
    failing = pytest.raises(engine.EngineFailed, match="nobody to work on: a creation was answered 503")
    with staged(answering(lambda *_: ("503 Service Unavailable", [], b""))) as target, failing:
        engine.run(target, seed=1, only=["listUsers"])


def test_an_unusable_document_never_passes():
    broken = json.loads(json.dumps(DOCUMENT).replace("schemas/ManyUsers", "schemas/Nothing"))
    with staged() as target:
        target.document = broken
        with pytest.raises(engine.EngineFailed, match="cannot use a part of the document"):
            engine.run(target, seed=1, only=["listUsers"])


def test_without_the_table_rightful_refusals_would_be_findings(monkeypatch):
    monkeypatch.setattr(engine_rules, "RIGHTFUL", {})
    with staged() as target:
        found = engine.run(target, seed=1, examples=4, only=["patchUser"], phases=["fuzzing"])

    assert ("PATCH-ANSWER", "positive_data_acceptance") in rules(found)


def failed(check, operation="patchUser", status=200, answer=b"", body=None, mistakes=(), refused=False):
    return Failed(check, operation, status, answer, body, tuple(mistakes), refused)


@pytest.mark.parametrize(
    ("what", "rule"),
    [
        (failed("use_after_free"), "DELETE-ANSWER"),
        (failed("ensure_resource_availability"), "CREATE-ANSWER"),
        (failed("object_level_authorization"), "TENANT-ISOLATION"),
        (failed("response_schema_conformance", status=404), "WIRE-ERROR"),
        (failed("response_headers_conformance", "assignDevice", 201), "DEVICE-ANSWER"),
        (failed("response_headers_conformance", status=401), "WIRE-ERROR"),
        (failed("positive_data_acceptance", "createUser", 400), "CREATE-ANSWER"),
        (
            failed("missing_required_header", mistakes=[Mistake("header", "Authorization", "")]),
            "AUTH-REQUIRED",
        ),
        (failed("negative_data_rejection", mistakes=[Mistake("path", "userId", "/type")]), "ID-FORMAT"),
        (
            failed("negative_data_rejection", mistakes=[Mistake("body", "", "/items/oneOf/0/required")]),
            "PATCH-OPERATIONS",
        ),
    ],
)
def test_a_failed_check_is_about_a_rule(what, rule):
    assert engine_rules.rule(what)[0] == rule


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ([{"op": "add", "path": "/roles/-", "value": "AAA"}], "ROLE-KNOWN"),
        ([{"op": "replace", "path": "/roles", "value": ["AAA", "customer.user"]}], "ROLE-KNOWN"),
        ([{"op": "add", "path": "/displayName", "value": "A"}, {"op": "AAA"}], "PATCH-OPERATIONS"),
        ([{"op": "add", "path": "/roles/-", "value": 1}], "PATCH-OPERATIONS"),
    ],
)
def test_an_unknown_role_alone_is_about_the_rule_of_roles(body, rule):
    what = failed("negative_data_rejection", body=body, mistakes=[Mistake("body", "", "/items/required")])

    assert engine_rules.Meanings(catalogue.load(), DOCUMENT).rule(what)[0] == rule


def test_the_other_key_of_the_administrator_is_no_finding(deciding):
    with staged(profile=deciding(admin_role_key="admin.user")) as target:
        found = engine.run(target, seed=1, examples=1, only=["createUser"], phases=["coverage"])

    assert found == []


def refusal(key, **facts):
    error = catalogue.load().errors[key]
    code = {"errorCode": error.code} if error.code else {}
    return error.status, json.dumps(
        {"error": error.status, **code, "message": error.message.format(**facts)}
    ).encode()


@pytest.mark.parametrize(
    ("what", "forgiven"),
    [
        (
            failed(
                "positive_data_acceptance",
                "patchUser",
                *refusal("TestFailed", current="a", path="/roles", value="b"),
            ),
            True,
        ),
        (
            failed(
                "positive_data_acceptance",
                "createUser",
                *refusal("RolePrerequisiteMissing", role="a", missing="b"),
            ),
            True,
        ),
        (failed("positive_data_acceptance", "createUser", *refusal("TenantNotPrimary")), False),
        (failed("positive_data_acceptance", "createUser", *refusal("AddressInvalid", field="Email")), False),
        (
            failed(
                "positive_data_acceptance",
                "patchUser",
                *refusal("AddressInvalid", field="Email"),
                [{"op": "copy"}],
            ),
            True,
        ),
        (failed("positive_data_acceptance", "createUser", 400, b"<html>"), False),
        (failed("negative_data_rejection", mistakes=[Mistake("header", "accept-charges", "/enum")]), True),
        (
            failed(
                "negative_data_rejection",
                "createUser",
                201,
                body={"roles": None, "email": "a@b.example", "displayName": "A"},
            ),
            True,
        ),
        (failed("negative_data_rejection", "createUser", 201, body={"roles": None, "email": "a"}), False),
        (failed("not_a_server_error", status=500), False),
        (failed("not_a_server_error", status=403, refused=True), True),
        (failed("ensure_resource_availability", "deleteUser", 404), False),
        (
            Failed(
                "ensure_resource_availability", "deleteUser", 404, b"", None, (), refused=False, deleted=True
            ),
            True,
        ),
    ],
)
def test_only_rightful_answers_are_forgiven(what, forgiven):
    assert (engine_rules.Meanings(catalogue.load(), DOCUMENT).forgiven(what) is not None) == forgiven


class Deaf:
    """Learns nothing, and answers every request with one status."""

    base_url = "http://127.0.0.1"

    def __init__(self, status):
        self.status = status

    def send(self, _):
        return Answer(self.status, (), b"", 0.0)

    def record(self, *_):
        pass

    def learn(self, *_):
        pass

    def aim(self, _):
        return ""


@pytest.mark.parametrize("base", ["/api/v1.0", "/v1.0", f"/api/v1.0/accounts/{THERE}"])
@pytest.mark.parametrize(
    ("method", "status", "gone"), [("DELETE", 200, {HERE}), ("DELETE", 404, set()), ("GET", 200, set())]
)
def test_users_that_the_run_deletes_are_known_by_whichever_path(base, method, status, gone):
    wire = Deaf(status)
    relay = Relay(wire, wire, [], (b"a", b"a"))

    relay.deliver(
        Request(method, f"{base}/customers/{THERE}/users/%7B{HERE.upper()}%7D", (), None, "reseller", "")
    )

    assert relay.gone == gone


def guide(**place):
    found = Guide(
        [Place("lab", HERE, stage=True, **place)],
        VOIDS,
        lambda start: f"{start}.{RUN}@mail.example",
        DOCUMENT,
    )
    found.own(HERE, "22222222-0000-4000-8000-000000000002")
    return found


def led(method, user, *, broken=False, linked=False, turns=3, kept=False):
    found = guide()
    if kept:
        found.keep([])
    sent = Sent(method, {"customerId": HERE, "userId": user}, broken=broken, linked=linked)
    return [found.path(sent)["userId"] for _ in range(turns)]


OWN = "22222222-0000-4000-8000-000000000002"


def test_made_up_ids_become_those_of_users_of_the_run():
    assert led("PATCH", THERE) == [OWN, OWN, OWN]
    assert led("PATCH", OWN, linked=True) == [OWN, OWN, OWN]


def test_linked_ids_of_others_are_not_followed():
    assert led("DELETE", THERE, linked=True) == [OWN, OWN, OWN]


def test_users_who_stay_are_not_deleted():
    assert set(led("DELETE", THERE, kept=True)) <= set(VOIDS)
    assert led("PATCH", THERE, kept=True) == [OWN, OWN, OWN]


def test_now_and_then_nobody_is_met():
    met = led("GET", THERE, turns=21)

    assert met.count(OWN) == 18
    assert set(met) - {OWN} <= set(VOIDS)


def test_beside_a_broken_id_there_is_nobody():
    found = guide().path(Sent("DELETE", {"customerId": "0", "userId": THERE}, broken=True, linked=False))

    assert found["customerId"] == "0"
    assert found["userId"] in VOIDS


@pytest.mark.parametrize(
    ("path", "aim"),
    [
        (f"/api/v1.0/customers/{HERE}/users", ""),
        (f"/api/v1.0/customers/{HERE}/users/{OWN}?x=1", ""),
        (f"/api/v1.0/customers/{HERE}/users/{VOIDS[1]}/sendActivationEmail", "unknown"),
        (f"/api/v1.0/accounts/0/customers/{HERE}/users", "malformed"),
        ("/api/v1.0/schemathesis-probe", ""),
    ],
)
def test_ids_that_are_meant_to_be_wrong_are_declared(path, aim):
    assert guide().aim(path) == aim


def test_addresses_become_those_of_the_run_and_differ():
    body = [{"op": "add", "path": "/email", "value": "o'neill.x@b.example"}] * 2
    first, second = (item["value"] for item in guide(administrator=True).body(body))

    assert first != second
    assert all(
        value.startswith("o'neill.g") and value.endswith(f".{RUN}@mail.example") for value in (first, second)
    )
    assert guide().body({"email": "0", "displayName": 0}) == {"email": "0", "displayName": 0}


def test_half_a_surrogate_pair_is_no_address():
    assert guide().body({"email": "\ud800@b.example"}) == {"email": "\ud800@b.example"}


def test_nobody_becomes_the_first_user_administrator():
    body = {"roles": ["user.admin", "customer.settings"]}

    assert guide(administrator=False).body(body) == {"roles": ["customer.user", "customer.settings"]}
    assert guide(administrator=True).body(body) == body


def test_users_are_forgotten_when_they_are_deleted():
    found = guide()
    found.learn(
        Request("DELETE", f"/api/v1.0/customers/{HERE}/users/{OWN}", (), None), Answer(200, (), b"", 1.0)
    )

    sent = Sent("PATCH", {"customerId": HERE, "userId": THERE}, broken=False, linked=False)
    assert found.path(sent)["userId"] in VOIDS
