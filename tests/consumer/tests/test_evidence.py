"""What the tool did, as the other side saw it."""

from __future__ import annotations

import pytest

ADA, BOB = "ada@mail.example", "bob@mail.example"


def test_two_people_cost_one_list_and_two_calls(onboard, dimensions_world):
    onboard(ADA, BOB)

    dimensions_world.journal.verify(
        sequence=[{"operation": "listUsers"}, {"operation": "createUser"}, {"operation": "createUser"}]
    )
    assert len(dimensions_world.journal.requests()) == 3


def test_consent_is_sent_with_changes_alone(onboard, dimensions_world):
    onboard(ADA, flags="--accept-charges")

    consent = {"accept-charges": {"equalTo": "true"}}
    dimensions_world.journal.verify(method="GET", headers=consent, times=0)
    dimensions_world.journal.verify(operation="createUser", headers=consent, times=1)


def test_a_verification_that_fails_shows_what_came_closest(onboard, dimensions_world):
    onboard(ADA)

    with pytest.raises(AssertionError, match=r"(?s)closest.* POST .* 201"):
        dimensions_world.journal.verify(operation="createUser", status=400)


def test_a_refusal_is_explained(onboard, dimensions_world):
    onboard({"email": ADA, "roles": "customer.user.uc"})

    (refused,) = dimensions_world.journal.requests(status=400)
    assert "accept-charges" in str(dimensions_world.explain(refused.id))


def test_the_token_is_in_no_evidence(onboard, dimensions_world):
    onboard(ADA)

    assert dimensions_world.token not in str(dimensions_world.journal.requests())


def test_coverage_tells_what_the_tool_has_met(onboard, dimensions_world):
    onboard(ADA, {"email": BOB, "roles": "customer.user.uc"})

    coverage = dimensions_world.coverage()
    met = {operation["id"] for operation in coverage["operations"] if operation["count"]}
    assert met == {"listUsers", "createUser"}
    assert 0 < coverage["percent"] < 100
