"""Points in time as ticks of 100 ns since 1970, the resolution of the wire."""

from __future__ import annotations

import time
from datetime import UTC, datetime

SECOND = 10_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now() -> int:
    """The current time."""
    return time.time_ns() // 100


def text(ticks: int) -> str:
    """The wire's timestamp: UTC, seven fractional digits and Z (WIRE-TIMESTAMP)."""
    seconds, fraction = divmod(ticks, SECOND)
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat()[:19]}.{fraction:07d}Z"


def parse(timestamp: str) -> int:
    """The ticks of an ISO 8601 timestamp, in UTC where it names no offset; raises ValueError."""
    whole, dot, rest = timestamp.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    moment = datetime.fromisoformat(whole + rest[len(digits) :])
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds = int((moment - EPOCH).total_seconds())
    return seconds * SECOND + (int(digits[:7].ljust(7, "0")) if dot else 0)
