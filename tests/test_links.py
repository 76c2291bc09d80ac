import pytest
from werkzeug.test import create_environ, run_wsgi_app

from small_world import RESELLER, SOFTPHONE, UC, US, WEB, emulator, person, user_id


def location(api, path, **kw):
    body = {"email": "new@example.com", "displayName": "New", "roles": []}
    answer = api.call("POST", path, json=body, **kw)
    assert answer.status == 201
    return answer.headers["Location"]


@pytest.mark.parametrize(
    "path",
    [
        f"/api/v1.0/customers/{US}/users",
        f"/v1.0/customers/{US}/users",
        f"/api/v1.0/accounts/{RESELLER}/customers/{US}/users",
        f"/v1.0/accounts/{RESELLER}/customers/{US}/users",
        f"/api/v1.0/clients/{US}/utilisateurs",
        f"/v1.0/accounts/{RESELLER}/clients/{US}/utilisateurs",
    ],
)
def test_location_is_absolute_in_the_callers_prefix_and_answers_the_created_user(api, path):
    link = location(api, path)

    assert link.startswith(f"http://localhost{path}/")
    assert api.call("GET", link.removeprefix("http://localhost")).data["email"] == "new@example.com"


def test_location_follows_the_host_that_the_caller_used(api):
    assert location(api, api.users, headers={"Host": "api.example:8443"}).startswith(
        "http://api.example:8443/api/"
    )


def test_location_follows_what_a_proxy_says(api):
    headers = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "portal.example",
        "X-Forwarded-Prefix": "/dimensions",
    }

    assert location(api, api.users, headers=headers).startswith("https://portal.example/dimensions/api/v1.0/")


def test_location_follows_a_mapped_port(api):
    headers = {"X-Forwarded-Host": "portal.example", "X-Forwarded-Port": "9000"}

    assert location(api, api.users, headers=headers).startswith("http://portal.example:9000/api/v1.0/")


def test_location_escapes_the_braces_of_a_guid_again(api):
    link = location(api, f"/api/v1.0/customers/%7B{US}%7D/users")

    assert f"/customers/%7B{US}%7D/users/" in link


def test_location_of_a_device_is_the_request_url():
    device = {"id": "d 1", "customer": "us", "owner": "phone@example.com"}
    api = emulator({"phone@example.com": person(3, WEB, UC, SOFTPHONE)}, devices=[device])
    path = f"{api.users}/{user_id(3)}/devices/pbx/d%201/assign"

    answer = api.call("PUT", path + "?x=1", json={"clientType": "desktop"})

    assert answer.status == 201
    assert answer.headers["Location"] == f"http://localhost{path}"


def test_links_in_mails_follow_the_caller_too(api):
    location(api, api.users, headers={"X-Forwarded-Proto": "https", "X-Forwarded-Host": "portal.example"})

    assert api.mails()[0]["links"][0].startswith("https://portal.example/_emulator/activate/")


@pytest.mark.parametrize(
    "header",
    [
        {"X-Forwarded-Host": "a..b"},
        {"X-Forwarded-Host": "."},
        {"X-Forwarded-Host": "x" * 64},
        {"X-Forwarded-Host": "a b"},
        {"X-Forwarded-Host": "büro.example"},
        {"X-Forwarded-Host": "me@portal.example"},
        {"X-Forwarded-Proto": "javascript"},
        {"X-Forwarded-Port": "abc"},
        {"X-Forwarded-Prefix": "no-slash"},
        {"X-Forwarded-Prefix": "/" + "x" * 260},
        {"X-Forwarded-Host": "x." * 131},
    ],
)
def test_a_name_no_link_can_be_made_of_is_passed_over(api, header):
    assert location(api, api.users, headers=header).startswith("http://localhost/api/v1.0/")
    assert api.mails()[0]["links"][0].startswith("http://localhost/_emulator/")


def test_a_name_of_any_address_kind_is_kept(api):
    for name in ("[::1]:4020", "10.0.0.1:81", "under_score.example", "final.example.", "xn--", "xn--a.b"):
        api.control("reset", "POST")
        assert location(api, api.users, headers={"X-Forwarded-Host": name}).startswith(f"http://{name}/api/")


def test_without_any_host_the_link_names_where_the_server_listens(api):
    body = {"email": "new@example.com", "displayName": "New"}
    nowhere = {"HTTP_HOST": "", "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "4020"}
    answer = api.client.post(
        api.users, json=body, headers={"Authorization": "Bearer good"}, environ_overrides=nowhere
    )

    assert answer.headers["Location"].startswith("http://127.0.0.1:4020/api/v1.0/")


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "localhost:99999"},
        {"Host": "[1::2::3]"},
        {"Host": "[1.2.3.4]"},
        {"Host": "[::1]:70000"},
        {"X-Forwarded-Port": "99999"},
        {"X-Forwarded-Host": "[::1::]:1"},
        {"X-Forwarded-Host": "portal.example:0x1"},
    ],
)
def test_a_host_of_which_no_url_can_be_made_is_passed_over(api, headers):
    # The test client makes URLs of hosts itself, and would choke on some of these.
    body = {"email": "new@example.com", "displayName": "New", "roles": []}
    environ = create_environ(api.users, method="POST", json=body, headers={"Authorization": "Bearer good"})
    environ |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    _, status, answered = run_wsgi_app(api.app.wsgi_app, environ)
    link = answered["Location"]

    assert status == "201 CREATED"
    assert link.startswith(("http://localhost/api/", "http://localhost:80/api/"))


def test_an_ipv6_host_is_taken(api):
    assert location(api, api.users, headers={"Host": "[::1]:4020"}).startswith("http://[::1]:4020/api/")
