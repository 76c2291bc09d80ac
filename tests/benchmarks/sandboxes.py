"""What sessions cost: around each request, to make and turn back, and in memory."""

from __future__ import annotations

import json
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from calls import Call, measured
from figures import Comparison, figures
from inprocess import SECOND, TOKEN, Place, Subject, place
from processes import Running, emulator, running
from report import Line, at_most

from dimensions_emulator.sandbox.met import Met
from dimensions_emulator.settings import Settings
from dimensions_emulator.wire.entrance import MET, Entrance

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

SHARE = 15
"""The most that a session's part of a GET may be, in percent."""
MILLISECONDS = 0.2
"""The most that an act on a whole session may take."""
SESSIONS, MEMORY = 1_000, 60
"""So many sessions of the office may take so many MiB."""
HEADER = "HTTP_X_EMULATOR_SESSION"


@dataclass(frozen=True, slots=True)
class Bare:
    """The application as the control plane's requests reach it: no journal, no coverage, no session to find.

    What answers have for other reasons they have here too: the server's name, and an id for the log.
    """

    entrance: Entrance

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        environ[MET] = Met()
        session = self.entrance._sessions.default
        return self.entrance._control(environ, start_response, session, next(session.numbers))


def around(rounds: int, number: int) -> tuple[Line, Comparison]:
    """Journal, session and coverage as a part of a GET, in process, with a full journal."""
    here = place(Settings())
    get = measured(here.users, here.made("around"), TOKEN, "around")[0]
    entrance = _entrance(here.subject.application)
    bare, whole = Subject(Bare(entrance)), Subject(entrance)
    for turn in range(rounds + 1):
        for subject in (bare, whole):
            times = subject.round(get, number if turn else number // 2, get.status)
            if turn:
                subject.add(times)
    comparison = Comparison(
        get.name,
        "bare / with journal, session, coverage",
        figures(bare.rates, bare.times),
        figures(whole.rates, whole.times),
        whole.unexpected,
        whole.example,
    )
    part = 100 * (1 - comparison.ratio)
    detail = f"{median(whole.times) / 1000:.1f} us, without them {median(bare.times) / 1000:.1f} us"
    return at_most("journal, session, coverage of a GET", part, SHARE, "%", detail), comparison


def acts(sizes: Sequence[int], number: int) -> Iterator[Line]:
    """Fork, snapshot, restore and reset of a session in process, for worlds of several sizes in turns."""
    places = [place(Settings(world="crowd", users=size, max_sessions=100_000)) for size in sizes]
    times: list[dict[str, list[int]]] = [{} for _ in places]
    for turn in range(number):
        for here, taken in zip(places, times, strict=True):
            for act, nanoseconds in _life(here, f"s{turn}"):
                taken.setdefault(act, []).append(nanoseconds)
    for act in times[0]:
        for here, size, taken in zip(places, sizes, times, strict=True):
            milliseconds, example = 1000 * median(taken[act]) / SECOND, here.subject.example
            yield at_most(f"{act}, {size:,} users", milliseconds, MILLISECONDS, "ms", example)


def _life(here: Place, name: str) -> Iterator[tuple[str, int]]:
    """Make a session, change something in it, and take it back; the time of each act."""
    subject = here.subject

    def act(path: str, status: int, body: bytes = b"", session: str = name) -> int:
        ((environ, _),) = Call("act", "POST", f"/_emulator/{path}", "", status, (body,)).environs()
        taken, _, _ = subject.call({**environ, HEADER: session}, body, status)
        return taken

    yield "fork", act("sessions", 201, json.dumps({"name": name}).encode(), "default")
    yield "snapshot", act("snapshots/point", 201)
    ((environ, body),) = measured(here.users, "", TOKEN, "life")[2].environs()
    subject.call({**environ, HEADER: name}, body, 201)
    yield "restore", act("snapshots/point/restore", 200)
    subject.call({**environ, HEADER: name}, body, 201)
    yield "reset", act("reset", 200)


def memory() -> Line:
    """What sessions of the office take beside the server, each with one request behind it."""
    with running(emulator("--max-sessions", str(SESSIONS + 1))) as server:
        before = server.memory()
        for number in range(SESSIONS):
            _list(server, f"session-{number}")
        return at_most(f"memory, {SESSIONS:,} sessions", server.memory() - before, MEMORY, "MiB")


def _list(server: Running, session: str) -> None:
    customer = next(tenant["id"] for tenant in server.ready["tenants"] if tenant["kind"] == "customer")
    headers = {"Authorization": f"Bearer {server.ready['token']}", "X-Emulator-Session": session}
    with urlopen(Request(f"{server.ready['apiBase']}/customers/{customer}/users", headers=headers)) as answer:
        answer.read()


def _entrance(application: WSGIApplication) -> Entrance:
    while not isinstance(application, Entrance):
        application = application._application  # type: ignore[attr-defined]
    return application
