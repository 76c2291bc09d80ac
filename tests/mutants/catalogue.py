"""All mutants."""

from __future__ import annotations

from .creating import CREATING
from .deleting import DELETING
from .envelopes import ENVELOPES
from .frame import FRAME
from .granting import GRANTING
from .mailing import MAILS
from .patching import PATCHING
from .readings import READINGS
from .refusing import REFUSING
from .rules_off import OFF
from .tenants import TENANTS
from .tokens import TOKENS
from .tying import DEVICES

MUTANTS = (
    *OFF,
    *ENVELOPES,
    *TOKENS,
    *TENANTS,
    *FRAME,
    *READINGS,
    *CREATING,
    *DELETING,
    *PATCHING,
    *GRANTING,
    *DEVICES,
    *MAILS,
    *REFUSING,
)
