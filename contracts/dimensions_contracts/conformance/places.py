"""The customers that a run works in."""

from __future__ import annotations

from dataclasses import dataclass

UK = frozenset({"GB", "UK"})
PBX, ESSENTIAL = "customer.user.pbx", "customer.user.uc.essential"


@dataclass(frozen=True, slots=True)
class Place:
    """A customer, and what is known of it; None stands for unknown.

    `alone` tells that all its users are of this run, `administrator` that somebody else administers it,
    `stage` that this run made it and takes it away again.
    """

    name: str
    customer: str
    account: str | None = None
    country: str | None = None
    agent_feature: int | None = None
    new_user_mail: bool | None = None
    welcome_mail: bool | None = None
    alone: bool = False
    administrator: bool = False
    stage: bool = False

    @property
    def pbx(self) -> str | None:
        """The PBX user role key of its country (ROLE-UK-ESSENTIAL)."""
        if self.country is None:
            return None
        return ESSENTIAL if self.country.upper() in UK else PBX

    @property
    def wrong_pbx(self) -> str | None:
        """The PBX user role key of other countries."""
        return {PBX: ESSENTIAL, ESSENTIAL: PBX, None: None}[self.pbx]
