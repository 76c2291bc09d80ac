"""Which roles come first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

WEBSITE, UC, SOFTPHONE, SETTINGS = (
    "customer.user",
    "customer.user.uc",
    "customer.user.uc.softphone",
    "customer.settings",
)
# The phone system roles need its user role, which only the phone platform gives.
NEEDS_NO_WEBSITE = {
    WEBSITE,
    "customer.user.pbx",
    "customer.user.pbx.realtime",
    "customer.user.acd",
    "customer.user.microsoftteams",
    "customer.user.uc.essential",
}
NEEDS = {
    "customer.user.uc.remote": (UC,),
    SOFTPHONE: (UC,),
    "customer.workspace.admin": (WEBSITE, SETTINGS),
}


def with_prerequisites(roles: Iterable[str]) -> tuple[str, ...]:
    """The roles and all that they need, each after what it needs."""
    ordered: dict[str, None] = {}
    for role in roles:
        needs = NEEDS.get(role, () if role in NEEDS_NO_WEBSITE else (WEBSITE,))
        ordered |= dict.fromkeys((*with_prerequisites(needs), role))
    return tuple(ordered)
