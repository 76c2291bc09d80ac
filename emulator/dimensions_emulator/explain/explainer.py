"""Explanations of refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dimensions_emulator.explain import bodies, curl
from dimensions_emulator.explain.words import sentence
from dimensions_emulator.sandbox import redaction
from dimensions_emulator.sandbox.fork import Fork
from dimensions_emulator.sandbox.journal import KEPT_BODY

if TYPE_CHECKING:
    from collections.abc import Callable

    from dimensions_emulator.domain.errors import Refused
    from dimensions_emulator.domain.rulebook import Rulebook
    from dimensions_emulator.domain.world import World
    from dimensions_emulator.explain.case import Plan
    from dimensions_emulator.explain.search import Found, Partial
    from dimensions_emulator.sandbox.dry_run import Outcome, Request
    from dimensions_emulator.sandbox.session import Session
    from dimensions_emulator.sandbox.sessions import Sessions

    Run = Callable[[Session, Request], Outcome]

LONGEST_LINE, CUT = 500, "..."
LARGE = (
    f"Of a body of more than {KEPT_BODY} bytes the rest is not kept, so no change of the request was tried; "
    "POST /_emulator/what-if explains it with its body."
)


class Refusal(NamedTuple):
    """A refused request and the world that refused it, at a time in ticks.

    `whole` tells that the request's body is known; without it nothing can be tried. `origin` is the base of
    the URLs that are shown.
    """

    session: Session
    request: Request
    no: Refused
    world: World
    at: int
    whole: bool = True
    origin: str = ""


class Explainer:
    """Finds what a rule asks for by trying it; `run` sends a request through the application."""

    def __init__(self, book: Rulebook, sessions: Sessions, run: Run) -> None:
        self._book = book
        self._sessions = sessions
        self.run = run

    def explain(self, refusal: Refusal) -> dict[str, Any]:
        """All that is known of a refusal."""
        from dimensions_emulator.explain import context  # noqa: PLC0415  with the repairs, slow to import
        from dimensions_emulator.explain.case import Case, Plan  # noqa: PLC0415

        no = refusal.no
        rule, error = self._book.catalog.rules[no.rule], self._book.catalog.errors[no.error]
        answer: dict[str, Any] = {"status": error.status}
        if error.code is not None:
            answer["errorCode"] = error.code
        if error.message is not None:
            answer["message"] = self._message(no)
        case = Case(self._book, refusal.world, refusal.at, Plan(refusal.request), no)
        told = {
            "rule": {
                "id": rule.id,
                "statement": rule.statement,
                "mark": rule.mark,
                "marks": dict(rule.marks),
                "source": rule.source,
            },
            "answer": answer,
            "facts": dict(no.facts),
            "context": context.of(case),
            "change": self._change(refusal),
        }
        masked: dict[str, Any] = _masked(told, _mask(refusal))
        return masked

    def line(self, refusal: Refusal) -> str:
        """The rule and the change in one line of ASCII."""
        change = self._change(refusal)
        told = f"{refusal.no.rule}: {change.get('summary') or change['reason']}"
        plain = "".join(letter if letter.isprintable() else " " for letter in _mask(refusal)(told))
        line = plain.encode("ascii", "replace").decode()
        return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - len(CUT)]}{CUT}"

    def _message(self, no: Refused) -> str:
        """The text of a refusal, that of its rule where its answer has none."""
        told = self._book.catalog.errors[no.error].message
        return self._book.catalog.rules[no.rule].statement if told is None else told.format(**no.facts)

    def _change(self, refusal: Refusal) -> dict[str, Any]:
        if not refusal.whole:
            return _unchanged(refusal, "" if refusal.no.error == "BodyTooLarge" else LARGE, 0)
        found = self._search(refusal)
        if found.plan is None:
            tried = "None of the changes that were tried passes." if found.runs > 1 else ""
            if found.furthest is None:
                return _unchanged(refusal, tried, found.runs)
            partial = self._partial(found.furthest)
            told = (tried, "What comes furthest:", partial["summary"], "Then", partial["rule"], "refuses:")
            reason = " ".join((*told, partial["message"]))
            return {**_unchanged(refusal, reason, found.runs), "partial": partial}
        plan = found.plan
        requests = [*plan.earlier, plan.request]
        summary = sentence(plan.first, plan.said) if plan.depth else "It passes as it is on the world of now."
        return {
            "verified": True,
            "summary": summary,
            "requests": [_shown(request) for request in requests],
            "curl": [curl.line(request, refusal.origin) for request in requests],
            "tried": found.runs,
        }

    def _partial(self, furthest: Partial) -> dict[str, Any]:
        plan, no = furthest
        return {
            "summary": sentence(plan.first, plan.said),
            "requests": [_shown(request) for request in (*plan.earlier, plan.request)],
            "rule": no.rule,
            "message": self._message(no),
        }

    def _search(self, refusal: Refusal) -> Found:
        from dimensions_emulator.explain.search import Tried, smallest  # noqa: PLC0415  as above

        scratch = self._sessions.scratch(refusal.session, Fork(refusal.world), refusal.at)

        def attempt(plan: Plan) -> Tried:
            store = scratch.store = Fork(refusal.world)
            for runs, request in enumerate(plan.earlier, 1):
                if not self.run(scratch, request).passed:
                    return Tried(None, store.world, runs)
            world = store.world
            return Tried(self.run(scratch, plan.request), world, len(plan.earlier) + 1)

        return smallest(self._book, refusal.at, refusal.request, attempt)


def _unchanged(refusal: Refusal, tried: str, runs: int) -> dict[str, Any]:
    from dimensions_emulator.explain.repairs import hopeless  # noqa: PLC0415  as above

    known = hopeless(refusal.no, refusal.request)
    reason = " ".join(filter(None, (known, tried))) or "No change of the request is known that would pass."
    return {"verified": False, "reason": reason, "tried": runs}


def _shown(request: Request) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "method": request.method,
        "path": curl.path(request),
        "headers": curl.headers(request),
    }
    body = bodies.shown(request.body)
    return shown if body is None else {**shown, "body": body}


def _mask(refusal: Refusal) -> Callable[[str], str]:
    """Masks the secrets of a request wherever else it repeats them."""
    secrets = redaction.secrets(refusal.request.headers)
    return redaction.masking(secret for secret in secrets if len(secret) >= redaction.LONG)


def _masked(value: Any, mask: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {name: _masked(item, mask) for name, item in value.items()}
    if isinstance(value, list):
        return [_masked(item, mask) for item in value]
    return mask(value) if isinstance(value, str) else value
