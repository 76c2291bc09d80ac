"""What shows a deviation: calls of an emulator with a world made for it."""

from __future__ import annotations

from dataclasses import replace

from dimensions_emulator.app import create_app
from dimensions_emulator.domain import document
from dimensions_emulator.settings import Settings
from small_world import (
    ACD,
    ADMIN,
    ESSENTIAL,
    NOBODY,
    PBX,
    RESELLER,
    SOFTPHONE,
    TEAMS,
    UC,
    US,
    WEB,
    Api,
    person,
    small_document,
    user_id,
)

NOW = 17_000_000_001_234_567
ADMINISTRATOR, PLAIN, PHONE, SOFT, BOTH, TEAM, BRITON, FAR, VAIN = (user_id(n) for n in range(1, 10))
SILENT = "cccccccc-0000-4000-8000-0000000000dd"
AGENTS = "cccccccc-0000-4000-8000-0000000000ee"


def world():
    """Customers of every sort, with a user of every sort."""
    both = person(5, WEB, ADMIN, primaryTenant="us")
    both["memberships"] = {"uk": [WEB, ADMIN], "us": [WEB]}
    users = {
        "admin@example.com": person(1, WEB, ADMIN),
        "plain@example.com": person(2, WEB),
        "phone@example.com": person(3, PBX, WEB),
        "soft@example.com": person(4, WEB, UC, SOFTPHONE),
        "both@example.com": both,
        "team@example.com": person(6, WEB, TEAMS),
        "briton@example.com": person(7, ESSENTIAL, WEB, customer="uk"),
        "far@example.com": person(8, WEB, customer="elsewhere"),
        "vain@example.com": {**person(9, WEB, UC), "displayName": "Ada Vain"},
    }
    owners = {"desk": "soft", "plain-desk": "plain", "other-desk": "vain", "half-desk": "vain"}
    devices = [
        {"id": number, "customer": "us", "owner": f"{owner}@example.com"} for number, owner in owners.items()
    ]
    given = small_document(users, devices=devices)
    given["customers"]["silent"] = {
        "id": SILENT,
        "account": "reseller",
        "name": "Silent",
        "features": {"agent": 0},
        "sendNewUserEmail": False,
        "sendConnectWelcomeEmail": False,
    }
    given["customers"]["agents"] = {
        "id": AGENTS,
        "account": "reseller",
        "name": "Agents",
        "syncAcdAgentWithPbx": True,
    }
    return document.load(given)


def asked(make=create_app):
    """A client of an emulator with that world, which always answers the same."""
    return Api(make(settings=Settings(seed=1), world=world(), clock=lambda: NOW))


def at(api, customer):
    """The same client in another customer."""
    return replace(api, customer=customer)


def behind(api, account=RESELLER):
    """The same client with the enterprise prefix."""
    return replace(api, base=f"{api.base}/accounts/{account}")


def calling(api, token):
    return replace(api, token=token)


def get(api):
    return api.get(PLAIN)


def listing(api):
    return api.list()


def page(api):
    return [api.list(f"?pageIndex={index}&pageSize=2") for index in (0, 1)]


def creation(api):
    return api.create()


def unknown_user(api):
    return api.get(NOBODY)


def unknown_customer(api):
    return at(api, NOBODY).list()


def refusal(api):
    """A refusal with an error code."""
    return api.add(PLAIN, SOFTPHONE)


def rename(api, name="Renamed"):
    return api.patch(PLAIN, {"op": "replace", "path": "/displayName", "value": name})


def patched(*operations, who=PLAIN):
    """A patch, and the user after it."""
    return lambda api: [api.patch(who, *operations), api.get(who)]


def bring(api, *, agent=False):
    """Import a user and show its roles."""
    entry = {"email": "import@example.com", "displayName": "I", "agent": agent}
    return api.control(f"platform/{api.customer}/import", "POST", json={"users": [entry]}).data[0]["roles"]


def mail(api, who=PLAIN, act="sendActivationEmail"):
    return api.call("POST", f"{api.users}/{who}/{act}")


def uc_mail(api, who=PLAIN):
    return mail(api, who, "sendUConnectActivationEmail")


def kinds(api):
    """The kinds of the mails there are, with whom they went to."""
    return [(mail["kind"], mail["to"]) for mail in api.mails()]


def client_types(api):
    return [
        (device["id"], device.get("user"), device.get("clientType"))
        for device in api.control(f"platform/{US}/devices").data
    ]


def assignment(api):
    return api.device(SOFT, "desk")


def every_method(api, who=PLAIN):
    """The status of every operation on a user."""
    users = f"{api.users}/{who}"
    device = f"{users}/devices/pbx/desk"
    calls = [
        ("GET", api.users, {}),
        ("GET", users, {}),
        ("POST", api.users, {"json": {"email": "x@example.com", "displayName": "X"}}),
        ("PATCH", users, {"json": [{"op": "replace", "path": "/displayName", "value": "X"}]}),
        ("POST", f"{users}/sendActivationEmail", {}),
        ("POST", f"{users}/sendUConnectActivationEmail", {}),
        ("PUT", f"{device}/assign", {"json": {"clientType": "desktop"}}),
        ("POST", f"{device}/unassign", {"json": {"clientType": "desktop"}}),
        ("DELETE", users, {}),
    ]
    return [api.call(method, path, **more).status for method, path, more in calls]


def spread(api):
    """Who holds what after the first high supervisor."""
    api.add(PLAIN, "customer.user.supervisorl4")
    return [api.roles(who) for who in (PLAIN, PHONE, SOFT)]


def agents(api):
    """The answers to a caller who gives the agent role."""
    return api.add(PHONE, ACD)
