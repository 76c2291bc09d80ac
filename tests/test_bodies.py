import json
import time

import pytest

from dimensions_emulator.settings import Settings
from small_world import emulator, user_id

CREATE = {"email": "new@example.com", "displayName": "New", "roles": []}


def post(api, raw, content_type="application/json"):
    return api.call("POST", api.users, data=raw, content_type=content_type)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"{",
        b'{"email":"a@b.example"',
        b'{"email":}',
        b"{'email':1}",
        b"[]",
        b'"text"',
        b"null",
        b"1",
        b"NaN",
        b'{"displayName":NaN}',
        b'{"displayName":Infinity}',
        b'{"displayName":"\xff"}',
        b'{"displayName":"\\ud800"}',
        b"\xef\xbb\xbf{}",
        '{"displayName":"x"}'.encode("utf-16"),
        b'{"email":"a@b.example","email":"c@d.example"}',
        b'{"x":{"y":1,"y":2}}',
        b'{"displayName":"a\x00b"}',
        b'{"a":1}{"a":1}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a":' + b"[" * 990 + b"]" * 990 + b"}",
        b'{"n":' + b"9" * 5000 + b"}",
        b'{"email":1}',
        b'{"displayName":{}}',
        b'{"roles":"customer.user"}',
        b'{"roles":[1]}',
        b'{"roles":[null]}',
        b'{"roles":{}}',
    ],
    ids=lambda raw: repr(raw[:24]),
)
def test_a_body_that_is_not_the_json_wanted_is_refused(api, raw):
    before = api.state()

    answer = post(api, raw)

    assert (answer.status, answer.rule) == (400, "BODY-JSON")
    assert answer.message.startswith("The request body is not valid: ")
    assert api.state() == before


@pytest.mark.parametrize("raw", [b"{}", b'"x"', b"null", b"[1]", b"[[]]", b"[null]"])
def test_a_patch_that_is_not_an_array_of_objects_is_refused(api, raw):
    answer = api.call("PATCH", f"{api.users}/{user_id(1)}", data=raw, content_type="application/json")

    assert (answer.status, answer.rule) == (400, "BODY-JSON")


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json-patch+json",
        "application/jsonx",
        "application/json; charset=utf-16",
        "application/json, application/json",
        "nonsense",
        ";",
    ],
)
def test_another_media_type_is_refused(api, content_type):
    answer = post(api, json.dumps(CREATE), content_type)

    assert (answer.status, answer.rule) == (415, "MEDIA-TYPE")
    assert "application/json" in answer.message


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"]
)
def test_json_is_taken_however_its_type_is_spelled(api, content_type):
    assert post(api, json.dumps(CREATE), content_type).status == 201


def test_a_patch_may_be_sent_as_json_patch(api):
    path, body = f"{api.users}/{user_id(1)}", json.dumps([])

    assert api.call("PATCH", path, data=body, content_type="application/json-patch+json").status == 200


def test_a_body_above_the_limit_is_refused_and_one_at_the_limit_is_read():
    api = emulator(settings=Settings(max_body=200))
    body = json.dumps(CREATE).encode()

    assert post(api, body.ljust(200)).status == 201
    answer = post(api, body.ljust(201))
    assert (answer.status, answer.rule) == (413, "BODY-JSON")
    assert answer.message == "The request body is larger than 200 bytes."


def test_the_limit_is_one_mebibyte_by_default(api):
    assert post(api, json.dumps(CREATE).encode().ljust(1 << 20)).status == 201
    assert post(api, b" " * ((1 << 20) + 1)).status == 413


def test_server_set_and_unknown_members_are_ignored(api):
    extra = {"id": user_id(9), "primaryTenant": "x", "isParent": True, "nonsense": {"a": [1]}}

    answer = api.call("POST", api.users, json={**CREATE, **extra})

    assert answer.status == 201
    assert answer.data["id"] != user_id(9)
    assert answer.data["primaryTenant"] == api.customer
    assert api.get(answer.data["id"]).data["isParent"] is False


def test_a_truncated_body_is_refused(api):
    raw = json.dumps(CREATE).encode()

    answer = api.call("POST", api.users, data=raw[:-3], content_type="application/json")

    assert answer.rule == "BODY-JSON"


def test_a_doubled_member_among_very_many_is_found_in_no_time(api):
    members = ",".join(f'"{n}":1' for n in range(60_000))
    raw = f'{{{members},"last":1,"last":2}}'.encode()
    start = time.process_time()

    answer = post(api, raw)

    assert "'last' stands twice" in answer.message
    assert time.process_time() - start < 5  # minutes, if each member were looked up in the list


def test_a_patch_has_at_most_a_thousand_operations_and_roles(api):
    path, copy = f"{api.users}/{user_id(1)}", {"op": "copy", "from": "/roles", "path": "/roles"}

    assert api.call("PATCH", path, json=[copy] * 1000).status == 200
    assert api.call("PATCH", path, json=[copy] * 1001).rule == "BODY-JSON"
    many = [{"op": "replace", "path": "/roles", "value": ["x"] * 1001}]
    assert api.call("PATCH", path, json=many).rule == "BODY-JSON"
