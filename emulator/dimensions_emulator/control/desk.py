"""What the features of the control plane work with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from dimensions_emulator.domain.calls import Ids
    from dimensions_emulator.domain.rulebook import Rulebook
    from dimensions_emulator.domain.world import World
    from dimensions_emulator.post.relay import Relay
    from dimensions_emulator.post.rendering import MailRenderer
    from dimensions_emulator.settings import Settings
    from dimensions_emulator.store.base import Store


@dataclass(frozen=True, slots=True)
class Desk:
    """The running server as its controller sees it; `started` is in ticks of 100 ns."""

    store: Store
    book: Rulebook
    clock: Callable[[], int]
    ids: Ids
    seed: World
    settings: Settings
    renderer: MailRenderer
    relay: Relay | None
    version: str
    started: int
