"""The service says no."""

from __future__ import annotations

import pytest

ADA, BOB = "ada@mail.example", "bob@mail.example"
UC, REMOTE = "customer.user.uc", "customer.user.uc.remote"
SUPERVISOR = "customer.user.supervisorl1"


def test_a_role_without_its_prerequisite_is_refused_and_creates_nobody(onboard, dimensions_world):
    run = onboard({"email": ADA, "roles": REMOTE}, flags="--accept-charges")

    assert run.code == 1
    assert run.rows == {
        ADA: ("refused", f"RolePrerequisiteMissing: The role '{REMOTE}' requires the role '{UC}'.")
    }
    assert dimensions_world.users.find(ADA) is None


def test_prerequisites_are_granted_by_flag(onboard, dimensions_world):
    run = onboard({"email": ADA, "roles": REMOTE}, flags="--accept-charges --with-prerequisites")

    assert run.state(ADA) == "created"
    assert dimensions_world.users.find(ADA).roles == ["customer.user", UC, REMOTE]


def test_charges_without_consent_are_refused(onboard, dimensions_world):
    run = onboard({"email": ADA, "roles": UC})

    assert run.state(ADA) == "refused"
    assert run.note(ADA).startswith("ChargesNotAccepted")
    dimensions_world.journal.verify(rule="CHARGES-ACCEPTED", times=1)
    assert dimensions_world.charges() == []

    assert onboard({"email": ADA, "roles": UC}, flags="--accept-charges").state(ADA) == "created"
    assert [charge["role"] for charge in dimensions_world.charges()] == [UC]


def test_the_refusal_of_one_person_is_no_other_ones(onboard):
    run = onboard({"email": ADA, "roles": "customer.user.captain"}, BOB)

    assert [state for state, _ in run.rows.values()] == ["refused", "created"]


def test_a_step_that_is_refused_hides_none_before_it(onboard, dimensions_world):
    run = onboard({"email": ADA, "roles": "customer.settings", "device": "us-1004"})

    assert run.note(ADA).startswith("created, customer.settings, DeviceNotAssignedToUser")
    assert dimensions_world.users.find(ADA)


@pytest.mark.dimensions(world="call-centre")
def test_a_second_supervisor_role_is_refused(onboard, dimensions_world):
    onboard({"email": ADA, "roles": SUPERVISOR}, flags="--accept-charges")

    run = onboard({"email": ADA, "roles": "customer.user.supervisorl2"}, flags="--accept-charges")

    assert run.state(ADA) == "refused"
    assert SUPERVISOR in dimensions_world.users.find(ADA).roles


def test_a_token_that_has_expired_ends_the_run(onboard, dimensions_world):
    minted = dimensions_world.tokens.mint(lifetime=60)
    onboard.environment["DIMENSIONS_TOKEN"] = minted
    assert onboard(ADA).state(ADA) == "created"

    dimensions_world.clock.advance(minutes=2)
    run = onboard(ADA, BOB)

    denied = "the token was refused with 401"
    assert run.rows == {ADA: ("failed", denied), BOB: ("skipped", denied)}
