"""Room in a world: how much it may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimensions_emulator.domain.errors import WorldFull

if TYPE_CHECKING:
    from dimensions_emulator.domain.calls import Limits
    from dimensions_emulator.domain.world import World

CALLERS = 10_000
DEVICES_A_USER = 5


def for_user(world: World, limits: Limits) -> None:
    """Raise `WorldFull` if the world takes no other user."""
    if len(world.users) >= limits.users:
        raise WorldFull(
            f"This world is full: it has {len(world.users)} users, and {limits.users} is the most."
            " Delete some, or start with a larger --max-users."
        )


def for_device(world: World, limits: Limits) -> None:
    """Raise `WorldFull` if the world takes no other device."""
    most = limits.users * DEVICES_A_USER
    if len(world.devices) >= most:
        raise WorldFull(
            f"This world is full: it has {len(world.devices)} devices, and {most} is the most,"
            f" {DEVICES_A_USER} for each user of --max-users. Reset it, or start with a larger --max-users."
        )


def for_caller(*worlds: World) -> None:
    """Raise `WorldFull` if one of the worlds takes no other token."""
    most = max(len(world.callers) for world in worlds)
    if most >= CALLERS:
        raise WorldFull(
            f"This session is full: it has {most} tokens, and {CALLERS} is the most."
            " Revoke some, or reset it."
        )


def surplus(held: int, limit: int) -> int:
    """How many of the oldest make room: none within the limit, beyond it so many that a tenth is free."""
    return 0 if held <= limit else held - limit + limit // 10


def exceeded(world: World, limits: Limits) -> list[str]:
    """What a world that was made elsewhere has more of than it may, each with the way out."""
    devices = limits.users * DEVICES_A_USER
    held = (
        ("users", len(world.users), limits.users, "--max-users"),
        ("devices", len(world.devices), devices, "--max-users"),
        ("mails", len(world.mails), limits.mails, "--max-mails"),
        ("activations", len(world.activations), limits.mails, "--max-mails"),
        ("charges", len(world.charges), limits.charges, "--max-charges"),
        ("callers", len(world.callers), CALLERS, ""),
    )
    return [
        f"the world has {number} {name}, and {most} is the most"
        + (f"; start with a larger {flag}" if flag else "")
        for name, number, most, flag in held
        if number > most
    ]


def check(world: World, limits: Limits) -> None:
    """Raise `WorldFull` if a world that was made elsewhere has more of something than it may."""
    if full := exceeded(world, limits):
        raise WorldFull(". ".join(full).replace("the world", "The world") + ".")
