"""Where requests come in: whose session they are of, and what is kept of them."""

from __future__ import annotations

from io import BytesIO
from sys import getsizeof
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any

from dimensions_emulator.sandbox.journal import KEPT_BODY, LONGEST_SIZE, Entry
from dimensions_emulator.sandbox.met import Met
from dimensions_emulator.sandbox.sessions import SessionRefused
from dimensions_emulator.store.base import SessionGone
from dimensions_emulator.wire import envelope
from dimensions_emulator.wire.picking import Picks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from dimensions_emulator.domain.world import World
    from dimensions_emulator.sandbox.session import Session
    from dimensions_emulator.sandbox.sessions import Sessions

    Explain = Callable[[Session, Entry, World], str]

SESSION, MET, WORLD, TURN, BROKEN, REQUEST_ID = (
    "dimensions.session",
    "dimensions.met",
    "dimensions.world",
    "dimensions.turn",
    "dimensions.broken",
    "dimensions.request_id",
)
CONTROL = "/_emulator"
APART = ("//", "/s/", CONTROL)
NOTHING = (None, "", "0")
A_PAIR = 100
"""Bytes of memory that a header takes beside its name and value."""
Headers = list[tuple[str, str]]
Own = tuple[tuple[str, str], ...]


class Rejoined:
    """A stream of which the beginning was read already."""

    def __init__(self, beginning: bytes, rest: Any) -> None:
        self._beginning = beginning
        self._rest = rest

    def read(self, size: int = -1) -> bytes:
        if size < 0:
            size = len(self._beginning)
            rest: bytes = self._rest.read()
        else:
            rest = self._rest.read(size - len(self._beginning)) if size > len(self._beginning) else b""
        piece, self._beginning = self._beginning[:size], self._beginning[size:]
        return piece + rest


class Entrance:
    """The layer that every request passes, but for OPTIONS of the API.

    A request names its session by the header X-Emulator-Session, by the path prefix /s/<name> or by a token
    that was minted for it; the others are of the default session. Every answer names emulator, session and
    request. Requests to the API are counted, and kept in the journal if `keep` says so, but for those with
    X-Emulator-Journal: off. A refused one that asks for it by X-Emulator-Explain is told in one line what
    `explain` makes of it. `hidden` are secrets that no event tells.
    """

    def __init__(
        self,
        application: WSGIApplication,
        sessions: Sessions,
        name: str,
        *,
        keep: bool,
        explain: Explain | None = None,
        hidden: tuple[str, ...] = (),
    ) -> None:
        self._application = application
        self._sessions = sessions
        self._default = sessions.default
        self._name = ("X-Emulator", name)
        self._keep = keep
        self._explain = explain
        self._hidden = hidden
        self._picks = Picks()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        sessions = self._sessions
        if (
            "HTTP_X_EMULATOR_SESSION" in environ
            or sessions.tokens
            or sessions.lost
            or environ["PATH_INFO"].startswith(APART)
        ):
            return self._apart(environ, start_response)
        return self._api(environ, start_response, self._default, next(self._default.numbers))

    def _apart(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The answer to a request that may be of another session than the default one, or not of the API."""
        path = environ["PATH_INFO"]
        if path.startswith("//"):  # the router passes over these slashes too
            environ["PATH_INFO"] = f"/{path.lstrip('/')}"
        try:
            session = self._session(environ)
        except SessionRefused as no:
            return self._closed(no)(environ, start_response)
        number = next(session.numbers)
        session.at_work.add(number)
        try:
            serve = self._control if environ["PATH_INFO"].startswith(CONTROL) else self._api
            return serve(environ, start_response, session, number)
        finally:
            session.at_work.discard(number)
            if session is not self._default:
                session.used = monotonic()

    def _closed(self, no: SessionRefused) -> WSGIApplication:
        """The answer to a request that has no session."""
        headers = {self._name[0]: self._name[1], **({"Retry-After": "1"} if no.status == 503 else {})}  # noqa: PLR2004
        return envelope.error(no.status, None, no.args[0], self._default.clock.now(), headers)

    def _control(
        self, environ: WSGIEnvironment, start_response: StartResponse, session: Session, number: int
    ) -> Iterable[bytes]:
        own = self._own(environ, session, number)

        def start(status: str, headers: Headers, exc_info: Any = None) -> Any:
            return start_response(status, [*headers, *own], exc_info)

        return self._application(environ, start)

    def _api(
        self, environ: WSGIEnvironment, start_response: StartResponse, session: Session, number: int
    ) -> Iterable[bytes]:
        own = self._own(environ, session, number)
        met = environ[MET] = Met()
        body = b"" if environ.get("CONTENT_LENGTH") in NOTHING else _body(environ)
        head: list[tuple[str, Headers]] = []

        def keep(status: str, headers: Headers, _: Any = None) -> Callable[[bytes], object]:
            head.append((status, headers))
            return _unwritten

        started = perf_counter()
        pieces = self._application(environ, keep)
        answer = b"".join((*pieces, b""))  # a copy: of a single piece the maker has left room behind it
        if close := getattr(pieces, "close", None):
            close()
        seconds = perf_counter() - started
        status, headers = head[-1]
        broken = environ.get(BROKEN)
        code = 0 if broken is not None else int(status[:3])
        noted = "HTTP_X_EMULATOR_JOURNAL" not in environ or not unnoted(environ)
        if noted:
            session.coverage.count(met, code, seconds)
        kept = noted and self._keep
        if kept or met.refused is not None:
            entry = self._entry(environ, number, body, code, headers, answer, seconds)
            if met.refused is not None:
                self._refused(environ, session, entry)
            if kept:
                session.journal.add(entry)
        start_response(status, [*headers, *own])
        if broken is not None:
            broken.body = answer
            return broken  # type: ignore[no-any-return]
        return [answer]

    def _own(self, environ: WSGIEnvironment, session: Session, number: int) -> Own:
        """Let the request be of this session; the headers of every answer to it."""
        request_id = environ[REQUEST_ID] = f"{session.name}.{number}"
        environ[SESSION] = session
        return self._name, ("X-Emulator-Session", session.name), ("X-Emulator-Request-Id", request_id)

    def _entry(
        self,
        environ: WSGIEnvironment,
        number: int,
        body: bytes,
        status: int,
        headers: Headers,
        answer: bytes,
        seconds: float,
    ) -> Entry:
        met = environ[MET]
        names, values_of, size = self._picks[tuple(environ)]
        values, kept = values_of(environ), answer[:KEPT_BODY]
        # What is made of the texts, such as the parts of the path in `met`, is not longer than they are.
        size += 2 * len("".join(values)) + len(body) + len(kept)
        if met.refused is not None:
            size += sum(map(getsizeof, met.refused.facts.values()))
        if met.fault is not None:
            size += sum(getsizeof(name) + getsizeof(value) + A_PAIR for name, value in headers)
        at = environ[SESSION].clock.now() if met.at is None else met.at
        request_id, got = environ[REQUEST_ID], len(answer)
        told = (number, request_id, at, names, values, body, status, headers, kept, got, seconds, met, size)
        return tuple.__new__(Entry, told)  # `Entry(...)` would cost a GET one percent more

    def _refused(self, environ: WSGIEnvironment, session: Session, entry: Entry) -> None:
        """Tell of a refusal, keep its world, and explain it in a header if the request asks for that."""
        met, turn = entry.met, environ.get(TURN)
        if met.refused is not None:
            # What raised it would keep the whole request alive.
            met.refused.__traceback__ = met.refused.__context__ = None
        noted = not unnoted(environ)
        if noted:
            session.events.refused(entry, self._hidden)
        try:
            world = environ.get(WORLD) if turn is None else turn.world
            world = world or session.store.read(session.key)
        except SessionGone:
            return
        if self._keep and noted:
            session.refusals.keep(entry.number, world)
        if self._explain is not None and _asks(environ):
            entry.answer_headers.append(("X-Emulator-Explain", self._explain(session, entry, world)))

    def _session(self, environ: WSGIEnvironment) -> Session:
        name = environ.get("HTTP_X_EMULATOR_SESSION")
        path = environ["PATH_INFO"]
        if path.startswith("/s/"):
            name = _prefixed(environ, path, name)
        sessions = self._sessions
        if name is None:
            token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")[2].strip()
            return sessions.of_token(token) or self._default
        if environ.get("HTTP_X_EMULATOR_SESSION_MUST_EXIST", "0").strip().lower() not in {"0", "false", ""}:
            return sessions.find(name)
        return sessions.open(name)


def _prefixed(environ: WSGIEnvironment, path: str, named: str | None) -> str:
    """Move the prefix /s/<name> from the path to the place where applications are mounted."""
    name, _, rest = path[3:].partition("/")
    if named is not None and named != name:
        raise SessionRefused(
            400, f"The path names the session '{name}' and X-Emulator-Session '{named}'; name one of them."
        )
    environ["SCRIPT_NAME"] = f"{environ.get('SCRIPT_NAME', '')}/s/{name}"
    environ["PATH_INFO"] = f"/{rest.lstrip('/')}"
    return name


def _body(environ: WSGIEnvironment) -> bytes:
    """The beginning of the request's body, all of which stays there to be read."""
    sent = environ["CONTENT_LENGTH"]
    if not sent.isdecimal() or len(sent) > LONGEST_SIZE:
        return b""
    stream = environ["wsgi.input"]
    body: bytes = stream.read(min(int(sent), KEPT_BODY))
    environ["wsgi.input"] = BytesIO(body) if int(sent) <= KEPT_BODY else Rejoined(body, stream)
    return body


def unnoted(environ: WSGIEnvironment) -> bool:
    """Whether the request is of the test itself, so that journal, coverage and events do not tell of it."""
    value: str | None = environ.get("HTTP_X_EMULATOR_JOURNAL")
    return value is not None and value.strip().lower() == "off"


def _asks(environ: WSGIEnvironment) -> bool:
    """Whether the request wants its refusal explained."""
    value: str = environ.get("HTTP_X_EMULATOR_EXPLAIN", "0")
    return value.strip().lower() not in {"0", "false", "no", "off"}


def _unwritten(_: bytes) -> object:
    raise NotImplementedError("answers are given as a whole")
