"""Figures for Prometheus."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from flask import Response, request

from dimensions_emulator.control import filters
from dimensions_emulator.domain import ticks
from dimensions_emulator.sandbox.coverage import BOUNDS, Answers, Coverage, total
from dimensions_emulator.store.base import SessionGone
from dimensions_emulator.wire.waiting import WAITING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Blueprint
    from prometheus_client import Metric

    from dimensions_emulator.control.desk import Desk

PREFIX = "dimensions_emulator_"
NO_ROUTE = "none"


def register(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get("/metrics")
    def metrics() -> Response:
        """What the server holds, and what it has done since its start."""
        from prometheus_client.exposition import (  # noqa: PLC0415  slow to import
            CONTENT_TYPE_PLAIN_0_0_4,
            generate_latest,
        )

        filters.known()
        figures = Figures(desk, getattr(request.environ.get(WAITING), "waiting", 0))
        return Response(generate_latest(figures), content_type=CONTENT_TYPE_PLAIN_0_0_4)


class Held(NamedTuple):
    """What the worlds and journals of all sessions hold together, and what the journals had to drop."""

    sessions: int
    users: int
    mails: int
    charges: int
    entries: int
    dropped: int


class Figures:
    """Collects the figures at the moment when they are asked for; `waiting` requests wait just now."""

    def __init__(self, desk: Desk, waiting: int) -> None:
        self._desk = desk
        self._waiting = waiting

    def collect(self) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily  # noqa: PLC0415

        desk, held = self._desk, _held(self._desk)
        budget = desk.sessions.budget
        facts = {"version": desk.version, "profile": desk.book.profile.name, "world": desk.settings.world}
        yield InfoMetricFamily(PREFIX + "build", "What is running here.", value=facts)
        for name, what, value in (
            (
                "start_time_seconds",
                "When the server started, in seconds since 1970.",
                desk.started / ticks.SECOND,
            ),
            ("sessions", "Sessions that live.", held.sessions),
            ("sessions_limit", "Sessions that may live at once.", desk.sessions.limit),
            ("users", "Users in the worlds of all sessions.", held.users),
            ("mails", "Mails kept in the worlds of all sessions.", held.mails),
            ("charges", "Charges kept in the worlds of all sessions.", held.charges),
            ("journal_entries", "Requests kept in all journals.", held.entries),
            ("journal_bytes", "Memory that all journals take, about.", budget.used),
            ("journal_limit_bytes", "Memory that all journals may take.", budget.limit),
            ("waiting_requests", "Requests that wait for mail, events or time.", self._waiting),
        ):
            yield GaugeMetricFamily(PREFIX + name, what, value=value)
        yield from _counted(total(_counts(desk)), budget.dropped + held.dropped)


def _held(desk: Desk) -> Held:
    live = desk.sessions.live()
    worlds = []
    for session in live:
        try:
            worlds.append(desk.store.read(session.key))
        except SessionGone:
            continue
    return Held(
        len(live),
        sum(len(world.users) for world in worlds),
        sum(len(world.mails) for world in worlds),
        sum(len(world.charges) for world in worlds),
        sum(len(session.journal) for session in live),
        sum(session.journal.dropped for session in live),
    )


def _counts(desk: Desk) -> list[Coverage]:
    """Everything that was ever counted: these figures never fall."""
    sessions = desk.sessions
    return [sessions.forgotten, sessions.past, *(session.coverage for session in sessions.live())]


def _counted(counts: Coverage, dropped: int) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily  # noqa: PLC0415

    requests = CounterMetricFamily(
        PREFIX + "requests",
        "Requests to the API; status 0 is a broken answer.",
        labels=["operation", "status"],
    )
    times = HistogramMetricFamily(
        PREFIX + "request_duration_seconds", "How long answers of the API took.", labels=["operation"]
    )
    rows: dict[str, Answers] = {}
    for (operation, status), answers in sorted(counts.answers.items(), key=str):
        name = operation or NO_ROUTE
        requests.add_metric([name, str(status)], answers.count)
        rows.setdefault(name, Answers()).add(answers)
    for name, answers in rows.items():
        bounds = [*map(str, BOUNDS), "+Inf"]
        buckets = list(zip(bounds, accumulate(answers.classes), strict=True))
        times.add_metric([name], buckets, answers.seconds)
    refusals = CounterMetricFamily(
        PREFIX + "refusals", "Requests that a rule refused.", labels=["rule", "error"]
    )
    for (rule, error), count in sorted(counts.refusals.items()):
        refusals.add_metric([rule, error], count)
    mails = CounterMetricFamily(PREFIX + "mails_sent", "Mails that the API has sent.", labels=["kind"])
    for kind, count in sorted(counts.mails.items()):
        mails.add_metric([kind], count)
    yield from (requests, times, refusals, mails)
    for name, what, value in (
        ("charges_made", "Charges that the API has made.", counts.charges),
        ("faults_struck", "Requests that a fault has struck.", counts.struck),
        ("journal_dropped", "Requests that had to go from journals.", dropped),
    ):
        yield CounterMetricFamily(PREFIX + name, what, value=value)
