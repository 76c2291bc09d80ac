import io
import json
import logging
import re

import pytest

from dimensions_emulator import logs
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
    root = logging.getLogger("dimensions_emulator")
    before = root.handlers[:], root.level, root.propagate
    stream = Written()

    def configure(style):
        stream.lines = logs.configure(style, stream)
        return stream

    yield configure
    root.handlers[:], root.level, root.propagate = before[0], before[1], before[2]


def logged(api):
    (lines,) = logging.getLogger("dimensions_emulator").handlers
    api.app.wsgi_app = logs.RequestLog(api.app.wsgi_app, lines)
    return api


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
        ]
        assert (entry["method"], entry["path"], entry["status"]) == (
            "GET",
            f"/api/v1.0/customers/{US}/users",
            200,
        )
        line = entry["message"]
    assert f"GET /api/v1.0/customers/{US}/users 200 " in line


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
