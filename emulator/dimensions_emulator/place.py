"""Where clients reach the server, and what they need for it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dimensions_emulator.listening import reachable

if TYPE_CHECKING:
    from dimensions_emulator.server import Server
    from dimensions_emulator.settings import Settings
    from dimensions_emulator.tls import Identity


@dataclass(frozen=True, slots=True)
class Place:
    """The URL of the server, its Unix socket if it has one, the file with its authority's certificate.

    Paths are absolute: clients may be in other directories.
    """

    url: str
    unix_socket: str | None = None
    tls: bool = False
    authority: str | None = None

    def facts(self) -> dict[str, str | None]:
        """What the line of JSON tells beside the URL."""
        socket = {"unixSocket": self.unix_socket} if self.unix_socket else {}
        return {**socket, **({"caCertificate": self.authority} if self.tls else {})}

    def lines(self) -> list[str]:
        """What the banner tells beside the URLs."""
        lines = [f"  Socket    {self.unix_socket}"] if self.unix_socket else []
        if self.tls:
            lines.append(f"  CA        {self.authority or self.url + '/_emulator/ca.pem'}")
        return lines

    def curl(self) -> str:
        """Give the beginning of a command line."""
        words = ["curl"]
        if self.unix_socket:
            words += ["--unix-socket", self.unix_socket]
        if self.authority:
            words += ["--cacert", self.authority]
        elif self.tls:
            words.append("--insecure")
        return shlex.join(words)


def of(settings: Settings, server: Server, identity: Identity | None) -> Place:
    """Where this server is."""
    if settings.unix_socket:
        return Place("http://localhost", str(Path(settings.unix_socket).absolute()))
    scheme = "https" if identity else "http"
    url = f"{scheme}://{reachable(settings.host)}:{server.port}"
    authority = str(identity.path.absolute()) if identity and identity.path else None
    return Place(url, None, identity is not None, authority)
