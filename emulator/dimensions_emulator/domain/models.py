"""The frozen values of which a world is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

Roles: TypeAlias = tuple[str, ...]
"""Role keys in catalogue spelling, each once, in the order in which they were given."""

DeviceKey: TypeAlias = tuple[str, str]
"""A customer's id and the device's id on that customer's phone platform."""


@dataclass(frozen=True, slots=True)
class Account:
    """A reseller."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer of an account; `agent` and `device` are the counts in its `features`."""

    id: str
    account: str
    name: str
    description: str = ""
    reference: str = ""
    timezone: str = ""
    country_code: str = "US"
    agent: int = 1000
    device: int = 1000
    sync_acd_agent_with_pbx: bool = False
    send_new_user_email: bool = True
    send_connect_welcome_email: bool = True

    @property
    def in_uk(self) -> bool:
        """Tell whether the United Kingdom's role keys hold here."""
        return self.country_code.upper() in {"GB", "UK"}


@dataclass(frozen=True, slots=True)
class User:
    """An account of a person; `tenants` are the customers it is a member of, in the order of joining.

    `sequence` counts the accounts of the world as they were created.
    """

    id: str
    display_name: str
    email: str
    primary_tenant: str
    tenants: tuple[str, ...]
    sequence: int
    activated: bool = False


class Membership(NamedTuple):
    """A user's roles in one customer; `sequence` is the user's, it orders the members."""

    sequence: int
    roles: Roles


@dataclass(frozen=True, slots=True)
class Device:
    """A device of the phone platform, tied to a client type once it is assigned as a softphone."""

    id: str
    customer: str
    name: str = ""
    extension: str = ""
    owner: str | None = None
    client_type: str | None = None

    @property
    def key(self) -> DeviceKey:
        return (self.customer, self.id)


@dataclass(frozen=True, slots=True)
class Mail:
    """The facts of a mail, rendered when somebody reads it; `sent` is in ticks of 100 ns.

    `failure` is why the mailbox did not take it, empty where it did.
    """

    id: int
    kind: str
    customer: str
    user_id: str
    to: str
    display_name: str
    origin: str
    token: str
    sent: int
    failure: str = ""


class Activation(NamedTuple):
    """Whom an activation link activates, the number of its mail, and when that was sent.

    `sent` is in ticks of 100 ns. A world file may leave both open: 0, and None for a link that never expires.
    """

    user_id: str
    mail: int = 0
    sent: int | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """One accepted grant of a licensed role; `at` is in ticks of 100 ns."""

    id: int
    customer: str
    user_id: str
    role: str
    at: int


@dataclass(frozen=True, slots=True)
class Caller:
    """Who holds a token and what it may see; `expires` is in ticks of 100 ns, None for never."""

    name: str
    token: str
    accounts: frozenset[str] = frozenset()
    customers: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset({"onboarding"})
    expires: int | None = None

    def sees(self, customer: Customer) -> bool:
        return customer.account in self.accounts or customer.id in self.customers
