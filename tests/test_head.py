import re

import pytest

from small_world import RESELLER, US, emulator, user_id

PATHS = {
    "customer_id": US,
    "account_id": RESELLER,
    "user_id": user_id(1),
    "customer": US,
    "name": "default",
}
PASSING = {"Date", "X-Emulator-Request-Id"}
"""Headers that are of one answer alone."""


def readable():
    return sorted(
        {rule.rule for rule in emulator().app.url_map.iter_rules() if "GET" in rule.methods}, key=str.lower
    )


def path_of(rule):
    if rule.endswith("/mail/wait"):
        return f"{rule}?timeout=0"
    return re.sub("<(?:[a-z]+:)?([a-z_]+)>", lambda named: PATHS.get(named[1], "unknown"), rule)


@pytest.mark.parametrize("rule", readable())
def test_head_answers_like_get_without_a_body(rule, api):
    path = path_of(rule)
    got = api.client.get(path, headers={"Authorization": "Bearer good"}, buffered=False)
    head = api.client.head(path, headers={"Authorization": "Bearer good"})

    kept = [
        {name: value for name, value in one.headers.items() if name not in PASSING} for one in (got, head)
    ]
    got.close()
    assert (head.status_code, head.data) == (got.status_code, b"")
    assert kept[0].keys() == kept[1].keys()
    assert kept[0]["Content-Type"] == kept[1]["Content-Type"]
    assert kept[0].get("X-Emulator-Rule") == kept[1].get("X-Emulator-Rule")


def test_head_tells_the_length_of_what_get_would_give(api):
    for path in (f"/v1.0/customers/{US}/users", "/_emulator/config", "/_emulator/openapi.json"):
        got, head = api.call("GET", path), api.call("HEAD", path)

        assert head.headers["Content-Length"] == str(len(got.body))


def test_nothing_is_compressed_and_nobody_is_told_that_it_could_be(api):
    for path in (f"/v1.0/customers/{US}/users", "/_emulator/openapi.json", "/_emulator/uc-client"):
        answer = api.call("GET", path, headers={"Accept-Encoding": "gzip, deflate, br, zstd"})

        assert answer.body == api.call("GET", path).body or "timestamp" in answer.json
        assert "Content-Encoding" not in answer.headers
        assert "Accept-Encoding" not in answer.headers.get("Vary", "")
