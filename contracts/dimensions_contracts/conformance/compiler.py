"""Cases made ready to run: setup spelled out, a read after every refusal, needs named."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dimensions_contracts.conformance import needs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dimensions_contracts.catalog import Catalog

    Step = dict[str, Any]

OWN_ID = re.compile(r"\$\{([a-z][a-z0-9]*)\.id(?:\|[^}]*)?\}")
HOME = {"found": "main", "teams": "lab", "linked": "lab", "linked2": "lab"}


@dataclass(frozen=True, slots=True)
class Case:
    """A case whose steps can be sent one after the other; `rules` are those it shows something about."""

    id: str
    title: str
    source: str
    tags: frozenset[str]
    needs: frozenset[str]
    rules: tuple[str, ...]
    steps: tuple[Step, ...]


def compiled(case: Mapping[str, Any], source: str, catalog: Catalog) -> Case:
    """Make a case of the format ready to run."""
    place = case.get("in", "main")
    own = [_labelled({"in": place, **step}, n) for n, step in enumerate(case["steps"], 1)]
    steps = [*(_given(entry, place, catalog) for entry in case.get("given", ())), *own]
    ready = tuple(_Follower(steps).all())
    always = [step for step in ready if "needs" not in step]
    rules = dict.fromkeys(rule_of(check) for step in ready for check in step["checks"])
    return Case(
        case["id"],
        case["title"],
        source,
        frozenset(case.get("tags", ())),
        needs.of_steps(always, catalog) | frozenset(_placed(case.get("needs", ()), place)),
        tuple(rules),
        ready,
    )


def rule_of(check: Mapping[str, Any]) -> str:
    """The id of the rule that a check is about, without its part."""
    return str(check["rule"]).partition("/")[0]


def _placed(names: Any, place: str) -> Iterator[str]:
    for name in names:
        yield f"{name}:{place}" if name in {"level3", "administrator", "country", "account"} else name


def _labelled(step: Step, number: int) -> Step:
    return {"label": f"{number} {step['call']}", **step}


def _given(entry: Mapping[str, Any], place: str, catalog: Catalog) -> Step:
    name = entry.get("user") or entry["imported"]
    common = {"in": entry.get("in", place), "as": entry.get("as", "main"), "setup": True}
    if "imported" in entry:
        user = {"email": f"${{{name}.email}}", "displayName": f"${{{name}.name}}"}
        devices = [{"id": device} for device in entry.get("devices", ())]
        body = {"users": [{**user, "agent": entry.get("agent", False), "devices": devices}]}
        check = {"rule": "ROLE-PBX-AUTO", "status": 201}
        return {
            **common,
            "label": f"given {name}",
            "call": "importUsers",
            "body": body,
            "save": name,
            "checks": [check],
        }
    roles = list(entry.get("roles", ()))
    spellings = catalog.spellings()
    licensed = any(role not in spellings or catalog.roles[spellings[role]].licensed for role in roles)
    return {
        **common,
        **({"charges": "true"} if licensed else {}),
        "label": f"given {name}",
        "call": "createUser",
        "body": {"email": f"${{{name}.email}}", "displayName": f"${{{name}.name}}", "roles": roles},
        "save": name,
        "checks": [{"rule": "CREATE-ANSWER", "status": 201}],
    }


class _Follower:
    """Puts a read before and after every write that shall be refused (REFUSAL-CLEAN)."""

    def __init__(self, steps: list[Step]) -> None:
        self._steps = steps
        self._homes: dict[str, tuple[str, str]] = {name: (place, "main") for name, place in HOME.items()}
        self._fresh: dict[str, str] = {}
        self._reads = 0

    def all(self) -> Iterator[Step]:
        for step in self._steps:
            refusals = [check for check in step["checks"] if "error" in check]
            clean = bool(refusals) and needs.writes(step) and step["call"] not in needs.CONTROL
            subjects = self._subjects(step) if clean else ()
            for subject in subjects:
                if subject not in self._fresh:
                    yield self._read(subject, [])
            yield step
            self._learn(step, clean=clean)
            for subject in subjects:
                yield self._read(subject, [_kept(check, self._fresh[subject]) for check in refusals])

    def _subjects(self, step: Step) -> tuple[str, ...]:
        named = OWN_ID.fullmatch(step.get("user", ""))
        return ("holds", named[1]) if named and named[1] in self._homes else ("holds",)

    def _learn(self, step: Step, *, clean: bool) -> None:
        if "save" in step:
            self._homes[step["save"]] = (step["in"], step.get("as", "main"))
        named = OWN_ID.fullmatch(step.get("user", ""))
        if needs.writes(step) and not clean:
            self._fresh.clear()
        elif named and self._is_plain(step, self._homes.get(named[1])):
            self._fresh[named[1]] = step["label"]

    @staticmethod
    def _is_plain(step: Step, home: tuple[str, str] | None) -> bool:
        """Tell whether the step reads a user where the user is at home, and in no other way than that."""
        detours = {"account", "customer", "path", "method"} & step.keys()
        return step["call"] == "getUser" and not detours and home == (step["in"], step.get("as", "main"))

    def _read(self, subject: str, checks: list[dict[str, Any]]) -> Step:
        self._reads += 1
        label = f"read {self._reads}"
        self._fresh[subject] = label
        if subject == "holds":
            kept = [{**check, "at": "/holds"} for check in checks]
            return {"label": label, "call": "holds", "in": "main", "needs": ["control"], "checks": kept}
        place, caller = self._homes[subject]
        return {
            "label": label,
            "call": "getUser",
            "in": place,
            "as": caller,
            "user": f"${{{subject}.id}}",
            "checks": checks,
        }


def _kept(refusal: Mapping[str, Any], label: str) -> dict[str, Any]:
    when = {"when": refusal["when"]} if "when" in refusal else {}
    return {"rule": "REFUSAL-CLEAN", **when, "equals": label}
