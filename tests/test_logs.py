import calendar
import io
import json
import logging
import re
import threading
import time

import pytest

from dimensions_emulator import logs
from dimensions_emulator.settings import Settings
from mail_server import free_port
from server_process import serving
from small_world import US, emulator

TOKEN = "emulator-token-reseller"


class Written(io.StringIO):
    """What was logged so far."""

    def getvalue(self):
        self.lines.flush()
        return super().getvalue()


@pytest.fixture
def log():
    """Configures the log and gives what it wrote; afterwards all is as before."""
    loggers = [logging.getLogger(name) for name in logs.LOGGERS]
    before = [(logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    stream = Written()

    def configure(style):
        stream.lines = logs.configure(style, stream)
        return stream

    yield configure
    for logger, (handlers, level, propagate) in zip(loggers, before, strict=True):
        logger.handlers[:], logger.level, logger.propagate = handlers, level, propagate


def logged(api):
    (lines,) = logging.getLogger("dimensions_emulator").handlers
    api.app.wsgi_app = logs.RequestLog(api.app.wsgi_app, lines)
    return api


@pytest.mark.parametrize(
    ("style", "begin"), [("text", "02:31:07 INFO "), ("json", '{"time": "2026-01-01T02:31:07')]
)
def test_a_line_tells_when_its_request_was_answered_not_when_it_was_written(style, begin, log, monkeypatch):
    stream = log(style)
    monkeypatch.setattr(logs, "localtime", time.gmtime)
    monkeypatch.setattr(logs, "time", lambda: calendar.timegm((2026, 1, 1, 2, 31, 7)))
    logged(emulator()).list()
    monkeypatch.setattr(logs, "time", lambda: 0)

    assert stream.getvalue().startswith(begin)


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_request_is_a_line_with_method_path_status_and_time(style, log):
    stream = log(style)

    logged(emulator()).list("?pageIndex=0")

    (line,) = stream.getvalue().splitlines()
    if style == "json":
        entry = json.loads(line)
        assert list(entry) == [
            "time",
            "level",
            "logger",
            "message",
            "method",
            "path",
            "status",
            "milliseconds",
            "session",
            "request",
        ]
        assert (entry["method"], entry["path"], entry["status"]) == (
            "GET",
            f"/api/v1.0/customers/{US}/users",
            200,
        )
        assert (entry["session"], entry["request"]) == ("default", "default.1")
        line = f" {entry['message']}"
    assert re.search(rf" GET /api/v1.0/customers/{US}/users 200 [0-9.]+ default.1$", line)


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_refusal_names_its_rule(style, log):
    stream = log(style)

    logged(emulator()).call("GET", f"/api/v1.0/customers/{US}/users", token="wrong")

    assert "AUTH-REQUIRED" in stream.getvalue()
    if style == "json":
        assert json.loads(stream.getvalue())["rule"] == "AUTH-REQUIRED"


@pytest.mark.parametrize("style", ["text", "json"])
def test_neither_tokens_nor_bodies_nor_queries_are_logged(style, log):
    stream = log(style)
    api = logged(emulator())

    api.create("secret-address@mail.example", name="Secret Name")
    api.list("?token=secret-query")
    api.call("GET", f"/api/v1.0/customers/{US}/users", token="secret-token")
    api.call("POST", api.users, data=b"secret-broken{", content_type="application/json")

    assert len(stream.getvalue().splitlines()) == 4
    assert "secret" not in stream.getvalue().lower()


@pytest.mark.parametrize("style", ["text", "json"])
@pytest.mark.parametrize(("prefix", "headers"), [("/s/mine", {}), ("", {"X-Emulator-Session": "mine"})])
def test_a_request_names_its_session_and_its_path_as_the_client_wrote_it(style, prefix, headers, log):
    stream = log(style)

    logged(emulator()).call("GET", f"{prefix}/api/v1.0/customers/{US}/users", headers=headers)

    line = stream.getvalue()
    assert f"GET {prefix}/api/v1.0/customers/{US}/users 200 " in line
    assert "mine.1" in line
    if style == "json":
        entry = json.loads(line)
        assert entry["path"] == f"{prefix}/api/v1.0/customers/{US}/users"
        assert (entry["session"], entry["request"]) == ("mine", "mine.1")


def test_the_id_in_the_log_is_that_of_the_answer_and_of_the_journal(log):
    stream = log("json")
    api = logged(emulator())

    answer = api.list("?pageIndex=x")

    request = json.loads(stream.getvalue())["request"]
    assert answer.headers["X-Emulator-Request-Id"] == request
    assert api.control(f"requests/{request}").data["rule"] == "LIST-PAGING"


@pytest.mark.parametrize("style", ["text", "json"])
@pytest.mark.parametrize("way", ["reset", "hang", "truncate"])
def test_an_answer_that_a_fault_breaks_is_told_with_the_fault(style, way, log):
    stream = log(style)
    api = logged(emulator())
    fault = api.control(
        "faults", "POST", json={"break": way, **({"hangSeconds": 0.01} if way == "hang" else {})}
    )
    api.list()

    line = stream.getvalue().splitlines()[-1]
    if style == "json":
        entry = json.loads(line)
        assert (entry["status"], entry["fault"]) == (0, fault.data["id"])
        line = entry["message"]
    assert re.search(rf"/users broken [0-9.]+ fault {fault.data['id']} default\.", line)


def test_a_fault_that_answers_is_told_too(log):
    stream = log("json")
    api = logged(emulator())
    api.control("faults", "POST", json={"answer": {"status": 503}})
    api.list()

    entry = json.loads(stream.getvalue().splitlines()[-1])
    assert (entry["status"], entry["fault"]) == (503, 1)


def test_a_request_without_a_session_is_logged(log):
    stream = log("json")

    logged(emulator()).call("GET", "/s/-/api/v1.0/x")

    entry = json.loads(stream.getvalue())
    assert (entry["status"], entry["path"]) == (400, "/s/-/api/v1.0/x")
    assert "session" not in entry


@pytest.mark.parametrize("style", ["text", "json"])
@pytest.mark.parametrize("prefix", ["", "/s/mine"])
def test_what_opens_an_activation_link_is_not_logged(style, prefix, log):
    stream = log(style)
    api = logged(emulator())
    api.call("POST", f"{prefix}{api.users}", json={"email": "a@mail.example", "displayName": "A"})
    link = api.call("GET", f"{prefix}/_emulator/mail/messages").data[0]["links"][0]
    path = f"{prefix}/_emulator/activate/" + link.rpartition("/")[2]

    assert api.call("GET", path).status == 200
    assert api.call("GET", f"{path}/more").status == 404
    text = stream.getvalue()
    assert link.rpartition("/")[2] not in text
    assert text.count(f"{prefix}/_emulator/activate/*** ") == 2


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/api/v1.0/a-real-token-12345/x", {"Authorization": "Bearer a-real-token-12345"}),
        ("/api/v1.0/xa-real-token-12345x", {"Authorization": "Bearer a-real-token-12345"}),
        ("/_emulator/a-real-token-12345", {"X-Emulator-Admin-Token": "a-real-token-12345"}),
        ("/api/v1.0/emulator-token-real-token", {}),
    ],
)
def test_a_token_in_a_path_is_not_logged(path, headers, log):
    stream = log("json")

    logged(emulator()).call("GET", path, headers=headers)

    assert "real-token" not in stream.getvalue()
    assert "***" in stream.getvalue()


def test_the_admin_token_in_a_path_is_not_logged(log):
    stream = log("json")
    (lines,) = logging.getLogger("dimensions_emulator").handlers
    settings = Settings(admin_token="admin-secret-1234")
    api = emulator(settings=settings)
    api.app.wsgi_app = logs.RequestLog(api.app.wsgi_app, lines, settings.secrets)

    api.call("GET", "/api/v1.0/admin-secret-1234/x")

    assert "/api/v1.0/***/x" in stream.getvalue()
    assert "admin-secret" not in stream.getvalue()


def test_a_server_does_not_log_its_admin_token(tmp_path):
    with serving("--admin-token", "admin-secret-1234", cwd=tmp_path) as server:
        server.call("GET", "/api/v1.0/admin-secret-1234/x")
        assert server.log("/x")
        server.stop()

    assert "admin-secret" not in server.errors


def test_a_crash_on_a_secret_path_does_not_tell_it(log, monkeypatch):
    stream = log("text")
    api = logged(emulator())

    def crash(*_, **__):
        raise RuntimeError("planted")

    monkeypatch.setattr("dimensions_emulator.control.pages.page", crash)

    assert api.control("activate/secret-link").status == 500
    assert "planted" in stream.getvalue()
    assert "secret-link" not in stream.getvalue()


@pytest.mark.parametrize("style", ["text", "json"])
@pytest.mark.parametrize(
    "path",
    ["/a%0Ab", "/a%0D%0A12:00:00 INFO GET / 200", "/%1b[2J", "/%00", "/%7f", "/%c2%85x", "/%e2%80%a8x"],
)
def test_control_characters_of_a_path_make_no_lines_of_their_own(style, path, log):
    stream = log(style)

    logged(emulator()).call("GET", path)

    text = stream.getvalue()
    assert len(text.splitlines()) == 1
    assert text.rstrip("\n").isprintable()


def test_a_path_that_is_not_utf_8_is_logged(log):
    stream = log("json")

    logged(emulator()).call("GET", "/%ff%fe")

    assert json.loads(stream.getvalue())["status"] == 404


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_crash_is_explained_under_the_number_that_its_answer_gives(style, log, monkeypatch):
    stream = log(style)
    api = logged(emulator())

    def crash(*_):
        raise RuntimeError("planted")

    monkeypatch.setattr("dimensions_emulator.wire.users.tenant_of", crash)
    answer = api.list()

    number = re.search("[0-9a-f]{12}", answer.message)[0]
    assert (answer.status, answer.rule) == (500, "NEVER-500")
    assert f"internal error {number}" in stream.getvalue()
    assert "RuntimeError: planted" in stream.getvalue()
    if style == "json":
        crash_entry, request_entry = map(json.loads, stream.getvalue().splitlines())
        assert "RuntimeError: planted" in crash_entry["traceback"]
        assert (crash_entry["level"], request_entry["status"]) == ("error", 500)


def test_a_server_logs_to_standard_error_what_was_asked_of_it(tmp_path):
    with serving("--log-format", "json", cwd=tmp_path) as server:
        server.call("GET", "/_emulator/readyz")
        server.call("GET", "/api/v1.0/nothing", Authorization=f"Bearer {TOKEN}")
        entries = [json.loads(line) for line in server.log("/nothing")]
        server.stop()

    assert [(entry["path"], entry["status"], entry.get("rule")) for entry in entries] == [
        ("/_emulator/readyz", 200, None),
        ("/api/v1.0/nothing", 404, "ROUTE"),
    ]
    assert TOKEN not in server.errors
    assert server.output[0].startswith("Ready. ")


def test_a_relay_that_is_down_is_in_the_health_and_breaks_no_call(tmp_path):
    with serving("--smtp", f"127.0.0.1:{free_port()}", cwd=tmp_path) as server:
        customer = "cccccccc-0000-4000-8000-000000000001"
        status, _, _ = server.call(
            "POST",
            f"/api/v1.0/customers/{customer}/users",
            json.dumps({"email": "new@mail.example", "displayName": "New"}),
            Authorization=f"Bearer {TOKEN}",
            Content_Type="application/json",
        )
        server.until(lambda: relay(server)["queued"] or relay(server)["failed"])

    assert status == 201


def relay(server):
    return json.loads(server.call("GET", "/_emulator/health")[2])["data"]["smtp"]


def test_a_log_that_nobody_reads_any_more_stops_nothing(log):
    log("text")  # which puts the handlers back

    class Closed(io.StringIO):
        def flush(self):
            raise OSError(5, "Input/output error")

    lines = logs.configure("text", Closed())
    api = emulator()
    api.app.wsgi_app = logs.RequestLog(api.app.wsgi_app, lines)

    assert api.list().status == 200
    lines.flush()


class Stuck(io.StringIO):
    """Takes nothing until it is released."""

    def __init__(self):
        super().__init__()
        self.begun, self.released = threading.Event(), threading.Event()

    def write(self, text):
        self.begun.set()
        self.released.wait(20)
        return super().write(text)


def test_what_nobody_reads_in_time_is_left_out_and_the_log_says_so(log, monkeypatch):
    monkeypatch.setattr(logs, "MOST", 5)
    log("json")
    stream = Stuck()
    lines = logs.configure("json", stream)
    logger = logging.getLogger("dimensions_emulator.test")
    logger.info("first")
    assert stream.begun.wait(5)
    for number in range(9):
        logger.info("later %d", number)
    stream.released.set()
    lines.flush()
    logger.info("last")
    lines.flush()

    told = [json.loads(line)["message"] for line in stream.getvalue().splitlines()]
    gap = "Lines are missing here: the log was not read in time."
    assert told == ["first", *(f"later {number}" for number in range(5)), gap, "last"]


def test_who_does_not_read_the_log_is_waited_for_once(log, monkeypatch):
    monkeypatch.setattr(logs, "PATIENCE", 0.2)
    log("text")
    stream = Stuck()
    lines = logs.configure("text", stream)
    logging.getLogger("dimensions_emulator.test").info("first")
    begun = time.monotonic()
    lines.flush()
    between = time.monotonic()
    lines.flush()

    assert 0.2 <= between - begun < 5
    assert time.monotonic() - between < 0.1
    stream.released.set()


def test_what_the_http_server_says_is_in_the_log_too(log):
    stream = log("json")

    logging.getLogger("waitress").warning("too many %s", "connections")
    logging.getLogger("waitress").info("listening")

    (entry,) = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert (entry["logger"], entry["level"], entry["message"]) == (
        "waitress",
        "warning",
        "too many connections",
    )


def test_where_there_is_no_standard_error_lines_go_nowhere(log):
    log("text")
    lines = logs.configure("text", None)
    begun = time.monotonic()
    logging.getLogger("dimensions_emulator.test").info("unheard")
    lines.flush()

    assert time.monotonic() - begun < logs.PATIENCE
