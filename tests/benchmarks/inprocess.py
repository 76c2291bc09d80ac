"""The calls in process: the WSGI application called with a prepared environ."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from itertools import count
from statistics import median
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from calls import SERIAL, Call, create, measured
from figures import Comparison, figures
from noop import create_noop

from dimensions_emulator.app import create_app
from dimensions_emulator.settings import Settings
from dimensions_emulator.store.base import DEFAULT_SESSION
from dimensions_emulator.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from wsgiref.types import WSGIApplication

SECOND = 1_000_000_000
TOKEN = "emulator-token-reseller"
LISTED = 1_000
POINT_CALLS = ("create", "patch", "get", "delete")


@dataclass(slots=True)
class Subject:
    """An application under measurement, with what its rounds brought."""

    application: WSGIApplication
    rates: list[float] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    unexpected: int = 0
    example: str = ""
    serials: Iterator[int] = field(default_factory=lambda: count(1))

    def call(
        self, environ: dict[str, Any], body: bytes, status: int | None = None
    ) -> tuple[int, bytes, dict[str, str]]:
        """Make one call; the time it took in nanoseconds, the body and the headers of its answer."""
        if SERIAL in body:
            body %= next(self.serials)
        environ = {**environ, "wsgi.input": BytesIO(body)}
        seen: list[Any] = []

        def start_response(line: str, headers: Any, exc_info: Any = None) -> Any:
            seen[:] = line, headers

        start = perf_counter_ns()
        answer = self.application(environ, start_response)
        data = b"".join(answer)
        if (close := getattr(answer, "close", None)) is not None:
            close()
        took = perf_counter_ns() - start
        if status is not None and int(seen[0][:3]) != status:
            self.unexpected += 1
            self.example = self.example or f"{seen[0]} {data[:300].decode()}"
        return took, data, dict(seen[1])

    def round(self, call: Call, number: int, status: int) -> list[int]:
        """Make so many calls; the time of each."""
        environs = call.environs()
        return [self.call(*environs[turn % len(environs)], status)[0] for turn in range(number)]

    def add(self, times: list[int]) -> None:
        self.rates.append(SECOND / median(times))
        self.times += times


@dataclass(frozen=True, slots=True)
class Place:
    """A subject with a customer to work in."""

    subject: Subject
    users: str

    def made(self, tag: str) -> str:
        """Create a user; its path."""
        ((environ, body),) = create(self.users, TOKEN, tag).environs()
        _, _, headers = self.subject.call(environ, body, 201)
        return f"{self.users}/{headers['Location'].rpartition('/')[2]}"


def place(settings: Settings) -> Place:
    """The emulator in this process with the largest customer of its world."""
    store = MemoryStore()
    app = create_app(settings, store)
    tenants = store.read(DEFAULT_SESSION).tenants.values()
    largest = max(tenants, key=lambda tenant: len(tenant.members))
    return Place(Subject(app.wsgi_app), f"/api/v1.0/customers/{largest.customer.id}/users")


def compared(rounds: int, number: int) -> Iterator[Comparison]:
    """Each call beside the no-op route, in turns of so many calls a round."""
    here = place(Settings())
    paths = [here.made("listed") for _ in range(LISTED)]
    for call in measured(here.users, paths[0], TOKEN, "wsgi"):
        noop, ours = Subject(create_noop().wsgi_app), here.subject
        ours.rates, ours.times = [], []
        for turn in range(rounds + 1):
            for subject, status in ((noop, 200), (ours, call.status)):
                times = subject.round(call, number if turn else number // 5, status)
                if turn:
                    subject.add(times)
        yield Comparison(
            call.name,
            "in process",
            figures(noop.rates, noop.times),
            figures(ours.rates, ours.times),
            ours.unexpected,
            ours.example,
        )


def by_size(sizes: Sequence[int], number: int) -> Iterator[Comparison]:
    """Point operations in a small customer as the yardstick, and in a large one."""
    places = [place(Settings(world="crowd", users=size)) for size in sizes]
    times: list[dict[str, list[int]]] = [{name: [] for name in POINT_CALLS} for _ in places]
    for turn in range(number + number // 10):
        for here, taken in zip(places, times, strict=True):
            for name, nanoseconds in _life(here).items():
                if turn >= number // 10:
                    taken[name].append(nanoseconds)
    setting = " / ".join(f"{size:,}" for size in reversed(sizes)) + " users"
    for name in POINT_CALLS:
        small, large = (figures([SECOND / median(taken[name])], taken[name]) for taken in times)
        subject = places[-1].subject
        yield Comparison(name, setting, small, large, subject.unexpected, subject.example)


def _life(here: Place) -> dict[str, int]:
    """Create, patch, get and delete one user; the time of each."""
    ((environ, body),) = create(here.users, TOKEN, "point").environs()
    taken, _, headers = here.subject.call(environ, body, 201)
    user = f"{here.users}/{headers['Location'].rpartition('/')[2]}"
    get, _, _, patch = measured(here.users, user, TOKEN, "point")
    rest = {"patch": patch, "get": get, "delete": Call("delete", "DELETE", user, TOKEN, 200)}
    return {"create": taken} | {
        name: here.subject.call(*call.environs()[0], call.status)[0] for name, call in rest.items()
    }
