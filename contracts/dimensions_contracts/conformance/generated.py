"""The sources that make up requests while they run: the engine and the state machine."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dimensions_contracts import openapi
from dimensions_contracts.conformance import engine, machine
from dimensions_contracts.conformance.compiler import Case
from dimensions_contracts.conformance.engine_guide import Softphone
from dimensions_contracts.conformance.judge import ENGINE, finding_of_engine
from dimensions_contracts.conformance.messages import Spent
from dimensions_contracts.conformance.model import Facts
from dimensions_contracts.conformance.runner import Performance

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dimensions_contracts.catalog import Catalog
    from dimensions_contracts.conformance.engine import EngineFinding
    from dimensions_contracts.conformance.messages import Answer, Request
    from dimensions_contracts.conformance.places import Place
    from dimensions_contracts.conformance.run import Run
    from dimensions_contracts.conformance.runner import Runner
    from dimensions_contracts.profile import Profile

    Step = Mapping[str, Any]

CHUNKS = 4
VOIDS = 5
PHONES = ("customer.user", "customer.user.uc", "customer.user.uc.softphone")


def play(going: Run, note: Callable[[str], None]) -> None:
    """Let the engine and the machine loose, where the run may."""
    if going.spent is not None or not (going.control or (going.options.engine and "empty" in going.places)):
        return
    try:
        if "machine" in going.options.sources:
            note("state machine")
            _machine(going)
        if "engine" in going.options.sources:
            note("engine")
            _engine(going)
    except Spent:
        going.spend()


def _machine(going: Run) -> None:
    stories = Stories(going, going.runner())
    try:
        machine.run(stories, going.options.seed, CHUNKS)
    finally:
        stories.end()


def _engine(going: Run) -> None:
    leg = Leg(going, going.runner())
    try:
        leg.settle()
        found = engine.run(leg, going.options.seed)
    except engine.EngineFailed as failed:
        found = list(failed.findings)
        going.log.finding(_failed(str(failed)))
    finally:
        leg.end()
    for one in found:
        going.log.finding(_found(going.catalog, one))


def _found(catalog: Catalog, one: EngineFinding) -> dict[str, Any]:
    return finding_of_engine(
        catalog, one.rule, f"engine.{one.operation}", one.check, one.expected, one.seen, one.curl
    )


def _failed(sentence: str) -> dict[str, Any]:
    return {
        "rule": "WIRE-SUCCESS", "part": None, "mark": "documented", "status": "ERROR", "case": ENGINE,
        "title": "The engine comes to its end.", "expected": "its end", "seen": sentence,
        "calls": [], "decision": None, "choice": None, "curl": None,
    }  # fmt: skip


class Stories:
    """Where the state machine works: a customer without users for each story."""

    def __init__(self, going: Run, runner: Runner) -> None:
        self._going = going
        self._runner = runner
        self._performance: Performance | None = None
        self._told = 0
        place = going.places["empty"]
        self.facts = Facts(
            country=place.country or "US",
            agent_feature=1 if place.agent_feature is None else place.agent_feature,
            new_user_mail=place.new_user_mail is not False,
            welcome_mail=place.welcome_mail is not False,
        )
        self.control = self.administrators = going.control

    @property
    def catalog(self) -> Catalog:
        return self._going.catalog

    @property
    def profile(self) -> Profile:
        return self._going.judge.profile

    def fresh(self) -> str:
        """Begin a new story."""
        self.end()
        self._told += 1
        needs = frozenset({"place:empty"})
        title = "A story of the state machine."
        case = Case(f"machine-{self._told}", title, "machine", frozenset(), needs, (), ())
        self._performance = Performance(self._runner, case)
        return "empty"

    def call(self, step: Step) -> Sequence[str]:
        """Send a step; gives the rules whose checks it breaks."""
        performance = self._performance
        if performance is None:
            raise RuntimeError("a story begins with fresh")
        if performance.step({"label": f"{len(performance.seen) + 1} {step['call']}", **step}) is None:
            return []
        last = performance.seen[-1]
        verdict = self._going.judge.case(performance.seen)
        return [found.rule for found in verdict.findings if found.calls[-1] == last.n]

    def end(self) -> None:
        """Close the story: judge it as a whole and remove its users."""
        performance, self._performance = self._performance, None
        if performance is None:
            return
        performance.clean()
        if performance.seen:
            self._going.verdicts.append(self._going.judge.case(performance.seen))


class Leg:
    """What the engine may touch."""

    def __init__(self, going: Run, runner: Runner) -> None:
        self._going = going
        self._runner = runner
        self._performance: Performance | None = None
        lab = going.places["lab"] if going.control else going.places["empty"]
        self.places: Sequence[Place] = (lab,)
        self.base_url = going.options.url
        self.document = openapi.document(going.catalog, "0", profile=going.judge.profile)
        self.callers = ("main", *(("other",) if going.control or going.options.other_token else ()))
        self.voids = [going.void(f"engine {n}") for n in range(VOIDS)]
        self.softphones: list[Softphone] = []
        self._case = Case(
            ENGINE,
            "The engine's calls are answered by the contract.",
            ENGINE,
            frozenset(),
            frozenset(),
            (),
            (),
        )
        self._serial = 0

    def settle(self) -> None:
        """Bring in a user with a device from the platform, who may have softphones."""
        if not self._going.control:
            return
        user = {
            "email": "${phone.email}",
            "displayName": "${phone.name}",
            "devices": [{"id": "${run}-engine"}],
        }
        roles = [{"op": "add", "path": "/roles/-", "value": role} for role in PHONES]
        self._performance = Performance(self._runner, replace(self._case, id="engine-phone"))
        steps: list[dict[str, Any]] = [
            {"call": "importUsers", "body": {"users": [user]}, "save": "phone"},
            {"call": "patchUser", "user": "${phone.id}", "charges": "true", "body": roles},
        ]
        for step in steps:
            self._performance.step({"in": "lab", "label": step["call"], "checks": [], **step})
        found = self._performance.bound("phone.id")
        if found:
            self.softphones.append(Softphone(self.places[0].customer, found, f"{self._going.id}-engine"))

    def address(self, start: str) -> str:
        """An address of the run."""
        self._serial += 1
        return f"{start}.e{self._serial}.{self._going.id}@{self._going.options.mail_domain}"

    def send(self, request: Request) -> Answer:
        """Send a request through the guard."""
        return self._going.session.send(request)

    def record(self, operation: str, request: Request, answer: Answer) -> None:
        """Note a call."""
        case = replace(self._case, id=f"engine.{operation or 'undeclared'}")
        seen = self._runner.observed(case, operation, request, answer)
        self._going.log.add(seen)
        verdict = self._going.judge.case([seen])
        self._going.verdicts.append(verdict)

    def end(self) -> None:
        """Remove what settling made."""
        if self._performance is not None:
            self._performance.clean()
