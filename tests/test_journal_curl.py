import json
import os
import shutil
import subprocess
from urllib.parse import quote

import pytest

from dimensions_emulator.sandbox.journal import KEPT_BODY
from server_process import serving
from small_world import US, emulator

TOKEN = "emulator-token-reseller"
CUSTOMER = "cccccccc-0000-4000-8000-000000000001"
USERS = f"/api/v1.0/customers/{CUSTOMER}/users"
JSON = {"Content-Type": "application/json"}
SEEN = ("method", "url", "body", "bodyAsBase64", "bodySize")
pytestmark = pytest.mark.skipif(not shutil.which("curl"), reason="the lines are for curl")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(cwd=tmp_path_factory.mktemp("curl")) as server:
        yield server


def pasted(line):
    """Run a line as somebody would who pasted it into a shell."""
    done = subprocess.run(
        ["/bin/sh", "-c", line],
        env={"PATH": os.environ["PATH"], "TOKEN": TOKEN, "no_proxy": "*"},
        capture_output=True,
        timeout=20,
        check=True,
    )
    return done.stdout


def entries(server, session="default"):
    _, _, body = server.call("GET", "/_emulator/requests", X_Emulator_Session=session)
    return json.loads(body)["data"]["requests"]


def headers(entry):
    """What the client said, beside what each client says by itself."""
    own = {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection", "Content-Length"}
    return {name: value for name, value in entry["request"]["headers"].items() if name not in own}


BODIES = {
    "json": json.dumps({"email": "a@mail.example", "displayName": "A"}),
    "quotes": """it's "quoted", 'twice' and `run` $HOME $(id) \\ !x""",
    "lines": "one\ntwo\n\n\tthree\n",
    "unicode": "Zoë 測試 🦊",
    "file": "@/etc/passwd",
    "dash": "--data",
    "percent": "%s %d 100%",
    "controls": "a\x01b\r\nc\x7f",
    "nul": "a\x00b",
    "binary": bytes(range(256)),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_pasted_line_sends_the_same_body_again(server, body):
    sent = body if isinstance(body, bytes) else body.encode()
    server.call("POST", USERS, sent, Authorization=f"Bearer {TOKEN}", **JSON, accept_charges="true")
    before = entries(server)[-1]

    pasted(before["curl"])

    after = entries(server)[-1]
    assert after["id"] != before["id"]
    assert [after["request"].get(name) for name in SEEN] == [before["request"].get(name) for name in SEEN]
    assert headers(after) == headers(before)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", USERS),
        ("GET", f"{USERS}?pageIndex=0&pageSize=2&x=a+b%26c"),
        ("GET", f"{USERS}?x=[1-3]&y={{a,b}}"),
        ("GET", f"{USERS}/../users/./x//y"),
        ("GET", f"{USERS}/it's%20$HOME"),
        ("GET", f"{USERS}/{quote('ü')}"),
        ("HEAD", USERS),
        ("DELETE", f"{USERS}/x"),
        ("POST", f"{USERS}/x/sendActivationEmail"),
        ("PURGE", USERS),
    ],
)
def test_a_pasted_line_asks_for_the_same_again(server, method, path):
    server.call(method, path, Authorization=f"Bearer {TOKEN}", X_Empty="", X_Odd="""it's "$HOME" \\""")
    before = entries(server)[-1]

    pasted(before["curl"])

    after = entries(server)[-1]
    assert after["id"] != before["id"]
    assert (after["request"]["method"], after["request"]["url"]) == (method, path)
    assert after["response"]["status"] == before["response"]["status"]
    assert headers(after) == headers(before)


@pytest.mark.parametrize(("prefix", "header"), [("/s/mine", {}), ("", {"X_Emulator_Session": "mine"})])
def test_a_pasted_line_goes_to_the_same_session(server, prefix, header):
    server.call("GET", prefix + USERS, Authorization=f"Bearer {TOKEN}", **header)
    before = entries(server, "mine")

    pasted(before[-1]["curl"])

    assert len(entries(server, "mine")) == len(before) + 1


def test_a_body_without_a_type_is_sent_without_one(server):
    server.call("POST", USERS, b"x", Authorization=f"Bearer {TOKEN}")
    before = entries(server)[-1]

    pasted(before["curl"])

    assert "Content-Type" not in headers(entries(server)[-1])


def test_secrets_are_left_to_variables():
    api = emulator()
    api.client = api.app.test_client(use_cookies=False)  # it would drop the header otherwise
    api.call(
        "GET",
        api.users,
        token="secret-secret",
        headers={"X-Emulator-Admin-Token": "secret-admin"},
        environ_overrides={"HTTP_COOKIE": "a=secret-cookie"},
    )

    line = api.control("requests").data["requests"][0]["curl"]
    assert "secret" not in line
    assert '-H "Authorization: Bearer $TOKEN"' in line
    assert '-H "X-Emulator-Admin-Token: $ADMIN_TOKEN"' in line
    assert '-H "Cookie: $COOKIE"' in line


def test_a_line_whose_body_is_not_whole_says_so():
    api = emulator()
    api.call("POST", f"/api/v1.0/customers/{US}/users", data="x" * (KEPT_BODY + 1))

    line = api.control("requests").data["requests"][0]["curl"]
    assert line.endswith(f"# the body had {KEPT_BODY + 1} bytes, of which the beginning is kept")
