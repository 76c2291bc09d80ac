"""The calls over a socket, the no-op route and the emulator in turn."""

from __future__ import annotations

import multiprocessing
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from calls import Call, create, measured
from figures import Comparison, Figures, figures
from load import Job, Outcome, drive
from tenancy import Tenancy, over_http

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.pool import Pool

    from processes import Running

PROCESSES = 2
CONNECTIONS = (1, 16)
LISTED = 1_000
WARM_UP = 0.2
SERIALS = 10_000_000


@dataclass(frozen=True, slots=True)
class Effort:
    """How many rounds of how many seconds each side gets."""

    rounds: int
    seconds: float


@dataclass(slots=True)
class Side:
    """One of the two servers, with what its rounds brought."""

    address: tuple[str, int]
    status: int | None = None
    rates: list[float] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    unexpected: int = 0
    example: str = ""

    def add(self, outcomes: list[Outcome]) -> None:
        self.rates.append(sum(len(outcome.times) / outcome.elapsed for outcome in outcomes))
        for outcome in outcomes:
            self.times += outcome.times
            self.unexpected += outcome.unexpected
            self.example = self.example or outcome.example

    def figures(self) -> Figures:
        return figures(self.rates, self.times)


class SocketBench:
    """Measures with load generators that live as long as the benchmark."""

    def __init__(self, noop: Running, ours: Running, effort: Effort) -> None:
        self._noop, self._ours, self._effort = noop, ours, effort
        self._serials = count(1)

    def run(self) -> Iterator[Comparison]:
        """Compare every call with every number of connections."""
        with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
            tenancy = over_http(self._ours.ready)
            users = self._populate(pool, tenancy)
            for call in measured(tenancy.users, users[0], tenancy.token, "socket"):
                for connections in CONNECTIONS:
                    paths = users if call.path == users[0] else [call.path] * len(users)
                    calls = [call.at(path) for path in paths[:connections]]
                    yield self._compare(pool, calls)

    def _populate(self, pool: Pool, tenancy: Tenancy) -> list[str]:
        """Make the tenant a thousand users larger; the paths of some of them."""
        call = create(tenancy.users, tenancy.token, "listed")
        message = call.messages("localhost")
        job = Job(self._ours.address, (message,) * 4, True, 0, call.status, 0.5)
        made = 0
        while made < LISTED:
            outcome = pool.apply(drive, (self._fresh(job),))
            if outcome.unexpected:
                raise SystemExit(f"users cannot be created: {outcome.example}")
            made += len(outcome.times)
        found = tenancy.find("listed-", max(CONNECTIONS))
        return [f"{tenancy.users}/{user}" for user in found]

    def _compare(self, pool: Pool, calls: list[Call]) -> Comparison:
        noop, ours = Side(self._noop.address, 200), Side(self._ours.address)
        for side in (noop, ours):
            self._round(pool, side, calls, WARM_UP)
        for _ in range(self._effort.rounds):
            for side in (noop, ours):
                side.add(self._round(pool, side, calls, self._effort.seconds))
        setting = f"socket, c={len(calls)}"
        return Comparison(
            calls[0].name,
            setting,
            noop.figures(),
            ours.figures(),
            noop.unexpected + ours.unexpected,
            ours.example or noop.example,
        )

    def _round(self, pool: Pool, side: Side, calls: list[Call], seconds: float) -> list[Outcome]:
        host = f"{side.address[0]}:{side.address[1]}"
        status = side.status or calls[0].status
        shares = [calls[first::PROCESSES] for first in range(min(PROCESSES, len(calls)))]
        jobs = [
            self._fresh(
                Job(
                    side.address,
                    tuple(call.messages(host) for call in share),
                    calls[0].numbered,
                    0,
                    status,
                    seconds,
                )
            )
            for share in shares
        ]
        return pool.map(drive, jobs, chunksize=1)

    def _fresh(self, job: Job) -> Job:
        """The job with request numbers that no other has."""
        return Job(
            job.address, job.messages, job.numbered, next(self._serials) * SERIALS, job.status, job.seconds
        )
