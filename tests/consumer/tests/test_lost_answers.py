"""Answers that do not arrive, or not whole: was it done or not?"""

from __future__ import annotations

from time import monotonic

import pytest

ADA = "ada@mail.example"
RILEY = "riley.jefferson@example.net"
BROKEN = ("reset", "truncate", "malformed")


@pytest.mark.parametrize("broken", BROKEN)
def test_a_person_whose_creation_was_not_answered_is_not_created_twice(onboard, dimensions_world, broken):
    dimensions_world.faults.add(operation="createUser", when="after", break_=broken, count=1)

    run = onboard({"email": ADA, "roles": "customer.settings"})

    assert run.rows == {ADA: ("created", "created, customer.settings")}
    dimensions_world.journal.verify(operation="createUser", times=1)
    assert len(dimensions_world.mail.all(to=ADA)) == 1


@pytest.mark.parametrize("broken", BROKEN)
def test_a_person_whose_creation_was_lost_on_the_way_is_created_after_a_look(
    onboard, dimensions_world, broken
):
    dimensions_world.faults.add(operation="createUser", when="before", break_=broken, count=1)

    assert onboard(ADA).state(ADA) == "created"
    dimensions_world.journal.verify(
        sequence=[
            {"operation": "createUser"},
            {"operation": "listUsers"},
            {"operation": "createUser", "status": 201},
        ]
    )


def test_a_503_that_did_create_is_seen_through(onboard, dimensions_world):
    dimensions_world.faults.add(operation="createUser", when="after", status=503, count=1)

    assert onboard(ADA).state(ADA) == "created"
    dimensions_world.journal.verify(operation="createUser", times=1)


def test_a_service_that_hangs_is_left_after_the_timeout(onboard, dimensions_world):
    dimensions_world.faults.add(operation="createUser", when="after", break_="hang", hang_seconds=30, count=1)

    begun = monotonic()
    assert onboard(ADA, flags="--timeout 0.5").state(ADA) == "created"
    assert monotonic() - begun < 15
    dimensions_world.journal.verify(operation="createUser", times=1)


@pytest.mark.parametrize("broken", BROKEN)
def test_a_list_that_breaks_off_is_read_again(onboard, dimensions_world, broken):
    dimensions_world.faults.add(operation="listUsers", break_=broken, count=1)

    assert onboard(ADA).state(ADA) == "created"
    dimensions_world.journal.verify(operation="listUsers", times=2)


@pytest.mark.parametrize("when", ["before", "after"])
def test_roles_and_devices_are_sent_again(onboard, dimensions_world, when):
    for operation in ("patchUser", "assignDevice"):
        dimensions_world.faults.add(operation=operation, when=when, break_="reset", count=1)

    run = onboard({"email": RILEY, "device": "us-1004"}, flags="--accept-charges --with-prerequisites")

    assert run.state(RILEY) == "updated"
    assert dimensions_world.users.find(RILEY).roles.count("customer.user.uc.softphone") == 1


def test_a_reminder_that_may_have_gone_out_is_not_sent_again(onboard, dimensions_world):
    onboard(ADA)
    dimensions_world.faults.add(operation="sendActivationEmail", when="after", break_="reset", count=1)

    run = onboard(ADA, flags="--remind")

    assert run.rows == {ADA: ("failed", "the activation mail may have been sent or not")}
    assert len(dimensions_world.mail.all(to=ADA, kind="activation")) == 2
