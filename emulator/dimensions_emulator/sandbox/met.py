"""What became known of a request on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dimensions_emulator.domain.errors import Refused
    from dimensions_emulator.sandbox.faults import Fault


class Met:
    """The operation that a request names, who sent it, about whom, and how it went.

    `operation` is an operation id of the contract, None where no route matched. `refused` is the rule's
    no, `fault` the one that struck. `at` is the session's time by which it was served, in ticks, None if that
    was not noted.
    """

    __slots__ = ("at", "caller", "customer", "fault", "operation", "refused", "user")

    def __init__(self) -> None:
        self.at: int | None = None
        self.operation: str | None = None
        self.customer: str | None = None
        self.user: str | None = None
        self.caller: str | None = None
        self.refused: Refused | None = None
        self.fault: Fault | None = None
