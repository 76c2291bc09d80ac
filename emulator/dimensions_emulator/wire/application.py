"""Flask without what this application has no use for; a GET takes a sixth less time than with it."""

from __future__ import annotations

from string import punctuation
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote

from flask import Flask, Request
from flask.sessions import NullSession, SessionInterface
from werkzeug.routing import MapAdapter, Rule
from werkzeug.utils import cached_property

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.datastructures import MultiDict


class MatchedRule(Rule):
    """A rule that skips the compilation of URL builders: it took half of the start-up time."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., Any]:  # noqa: ARG002, FBT001, FBT002
        return _not_built


class AsciiRequest(Request):
    """A request whose query may hold bytes that no server of ours lets through, but others may."""

    @cached_property
    def args(self) -> MultiDict[str, str]:
        """The parameters of the query."""
        self.query_string = quote(self.query_string, safe=punctuation).encode("ascii")
        return super().args


class NoSessions(SessionInterface):
    """No cookie is ever read or set."""

    none = NullSession()

    def open_session(self, app: Flask, request: Request) -> NullSession:  # noqa: ARG002
        return self.none

    def is_null_session(self, obj: object) -> bool:  # noqa: ARG002
        return True


class Application(Flask):
    """A Flask application that builds no URLs, redirects nobody, and has the same routes for every host.

    What is to run at the end of a request is looked for where something is registered at all.
    """

    url_rule_class = MatchedRule
    request_class = AsciiRequest
    session_interface = NoSessions()

    def __init__(self, name: str) -> None:
        super().__init__(name, static_folder=None)
        self.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
        self.url_map.merge_slashes = self.url_map.redirect_defaults = False

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        if request is None:
            return None
        method = request.environ["REQUEST_METHOD"]
        return MapAdapter(
            self.url_map,
            server_name="",
            script_name="/",
            subdomain="",
            url_scheme="http",
            path_info=request.path,
            # The router takes lower case for upper, but to HTTP these are two methods.
            default_method=method if method.isupper() else f"no {method}",
        )

    def do_teardown_request(self, *fault: Any) -> None:
        if self.teardown_request_funcs:
            super().do_teardown_request(*fault)


def _not_built(*_: Any) -> NoReturn:
    raise NotImplementedError("this application builds no URLs from its rules")
