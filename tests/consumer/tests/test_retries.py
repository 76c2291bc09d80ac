"""The service is busy or away for a while."""

from __future__ import annotations

import pytest

ADA, BOB = "ada@mail.example", "bob@mail.example"


def test_a_429_is_tried_again_after_the_pause_asked_for(onboard, dimensions_world):
    dimensions_world.faults.add(operation="createUser", status=429, retry_after=7, count=1)

    run = onboard(ADA)

    assert run.state(ADA) == "created"
    assert onboard.pauses == [7]
    dimensions_world.journal.verify(
        sequence=[{"operation": "createUser", "status": 429}, {"operation": "createUser", "status": 201}]
    )


@pytest.mark.parametrize("times", [1, 3])
def test_503_is_tried_again_with_growing_pauses(onboard, dimensions_world, times):
    dimensions_world.faults.add(operation="createUser", status=503, count=times)

    assert onboard(ADA).state(ADA) == "created"
    assert onboard.pauses == [0.5, 1, 2][:times]
    dimensions_world.journal.verify(operation="createUser", times=times + 1)


@pytest.mark.dimensions(faults=[{"operation": "createUser", "status": 503}])
def test_a_service_that_stays_away_is_given_up(onboard, dimensions_world):
    run = onboard(ADA, flags="--attempts 3")

    assert run.rows == {ADA: ("failed", "gave up after 3 attempts, the last: status 503")}
    dimensions_world.journal.verify(operation="createUser", times=3)
    dimensions_world.faults.clear()
    assert onboard(ADA).state(ADA) == "created"


def test_a_pause_that_takes_too_long_is_not_waited_for(onboard, dimensions_world):
    dimensions_world.faults.add(operation="createUser", status=429, retry_after=3600, count=1)

    run = onboard(ADA, BOB)

    assert run.rows[ADA] == ("failed", "the service asks for a pause of 3600 s, which is too long")
    assert run.state(BOB) == "created"
    assert onboard.pauses == []


def test_the_limit_of_the_service_is_kept_by_waiting(onboard, dimensions_world):
    dimensions_world.clock.freeze()
    dimensions_world.rate_limit.set(requests=2, seconds=60)
    onboard.meanwhile = lambda seconds: dimensions_world.clock.advance(seconds=seconds)

    run = onboard(*(f"{name}@mail.example" for name in "abcd"))

    assert run.code == 0, run.output
    assert sum(onboard.pauses) == 120


def test_faults_before_the_first_answer_are_survived_too(onboard, dimensions_world):
    dimensions_world.faults.add(operation="listUsers", status=503, retry_after=1, count=2)

    assert onboard(ADA).state(ADA) == "created"
    assert onboard.pauses == [1, 1]
