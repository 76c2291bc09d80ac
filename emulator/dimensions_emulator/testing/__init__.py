"""What consumers use in their tests: an emulator, its sessions, transports without sockets."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dimensions_emulator.testing.asynchronous import AsyncEmulator as AsyncEmulator
    from dimensions_emulator.testing.asynchronous import AsyncSession as AsyncSession
    from dimensions_emulator.testing.emulator import Emulator as Emulator
    from dimensions_emulator.testing.errors import EmulatorError as EmulatorError
    from dimensions_emulator.testing.errors import Refused as Refused
    from dimensions_emulator.testing.errors import StartFailed as StartFailed
    from dimensions_emulator.testing.session import Session as Session

PLACES = {
    "AsyncEmulator": "asynchronous",
    "AsyncSession": "asynchronous",
    "Emulator": "emulator",
    "EmulatorError": "errors",
    "Refused": "errors",
    "Session": "session",
    "StartFailed": "errors",
}
__all__ = tuple(PLACES)


def __getattr__(name: str) -> Any:
    """Import on first use: the pytest plugin comes through here in every test run."""
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{PLACES[name]}"), name)
