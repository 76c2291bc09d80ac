"""What sends the requests of a `requests.Session` to an application of this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

from dimensions_emulator.testing.memory_socket import MemorySocket

if TYPE_CHECKING:
    from requests import PreparedRequest

    from dimensions_emulator.testing.calling import Direct


class DirectAdapter(HTTPAdapter):
    """Replaces the sockets alone, so that retries, timeouts, redirects and errors are those of requests."""

    def __init__(self, direct: Direct, max_retries: Any = 0) -> None:
        super().__init__(max_retries=max_retries)
        self._direct = direct

    def get_connection_with_tls_context(
        self, request: PreparedRequest, *_: Any, **__: Any
    ) -> HTTPConnectionPool:
        return self.get_connection(cast("str", request.url))

    def get_connection(self, url: str, _: Any = None) -> HTTPConnectionPool:
        """The same for older versions of requests, which would call the network."""
        parts = urlsplit(url)
        return _Pool(
            self._direct, f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", parts.hostname, parts.port
        )

    def cert_verify(self, *_: Any) -> None:
        """Verify nothing: there is no connection."""

    def request_url(self, request: PreparedRequest, _: Any) -> str:
        """The path: there is no proxy on the way."""
        return request.path_url


class _Connection(HTTPConnection):
    is_verified = True

    def __init__(self, *given: Any, direct: Direct, origin: str, **named: Any) -> None:
        super().__init__(*given, **named)
        self._direct = direct
        self._origin = origin

    @property
    def is_connected(self) -> bool:
        return self.sock is not None

    def connect(self) -> None:
        self.sock = cast("Any", MemorySocket(self._direct, self._origin, self.timeout))


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection

    def __init__(self, direct: Direct, origin: str, host: str | None, port: int | None) -> None:
        super().__init__(host or "", port, direct=direct, origin=origin)

    def _put_conn(self, conn: Any) -> None:
        """Keep no connection: urllib3 1 would ask the system about a socket that is none."""
        if conn is not None:
            conn.close()
        super()._put_conn(conn)
