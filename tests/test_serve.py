import json
import re
import shutil
import socket
import subprocess

import pytest

from mail_server import free_port
from server_process import call, environment, listening, serving

GUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    with serving(cwd=tmp_path_factory.mktemp("office")) as server:
        assert server.url
        server.until(lambda: any("curl" in line for line in server.output))
        yield server


def member(server, name):
    """What the banner says behind a word."""
    return next(line.split()[1] for line in server.output if line.startswith(f"  {name} "))


def test_the_first_line_says_that_it_is_ready_and_where(office):
    assert re.fullmatch(r"Ready\. http://127\.0\.0\.1:[0-9]+", office.output[0])
    assert office.call("GET", "/_emulator/readyz")[0] == 200


def test_the_banner_names_every_tenant_with_its_id(office):
    named = {
        line.split()[1]: line.split(maxsplit=2)[2]
        for line in office.output
        if re.match(f"  (account|customer) +{GUID}  ", line)
    }

    state = json.loads(office.call("GET", "/_emulator/state")[2])["data"]
    held = {
        tenant["id"]: tenant["name"] for kind in ("accounts", "customers") for tenant in state[kind].values()
    }
    assert {tenant: name.partition(" (")[0] for tenant, name in named.items()} == held


def test_the_token_and_the_base_of_the_banner_work(office):
    customer = re.search(f"customer +({GUID})", "\n".join(office.output))[1]
    path = member(office, "API").removeprefix(office.url) + f"/customers/{customer}/users"

    status, _, body = office.call("GET", path, Authorization=f"Bearer {member(office, 'Token')}")

    assert (status, json.loads(body)["status"]) == (200, "success")


def test_the_control_plane_of_the_banner_lists_what_there_is(office):
    status, headers, body = office.call("GET", member(office, "Control").removeprefix(office.url))

    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "/requests/verify" in body.decode()


@pytest.mark.skipif(not shutil.which("curl") or not shutil.which("bash"), reason="needs curl and bash")
def test_the_curl_line_works_when_pasted(office):
    line = next(line for line in office.output if "curl" in line)

    pasted = subprocess.run(
        ["bash", "-c", line.replace("curl", "curl --noproxy '*' -sS", 1)],
        capture_output=True,
        env=environment(),
        timeout=30,
        check=True,
    )

    assert [user["email"] for user in json.loads(pasted.stdout)["data"]]


def test_one_line_of_json_takes_the_place_of_the_banner(tmp_path):
    with serving("--json", cwd=tmp_path) as server:
        line = json.loads(server.output[0]) if server.url else None
        customer = next(tenant["id"] for tenant in line["tenants"] if tenant["kind"] == "customer")
        users = f"/api/v1.0/customers/{customer}/users"
        status, _, _ = server.call("GET", users, Authorization=f"Bearer {line['token']}")
        server.stop()

    assert len(server.output) == 1
    assert set(line) == {"ready", "url", "apiBase", "token", "tenants"}
    assert (line["ready"], line["apiBase"]) == (True, line["url"] + "/api/v1.0")
    assert {tuple(tenant) for tenant in line["tenants"]} == {("id", "name", "kind", "account")}
    assert status == 200


def test_a_world_without_callers_says_how_to_get_a_token(tmp_path):
    world = tmp_path / "world.json"
    world.write_text(json.dumps({"version": 1, "accounts": {"a": {"name": "A"}}, "customers": {}}), "utf-8")

    with serving("--world", world, cwd=tmp_path) as server:
        server.until(lambda: any("Token" in line for line in server.output))
        status, _, body = server.call("POST", "/_emulator/tokens", "{}", Content_Type="application/json")

    assert any("POST {} to /_emulator/tokens" in line for line in server.output)
    assert (status, json.loads(body)["status"]) == (201, "success")


def test_the_port_and_the_host_can_be_chosen(tmp_path):
    port = free_port()

    with serving("--host", "127.0.0.2", port=port, cwd=tmp_path) as server:
        assert server.url == f"http://127.0.0.2:{port}"
        assert server.call("GET", "/_emulator/readyz")[0] == 200
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1)


def test_settings_come_from_the_environment_and_from_the_file_here(tmp_path):
    (tmp_path / "dimensions-emulator.toml").write_text(
        "port = 1\nworld = 'empty'\nlog-format = 'json'\n", "utf-8"
    )

    with serving("--json", cwd=tmp_path, DIMENSIONS_EMULATOR_WORLD="call-centre") as server:
        config = json.loads(server.call("GET", "/_emulator/config")[2])["data"] if server.url else None

    told = json.dumps(config)
    assert all(
        word in told for word in ("flag", "environment", "dimensions-emulator.toml", "default", "call-centre")
    )


def ipv6():
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.skipif(not ipv6(), reason="needs IPv6")
def test_it_listens_on_ipv6_and_writes_its_url_with_brackets(tmp_path):
    with serving("--host", "::1", cwd=tmp_path) as server:
        assert server.url.startswith("http://[::1]:")
        assert server.call("GET", "/_emulator/health")[0] == 200


def test_it_is_alive_but_not_ready_while_a_big_world_is_made(tmp_path):
    port, seen = free_port(), set()

    with serving("--world", "crowd", "--users", "15000", port=port, cwd=tmp_path) as server:
        server.until(lambda: listening(port))
        while not any(line.startswith("Ready. ") for line in server.output):
            for path in ("livez", "readyz", "health"):
                status, headers, body = call(port, "GET", f"/_emulator/{path}")
                seen.add((path, status, headers["Retry-After"], json.loads(body)["status"]))
        after = [call(port, "GET", f"/_emulator/{path}")[0] for path in ("livez", "readyz", "health")]

    assert {
        ("livez", 200, "1", "success"),
        ("readyz", 503, "1", "error"),
        ("health", 503, "1", "error"),
    } <= seen
    assert {status for path, status, _, _ in seen if path == "livez"} == {200}
    assert after == [200, 200, 200]


def test_it_serves_though_its_mail_server_is_down(tmp_path):
    with serving("--smtp", f"127.0.0.1:{free_port()}", cwd=tmp_path) as server:
        assert server.url
        status, _, body = server.call("GET", "/_emulator/health")

    assert status == 200
    assert json.loads(body)["data"]["smtp"] is not None
