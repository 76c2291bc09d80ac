"""Where the ids stand in a path of the API."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dimensions_emulator.sandbox.dry_run import Request

BEFORE = {
    "accounts": "account",
    "customers": "customer",
    "clients": "customer",
    "users": "user",
    "utilisateurs": "user",
}
DEVICES = "/devices/pbx/"


def found(path: str) -> dict[str, int]:
    """The segments of a path that hold the ids of account, customer and user, by kind."""
    parts = path.split("/")
    places: dict[str, int] = {}
    for at, (before, part) in enumerate(pairwise(parts), 1):
        kind = BEFORE.get(before)
        if kind is not None and kind not in places and part and at - 1 not in places.values():
            places[kind] = at
    return places


def device(path: str) -> str | None:
    """The device that a path names."""
    _, mark, rest = path.partition(DEVICES)
    return _text(rest.rpartition("/")[0]) if mark and "/" in rest else None


def with_device(request: Request, new: str) -> Request:
    """The request with another device in its path, which names one."""
    before, _, rest = request.path.partition(DEVICES)
    return request._replace(path=f"{before}{DEVICES}{_wsgi(new)}/{rest.rpartition('/')[2]}")


def value(path: str, kind: str) -> str | None:
    """What stands in the place of an id."""
    at = found(path).get(kind)
    return _text(path.split("/")[at]) if at is not None else None


def with_id(request: Request, kind: str, new: str) -> Request:
    """The request with another id in this place, which its path has."""
    parts = request.path.split("/")
    parts[found(request.path)[kind]] = new
    return request._replace(path="/".join(parts))


def without_account(request: Request) -> Request:
    """The request by the prefix that names no account."""
    parts = request.path.split("/")
    at = found(request.path)["account"]
    return request._replace(path="/".join((*parts[: at - 1], *parts[at + 1 :])))


def of_user(path: str, user_id: str) -> str:
    """The path of a user in the customer of another path."""
    parts = path.split("/")
    at = found(path)["customer"] + 1
    return "/".join((*parts[: at + 1], user_id))


def _text(wsgi: str) -> str:
    return wsgi.encode("latin-1", "replace").decode("utf-8", "replace")


def _wsgi(text: str) -> str:
    return text.encode("utf-8", "replace").decode("latin-1")
