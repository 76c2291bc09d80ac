import re
from datetime import UTC, datetime, timedelta

import pytest

from small_world import ADMIN, NOBODY, UK, US, WEB, emulator, person, user_id

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z")


def frozen():
    return 15750423039251680  # 2019-11-29T15:45:03.9251680Z


def test_an_unknown_user_is_answered_in_95_bytes(api):
    answer = api.get(NOBODY)

    assert answer.status == 404
    assert len(answer.body) == 95
    assert answer.body.startswith(b'{"error":404,"message":"Not Found","status":"error","timestamp":"')


def test_mail_from_another_than_the_primary_tenant_is_refused_in_162_bytes():
    visitor = person(3, WEB, primaryTenant="us")
    visitor["memberships"]["uk"] = [WEB]
    api = emulator({"visitor@example.com": visitor})
    api.customer = UK

    answer = api.call("POST", f"{api.users}/{user_id(3)}/sendActivationEmail")

    assert answer.status == 400
    assert len(answer.body) == 162
    assert answer.body.startswith(
        b'{"error":400,"errorCode":"TenantNotPrimary","message":"This is not the primary tenant for this User."'
        b',"status":"error","timestamp":"'
    )


def test_a_user_is_answered_compact_and_in_the_printed_order():
    api = emulator(clock=frozen)

    answer = api.get(user_id(1))

    assert (
        answer.body
        == (
            f'{{"data":{{"id":"{user_id(1)}","displayName":"Person 1","email":"admin@example.com",'
            f'"primaryTenant":"{US}","isParent":false,"roles":["customer.user","user.admin"]}},'
            '"status":"success","timestamp":"2019-11-29T15:45:03.9251680Z"}'
        ).encode()
    )


def test_a_list_is_answered_compact_and_in_the_printed_order():
    api = emulator({"admin@example.com": person(1, WEB, ADMIN)}, clock=frozen)

    answer = api.list("?pageIndex=0")

    assert (
        answer.body
        == (
            f'{{"page_size":1,"page_index":0,"data":[{{"id":"{user_id(1)}","displayName":"Person 1",'
            f'"email":"admin@example.com","primaryTenant":"{US}","isParent":false}}],'
            '"status":"success","timestamp":"2019-11-29T15:45:03.9251680Z"}'
        ).encode()
    )


def test_a_created_user_is_answered_without_is_parent_and_in_the_printed_order(api):
    answer = api.create(roles=[WEB])

    assert answer.status == 201
    assert list(answer.json) == ["data", "status", "timestamp"]
    assert list(answer.data) == ["id", "displayName", "email", "primaryTenant", "roles"]


@pytest.mark.parametrize(
    "act",
    [
        lambda api: api.patch(user_id(2), {"op": "replace", "path": "/displayName", "value": "Other"}),
        lambda api: api.delete(user_id(2)),
    ],
)
def test_an_act_without_data_is_answered_with_status_and_timestamp(act):
    answer = act(emulator(clock=frozen))

    assert answer.status == 200
    assert answer.body == b'{"status":"success","timestamp":"2019-11-29T15:45:03.9251680Z"}'


def test_a_204_has_neither_body_nor_content_type(api):
    answer = api.call("POST", f"{api.users}/{user_id(1)}/sendActivationEmail")

    assert answer.status == 204
    assert answer.body == b""
    assert "Content-Type" not in answer.headers


def test_every_body_says_its_type_and_length(api):
    for answer in (api.list(), api.get(NOBODY), api.create()):
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
        assert int(answer.headers["Content-Length"]) == len(answer.body)


def test_timestamps_have_seven_digits_and_tell_the_current_time(api):
    stamp = api.list().json["timestamp"]

    assert STAMP.fullmatch(stamp)
    assert abs(datetime.now(UTC) - datetime.fromisoformat(stamp[:26] + "+00:00")) < timedelta(seconds=60)


def test_apostrophes_and_letters_of_any_script_are_sent_raw(api):
    answer = api.create(name="Zoë O'Hara 山田 😀")

    assert "Zoë O'Hara 山田 😀".encode() in answer.body


def test_an_error_without_a_code_leaves_the_member_out(api):
    assert list(api.get("nonsense").json) == ["error", "message", "status", "timestamp"]


def test_an_error_with_a_code_has_it_second(api):
    answer = api.add(user_id(2), "nonsense")

    assert list(answer.json) == ["error", "errorCode", "message", "status", "timestamp"]


def test_all_answers_name_the_emulator(api):
    for answer in (
        api.list(),
        api.get(NOBODY),
        api.call("GET", "/nowhere"),
        api.call("GET", api.users, token="bad"),
    ):
        assert answer.headers["X-Emulator"].startswith("dimensions-emulator/")
