"""What goes over the wire and comes back."""

from __future__ import annotations

from typing import NamedTuple


class Request(NamedTuple):
    """One call; `path` is absolute, with its query, exactly as it is sent.

    `headers` lack Authorization and User-Agent: `caller` names whose token is sent. `aim` says that an id
    in the path is meant to be wrong: malformed, unknown or elsewhere.
    """

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    caller: str = "main"
    aim: str = ""


class Answer(NamedTuple):
    """What the target answered, with how long it took to the last byte."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    milliseconds: float


class Fault(Exception):
    """The target did not answer properly; the text is one sentence that says what happened."""


class Spent(Exception):
    """The requests that the run may send are used up."""
