"""A control plane that is closed to strangers."""

import pytest

from dimensions_emulator import control
from dimensions_emulator.settings import Settings
from small_world import US, emulator

SECRET = "correct-horse-battery"
OPEN = ("/_emulator/livez", "/_emulator/readyz", "/_emulator/ca.pem")
LINKED = ("/_emulator/activate/", "/_emulator/uc-client")


@pytest.fixture
def api():
    return emulator(settings=Settings(admin_token=SECRET))


def calls(api):
    """Each route of the control plane with each of its methods."""
    names = {"customer_id": US, "token": "x", "name": "x"}
    for rule in api.app.url_map.iter_rules():
        if rule.rule.startswith("/_emulator"):
            path = rule.rule
            for argument in rule.arguments:
                for kind in ("", "int:", "path:"):
                    path = path.replace(f"<{kind}{argument}>", names.get(argument, "1"))
            for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
                yield method, path


def test_every_route_but_the_open_ones_asks_for_the_secret(api):
    asked = list(calls(api))
    for method, path in asked:
        answer = api.call(method, path, token="good")
        if path in OPEN or path.startswith(LINKED):
            assert answer.status != 401, path
        else:
            assert answer.status == 401, (method, path)
            assert "admin token" in answer.message
            assert SECRET not in answer.body.decode()
    assert len(asked) > len(control.FEATURES)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Emulator-Admin-Token": SECRET},
        {"X-Emulator-Admin-Token": f" {SECRET} "},
        {"Authorization": f"Bearer {SECRET}"},
        {"Authorization": f"bearer {SECRET}"},
    ],
)
def test_who_brings_the_secret_is_let_in(api, headers):
    assert api.call("GET", "/_emulator/health", headers=headers).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Emulator-Admin-Token": SECRET[:-1]},
        {"X-Emulator-Admin-Token": SECRET + "x"},
        {"X-Emulator-Admin-Token": SECRET.upper()},
        {"X-Emulator-Admin-Token": "wrong", "Authorization": f"Bearer {SECRET}"},
        {"X-Emulator-Admin-Token": "ü"},
        {"Authorization": SECRET},
        {"Authorization": f"Basic {SECRET}"},
        {"Cookie": f"admin={SECRET}"},
    ],
)
def test_what_is_not_the_secret_is_not_let_in(api, headers):
    assert api.call("GET", "/_emulator/health", headers=headers).status == 401


def test_the_api_does_not_ask_for_the_secret(api):
    assert api.list().status == 200


def test_the_secret_is_shown_nowhere(api):
    for path in ("config", "state", "health", "requests"):
        answer = api.control(path, headers={"X-Emulator-Admin-Token": SECRET})
        assert SECRET not in answer.body.decode()
    shown = api.control("config", headers={"X-Emulator-Admin-Token": SECRET}).data["settings"]["admin_token"]
    assert shown["value"] == "***"


def test_a_foreign_host_is_refused_even_with_the_secret(api):
    headers = {"X-Emulator-Admin-Token": SECRET, "Host": "rebound.example"}

    assert api.call("GET", "/_emulator/health", headers=headers).status == 403


def test_a_server_without_a_control_plane_has_but_its_open_routes():
    api = emulator(settings=Settings(no_admin=True))

    for method, path in calls(api):
        answer = api.call(method, path)
        if path in OPEN[:2]:
            assert answer.status == 200
        elif path in OPEN or path.startswith(LINKED):
            assert answer.status in {200, 404}
        else:
            assert answer.status == 404, (method, path)
            assert "--no-admin" in answer.message
    assert api.list().status == 200


def test_the_form_of_a_web_page_does_nothing(api):
    secret = {"X-Emulator-Admin-Token": SECRET}
    api.create()
    before = api.control("state", headers=secret).data

    for method, path in calls(api):
        if method in {"POST", "PUT", "PATCH"}:
            for media in (
                "application/x-www-form-urlencoded",
                "multipart/form-data; boundary=x",
                "text/plain",
            ):
                for data in ('{"name": "x"}', ""):
                    answer = api.call(method, path, content_type=media, data=data, headers=secret)
                    assert answer.status == 415, (method, path, answer.body)

    assert api.control("state", headers=secret).data == before
    assert api.control("snapshots", headers=secret).data == []
