"""The rules of the guard, each a reason to refuse a request or None."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from dimensions_contracts.conformance import bodies, guids, routes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dimensions_contracts.conformance.guard import Guard
    from dimensions_contracts.conformance.messages import Request
    from dimensions_contracts.conformance.routes import Route

    Objection = Callable[[Guard, Request, Route | None], str | None]

METHOD = re.compile("[A-Z]{1,20}")
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
PATH = re.compile(r"/[!-\"$-\[\]-~]*")
VALUE = re.compile(r"[\t -~\x80-\xff]*")
OURS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "user-agent",
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "forwarded",
    }
)
DISGUISES = re.compile(
    "^(?:x-)?(?:http-)?method(?:-override)?$|^x-(?:original|rewrite|forwarded)-.*|^x-host$"
)
PARAMETER = re.compile(r"[&?]([^=&]*)")
TUNNEL = "CONNECT"
LONGEST = 9
AIMS = frozenset({"", "malformed", "unknown", "elsewhere"})
BELOW = re.compile(r"/(?:api/)?v[0-9]+\.[0-9]+/(?:accounts/([^/]+)/)?(?:customers/([^/]+)/)?(.*)", re.DOTALL)
WRONG = frozenset({"malformed", "unknown"})


def _one_request(_: Guard, request: Request, __: Route | None) -> str | None:
    if not METHOD.fullmatch(request.method) or request.method == TUNNEL:
        return "the method is not one of HTTP's"
    if not PATH.fullmatch(request.path):
        return "the path cannot be sent as it is"
    if any(not TOKEN.fullmatch(name) or not VALUE.fullmatch(value) for name, value in request.headers):
        return "a header cannot be sent as it is"
    return "the aim is none of those there are" if request.aim not in AIMS else None


def _headers(_: Guard, request: Request, __: Route | None) -> str | None:
    for name, value in request.headers:
        plain = name.lower().replace("_", "-")
        if plain in OURS or DISGUISES.search(plain):
            return f"the header {name} is not a case's to set"
        if plain == "content-encoding" and value.strip().lower() != "identity":
            return "an encoded body cannot be read by the guard"
    return None


def _route(guard: Guard, request: Request, route: Route | None) -> str | None:
    names = PARAMETER.findall(guids.decoded(request.path))
    if any("method" in name.lower() for name in names):
        return "a parameter that stands for the method"
    if route is None:
        return None if _is_reading_nothing(guard, request) else "no such route is on the list"
    return "the path leads elsewhere once it is decoded" if route.detours else None


def _mode(guard: Guard, request: Request, route: Route | None) -> str | None:
    if guard.mode == "read-only" and request.method != "GET":
        return "a run that reads sends GET alone"
    if guard.mode != "full" and request.method != "GET" and route is not None and route.control:
        return "the control plane changes things in mode full alone"
    return None


def _method(guard: Guard, request: Request, route: Route | None) -> str | None:
    if route is None or route.operation is not None:
        return None
    if guard.mode == "read-only":
        return "a run that reads keeps to declared methods"
    if route.control:
        return "the control plane is asked for what it declares"
    if guard.control and guard.is_stage(route.customer):
        return None
    owned = route.user is not None and guids.usual(route.user) in guard.owned
    return None if owned else f"{request.method} is not declared there, and the user is not the run's"


def _alias(_: Guard, request: Request, route: Route | None) -> str | None:
    if route is not None and route.alias and request.method != "GET":
        return "French paths are for reading"
    return None


def _control(guard: Guard, _: Request, route: Route | None) -> str | None:
    if route is None or not route.control or route.operation == routes.HEALTH or guard.control:
        return None
    return "the target was not recognised as an emulator"


def _tenant(guard: Guard, request: Request, route: Route | None) -> str | None:
    if route is None:
        return None
    for text in (route.customer, route.account):
        if text is not None and not _is_tenant(guard, text, request.aim):
            return f"the tenant {text[:64]} is no place of this run"
    return None


def _user(guard: Guard, request: Request, route: Route | None) -> str | None:
    if route is None or route.user is None or request.method == "GET":
        return None
    usual = guids.usual(route.user)
    if usual in guard.owned or _is_wrong(guard, route.user, request.aim):
        return None
    if routes.DEVICES & {route.operation} and (usual, guids.decoded(route.device or "")) == guard.device:
        return None
    return f"the user {route.user[:64]} is not the run's"


def _device(guard: Guard, request: Request, route: Route | None) -> str | None:
    if route is None or route.device is None or request.method == "GET" or guard.is_stage(route.customer):
        return None
    device = guids.decoded(route.device)
    if guard.run_id in device.casefold():
        return None
    if guard.device is not None and (guids.usual(route.user or ""), device) == guard.device:
        return None
    return "the device is neither the run's nor the one that was given for its user"


def _addresses(guard: Guard, request: Request, route: Route | None) -> str | None:
    if request.body is None or _is_bare_control(route):
        return None
    domains = guard.mail_domains if guard.allow_mail else bodies.RESERVED
    stranger = bodies.stranger(request.body, _media_type(request), guard.run_id, domains)
    return None if stranger is None else f"the address {stranger} is not the run's"


def _charges(guard: Guard, request: Request, route: Route | None) -> str | None:
    return _needed(
        guard, request, route, "charges", "a licensed role needs --allow-charges", guard.allow_charges
    )


def _mail(guard: Guard, request: Request, route: Route | None) -> str | None:
    why = "a mail needs --allow-mail"
    if route is not None and routes.MAILS & route.declared and not guard.allow_mail:
        return why
    return _needed(guard, request, route, "mail", why, guard.allow_mail)


def _level3(guard: Guard, request: Request, route: Route | None) -> str | None:
    alone = route is not None and guard.is_alone(route.customer)
    return _needed(guard, request, route, "level3", "such a supervisor changes users of others", alone)


def _administrator(guard: Guard, request: Request, route: Route | None) -> str | None:
    known = route is not None and guard.is_administered(route.customer)
    why = "the run's user would be the last administrator"
    return _needed(guard, request, route, "administrator", why, known)


RULES: Mapping[str, Objection] = MappingProxyType(
    {
        "one request": _one_request,
        "headers": _headers,
        "route": _route,
        "mode": _mode,
        "method": _method,
        "alias": _alias,
        "control plane": _control,
        "tenant": _tenant,
        "user": _user,
        "device": _device,
        "addresses": _addresses,
        "charges": _charges,
        "mail": _mail,
        "level 3": _level3,
        "administrator": _administrator,
    }
)


def _needed(
    guard: Guard,
    request: Request,
    route: Route | None,
    need: str,
    why: str,
    allowed: bool,  # noqa: FBT001
) -> str | None:
    if allowed or request.body is None or (route is not None and route.control):
        return None
    return why if need in guard.words.needs(request.body, _media_type(request)) else None


def _is_reading_nothing(guard: Guard, request: Request) -> bool:
    """Tell whether the request reads below a tenant of the run what this API does not have."""
    below = BELOW.fullmatch(guids.decoded(request.path.partition("?")[0]))
    if request.method != "GET" or below is None:
        return False
    tenants = [text for text in below.groups()[:2] if text is not None]
    *steps, last = (step.strip() for step in routes.STEPS.split(below[3]))
    detours = {"", ".", ".."} & {*steps, last or "end"}
    return (
        bool(tenants) and _are_tenants(guard, tenants) and not detours and not routes.ACTIONS & {*steps, last}
    )


def _are_tenants(guard: Guard, texts: list[str]) -> bool:
    return all(guids.usual(text) in guard.tenants for text in texts)


def _is_tenant(guard: Guard, text: str, aim: str) -> bool:
    return guids.usual(text) in guard.tenants or _is_wrong(guard, text, aim)


def _is_wrong(guard: Guard, text: str, aim: str) -> bool:
    """Tell whether an id is meant to be wrong and cannot be that of anybody."""
    if aim in WRONG and guids.usual(text) in guard.voids:
        return True
    return aim == "malformed" and _names_nobody(guard, text)


def _names_nobody(guard: Guard, text: str) -> bool:
    plain = guids.decoded(text)
    if "0x" in plain.casefold() or routes.STEPS.search(plain):
        return False
    known = guard.owned | guard.voids | guard.tenants
    return all(
        len(run) <= LONGEST and not known.isdisjoint(run) and guard.met.isdisjoint(set(run) - known)
        for run in guids.readings(text)
    )


def _is_bare_control(route: Route | None) -> bool:
    return route is not None and route.control and route.operation != routes.IMPORT


def _media_type(request: Request) -> str:
    return ";".join(value for name, value in request.headers if name.lower() == "content-type")
