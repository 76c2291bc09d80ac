"""All sessions of a server."""

from __future__ import annotations

import re
from collections import OrderedDict
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING

from dimensions_emulator.sandbox.coverage import Coverage
from dimensions_emulator.sandbox.journal import Budget
from dimensions_emulator.sandbox.session import Origin, Session
from dimensions_emulator.store.base import DEFAULT_SESSION

if TYPE_CHECKING:
    from dimensions_emulator.sandbox.fork import Fork
    from dimensions_emulator.sandbox.session import Terms
    from dimensions_emulator.store.base import Store

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
IN_USE = 60.0
REMEMBERED = 10_000
SWEEP = 1.0


class SessionRefused(Exception):
    """A session that cannot be had; `status` is HTTP's, `args[0]` the reason with the way out."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Sessions:
    """Sessions by name, made on first use, bounded in number, gone when idle.

    `limit` is the most there may be with the default one, `idle` the seconds without a request after which
    one goes, 0 for never. The default session stays. `past` is what was met in sessions that are gone,
    `forgotten` what was met before coverage began anew.
    """

    def __init__(self, store: Store, origin: Origin, terms: Terms, *, limit: int, idle: float) -> None:
        self._store = store
        self._terms = terms
        self._lock = Lock()
        self._made = 0
        self._next_sweep = 0.0
        self._full_until = 0.0
        self._gone: OrderedDict[str, str] = OrderedDict()
        self._live: dict[str, Session] = {}
        self._by_key: dict[str, Session] = {}
        self.limit = limit
        self.idle = idle
        self.past = Coverage()
        self.forgotten = Coverage()
        self.budget = terms.budget
        self.tokens: dict[str, str] = {}
        self.lost: OrderedDict[str, str] = OrderedDict()
        self.default = self._make(DEFAULT_SESSION, origin)

    def open(self, name: str) -> Session:
        """The session of this name, a fork of the seed world if there is none; raises `SessionRefused`."""
        session = self._live.get(name)
        if session is not None and not self._expired(session):
            session.used = monotonic()
            return session
        return self.create(name)

    def find(self, name: str) -> Session:
        """The session of this name, used from now on; raises `SessionRefused` as `look` does."""
        session = self.look(name)
        session.used = monotonic()
        return session

    def look(self, name: str) -> Session:
        """The session of this name; raises `SessionRefused` telling what became of it if there is none."""
        session = self._live.get(name)
        if session is not None and not self._expired(session):
            return session
        with self._lock:
            self._expire(name)
        raise self._missing(name)

    def of_token(self, token: str) -> Session | None:
        """The session that a token was minted for, used from now on; None for other tokens.

        Raises `SessionRefused` telling what became of it if it is gone.
        """
        name = self.tokens.get(token)
        if name is not None:
            return self.find(name)
        if token in self.lost:
            raise self._missing(self.lost[token])
        return None

    def create(self, name: str, origin: Origin | None = None) -> Session:
        """A new session; without an origin of its own it takes an existing one for as good.

        Raises `SessionRefused` if the name is not valid or taken, or if there is no room.
        """
        if not NAME.fullmatch(name):
            raise SessionRefused(
                400,
                f"'{name[:100]}' is no name of a session: it has up to 64 letters, digits, dots, hyphens and"
                " underscores, and begins with a letter or digit.",
            )
        with self._lock:
            self._sweep()
            self._expire(name)
            session = self._live.get(name)
            if session is not None:
                if origin is not None:
                    way_out = "reset" if name == DEFAULT_SESSION else "delete"
                    raise SessionRefused(409, f"The session '{name}' is there already; {way_out} it instead.")
                return session
            if len(self._live) >= self.limit:
                self._evict()
            return self._make(name, origin or self.default.origin)

    def drop(self, name: str, fate: str = "was deleted") -> None:
        """End a session; raises `SessionRefused` for the default one and for one that is not there."""
        if name == DEFAULT_SESSION:
            raise SessionRefused(400, "The default session stays; reset it instead.")
        self.look(name)
        with self._lock:
            self._drop(name, fate)

    def of_key(self, key: str) -> Session | None:
        """The session whose world has this key in the store."""
        return self._by_key.get(key)

    def scratch(self, session: Session, fork: Fork, now: int) -> Session:
        """A session for dry runs beside this one, on a world of its own, its clock standing at `now`.

        It is not among the sessions, its faults and limits are none, and what happens in it is forgotten.
        """
        terms = self._terms._replace(clock=lambda: now, journal=0, budget=Budget(0), rate=None)
        scratch = Session(session.name, session.key, session.origin, terms, fork)
        scratch.mailboxes = session.mailboxes
        return scratch

    def live(self) -> list[Session]:
        """The sessions of now, by name."""
        self.sweep()
        return sorted(self._live.copy().values(), key=lambda session: session.name)

    def sweep(self) -> None:
        """End the sessions that have been idle too long."""
        with self._lock:
            self._sweep()

    def _sweep(self) -> None:
        now = monotonic()
        if not self.idle or now < self._next_sweep:
            return
        self._next_sweep = now + SWEEP
        for name in list(self._live):
            self._expire(name)

    def _expire(self, name: str) -> None:
        session = self._live.get(name)
        if session is not None and self._expired(session):
            self._drop(name, f"expired after {self.idle:g} s without a request (--session-idle)")

    def _expired(self, session: Session) -> bool:
        if not self.idle or session.name == DEFAULT_SESSION or session.at_work:
            return False
        return monotonic() - session.used > self.idle

    def _evict(self) -> None:
        now = monotonic()
        if now < self._full_until:
            raise self._full()
        others = [s for s in self._live.values() if s.name != DEFAULT_SESSION and not s.at_work]
        oldest = min(others, key=lambda session: session.used, default=None)
        if oldest is None or now - oldest.used < IN_USE:
            # What was used last stays in use as long: no need to look again before.
            self._full_until = now if oldest is None else oldest.used + IN_USE
            raise self._full()
        self._drop(
            oldest.name, f"made room for another one as the longest idle of {self.limit} (--max-sessions)"
        )

    def _missing(self, name: str) -> SessionRefused:
        fate = self._gone.get(name, "was never there")
        way_out = "a request that names it without X-Emulator-Session-Must-Exist begins a new one"
        return SessionRefused(404, f"The session '{name}' {fate}; {way_out}.")

    def _full(self) -> SessionRefused:
        reason = f"All {self.limit} sessions are in use; delete some, or allow more with --max-sessions."
        return SessionRefused(503, reason)

    def _make(self, name: str, origin: Origin) -> Session:
        self._made += 1
        key = name if name == DEFAULT_SESSION else f"{name}~{self._made}"
        self._store.put(key, origin.world)
        session = Session(name, key, origin, self._terms, self._store)
        self._by_key[key] = self._live[name] = session
        return session

    def _drop(self, name: str, fate: str) -> None:
        session = self._live.pop(name, None)
        if session is None:
            return
        del self._by_key[session.key]
        self._store.drop(session.key)
        self.past.take(session.coverage)
        for token, named in list(self.tokens.items()):
            if named == name:
                self.tokens.pop(token, None)
                _remember(self.lost, token, name)
        session.close()
        _remember(self._gone, name, fate)


def _remember(past: OrderedDict[str, str], key: str, value: str) -> None:
    past[key] = value
    past.move_to_end(key)
    if len(past) > REMEMBERED:
        past.popitem(last=False)
