"""The stage: customers that a run adds to an emulator, and takes away again."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from dimensions_contracts.conformance.messages import Request
from dimensions_contracts.conformance.options import CannotRun
from dimensions_contracts.conformance.places import Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from random import Random

    from dimensions_contracts.conformance.transport import GuardedSession

    Document = dict[str, Any]

STATE = "/_emulator/state"
CALLER = re.compile("conformance (?:main|other|expired|scopeless) ([a-z0-9]+)")
"""The names of a stage's callers, with the id of its run."""
PARTS = ("accounts", "customers", "users", "devices", "callers", "mails", "charges", "activations")
OK = 200
UC, WEB, ADMIN, TEAMS = "customer.user.uc", "customer.user", "user.admin", "customer.user.microsoftteams"
CUSTOMERS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "sibling": {"countryCode": "US"},
        "uk": {"countryCode": "GB"},
        "noagent": {"countryCode": "US", "features": {"agent": 0, "device": 100}},
        "silent": {"countryCode": "US", "sendNewUserEmail": False, "sendConnectWelcomeEmail": False},
        "agents": {"countryCode": "US", "syncAcdAgentWithPbx": True},
        "lab": {"countryCode": "US"},
        "half": {"countryCode": "US"},
        "other": {"countryCode": "US"},
    }
)


@dataclass(frozen=True, slots=True)
class Stage:
    """The places, tokens and users that were added; `empty` are customers without users, used one by one."""

    places: Mapping[str, Place]
    tokens: Mapping[str, str] = field(repr=False)
    users: Mapping[str, str]
    empty: list[str]
    account: str
    other_account: str
    callers: tuple[str, ...]


def state(session: GuardedSession) -> Document:
    """The state of the emulator as a document."""
    answer = session.send(Request("GET", STATE, (), None, "none"))
    try:
        found: Any = json.loads(answer.body)["data"] if answer.status == OK else None
        return {**dict(found), **{name: found[name] for name in PARTS}}
    except (ValueError, LookupError, TypeError):
        raise CannotRun(
            f"{STATE} answers {answer.status} without the state of an emulator; update the emulator."
        ) from None


def put(session: GuardedSession, document: Document) -> None:
    """Give the emulator this state."""
    body = json.dumps(document, ensure_ascii=False).encode()
    answer = session.send(Request("PUT", STATE, (("Content-Type", "application/json"),), body, "none"))
    if answer.status != OK:
        raise CannotRun(
            f"the emulator refuses the state of the stage: {answer.body.decode(errors='replace')}"
        )


def run_at_work(document: Document) -> str | None:
    """The id of the run whose stage is in this state, if there is one."""
    found = (CALLER.fullmatch(str(entry["name"])) for entry in document["callers"])
    return next((one[1] for one in found if one), None)


def planned(main: Place, run_id: str, rng: Random) -> Stage:
    """Make up a stage for this run, beside the customer `main` whose account is known."""

    def guid(name: str) -> str:
        return str(uuid5(UUID(int=rng.getrandbits(128)), f"{run_id}.{name}"))

    account, other = main.account or "", guid("account")
    places = {
        name: Place(
            name,
            guid(name),
            other if name == "other" else account,
            facts["countryCode"],
            facts.get("features", {}).get("agent", 1000),
            facts.get("sendNewUserEmail", True),
            facts.get("sendConnectWelcomeEmail", True),
            alone=True,
            administrator=True,
            stage=True,
        )
        for name, facts in CUSTOMERS.items()
    }
    tokens = {
        name: f"conformance-{name}-{rng.getrandbits(96):024x}"
        for name in ("main", "other", "expired", "scopeless")
    }
    users = {name: guid(name) for name in ("teams", "linked", "linked2", "parent", "half", "admin")}
    callers = tuple(f"conformance {name} {run_id}" for name in tokens)  # as CALLER reads them
    return Stage(places, tokens, users, [], account, other, callers)


def extended(stage: Stage, rng: Random, empty: int) -> Stage:
    """The stage with so many customers without users."""
    return replace(stage, empty=[str(UUID(int=rng.getrandbits(128), version=4)) for _ in range(empty)])


def built(document: Document, stage: Stage, run_id: str, domain: str) -> Document:
    """The emulator's state with the stage in it."""
    own = {place.customer: place for place in stage.places.values()}
    customers = {
        customer: _customer(customer, place.account or "", f"{place.name} {run_id}", CUSTOMERS[place.name])
        for customer, place in own.items()
    }
    customers |= {
        key: _customer(key, stage.account, f"empty {run_id}", {"countryCode": "US"}) for key in stage.empty
    }
    return {
        **document,
        "accounts": {
            **document["accounts"],
            stage.other_account: {"id": stage.other_account, "name": f"Conformance {run_id}"},
        },
        "customers": {**document["customers"], **customers},
        "users": {**document["users"], **_users(stage, run_id, domain)},
        "callers": [*document["callers"], *_callers(stage)],
    }


def removed(
    document: Document, accounts: Iterable[str], customers: Iterable[str], run_id: str, created: Iterable[str]
) -> Document:
    """The emulator's state without a stage and without anything else of its run; `created` are user ids."""
    gone, over, own = frozenset(customers), frozenset(accounts), set(created)
    users = {}
    for email, user in document["users"].items():
        kept = {key: roles for key, roles in user["memberships"].items() if key not in gone}
        if user["id"] not in own and run_id not in email.casefold():
            users[email] = {**user, "memberships": kept}
        else:
            own.add(user["id"])
    activations = {key: user for key, user in document["activations"].items() if user not in own}
    links = document.get("links", {})
    return {
        **document,
        "accounts": {key: entry for key, entry in document["accounts"].items() if key not in over},
        "customers": {key: entry for key, entry in document["customers"].items() if key not in gone},
        "users": users,
        "devices": [
            device
            for device in document["devices"]
            if device["customer"] not in gone and run_id not in device["id"]
        ],
        "callers": [entry for entry in document["callers"] if not entry["name"].endswith(f" {run_id}")],
        "mails": [mail for mail in document["mails"] if run_id not in mail["to"].casefold()],
        "charges": [
            entry
            for entry in document["charges"]
            if entry["customer"] not in gone and entry["user"] not in own
        ],
        "activations": activations,
        **({"links": {key: link for key, link in links.items() if key in activations}} if links else {}),
    }


def _customer(key: str, account: str, name: str, facts: Mapping[str, Any]) -> Document:
    return {"id": key, "account": account, "name": f"Conformance {name}", **facts}


def _users(stage: Stage, run_id: str, domain: str) -> dict[str, Document]:
    lab, sibling = stage.places["lab"].customer, stage.places["sibling"].customer
    memberships: dict[str, dict[str, list[str]]] = {
        "teams": {lab: [WEB, TEAMS]},
        "linked": {sibling: [WEB], lab: [WEB]},
        "linked2": {sibling: [WEB], lab: [WEB]},
        "parent": {lab: [WEB], sibling: [WEB]},
        "half": {stage.places["half"].customer: [ADMIN]},
        "admin": {place.customer: [WEB, ADMIN] for place in stage.places.values() if place.name != "half"},
    }
    return {
        f"{name}.0.{run_id}@{domain}": {
            "id": stage.users[name],
            "displayName": f"Conformance {name.title()} {run_id}",
            **({"primaryTenant": stage.account} if name == "parent" else {}),
            "memberships": held,
        }
        for name, held in memberships.items()
    }


def _callers(stage: Stage) -> list[Document]:
    accounts = {"other": [stage.other_account]}
    return [
        {
            "name": name,
            "token": token,
            "accounts": accounts.get(kind, [stage.account]),
            "scopes": [] if kind == "scopeless" else ["onboarding"],
            **({"expires": "2020-01-01T00:00:00Z"} if kind == "expired" else {}),
        }
        for name, (kind, token) in zip(stage.callers, stage.tokens.items(), strict=True)
    ]
