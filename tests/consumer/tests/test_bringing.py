"""People come on board."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

ADA = "ada@mail.example"
UC, SOFTPHONE = "customer.user.uc", "customer.user.uc.softphone"
RILEY = "riley.jefferson@example.net"  # of the world `office`: on the phone platform, with the device us-1004


def test_a_new_person_is_created_with_the_roles_asked_for(onboard, dimensions_world):
    run = onboard({"email": ADA, "name": "Ada", "roles": f"{UC} customer.settings"}, flags="--accept-charges")

    assert run.code == 0
    assert run.state(ADA) == "created"
    user = dimensions_world.users.find(ADA)
    assert user.display_name == "Ada"
    assert set(user.roles) == {"customer.user", UC, "customer.settings"}


def test_somebody_who_is_there_gets_only_what_is_missing(onboard, dimensions_world):
    onboard(ADA)

    run = onboard({"email": ADA.upper(), "roles": "customer.user customer.settings"})

    assert run.rows == {ADA.upper(): ("updated", "customer.settings")}
    dimensions_world.journal.verify(operation="createUser", times=1)


def test_doing_it_again_changes_nothing(onboard, dimensions_world):
    everybody = [{"email": ADA, "roles": "customer.settings"}, "bob@mail.example"]
    onboard(*everybody)
    before = dimensions_world.users.list()

    run = onboard(*everybody)

    assert [state for state, _ in run.rows.values()] == ["unchanged", "unchanged"]
    assert dimensions_world.users.list() == before
    dimensions_world.journal.verify(operation="createUser", times=2)
    dimensions_world.journal.verify(operation="patchUser", times=0)


def test_a_softphone_comes_with_the_roles_that_it_needs(onboard, dimensions_world):
    flags = "--accept-charges --with-prerequisites"

    run = onboard({"email": RILEY, "device": "us-1004", "client": "mobile"}, flags=flags)

    assert run.rows == {RILEY: ("updated", f"{UC}, {SOFTPHONE}, us-1004 on mobile")}
    dimensions_world.journal.verify(
        sequence=[
            {"operation": "listUsers"},
            {"operation": "patchUser"},
            {"operation": "assignDevice", "status": 201},
        ]
    )


def test_the_command_line_does_the_same(onboard, dimensions_world, in_process):
    if in_process:
        pytest.skip("another process needs a server")
    environment = {**os.environ, **onboard.environment}
    command = [sys.executable, "-m", "onboarding", str(onboard.file(ADA, "no address"))]

    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    assert run.returncode == 1, run.stderr
    assert run.stdout.splitlines() == [
        f"created    {ADA}  created",
        "refused    no address  400: The Email field is not a valid e-mail address.",
        "1 created, 1 refused",
    ]
    assert dimensions_world.users.find(ADA)
