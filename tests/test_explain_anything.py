"""Whatever is refused, its explanation is one, and what it promises is kept."""

import json
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dimensions_emulator.sandbox.refusals import KEPT
from dimensions_fixtures import worlds
from explain_stage import (
    ADMINISTRATOR,
    BOTH,
    FAR,
    HOPELESS,
    ME,
    PASSING,
    PHONE,
    SOFT,
    TEAM,
    explained,
    replayed,
    stage,
    token_for,
)
from small_world import (
    ACD,
    ADMIN,
    ELSEWHERE,
    ESSENTIAL,
    NOBODY,
    PBX,
    RESELLER,
    SOFTPHONE,
    TEAMS,
    UC,
    UK,
    US,
    WEB,
    small_document,
    supervisor,
)

IDS = [
    ADMINISTRATOR,
    ME,
    PHONE,
    BOTH,
    SOFT,
    TEAM,
    FAR,
    NOBODY,
    "nonsense",
    "me@example.com",
    "%7Bx%7D",
    "users",
    "é",
    "%ff%00",
]
CUSTOMERS = [US, US, US, UK, ELSEWHERE, NOBODY, "us", "users"]
ROLES = [
    WEB,
    ADMIN,
    PBX,
    ESSENTIAL,
    ACD,
    UC,
    SOFTPHONE,
    TEAMS,
    supervisor(1),
    supervisor(3),
    "webhooks.admn",
    "",
    "é\r\n",
]
TEXTS = st.one_of(
    st.sampled_from(ROLES),
    st.sampled_from(["me@example.com", "n@example.com", "x" * 210]),
    st.text(max_size=8),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
POINTERS = st.one_of(
    st.sampled_from(
        [
            "/roles",
            "/roles/-",
            "/roles/0",
            "/roles/1",
            "/roles/9",
            "/roles/x",
            "/roles/-1",
            "/displayName",
            "/email",
        ]
    ),
    st.sampled_from(["/id", "", "/", "roles", "/role", "/display_name", "/email/0", "/roles/0/a", "/a~b"]),
    VALUES,
)
STEPS = st.fixed_dictionaries(
    {},
    optional={
        "op": st.one_of(
            st.sampled_from(["add", "remove", "replace", "move", "copy", "test", "Replace", "set"]), VALUES
        ),
        "path": POINTERS,
        "from": POINTERS,
        "value": VALUES,
    },
)
USER = st.fixed_dictionaries(
    {}, optional={"email": TEXTS, "displayName": TEXTS, "roles": st.lists(TEXTS, max_size=5)}
)
BODIES = st.one_of(
    st.lists(STEPS, max_size=4),
    USER,
    st.fixed_dictionaries({}, optional={"clientType": TEXTS}),
    STEPS,
    VALUES,
)
RAW = st.one_of(
    BODIES.map(lambda body: json.dumps(body).encode()),
    st.binary(max_size=20),
    st.text(max_size=20).map(str.encode),
)
PATHS = st.one_of(
    st.builds(
        "{}{}{}{}".format,
        st.sampled_from(["/api/v1.0", "/v1.0", "", "/api"]),
        st.sampled_from(["", f"/accounts/{RESELLER}", f"/accounts/{NOBODY}", "/accounts/x"]),
        st.builds("/customers/{}/users".format, st.sampled_from(CUSTOMERS)),
        st.one_of(
            st.sampled_from(["", "/", "?pageSize=0", "?pageIndex=x", "?pageSize=%ff&pageIndex=-0"]),
            st.builds(
                "/{}{}".format,
                st.sampled_from(IDS),
                st.sampled_from(
                    [
                        "",
                        "",
                        "/sendActivationEmail",
                        "/devices/pbx/mine/assign",
                        "/devices/pbx/é/soft/unassign",
                        "/devices/pbx//assign",
                    ]
                ),
            ),
        ),
    ),
    st.binary(max_size=12).map(lambda raw: "/" + quote(raw, safe="")),
)
HEADERS = st.fixed_dictionaries(
    {"X-Emulator-Explain": st.just("1")},
    optional={
        "accept-charges": st.sampled_from(["true", "no"]),
        "Authorization": st.sampled_from(["good", "Bearer", "Basic good", "Bearer other", "Bearer é", ""]),
    },
)
METHODS = st.sampled_from(["GET", "POST", "PATCH", "PATCH", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"])
TYPES = st.sampled_from(
    ["application/json", "application/json", "application/json-patch+json", "text/plain", ""]
)


@settings(max_examples=250, suppress_health_check=list(HealthCheck))
@given(method=METHODS, path=PATHS, body=RAW, headers=HEADERS, kind=TYPES)
def test_every_refusal_is_explained_and_every_change_passes(method, path, body, headers, kind):
    if path.startswith(("/_emulator", "/s/")):
        return
    api = stage()
    answer = api.call(method, path, data=body, content_type=kind or None, headers=headers)
    assert answer.status < 500
    line = answer.headers.get("X-Emulator-Explain")
    if answer.rule is None:
        assert line is None
        return

    told = explained(api, answer)

    assert line.isascii()
    assert line.isprintable()
    change = told["change"]
    if change["verified"]:
        replies = replayed(api, change, token_for(told))
        assert all(reply.status_code < 400 for reply in replies), (change, [reply.data for reply in replies])
    else:
        assert change["reason"]


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(wish=st.one_of(VALUES, st.fixed_dictionaries({"method": METHODS, "path": PATHS}, optional={"headers": VALUES, "body": BODIES, "token": VALUES, "more": VALUES})))  # fmt: skip
def test_whatever_is_wished_is_tried_or_refused(wish):
    answer = stage().control("what-if", "POST", json=wish)

    assert answer.status in {200, 400}
    if answer.status == 200 and "explanation" in answer.data:
        assert answer.data["rule"] == answer.data["explanation"]["rule"]["id"]


@pytest.mark.parametrize("after", [small_document({}), worlds.document("empty"), worlds.document("office")])
def test_old_refusals_are_explained_on_whatever_world_there_is(after):
    for _, ask, _ in [*PASSING, *HOPELESS]:
        api = stage()
        answer = ask(api)
        api.control("state", "PUT", json=after)
        for _ in range(KEPT):
            api.get("nonsense")

        told = explained(api, answer)
        assert told["world"] == "now"
        assert told["change"].get("summary") or told["change"]["reason"]
