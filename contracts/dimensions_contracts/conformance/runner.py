"""The runner: sends the steps of cases through the guard and logs what it sees."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dimensions_contracts.conformance import sending
from dimensions_contracts.conformance.bindings import Bindings, Unbound
from dimensions_contracts.conformance.guard import Unsafe
from dimensions_contracts.conformance.messages import Fault
from dimensions_contracts.conformance.observations import Observation, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dimensions_contracts.conformance.capabilities import Capabilities
    from dimensions_contracts.conformance.compiler import Case
    from dimensions_contracts.conformance.log import Log
    from dimensions_contracts.conformance.masking import Masker
    from dimensions_contracts.conformance.messages import Answer, Request
    from dimensions_contracts.conformance.places import Place
    from dimensions_contracts.conformance.transport import GuardedSession

    Step = Mapping[str, Any]

OK, CREATED = 200, 201
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Scene:
    """What the cases of a run share: places, variables, and where customers without users come from."""

    run_id: str
    domain: str
    places: Mapping[str, Place]
    values: Mapping[str, Any]
    empty: Callable[[], Place]


class Runner:
    """Runs cases one after the other; a case leaves no user behind."""

    def __init__(
        self,
        session: GuardedSession,
        scene: Scene,
        capabilities: Capabilities,
        log: Log,
        masker: Masker,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._session = session
        self._scene = scene
        self._capabilities = capabilities
        self.log = log
        self._masker = masker
        self._clock = clock
        self._serial = 0

    def case(self, case: Case) -> list[Observation]:
        """Run a case, or note why it is left out; gives what was observed."""
        reason = self._capabilities.lacking(case.needs)
        if reason is not None:
            self.log.skip(case.id, case.rules, reason)
            return []
        begun = Performance(self, case)
        try:
            begun.play()
        finally:
            begun.clean()
        return begun.seen

    def next_serial(self) -> str:
        """A short text that no case of this run had before."""
        self._serial += 1
        number, text = self._serial, ""
        while number:
            number, digit = divmod(number, len(DIGITS))
            text = DIGITS[digit] + text
        return text

    def places(self, case: Case) -> dict[str, Place]:
        """The places of a case; one without users is made for it if it asks for one."""
        places = dict(self._scene.places)
        if "place:empty" in case.needs:
            places["empty"] = self._scene.empty()
        return places

    def bindings(self, places: Mapping[str, Place]) -> Bindings:
        """The variables with which a case begins."""
        values = dict(self._scene.values)
        for name, place in places.items():
            values |= {
                f"place.{name}.customer": place.customer,
                f"place.{name}.account": place.account or "",
                f"place.{name}.pbx": place.pbx or "",
                f"place.{name}.wrongpbx": place.wrong_pbx or "",
            }
        return Bindings(self._scene.run_id, self.next_serial(), self._scene.domain, values)

    def meets(self, step: Step) -> bool:
        """Tell whether a step's own needs are met."""
        return "needs" not in step or self._capabilities.lacking(step["needs"]) is None

    def send(self, case: Case, step: Step, place: Place) -> tuple[Observation, Answer | None]:
        """Send one step whose variables are replaced; gives what is to be logged once it has its checks."""
        request = self._consented(sending.request(step, place))
        at, answer, fault = self._clock(), None, None
        try:
            answer = self._session.send(request)
        except (Fault, Unsafe) as no:
            fault = f"{no}"
        operation = step["call"] if step["call"] in sending.API and "path" not in step else ""
        seen = replace(
            self.observed(case, operation, request, answer),
            label=step["label"],
            setup=bool(step.get("setup")),
            place=step.get("in", "main"),
            at=at,
            fault=fault,
        )
        return seen, answer

    def _consented(self, request: Request) -> Request:
        """The request, without the consent to charges that the run was not given itself."""
        if self._capabilities.lacking({"charges"}) is None:
            return request
        return request._replace(headers=tuple(pair for pair in request.headers if not _is_consent(*pair)))

    def observed(self, case: Case, operation: str, request: Request, answer: Answer | None) -> Observation:
        """A call and its answer, masked."""
        sent, encoded = text_of(request.body)
        body, _ = text_of(answer.body if answer else b"")
        mask = self._masker.text
        return Observation(
            n=len(self.log.calls) + 1,
            case=case.id,
            title=case.title,
            source=case.source,
            label="",
            setup=False,
            operation=operation,
            caller=request.caller,
            place="",
            method=request.method,
            path=mask(request.path),
            request_headers=tuple((name, mask(value)) for name, value in request.headers),
            request_body=sent if sent is None or encoded else mask(sent),
            encoded=encoded,
            at=self._clock(),
            checks=(),
            status=answer.status if answer else 0,
            headers=tuple((name, mask(value)) for name, value in answer.headers) if answer else (),
            body=mask(body or ""),
            milliseconds=round(answer.milliseconds, 3) if answer else 0.0,
        )


class Performance:
    """One case being run: what it has seen, and the users it made."""

    def __init__(self, runner: Runner, case: Case) -> None:
        self.seen: list[Observation] = []
        self._runner = runner
        self._case = case
        self._places = runner.places(case)
        self._bindings = runner.bindings(self._places)
        self._users: dict[tuple[str, str], str] = {}

    def play(self) -> None:
        """Send the steps in order; stop where a setup fails."""
        for step in self._case.steps:
            if not self._runner.meets(step):
                continue
            seen = self.step(step)
            if seen is None or (seen.setup and seen.status not in {OK, CREATED}):
                return

    def step(self, step: Step) -> Observation | None:
        """Send a step; None where it speaks of a user who was to be created and was not."""
        try:
            ready = self._bindings.resolved({**step, "checks": []})
        except Unbound:
            return None
        seen, answer = self._runner.send(self._case, ready, self._places[ready.get("in", "main")])
        self._learn(ready, answer)
        # Checks may speak of the user whom the step has just created.
        seen = replace(seen, checks=tuple(self._bindings.shown(list(step["checks"]))))
        self._runner.log.add(seen)
        self.seen.append(seen)
        return seen

    def bound(self, name: str) -> str | None:
        """What a variable stands for, if it is known."""
        try:
            return str(self._bindings.resolved(f"${{{name}}}"))
        except Unbound:
            return None

    def _learn(self, step: Step, answer: Answer | None) -> None:
        if answer is None:
            return
        place, name = step.get("in", "main"), step.get("save")
        if answer.status == CREATED and step["call"] in {"createUser", "importUsers"}:
            user = _created(answer)
            if user is not None:
                self._users[user, place] = step.get("as", "main")
                if name:
                    self._bindings.bind(name, id=user)
        if step["call"] == "deleteUser" and answer.status == OK:
            self._users.pop((str(step.get("user")), place), None)

    def clean(self) -> None:
        """Delete what the case made, the newest first, except on the stage, which goes as a whole."""
        for (user, place), caller in reversed(self._users.items()):
            if self._places[place].stage:
                continue
            step = {
                "call": "deleteUser",
                "in": place,
                "as": caller,
                "user": user,
                "label": "clean up",
                "checks": [],
            }
            seen, _ = self._runner.send(self._case, step, self._places[place])
            self._runner.log.add(seen)
            self.seen.append(seen)


def _is_consent(name: str, value: str) -> bool:
    return name.lower() == "accept-charges" and value.strip().lower() == "true"


def _created(answer: Answer) -> str | None:
    try:
        data = json.loads(answer.body)["data"]
        user = data[0]["id"] if isinstance(data, list) else data["id"]
    except (ValueError, KeyError, TypeError, IndexError):
        return None
    return user if isinstance(user, str) else None
