import logging

import pytest
from flask import session

from small_world import US, user_id

USER = f"/api/v1.0/customers/{US}/users/{user_id(1)}"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api",
        "/api/v1.0",
        "/api/v2.0/customers",
        f"/api/v1.0/customers/{US}",
        f"/api/v1.0/customers/{US}/users/",
        f"/api/v1.0//customers/{US}/users",
        f"/api/v1.0/customers/{US}/utilisateurs",
        f"{USER}/roles",
        f"{USER}/devices/pbx/1",
        "/_emulator/nonsense",
        "/%00",
        "/%F0%9F%98%80",
        "/%FF",
        "/../../etc/passwd",
    ],
)
def test_an_unknown_path_is_no_route_and_looks_like_no_other_404(api, path):
    answer = api.call("GET", path)

    assert (answer.status, answer.rule) == (404, "ROUTE")
    assert answer.message.startswith("no such route: GET /")
    assert answer.json["error"] == 404


def test_the_root_tells_where_all_is_listed(api):
    assert api.call("GET", "/").message.endswith("openapi.json; /_emulator/ lists what there is")
    assert "lists" not in api.call("GET", "/api").message


@pytest.mark.parametrize(
    ("path", "wrong", "allowed"),
    [
        (f"/api/v1.0/customers/{US}/users", "PUT", {"GET", "HEAD", "POST", "OPTIONS"}),
        (USER, "POST", {"GET", "HEAD", "PATCH", "DELETE", "OPTIONS"}),
        (f"{USER}/devices/pbx/1/assign", "GET", {"PUT", "POST", "OPTIONS"}),
        (f"{USER}/sendActivationEmail", "GET", {"POST", "OPTIONS"}),
        (USER, "TRACE", {"GET", "HEAD", "PATCH", "DELETE", "OPTIONS"}),
        (USER, "NONSENSE", {"GET", "HEAD", "PATCH", "DELETE", "OPTIONS"}),
    ],
)
def test_a_wrong_method_is_refused_with_those_the_path_has(api, path, wrong, allowed):
    answer = api.call(wrong, path)

    assert (answer.status, answer.rule) == (405, "METHOD-UNKNOWN")
    assert set(answer.headers["Allow"].split(", ")) == allowed
    assert wrong in answer.message


def test_a_method_in_lower_case_is_another_one(api):
    answer = api.call("GET", api.users, environ_overrides={"REQUEST_METHOD": "get"})

    assert (answer.status, answer.rule) == (405, "METHOD-UNKNOWN")
    assert answer.message == "The method get is not offered here; use GET, HEAD, OPTIONS, POST."


@pytest.mark.parametrize("query", ["pageSize=\xe4", "pageSize=%e4", "pageSize=\xff%ff"])
def test_bytes_in_a_query_are_values_like_others(api, query):
    answer = api.call("GET", api.users, environ_overrides={"QUERY_STRING": query})

    assert (answer.status, answer.rule) == (400, "LIST-PAGING")


def test_nothing_can_be_kept_in_a_cookie(api):
    api.app.secret_key = "secret"

    with api.app.test_request_context(), pytest.raises(RuntimeError):
        session["kept"] = True


def test_what_is_registered_to_run_after_requests_runs(api):
    seen = []
    api.app.after_request(lambda answer: seen.append(answer.status_code) or answer)
    api.app.teardown_request(seen.append)

    api.list()

    assert seen == [200, None]


def test_the_control_plane_says_nothing_of_options(api):
    answer = api.call("OPTIONS", "/_emulator/reset")

    assert (answer.status, answer.headers["Allow"]) == (405, "POST")


def test_head_answers_like_get_without_a_body(api):
    got, answer = api.call("GET", USER), api.call("HEAD", USER)

    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Content-Length"] == got.headers["Content-Length"]


def test_a_fault_of_our_own_is_a_500_whose_number_the_log_explains(api, monkeypatch, caplog):
    def fail(*_, **__):
        raise ZeroDivisionError("our own fault")

    monkeypatch.setattr("dimensions_emulator.domain.users.delete", fail)
    before = api.state()

    with caplog.at_level(logging.ERROR):
        answer = api.delete(user_id(1))

    assert (answer.status, answer.rule) == (500, "NEVER-500")
    number = answer.message.split()[2].rstrip(";")
    assert "our own fault" not in answer.message
    assert number in caplog.text
    assert "ZeroDivisionError: our own fault" in caplog.text
    assert api.state() == before
