"""A world for each test."""

from __future__ import annotations

import pytest

ADA, BOB = "ada@mail.example", "bob@mail.example"


@pytest.mark.parametrize("test", ["one", "another"])
def test_every_test_creates_the_same_person(onboard, dimensions_world, test):
    assert dimensions_world.users.find(ADA) is None

    assert onboard(ADA).state(ADA) == "created"

    dimensions_world.journal.verify(operation="createUser", times=1)
    assert len(dimensions_world.mail.all()) == 1


def test_a_snapshot_lets_a_test_try_both_ways(onboard, dimensions_world):
    onboard(ADA)
    dimensions_world.snapshots.take("ada-is-there")

    for flags, state in (("", "refused"), ("--accept-charges", "updated")):
        assert onboard({"email": ADA, "roles": "customer.user.uc"}, flags=flags).state(ADA) == state
        assert onboard(BOB).state(BOB) == "created"
        dimensions_world.snapshots.restore("ada-is-there")
        assert dimensions_world.users.find(ADA).roles == ["customer.user"]
        assert dimensions_world.users.find(BOB) is None


def test_a_second_world_in_a_test_is_another_one(onboard, dimensions, dimensions_world):
    onboard(ADA)

    with dimensions.session() as other:
        assert other.users.find(ADA) is None
        other.users.create(BOB)

    assert dimensions_world.users.find(BOB) is None


@pytest.mark.dimensions(seed=7)
def test_a_seed_makes_ids_repeat(onboard, dimensions, dimensions_world):
    onboard(ADA)

    with dimensions.session(seed=7) as other:
        assert other.users.create(ADA).id == dimensions_world.users.find(ADA).id


@pytest.mark.dimensions(world="empty")
def test_a_customer_without_users_can_be_begun_with(onboard, dimensions_world):
    onboard(ADA, BOB)

    dimensions_world.journal.verify(operation="listUsers", times=1)
    assert [user.email for user in dimensions_world.users.list()] == [ADA, BOB]


@pytest.mark.dimensions(world="crowd")
def test_a_customer_of_many_pages_is_read_to_the_end(onboard, dimensions_world):
    assert len(dimensions_world.users.list()) == 1000
    onboard(ADA)

    assert onboard(ADA).state(ADA) == "unchanged"
