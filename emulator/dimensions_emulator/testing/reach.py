"""How clients reach a session: its addresses, its token, and transports that need no address."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from dimensions_emulator.testing.errors import EmulatorError
from dimensions_emulator.testing.hosts import NOWHERE
from dimensions_emulator.testing.line import SESSION

if TYPE_CHECKING:
    import httpx
    import requests

    from dimensions_emulator.testing.calling import Direct
    from dimensions_emulator.testing.line import Line


class Reach:
    """`url` leads to the session by itself; `direct` is its application, where that is in this process.

    Without a server (`in_process`) nothing listens at `url`: it is for clients with one of the transports.
    """

    def __init__(self, name: str, url: str, line: Line, direct: Direct | None) -> None:
        self.name = name
        self.url = url
        self.line = line
        self.direct = direct

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Tell why an emulator has nothing yet."""
            if name.startswith("__") or "line" in vars(self):
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            lacking = "" if name == "line" else f", so there is no {name}"
            raise EmulatorError(f"not started{lacking}; use it in a with, or start() it")

    def __repr__(self) -> str:
        nothing = " (in process: nothing listens there)" if urlsplit(self.url).hostname == NOWHERE else ""
        return f"<{type(self).__name__} {self.name} at {self.url}{nothing}>"

    @property
    def api_url(self) -> str:
        """The base URL for clients of the API."""
        return f"{self.url}/api/v1.0"

    @property
    def headers(self) -> dict[str, str]:
        """What names the session to a client that goes by the emulator's own address."""
        return {name: value for name, value in self.line.headers.items() if name == SESSION}

    @property
    def token(self) -> str:
        """A token of the world that works; of those the one that sees most."""
        return self._known("token")

    @property
    def customer_id(self) -> str:
        """The first customer that the token opens."""
        return self._known("customer_id")

    @property
    def account_id(self) -> str:
        """The account of that customer."""
        return self._known("account_id")

    @property
    def environment(self) -> dict[str, str]:
        """The variables that tell a program where this session is."""
        return self.line.tenancy.environment(self.url)

    def requests_session(self) -> requests.Session:
        """A session of requests that reaches this one under any address; see `mount`.

        Where the emulator is in another process, it is a plain one that names this session.
        """
        made: requests.Session = optional("requests").Session()
        if self.direct is not None:
            self.mount(made)
        made.headers.update(self.headers)
        return made

    def mount(self, session: requests.Session, *prefixes: str) -> None:
        """Let a session of requests reach this one under these addresses, under all if none is given.

        It calls the application past any server: no socket is involved, even where one listens, and resets,
        hangs and truncated answers are raised as requests raises them. A plain `requests.Session()` that is
        given the base URL `api_url` meets real ones. Retries that are configured for an address stay.
        """
        optional("requests")
        from dimensions_emulator.testing.requests_adapter import DirectAdapter  # noqa: PLC0415  optional

        for prefix in prefixes or {"http://", "https://", *session.adapters}:
            retries = getattr(session.get_adapter(prefix), "max_retries", 0)
            session.mount(prefix, DirectAdapter(self._here("mount()"), retries))

    def httpx_transport(self) -> httpx.BaseTransport:
        """A transport for `httpx.Client` that reaches this session under any address, as `mount` does."""
        optional("httpx")
        from dimensions_emulator.testing.httpx_transports import DirectTransport  # noqa: PLC0415  optional

        return DirectTransport(self._here("httpx_transport()"))

    def httpx_async_transport(self) -> httpx.AsyncBaseTransport:
        """A transport for `httpx.AsyncClient` that reaches this session as `mount` does."""
        optional("httpx")
        from dimensions_emulator.testing.httpx_transports import AsyncDirectTransport  # noqa: PLC0415  optional

        return AsyncDirectTransport(self._here("httpx_async_transport()"))

    def _here(self, wanted: str) -> Direct:
        if self.direct is None:
            raise EmulatorError(
                f"{wanted} needs the emulator in this process, and this one is in another; "
                f"give the client the base URL {self.api_url}"
            )
        return self.direct

    def _known(self, name: str) -> str:
        value = getattr(self.line.tenancy, name)
        if value is None:
            raise EmulatorError(f"this world has no {name.partition('_')[0]} to begin with; see state()")
        return cast("str", value)


def optional(name: str) -> Any:
    """A library that is not among the dependencies; raises `EmulatorError` where it is not installed."""
    try:
        return import_module(name)
    except ImportError:
        raise EmulatorError(f"this needs {name}, which is not installed; pip install {name}") from None
