"""Waiting for mail."""

from __future__ import annotations

from heapq import nlargest
from math import isfinite
from time import monotonic
from typing import TYPE_CHECKING

from flask import abort, request

from dimensions_emulator.control import mail, mail_filter
from dimensions_emulator.wire import envelope, waiting

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flask import Blueprint, Response

    from dimensions_emulator.control.desk import Desk
    from dimensions_emulator.control.mail_filter import Wanted
    from dimensions_emulator.domain.models import Mail
    from dimensions_emulator.domain.world import World
    from dimensions_emulator.sandbox.session import Session

LONGEST, USUAL = 60.0, "10"
LONGEST_NUMBER = 16
SHOWN = 10


def register(blueprint: Blueprint, desk: Desk) -> None:
    def arrived(key: str, before: World, after: World) -> None:
        if after.mail_count > before.mail_count and (session := desk.sessions.of_key(key)):
            session.mailboxes.wake()

    desk.store.watch(arrived)

    @blueprint.get("/mail/wait")
    def wait() -> Response:
        """The oldest mail that matches, as soon as there is one."""
        wanted = mail_filter.wanted(desk.renderer, "after", "timeout")
        given = {"delivery": "delivered", **wanted.given}
        timeout, after = _seconds(given.pop("timeout", USUAL)), _number(given.pop("after", "0"))
        search = Search(desk, desk.session, mail_filter.Wanted(given, desk.renderer), after)
        if not search.look():
            with waiting.waiting(request.environ):
                _wait(search, timeout)
        if search.found is None:
            abort(404, f"No mail with {search} came within {timeout:g} s. {_told(search.world)}")
        return envelope.one(mail.shown(desk, search.world, search.found), desk.clock())


class Search:
    """Looks for the oldest mail that is wanted, again and again; `world` is what it has looked at last."""

    def __init__(self, desk: Desk, session: Session, wanted: Wanted, after: int) -> None:
        self._desk = desk
        self._wanted = wanted
        self._after = self._seen = after
        self.session = session
        self.found: Mail | None = None
        self.world = desk.store.read(session.key)

    def look(self) -> bool:
        """Tell whether the mail is there; raises `SessionGone` if its session no longer is."""
        before, world = self.world, self._desk.store.read(self.session.key)
        self.world, self.session.used = world, monotonic()
        if world.mail_count < self._seen or world.mails.get(self._seen) is not before.mails.get(self._seen):
            self._seen = self._after  # the world may have gone back, and its numbers with it
        self.found = next(self._wanted.among(world, _above(self._seen, world)), None)
        self._seen = max(self._after, world.mail_count)
        return self.found is not None

    def __str__(self) -> str:
        return f"{self._wanted}" + (f", after {self._after}" if self._after else "")


def _above(number: int, world: World) -> Iterable[int]:
    """The numbers that mails above this one may have."""
    if world.mail_count - number <= len(world.mails):
        return range(number + 1, world.mail_count + 1)
    return sorted(other for other in world.mails if other > number)


def _wait(search: Search, timeout: float) -> None:
    end = monotonic() + timeout
    while search.found is None and (left := end - monotonic()) > 0:
        if waiting.over(request.environ):
            abort(503, "The server stops; no mail is waited for any more.")
        search.session.mailboxes.wait(search.look, min(left, waiting.LOOK))


def _told(world: World) -> str:
    if not world.mails:
        return "There is no mail at all."
    latest = [world.mails[number] for number in nlargest(SHOWN, world.mails)]
    lines = [
        f"{mail.id} {mail.kind} to {mail.to}" + (f" (failed: {mail.failure})" if mail.failure else "")
        for mail in latest
    ]
    older = len(world.mails) - len(latest)
    return f"The latest mails: {'; '.join(lines)}" + (f"; and {older} older ones." if older else ".")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not isfinite(seconds) or not 0 <= seconds <= LONGEST:
        abort(400, f"timeout is a number of seconds from 0 to {LONGEST:g}.")
    return seconds


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER):
        abort(400, "after is the number of a mail, 0 for all mails.")
    return int(text)
