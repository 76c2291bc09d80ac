"""The starting world that the settings ask for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dimensions_contracts import profile as profiles
from dimensions_emulator.domain import document
from dimensions_emulator.settings import SettingsInvalid
from dimensions_fixtures import worlds

if TYPE_CHECKING:
    from collections.abc import Callable

    from dimensions_contracts.catalog import Catalog
    from dimensions_contracts.profile import Profile
    from dimensions_emulator.domain.world import World
    from dimensions_emulator.settings import Settings


def profile(settings: Settings, catalog: Catalog) -> Profile:
    """The profile of the settings; raises `SettingsInvalid` naming what is wrong with its file."""
    if settings.profile is None:
        return profiles.default(catalog)
    try:
        return profiles.parse(json.loads(Path(settings.profile).read_text("utf-8")), catalog)
    except profiles.ProfileInvalid as fault:
        raise SettingsInvalid(
            [f"profile {settings.profile}: {mistake}" for mistake in fault.args[0]]
        ) from None
    except (OSError, ValueError) as fault:
        raise SettingsInvalid([f"profile {settings.profile} cannot be read: {fault}"]) from None


def world(settings: Settings, progress: Callable[[int, int], None] | None = None) -> World:
    """The world of the settings; raises `SettingsInvalid` with every mistake and leaves nothing half-made.

    `progress` hears of people made and people wanted.
    """
    if (settings.users or 0) > settings.max_users:
        raise SettingsInvalid(
            [f"--users {settings.users} is more than --max-users {settings.max_users} allows; raise that too"]
        )
    if settings.world in worlds.NAMES:
        return document.load(_named(settings, progress))
    if not Path(settings.world).suffix and not Path(settings.world).exists():
        names = ", ".join(worlds.NAMES)
        raise SettingsInvalid([f"there is no world '{settings.world}'; name one of {names}, or a world file"])
    if settings.users is not None or settings.locale:
        raise SettingsInvalid(
            [f"--users and --locale go with a named world ({', '.join(worlds.NAMES)}), not with a file"]
        )
    from dimensions_emulator import world_file  # noqa: PLC0415  a named world does without it

    try:
        return document.load(world_file.read(Path(settings.world)))
    except world_file.WorldFileInvalid as fault:
        raise SettingsInvalid(str(fault).splitlines()) from None


def _named(settings: Settings, progress: Callable[[int, int], None] | None) -> dict[str, Any]:
    try:
        return worlds.document(
            settings.world,
            seed=settings.seed,
            users=settings.users,
            locales=settings.locale,
            progress=progress,
        )
    except ValueError as fault:
        raise SettingsInvalid([str(fault)]) from None
