"""A run: examine the target, set the stage, play the cases, clean up."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

from dimensions_contracts.conformance import cleanup, compiler, guids, needs, plan, sending, stage
from dimensions_contracts.conformance.capabilities import Capabilities
from dimensions_contracts.conformance.ledger import Unfinished
from dimensions_contracts.conformance.masking import Masker
from dimensions_contracts.conformance.messages import Spent
from dimensions_contracts.conformance.options import CannotRun
from dimensions_contracts.conformance.runner import Runner, Scene

if TYPE_CHECKING:
    from collections.abc import Callable

    from dimensions_contracts.catalog import Catalog
    from dimensions_contracts.conformance.compiler import Case
    from dimensions_contracts.conformance.guard import Guard
    from dimensions_contracts.conformance.judge import CaseVerdict, Judge
    from dimensions_contracts.conformance.ledger import Ledger, Staged
    from dimensions_contracts.conformance.log import Log
    from dimensions_contracts.conformance.options import Options
    from dimensions_contracts.conformance.places import Place
    from dimensions_contracts.conformance.preflight import Target
    from dimensions_contracts.conformance.transport import GuardedSession

ALPHABET = "bcdfghjkmnpqrstvwxz23456789"
ID_LENGTH = 10
SPENT = "the requests of --max-requests are used up"
SPARE = 60
"""Customers without users beyond those that cases ask for, for what is made up while running."""


def run_id(seed: int) -> str:
    """The id of a run: letters and digits that make no words, the same for the same seed."""
    return "".join(Random(f"run {seed}").choices(ALPHABET, k=ID_LENGTH))


@dataclass
class Run:
    """A run under way; `spent` tells what ended it early, if anything did."""

    options: Options
    catalog: Catalog
    judge: Judge
    guard: Guard
    session: GuardedSession
    ledger: Ledger
    log: Log
    id: str
    random: Random
    target: Target
    places: dict[str, Place] = field(default_factory=dict)
    staged: stage.Stage | None = None
    verdicts: list[CaseVerdict] = field(default_factory=list)
    spent: str | None = None
    _voids: dict[str, str] = field(default_factory=dict)
    begun: float = field(default_factory=time.monotonic)

    @property
    def control(self) -> bool:
        """Whether the run uses the control plane of an emulator."""
        return self.target.emulator and self.options.mode == "full"

    def cases(self) -> list[Case]:
        """The cases of this run; call it once the places are known."""
        return plan.cases(self.options, self.catalog, self.places)

    def know_places(self) -> None:
        """Tell which places there will be, without making them."""
        self.places = dict(self.target.places)
        main = self.places["main"]
        if self.control and main.account:
            self.staged = stage.planned(main, self.id, self.random)
            self.places |= self.staged.places
            self.places["empty"] = replace(self.staged.places["lab"], name="empty", administrator=False)
            return
        self.places["lab"] = replace(main, name="lab")
        if main.alone and self.options.mode == "full":
            self.places["empty"] = replace(main, name="empty")

    def set_stage(self, cases: list[Case]) -> None:
        """Add the stage to the emulator, with a customer for each case that wants one without users."""
        if self.staged is None or self.target.state is None:
            return
        wanted = sum("place:empty" in case.needs for case in cases) + SPARE
        self.staged = stage.extended(self.staged, self.random, wanted)
        customers = [*(place.customer for place in self.staged.places.values()), *self.staged.empty]
        accounts = [self.staged.account, self.staged.other_account]
        try:
            self.ledger.stage(accounts[1:], customers, list(self.staged.callers))
        except Spent:
            self.spend()
            return
        for place in self.staged.places.values():
            self.guard.enter(place)
        for user in self.staged.users.values():
            self.guard.own(user)
        before = stage.removed(self.target.state, (), (), self.id, ())  # mails of a run with the same seed
        document = stage.built(before, self.staged, self.id, self.options.mail_domain)
        try:
            stage.put(self.session, document)
        except Spent:
            self.spend()
        self.session.introduce({**self.staged.tokens, **sending.callers(self.staged.tokens["main"])})

    def play(self, cases: list[Case], shown: Callable[[Case, CaseVerdict | None], None]) -> None:
        """Run the cases until they or the budget end."""
        runner = self.runner()
        for case in cases:
            if self._is_over():
                self.log.skip(case.id, case.rules, f"{self.spent}")
                continue
            try:
                seen = runner.case(case)
            except Spent:
                self.spend()
                continue
            verdict = self.judge.case(seen) if seen else None
            if verdict:
                self.verdicts.append(verdict)
            shown(case, verdict)

    def spend(self) -> None:
        """Note what ended the run early: a ledger that cannot be written, or the requests are used up."""
        self.spent = self.ledger.lost or SPENT

    def open(self) -> None:
        """Begin to keep the ledger."""
        customers = [place.customer for place in self.places.values()]
        try:
            self.ledger.open(self.id, self.options.url, datetime.now(UTC).isoformat(), sorted(set(customers)))
        except Unfinished as fault:
            raise CannotRun(f"{fault}") from None
        except OSError as fault:
            raise CannotRun(
                f"the ledger {self.ledger.path} cannot be written: {fault.strerror}; name one with --ledger."
            ) from None

    def end(self, note: Callable[[str], None]) -> dict[str, Any]:
        """Remove what is left, look whether it is gone, and tell what the run did."""
        note("cleaning up")
        self.session.unbounded()
        left = self._cleaned()
        if left and self.ledger.path is not None:
            note(f"left behind; finish with: {self.remedy}")
        if not left and self.options.ledger is None and self.ledger.path is not None:
            self.ledger.path.unlink(missing_ok=True)
        book, spent = self.ledger.book, expenses(self.log, self.catalog)
        told = {
            "created": book.created_count,
            "deleted": book.deleted_count,
            "left": left,
            "refused": self.session.refused,
            **spent,
        }
        return {**told, "sentence": _told(told)}

    @property
    def remedy(self) -> str:
        """The command that removes what the run left."""
        return f"dimensions-contracts cleanup --ledger {self.ledger.path} {self.options.url}"

    def _cleaned(self) -> list[str]:
        """Clean up; gives sentences about what is left."""
        try:
            self._sweep()
            items = self.ledger.open_items()
            left = cleanup.clean(self.session, items, self.guard.places, self._unstage).left
        except KeyboardInterrupt:
            return ["whatever the run had not yet removed: the clean-up was interrupted, too."]
        self.ledger.close()
        return list(left)

    def _unstage(self, staged: Staged) -> None:
        created = [*self.ledger.book.created, *self.guard.owned]
        document = stage.removed(
            stage.state(self.session), staged.accounts, staged.customers, self.id, created
        )
        stage.put(self.session, document)
        self.session.introduce({**sending.callers(self.options.token), "other": self.options.other_token})

    def _sweep(self) -> None:
        runner = self.runner()
        items = self.ledger.open_items()
        known = {one.intent.customer for one in items.created} | {one.customer for one in items.intents}
        for name in ("main", "other"):
            place = self.places.get(name)
            if place is None or place.stage or not self.ledger.book.intents:
                continue
            if guids.usual(place.customer) in known:  # a case was cut short, so something is there by right
                continue
            case = compiler.compiled(sweep(place, self.id), "clean-up", self.catalog)
            seen = runner.case(case)
            if seen:
                self.verdicts.append(self.judge.case(seen))

    def runner(self) -> Runner:
        """Somebody to run the cases of this run."""
        secrets = [
            self.options.token,
            self.options.other_token or "",
            *(self.staged.tokens.values() if self.staged else ()),
        ]
        scene = Scene(self.id, self.options.mail_domain, self.places, self._values(), self._empty)
        return Runner(self.session, scene, self.capabilities(), self.log, Masker(secrets, self.id))

    def capabilities(self) -> Capabilities:
        """What the run can do."""
        return Capabilities(self.options, self.places, self._values_offered(), control=self.control)

    def _is_over(self) -> bool:
        budget = self.options.budget
        if self.spent is None and budget is not None and time.monotonic() - self.begun > budget:
            self.spent = f"the {budget:g} seconds of --budget-seconds are over"
        return self.spent is not None

    def _empty(self) -> Place:
        """A customer without users that no case had before."""
        if self.staged is None:
            return self.places["empty"]
        place = replace(self.places["empty"], customer=self.staged.empty.pop(0))
        self.guard.enter(place)
        return place

    def _values(self) -> dict[str, Any]:
        values: dict[str, Any] = {name: self.void(name) for name in ("void", "void2")}
        if self.target.found:
            values["found.id"] = self.target.found
        if self.options.device:
            values |= {"device.user": self.options.device[0], "device.id": self.options.device[1]}
        for name, user in (self.staged.users if self.staged else {}).items():
            values[f"{name}.id"] = user
            values[f"{name}.email"] = f"{name}.0.{self.id}@{self.options.mail_domain}"
        return values

    def void(self, name: str) -> str:
        """An id that nobody has."""
        if name not in self._voids:  # made once: an answer may tell of it later, rightly or not
            void = str(UUID(int=Random(f"{name} {self.id}").getrandbits(128), version=4))
            self.guard.void(void)
            self._voids[name] = void
        return self._voids[name]

    def _values_offered(self) -> dict[str, str]:
        return {name.partition(".")[0]: name for name in self._values()}


def sweep(place: Place, run_id: str) -> dict[str, Any]:
    """A case that looks for anything of the run that was left where it worked (REFUSAL-CLEAN)."""
    nothing = {"$none": {"email": {"$regex": f"(?i){run_id}[^@]*@"}}}
    checks = [{"rule": "LIST-ITEMS", "status": 200}, {"rule": "REFUSAL-CLEAN", "data": nothing}]
    step = {"call": "listUsers", "as": "other" if place.name == "other" else "main", "checks": checks}
    return {
        "id": f"sweep-{place.name}",
        "title": "Nothing of the run is left.",
        "in": place.name,
        "steps": [step],
    }


def expenses(log: Log, catalog: Catalog) -> dict[str, int]:
    """How many accepted calls gave licensed roles, and how many sent mails."""
    charges = mails = 0
    for call in log.calls:
        if not 200 <= call.status < 300 or call.method == "GET":  # noqa: PLR2004
            continue
        words = set(needs.words(None, call.request_body or ""))
        consent = any(name.lower() == "accept-charges" for name, _ in call.request_headers)
        charges += consent and any(word in catalog.roles and catalog.roles[word].licensed for word in words)
        mails += call.operation in needs.SENDING or needs.WELCOMED in words
    return {"charges": charges, "mails": mails}


def _told(facts: dict[str, Any]) -> str:
    left = f", left {len(facts['left'])}" if facts["left"] else ""
    return (
        f"created {facts['created']}, deleted {facts['deleted']}{left}, refused {facts['refused']} calls, "
        f"charges {facts['charges']}, mails {facts['mails']}"
    )
