"""What the caller of a run asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dimensions_contracts.conformance.places import Place

if TYPE_CHECKING:
    from pathlib import Path

MODES = ("read-only", "own-data", "full")
SOURCES = ("cases", "tables", "grid", "coverage", "engine", "machine")
GENERATED = frozenset({"engine", "machine"})
"""Sources that make up requests while they run: for emulators, or customers without users on demand."""
DOMAIN = "mail.example"


class CannotRun(Exception):
    """The run cannot begin; each of `args[0]` is a sentence that says what to do."""

    def __init__(self, *sentences: str) -> None:
        super().__init__(sentences)
        self.sentences = sentences


@dataclass(frozen=True, slots=True)
class Options:
    """One run: where, as whom, how far it may go and what it is about.

    `rate` is in requests a second, `budget` in seconds, `timeout` in seconds a call.
    """

    url: str
    token: str = field(repr=False)
    customer: str
    account: str | None = None
    other_token: str | None = field(default=None, repr=False)
    other_customer: str | None = None
    device: tuple[str, str] | None = None
    mode: str = "read-only"
    allow_charges: bool = False
    allow_mail: bool = False
    mail_domain: str = DOMAIN
    country: str | None = None
    owned_host: str | None = None
    engine: bool = False
    sources: tuple[str, ...] = SOURCES
    rules: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    seed: int = 0
    budget: float | None = None
    max_requests: int | None = None
    rate: float | None = None
    timeout: float = 15.0
    ca_file: Path | None = None
    ledger: Path | None = None
    log: Path | None = None

    @property
    def sources_while_running(self) -> bool:
        """Whether a source was asked for that makes up requests while the run goes on."""
        return not GENERATED.isdisjoint(self.sources)

    @property
    def given_places(self) -> dict[str, Place]:
        """The places that were named on the command line."""
        places = {"main": Place("main", self.customer, self.account, self.country)}
        if self.other_customer:
            places["other"] = Place("other", self.other_customer)
        return places
