"""The API calls that are measured, as bytes for a socket and as environs for WSGI."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

SERIAL = b"%012d"
"""Stands in a body where each request needs a number of its own."""

ROLE_ADDED = [{"op": "add", "path": "/roles/-", "value": "customer.settings"}]
ROLES_BACK = [{"op": "replace", "path": "/roles", "value": ["customer.user"]}]

SERVED = MappingProxyType(
    {
        "SCRIPT_NAME": "",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": "50000",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "4020",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": "benchmark",
        "HTTP_HOST": "127.0.0.1:4020",
        "HTTP_ACCEPT": "application/json",
        "HTTP_USER_AGENT": "benchmark",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }
)
"""What a WSGI server says of every request."""


@dataclass(frozen=True, slots=True)
class Call:
    """One kind of request; its bodies take turns."""

    name: str
    method: str
    path: str
    token: str
    status: int
    bodies: tuple[bytes, ...] = ()

    @property
    def numbered(self) -> bool:
        return any(SERIAL in body for body in self.bodies)

    def at(self, path: str) -> Call:
        return replace(self, path=path)

    def messages(self, host: str) -> tuple[bytes, ...]:
        """The requests as sent over a socket, one for each body."""
        return tuple(self._head(host, _length(body)) + body for body in self.bodies or (b"",))

    def environs(self) -> tuple[tuple[dict[str, Any], bytes], ...]:
        """The requests as a WSGI server prepares them, one for each body."""
        return tuple((self._environ(_length(body)), body) for body in self.bodies or (b"",))

    def _head(self, host: str, length: int) -> bytes:
        lines = [
            f"{self.method} {self.path} HTTP/1.1",
            f"Host: {host}",
            f"Authorization: Bearer {self.token}",
            "Accept: application/json",
            "User-Agent: benchmark",
        ]
        if self.bodies:
            lines += ["Content-Type: application/json", f"Content-Length: {length}", "accept-charges: true"]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def _environ(self, length: int) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        environ: dict[str, Any] = {
            **SERVED,
            "REQUEST_METHOD": self.method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_URI": self.path,
            "HTTP_AUTHORIZATION": f"Bearer {self.token}",
            "wsgi.errors": sys.stderr,
        }
        if self.bodies:
            environ |= {
                "CONTENT_TYPE": "application/json",
                "CONTENT_LENGTH": str(length),
                "HTTP_ACCEPT_CHARGES": "true",
            }
        return environ


def create(users: str, token: str, tag: str) -> Call:
    """Create a user whose address is made of a tag and the number of the request."""
    user = {
        "email": f"{tag}-{SERIAL.decode()}@bench.example",
        "displayName": "Bench User",
        "roles": ["customer.user"],
    }
    return Call("POST", "POST", users, token, 201, (json.dumps(user).encode(),))


def measured(users: str, user: str, token: str, tag: str) -> tuple[Call, ...]:
    """The four calls that have a bar or a baseline; `users` and `user` are paths."""
    patches = tuple(json.dumps(patch).encode() for patch in (ROLE_ADDED, ROLES_BACK))
    return (
        Call("GET one", "GET", user, token, 200),
        Call("GET 1,000", "GET", f"{users}?pageIndex=0&pageSize=1000", token, 200),
        create(users, token, tag),
        Call("PATCH role", "PATCH", user, token, 200, patches),
    )


def _length(body: bytes) -> int:
    return len(body % 0) if SERIAL in body else len(body)
