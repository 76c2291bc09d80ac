"""The steps of a made-up story, with checks of what a chronicle expects of them."""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from dimensions_contracts.conformance.expectation import part, written
from dimensions_contracts.conformance.model import Accepted, Refused
from dimensions_contracts.conformance.model_rules import REALTIME, WEBSITE, WELCOME
from dimensions_contracts.conformance.needs import LEVEL3
from dimensions_contracts.conformance.population import CREATE, DELETE, MAIL, NAME, PATCH, member

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from dimensions_contracts.catalog import Catalog
    from dimensions_contracts.conformance.chronicle import Chronicle
    from dimensions_contracts.conformance.expectation import When
    from dimensions_contracts.conformance.model import Outcome
    from dimensions_contracts.conformance.population import Call, Population

    Step = dict[str, Any]
    RuleOf = Callable[[str], str]

SPREAD, LATER = "ROLE-REALTIME-SPREAD", "later holders"
STATUS = MappingProxyType({CREATE: 201, PATCH: 200, DELETE: 200, MAIL: 204})
CALLS = MappingProxyType(
    {CREATE: "createUser", PATCH: "patchUser", DELETE: "deleteUser", MAIL: "sendActivationEmail"}
)
SHOWN = MappingProxyType({CREATE: "CREATE-ANSWER", DELETE: "DELETE-ANSWER", MAIL: "MAIL-ANSWER"})


class _Seen(NamedTuple):
    """A user as a read shows it, `clean` where the call before was refused."""

    clean: bool
    name: str
    roles: frozenset[str]


class Telling:
    """Writes steps about the last call that a chronicle followed."""

    def __init__(self, catalog: Catalog, chronicle: Chronicle) -> None:
        self._catalog = catalog
        self._chronicle = chronicle

    def answer(self, call: Call) -> Step:
        """The call, with what it is answered."""
        step: Step = {"call": CALLS[call.kind], "user": f"${{{call.user}.id}}"}
        if call.kind == CREATE:
            user = {"email": f"${{{call.user}.email}}", "displayName": f"${{{call.user}.name}}"}
            step = {"call": CALLS[CREATE], "save": call.user, "body": {**user, "roles": list(call.roles)}}
        elif call.kind == PATCH:
            step["body"] = [one.written() for one in call.operations]
        if call.charges:
            step["charges"] = call.charges
        refused = self._refused_by()
        checks = [self._answered(call, when, one, refused) for when, one in self._chronicle.told(_refusal)]
        if refused and call.kind == CREATE:
            checks += self._created(call.user, refused)
        return {**step, "checks": checks}

    def reads(self, call: Call, *, mails: bool) -> Iterator[Step]:
        """Reads of the user that the call was about, and of others that it may have changed."""
        there = member(self._chronicle.people, call.user)
        if call.kind in {PATCH, DELETE} or (there and call.kind == CREATE):
            yield self._read(call.user, call, lambda role: self._rule(role, call))
        if any(spreads for _, spreads in self._chronicle.told(_spreads)):
            for one in self._chronicle.people:
                if one.user != call.user:
                    yield self._read(one.user, call, lambda _: self._spread(call))
        if mails and there and any(posted for _, posted in self._chronicle.told(_posted)):
            yield self._mailbox(call)

    def look(self, user: str) -> Step:
        """A read of a user, whatever was called last."""
        later = part(self._catalog, SPREAD, LATER)
        return self._read(user, None, lambda role: later if role == REALTIME else "GET-ITEM")

    def listing(self) -> Step:
        """The list of all users, in the order of their creation."""
        checks = []
        for when, people in self._chronicle.told(_listed):
            items = [{"email": f"${{{user}.email}}", "displayName": name} for user, name in people]
            checks += [
                {"rule": "LIST-ITEMS", **written(when), "body": {"page_size": len(items)}},
                {"rule": "LIST-ORDER", **written(when), "data": items},
            ]
        return {"call": "listUsers", "checks": checks}

    def _refused_by(self) -> str | None:
        """The rule that refuses the call by the profile: who accepts it decides that rule otherwise."""
        _, refusal = next(self._chronicle.told(_refusal))
        return part(self._catalog, refusal.rule, "refusal") if refusal else None

    def _answered(self, call: Call, when: When, refusal: Refused | None, refused: str | None) -> Step:
        if refusal is None:
            return {"rule": refused or self._shown_by(call), **written(when), "status": STATUS[call.kind]}
        facts = {"facts": dict(refusal.facts)} if refusal.facts else {}
        rule = refused or part(self._catalog, refusal.rule, "refusal")
        return {"rule": rule, **written(when), "error": refusal.error, **facts}

    def _created(self, user: str, refused: str) -> Iterator[Step]:
        """Checks of the roles that a user gets who should not have been created: nothing reads them later."""
        for when, roles in self._chronicle.told(partial(_roles, user, frozenset(self._catalog.roles))):
            if roles is not None:
                yield {"rule": refused, **written(when), "data": {"roles": {"$set": self._sorted(roles)}}}

    def _read(self, user: str, call: Call | None, rule_of: RuleOf) -> Step:
        """A read with checks by rule; a user who is gone under some choices only is not judged there."""
        refused = self._refused_by() if call else None
        if call and (refused or call.kind == DELETE):
            checks = self._kept(user, call, refused or SHOWN[DELETE])
        else:
            checks = self._held(user, rule_of, self._shown_by(call) if call else "GET-ITEM")
        return {"call": "getUser", "user": f"${{{user}.id}}", "checks": list(checks)}

    def _kept(self, user: str, call: Call, shown: str) -> Iterator[Step]:
        """Checks that a refusal changed nothing, or that the user is gone."""
        for when, seen in self._chronicle.told(lambda outcome, people: _seen(user, outcome, people)):
            if seen is None and call.kind == DELETE:
                yield {"rule": shown, **written(when), "error": "NotFound"}
            elif seen:
                clean = "PATCH-ATOMIC" if len(call.operations) > 1 else "REFUSAL-CLEAN"
                data = {"displayName": seen.name, "roles": {"$set": self._sorted(seen.roles)}}
                yield {"rule": clean if seen.clean else shown, **written(when), "data": data}

    def _held(self, user: str, rule_of: RuleOf, own: str) -> Iterator[Step]:
        """Checks of all roles held and not held, each by its rule, and of the name by the call's own."""
        about: dict[str, set[str]] = {}
        for role in self._catalog.roles:
            about.setdefault(rule_of(role), set()).add(role)
        for rule, group in about.items():
            for when, held in self._chronicle.told(partial(_roles, user, group)):
                if held is not None:
                    lacked = group - held
                    patterns = [{"$has": self._sorted(held)}] if held else []
                    patterns += [{"$lacks": self._sorted(lacked)}] if lacked else []
                    yield from ({"rule": rule, **written(when), "data": {"roles": one}} for one in patterns)
        for when, name in self._chronicle.told(lambda _, people: _name(user, people)):
            if name:
                yield {"rule": own, **written(when), "data": {"displayName": name}}

    def _sorted(self, roles: Collection[str]) -> list[str]:
        return [role for role in self._catalog.roles if role in roles]

    def _mailbox(self, call: Call) -> Step:
        checks = []
        for when, mails in self._chronicle.told(lambda _, people: _mails(call.user, people)):
            rule = SHOWN[MAIL]
            if call.kind != MAIL:
                welcomed = call.kind == PATCH or WELCOME in mails
                rule = part(self._catalog, "MAIL-ON-UC", "trigger") if welcomed else "MAIL-ON-CREATE"
            checks.append({"rule": rule, **written(when), "data": [{"kind": kind} for kind in mails]})
        return {"call": "mails", "user": f"${{{call.user}.email}}", "checks": checks}

    def _shown_by(self, call: Call) -> str:
        """The rule that an accepted call is about."""
        if call.kind != PATCH:
            return SHOWN[call.kind]
        if call.replaces:
            return "PATCH-ROLES-REPLACE"
        adds = all(one.op == "add" and one.path.endswith("/-") for one in call.operations)
        return "PATCH-ROLES-ADD" if adds else "PATCH-OPERATIONS"

    def _rule(self, role: str, call: Call) -> str:
        """The rule by which the user has this role or lacks it after the call."""
        entry = self._catalog.roles[role]
        if entry.read_only:
            return part(self._catalog, "ROLE-READ-ONLY", "read-only")
        if role not in _named(call):
            if role == REALTIME:
                return self._spread(call)
            if role == WEBSITE and call.kind == CREATE:
                return "ROLE-WEBSITE"
            if entry.platform and call.replaces:
                return "ROLE-PBX-KEPT"
        return self._shown_by(call)

    def _spread(self, call: Call) -> str:
        levels = [role for role in _named(call) if LEVEL3.search(role)]
        fifth = all(role.endswith("5") for role in levels)
        return part(self._catalog, SPREAD, LATER if not levels else "levels" if fifth else "spread")


def _named(call: Call) -> set[str]:
    """The roles that the call names."""
    values = (one.value for one in call.operations if one.path != NAME)
    texts = (value if isinstance(value, tuple) else (value or "",) for value in values)
    return {*call.roles, *(role for text in texts for role in text)}


def _refusal(outcome: Outcome, _: Population) -> Refused | None:
    return outcome if isinstance(outcome, Refused) else None


def _spreads(outcome: Outcome, _: Population) -> bool:
    return isinstance(outcome, Accepted) and outcome.spreads


def _posted(outcome: Outcome, _: Population) -> bool:
    return isinstance(outcome, Accepted) and bool(outcome.mails)


def _listed(_: Outcome, people: Population) -> tuple[tuple[str, str], ...]:
    return tuple((one.user, one.name) for one in people)


def _mails(user: str, people: Population) -> tuple[str, ...]:
    one = member(people, user)
    return one.mails if one else ()


def _name(user: str, people: Population) -> str | None:
    one = member(people, user)
    return one.name if one else None


def _roles(user: str, group: Collection[str], _: Outcome, people: Population) -> frozenset[str] | None:
    one = member(people, user)
    return frozenset(one.roles) & frozenset(group) if one else None


def _seen(user: str, outcome: Outcome, people: Population) -> _Seen | None:
    one = member(people, user)
    return _Seen(isinstance(outcome, Refused), one.name, frozenset(one.roles)) if one else None
