"""The routes that requests may take."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from dimensions_contracts.conformance.guids import decoded
from dimensions_contracts.operations import OPERATIONS, PREFIXES

if TYPE_CHECKING:
    from collections.abc import Mapping

BASES = ("/api/v1.0", "/v1.0")
DEVICES = frozenset({"assignDevice", "assignDeviceByPost", "unassignDevice", "unassignDeviceByPost"})
MAILS = frozenset({"sendActivationEmail", "sendUConnectActivationEmail"})
ACTIONS = frozenset({"assign", "unassign", *MAILS})
CREATE, IMPORT, STATE, TOKENS, HEALTH = "createUser", "importUsers", "state", "mintToken", "health"
FRENCH = MappingProxyType({"customers": "clients", "users": "utilisateurs"})
CONTROL = MappingProxyType(
    {
        ("livez",): {"GET": "livez"},
        ("readyz",): {"GET": "readyz"},
        ("health",): {"GET": HEALTH},
        ("config",): {"GET": "config"},
        ("openapi.json",): {"GET": "apiDocument"},
        ("control.json",): {"GET": "controlDocument"},
        ("state",): {"GET": STATE, "PUT": STATE},
        ("tokens",): {"POST": TOKENS},
        ("mail", "messages"): {"GET": "listMails"},
        ("charges",): {"GET": "listCharges"},
        ("licences",): {"GET": "listLicences"},
        ("platform", "{customerId}", "import"): {"POST": IMPORT},
        ("platform", "{customerId}", "devices"): {"GET": "listDevices"},
    }
)
STEPS = re.compile(r"[/\\]")


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request leads; `operation` is None when its method is not declared there.

    The ids are as they were written. `declared` are the operations of all methods on this path.
    """

    operation: str | None
    declared: frozenset[str]
    customer: str | None = None
    account: str | None = None
    user: str | None = None
    device: str | None = None
    query: str = ""
    control: bool = False
    alias: bool = False

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of tenants and users in the path."""
        return tuple(text for text in (self.account, self.customer, self.user) if text is not None)

    @property
    def detours(self) -> bool:
        """Whether a segment leads elsewhere once it is decoded."""
        segments = (*self.ids, *((self.device,) if self.device is not None else ()))
        return any(_detours(text) for text in segments)


def route(method: str, path: str) -> Route | None:
    """Tell where a request leads; None if that is no route of the API or of the control plane."""
    plain, _, query = path.partition("?")
    if plain.startswith("/_emulator/"):
        return _found(method, CONTROL, plain.removeprefix("/_emulator/"), query, control=True)
    for base in BASES:
        if plain.startswith(f"{base}/"):
            rest = plain.removeprefix(f"{base}/")
            return _found(method, API, rest, query) or _found(method, ALIASES, rest, query, alias=True)
    return None


def _found(
    method: str,
    table: Mapping[tuple[str, ...], Mapping[str, str]],
    path: str,
    query: str,
    *,
    control: bool = False,
    alias: bool = False,
) -> Route | None:
    segments = path.split("/")
    for template, operations in table.items():
        ids = _ids(template, segments)
        if ids is not None:
            return Route(
                operations.get(method),
                frozenset(operations.values()),
                ids.get("{customerId}"),
                ids.get("{accountId}"),
                ids.get("{userId}"),
                ids.get("{deviceId}"),
                query,
                control,
                alias,
            )
    return None


def _ids(template: tuple[str, ...], segments: list[str]) -> dict[str, str] | None:
    if len(template) != len(segments):
        return None
    pairs = list(zip(template, segments, strict=True))
    if any(not given if wanted[0] == "{" else wanted != given for wanted, given in pairs):
        return None
    return {wanted: given for wanted, given in pairs if wanted[0] == "{"}


def _detours(segment: str) -> bool:
    plain = decoded(segment)
    steps = STEPS.split(plain)
    return any(step.strip() in {"", ".", "..", *ACTIONS} for step in steps)


def _api() -> dict[tuple[str, ...], dict[str, str]]:
    table: dict[tuple[str, ...], dict[str, str]] = {}
    for prefix in PREFIXES:
        customer = tuple(prefix.path.removesuffix("/users")[1:].split("/"))
        table[customer] = {"GET": "getCustomer"}
        for operation in OPERATIONS:
            template = tuple((prefix.path + operation.path)[1:].split("/"))
            table.setdefault(template, {})[operation.method.upper()] = operation.id
    return table


API = MappingProxyType(_api())
ALIASES = MappingProxyType(
    {tuple(FRENCH.get(part, part) for part in template): operations for template, operations in API.items()}
)
