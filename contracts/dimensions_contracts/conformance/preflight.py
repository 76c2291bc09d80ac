"""What is found out before a run: whether it can begin, and what it may do."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dimensions_contracts.conformance import stage
from dimensions_contracts.conformance.guard import Unsafe
from dimensions_contracts.conformance.messages import Fault, Request, Spent
from dimensions_contracts.conformance.options import CannotRun

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dimensions_contracts.conformance.messages import Answer
    from dimensions_contracts.conformance.options import Options
    from dimensions_contracts.conformance.places import Place
    from dimensions_contracts.conformance.transport import GuardedSession

OK, NO_TOKEN, NO_SCOPE, NOT_FOUND = 200, 401, 403, 404
REDIRECTS, BROKEN = range(300, 400), range(500, 600)
SEARCHED = 50
"""How many users are looked at in search of an administrator."""
ENOUGH = 2
ENVELOPE = frozenset({"data", "status", "timestamp", "page_size", "error", "message"})


@dataclass(frozen=True, slots=True)
class Target:
    """What is known of the target; `found` is a user who was there before, `users` counts those."""

    emulator: bool
    places: Mapping[str, Place]
    found: str | None
    users: int
    state: dict[str, Any] | None = None


def examine(session: GuardedSession, options: Options) -> Target:
    """Look at the target without changing anything; raises `CannotRun` with what to do."""
    try:
        return _examined(session, options)
    except (Fault, Unsafe) as no:
        raise CannotRun(f"{no}") from None
    except Spent:
        raise CannotRun(
            f"--max-requests {options.max_requests} is used up by looking at the target; allow more."
        ) from None


def _examined(session: GuardedSession, options: Options) -> Target:
    emulator = _is_emulator(session)
    session.guard.control = emulator
    if options.mode == "full" and not emulator:
        _check_owned(options)
    _check_anonymous(_ask(session, _list(options.customer), "none"), options)
    listed = _users(_ask(session, _list(options.customer), "main"), options.customer, "--token")
    if options.account:
        _check_account(_ask(session, _list(options.customer, options.account), "main"), options)
    if options.other_customer:
        answer = _ask(session, _list(options.other_customer), "other")
        _users(answer, options.other_customer, "--other-token")
    found = [user["id"] for user in listed if isinstance(user, dict) and isinstance(user.get("id"), str)]
    state = stage.state(session) if emulator else None
    if state is not None and options.mode == "full" and (other := stage.run_at_work(state)):
        raise CannotRun(
            f"the run {other} is at work on this emulator in --mode full, or was killed; wait for its end, "
            "remove what it left with dimensions-contracts cleanup, or reset the emulator."
        )
    main = _facts(session, options, state)
    administrator = options.mode != "read-only" and _administrator(session, options.customer, found)
    main = replace(main, alone=not found, administrator=administrator)
    places = {**options.given_places, "main": main}
    return Target(emulator, places, found[0] if found else None, len(found), state)


def _list(customer: str, account: str | None = None) -> str:
    prefix = f"/accounts/{account}" if account else ""
    return f"/api/v1.0{prefix}/customers/{customer}/users"


def _ask(session: GuardedSession, path: str, caller: str) -> Answer:
    return session.send(Request("GET", path, (), None, caller))


def _is_emulator(session: GuardedSession) -> bool:
    answer = _ask(session, "/_emulator/health", "none")
    return answer.status == OK and isinstance(_object(answer).get("data"), dict)


def _object(answer: Answer) -> dict[str, Any]:
    try:
        parsed = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _check_owned(options: Options) -> None:
    host = urlsplit(options.url).hostname or ""
    if options.owned_host is None:
        raise CannotRun(
            f"--mode full changes more than its own users and {host} is no emulator; if it is yours to test, "
            f"type its name again with --i-own {host}, else use --mode own-data."
        )
    if options.owned_host.lower() != host.lower():
        raise CannotRun(
            f"--i-own names {options.owned_host}, but the target is {host}; they must be the same."
        )


def _check_anonymous(answer: Answer, options: Options) -> None:
    _check_kind(answer, options.url)
    if answer.status == OK:
        raise CannotRun(
            f"{options.url} lists the users of {options.customer} without any token, so AUTH-REQUIRED is "
            "broken and nothing else can be judged there; name the address that checks tokens."
        )


def _check_account(answer: Answer, options: Options) -> None:
    if answer.status == NOT_FOUND:
        raise CannotRun(
            f"the account {options.account} of --account has no customer {options.customer} (404); "
            "correct it, or leave it out."
        )


def _check_kind(answer: Answer, url: str) -> None:
    where = next((value for name, value in answer.headers if name.lower() == "location"), "")
    if answer.status in REDIRECTS:
        raise CannotRun(
            f"{url} redirects to {_without_query(where) or 'nowhere'}, perhaps a login page; name the "
            "address that the API itself answers at."
        )
    if answer.status in BROKEN:
        raise CannotRun(
            f"{url} answers {answer.status}: it, or a proxy in front of it, is not working; try again later."
        )
    kind = next((value for name, value in answer.headers if name.lower() == "content-type"), "")
    if answer.body and answer.status != NO_TOKEN and not _is_envelope(_object(answer)):
        raise CannotRun(
            f"{url} answers {answer.status} with {kind or 'a body without a type'}, not with JSON of this "
            "API; give the address before /api/v1.0, such as https://host.example."
        )


def _is_envelope(body: Mapping[str, Any]) -> bool:
    """Tell whether this may be an envelope, though a member of it be missing or have another name."""
    return len(ENVELOPE & body.keys()) >= ENOUGH


def _without_query(url: str) -> str:
    return url.partition("?")[0]


def _users(answer: Answer, customer: str, flag: str) -> list[Any]:
    _check_kind(answer, "the target")
    reasons = {
        NO_TOKEN: f"the token of {flag} is not accepted (401): it is wrong, or expired; get a new one.",
        NO_SCOPE: f"the token of {flag} lacks the scope onboarding (403); get one with it.",
        NOT_FOUND: f"the token of {flag} sees no customer {customer} (404); check id, token and URL.",
        400: f"the customer id {customer} is refused (400); it is a GUID.",
    }
    if answer.status != OK:
        raise CannotRun(
            reasons.get(answer.status, f"listing users answers {answer.status}; is it the URL of this API?")
        )
    lists = [value for value in _object(answer).values() if isinstance(value, list)]
    if not lists:
        raise CannotRun(f"the target lists no users of {customer}; is it the URL of this API?")
    return lists[0]


def _administrator(session: GuardedSession, customer: str, users: list[str]) -> bool:
    """Tell whether one of the first users administers the others."""
    return any(_administers(_ask(session, f"{_list(customer)}/{user}", "main")) for user in users[:SEARCHED])


def _administers(answer: Answer) -> bool:
    data = _object(answer).get("data")
    roles = data.get("roles") if isinstance(data, dict) else None
    return (
        isinstance(roles, list)
        and "customer.user" in roles
        and ("user.admin" in roles or "admin.user" in roles)
    )


def _facts(session: GuardedSession, options: Options, state: Mapping[str, Any] | None) -> Place:
    main = options.given_places["main"]
    told = next(_told(session, options, state), None)
    if told is None:
        return main
    features = told.get("features") or {}
    return replace(
        main,
        account=main.account or _text(told, "account") or _text(told, "parentTenantId"),
        country=main.country or _text(told, "countryCode"),
        agent_feature=features.get("agent") if isinstance(features, dict) else None,
        new_user_mail=told.get("sendNewUserEmail"),
        welcome_mail=told.get("sendConnectWelcomeEmail"),
    )


def _text(told: Mapping[str, Any], name: str) -> str | None:
    value = told.get(name)
    return value if isinstance(value, str) else None


def _told(
    session: GuardedSession, options: Options, state: Mapping[str, Any] | None
) -> Iterator[Mapping[str, Any]]:
    if state is not None:
        wanted = options.customer.replace("-", "").strip("{}()").lower()
        for key, entry in state["customers"].items():
            if key.replace("-", "") == wanted:
                yield entry
        return
    answer = _ask(session, f"/api/v1.0/customers/{options.customer}", "main")
    data = _object(answer).get("data")
    if answer.status == OK and isinstance(data, dict):
        yield data
