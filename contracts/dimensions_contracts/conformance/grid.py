"""The grid: every role with and without what the rules ask for, expanded from the catalogue into cases."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Any, TypeAlias

from dimensions_contracts import profile as profiles
from dimensions_contracts.conformance.expectation import Expectations, part
from dimensions_contracts.conformance.model_rules import (
    ADMINISTRATOR,
    AGENT,
    REALTIME,
    WEBSITE,
    Roles,
    requirements,
)
from dimensions_contracts.conformance.needs import LEVEL3
from dimensions_contracts.conformance.places import ESSENTIAL, PBX
from dimensions_contracts.conformance.point import (
    ADD,
    ALONE,
    CREATE,
    FEATURELESS,
    IN_UK,
    REMOVE,
    REPLACE,
    SHARED,
    Move,
    Point,
    Writer,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dimensions_contracts.catalog import Catalog
    from dimensions_contracts.conformance.places import Place

    Points: TypeAlias = Iterator[Point]

UNKNOWN = "customer.user.nonsense"
OTHER = "eve"
PREREQUISITE, EXCLUSIVE, READ_ONLY = "ROLE-PREREQUISITE", "ROLE-SUPERVISOR-EXCLUSIVE", "ROLE-READ-ONLY"
COUNTRY, SPREAD, CHARGES, KEPT = (
    "ROLE-UK-ESSENTIAL",
    "ROLE-REALTIME-SPREAD",
    "CHARGES-ACCEPTED",
    "ROLE-PBX-KEPT",
)


def cases(catalog: Catalog, places: Mapping[str, Place]) -> Iterator[dict[str, Any]]:
    """Write every point of the grid as a case; one about a rule that the catalogue lacks is left out.

    The places tell what is known of the agent feature; where one is not there its cases are written too.
    """
    writer = Writer(Expectations(catalog, profiles.default(catalog)), places)
    for point in _Grid(catalog).points():
        if all(move.rule.partition("/")[0] in catalog.rules for move in point.moves):
            yield writer.case(point)


class _Grid:
    """The points, family by family."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._roles = [key for key, role in catalog.roles.items() if not role.read_only and key != ESSENTIAL]
        self._supervisors = [key for key in self._roles if key in catalog.groups["supervisor"]]

    def points(self) -> Points:
        for role in self._roles:
            yield from self._complete(role, SHARED)
            yield from self._incomplete(role)
        for role in (ESSENTIAL, REALTIME, AGENT):
            yield from self._complete(role, IN_UK)
        for one, other in permutations(self._supervisors, 2):
            yield from self._pair(one, other)
        for role in (*self._roles, ESSENTIAL):
            yield from self._charged(role)
        yield from self._accepting_falsely(self._supervisors[0])
        for role, entry in self._catalog.roles.items():
            if entry.read_only:
                yield from self._read_only(role)
        yield from self._countries()
        yield from self._agent_feature()
        yield from self._spellings()
        yield from self._administrators()
        for level in self._supervisors:
            yield from self._spread(level)

    def _part(self, rule: str, name: str) -> str:
        return part(self._catalog, rule, name)

    def _full(self, role: str, *, uk: bool = False) -> Roles:
        """Website access, what the role needs, and the role."""
        roles = dict.fromkeys((WEBSITE, *requirements(self._catalog, role), role))
        return tuple(ESSENTIAL if uk and key == PBX else key for key in roles)

    def _complete(self, role: str, place: str) -> Points:
        """The role with all it needs: created with it, and added."""
        uk = place == IN_UK
        full = self._full(role, uk=uk)
        rule = self._shown_by(role)
        name = f"{_slug(role)}{'-in-uk' if uk else ''}"
        where = "in a United Kingdom customer" if uk else "with all it needs"
        place = place if uk else _place(full)
        created = (Move(CREATE, full, rule),)
        yield Point(f"grid-create-{name}", f"A user is created with {role} {where}.", place, created)
        before = tuple(key for key in full if key != role)
        added = (Move(ADD, (role,), "PATCH-ROLES-ADD" if role == WEBSITE else rule),)
        yield Point(f"grid-add-{name}", f"{role} is added {where}.", place, added, before)

    def _shown_by(self, role: str) -> str:
        if self._catalog.roles[role].prerequisites:
            return self._part(PREREQUISITE, "prerequisites")
        return self._part(COUNTRY, "use") if self._catalog.roles[role].platform else "ROLE-WEBSITE"

    def _incomplete(self, role: str) -> Points:
        """The role without one of its prerequisites: created with it, added, the prerequisite left out."""
        refusal, full = self._part(PREREQUISITE, "refusal"), self._full(role)
        place = _place(full)
        for lack in self._catalog.roles[role].prerequisites:
            name = f"{_slug(role)}-{_slug(lack)}"
            most = tuple(key for key in requirements(self._catalog, role) if key != lack)
            created = Move(CREATE, (*most, role), "ROLE-WEBSITE" if lack == WEBSITE else refusal)
            title = f"A user is to be created with {role} but without {lack}."
            yield Point(f"grid-create-without-{name}", title, place, (created,))

            least = [
                key
                for key in full
                if key not in {role, lack} and lack not in requirements(self._catalog, key)
            ]
            title = f"{role} is to be added without {lack}."
            added = (Move(ADD, (role,), refusal),)
            yield Point(f"grid-add-without-{name}", title, place, added, tuple(least))

            title = f"{lack} is left out of the new roles while {role} needs it."
            rest = tuple(key for key in full if key != lack)
            replaced = (Move(REPLACE, rest, KEPT if self._catalog.roles[lack].platform else refusal),)
            yield Point(f"grid-replace-without-{name}", title, place, replaced, full)
            if self._catalog.roles[lack].platform:
                yield from self._platform_role_removed(role, lack)

    def _platform_role_removed(self, role: str, lack: str) -> Points:
        moves = (Move(REMOVE, (lack,), self._part(PREREQUISITE, "refusal")),)
        title = f"{lack} is to be removed while {role} needs it."
        yield Point(f"grid-remove-{_slug(lack)}-of-{_slug(role)}", title, ALONE, moves, self._full(role))

    def _pair(self, one: str, other: str) -> Points:
        """Two supervisor roles: the second added or both on create, and the first replaced by the second."""
        refusal, exclusion = self._part(EXCLUSIVE, "refusal"), self._part(EXCLUSIVE, "exclusion")
        place, name = _place((one, other)), f"{_slug(one)}-{_slug(other)}"
        moves = (Move(ADD, (other,), refusal), Move(REPLACE, (WEBSITE, other), exclusion))
        title = f"{other} is added beside {one}, then put in its place."
        yield Point(f"grid-second-supervisor-{name}", title, place, moves, (WEBSITE, one))
        created = (Move(CREATE, (WEBSITE, one, other), refusal),)
        title = f"A user is to be created with {one} and {other}."
        yield Point(f"grid-two-supervisors-{name}", title, place, created)

    def _charged(self, role: str) -> Points:
        """A licensed role without and with the header that accepts charges, any other without."""
        uk = role == ESSENTIAL
        full = self._full(role)
        before = tuple(key for key in full if key != role)
        place = IN_UK if uk else _place(full)
        added = Move(ADD, (role,), CHARGES, None)
        if not self._catalog.roles[role].licensed:
            title = f"{role} is added without accepting charges."
            yield Point(f"grid-free-{_slug(role)}", title, place, (added,), before)
            return
        moves = (added, added._replace(charges="true"))
        title = f"{role} is added without and with charges accepted."
        yield Point(f"grid-charged-add-{_slug(role)}", title, place, moves, before)
        created = Move(CREATE, full, CHARGES, None)
        moves = (created, created._replace(charges="true"))
        title = f"Users are created with {role} without and with charges accepted."
        yield Point(f"grid-charged-create-{_slug(role)}", title, place, moves)

    def _accepting_falsely(self, role: str) -> Points:
        added = (Move(ADD, (role,), CHARGES, "false"),)
        title = f"{role} is added with accept-charges: false."
        yield Point("grid-charges-false-add", title, SHARED, added, (WEBSITE,))
        created = (Move(CREATE, (WEBSITE, role), CHARGES, "false"),)
        title = f"A user is created with {role} and accept-charges: false."
        yield Point("grid-charges-false-create", title, SHARED, created)

    def _read_only(self, role: str) -> Points:
        """The read-only role given, taken, and left out of a new list."""
        refusal, fixed = self._part(READ_ONLY, "refusal"), self._part(READ_ONLY, "read-only")
        name = _slug(role)
        created = (Move(CREATE, (WEBSITE, role), refusal),)
        yield Point(f"grid-create-{name}", f"A user is to be created with {role}.", SHARED, created)
        for kind, roles in ((ADD, (role,)), (REPLACE, (WEBSITE, role))):
            move = Move(kind, roles, refusal, never=(role,), denied=fixed)
            title = f"{role} is to be given by {kind}."
            yield Point(f"grid-{kind}-{name}", title, SHARED, (move,), (WEBSITE,))
        held = (WEBSITE, role)
        kept = (Move(REPLACE, (WEBSITE,), fixed),)
        title = f"{role} is left out of the new roles and stays."
        yield Point(f"grid-kept-{name}", title, SHARED, kept, held, subject="teams")
        gone = (Move(REMOVE, (role,), refusal),)
        yield Point(f"grid-remove-{name}", f"{role} is to be removed.", SHARED, gone, held, subject="teams")

    def _countries(self) -> Points:
        """The PBX user role of the other country given, and that of the own one kept."""
        refusal = self._part(COUNTRY, "refusal")
        for place, right, wrong in ((SHARED, PBX, ESSENTIAL), (IN_UK, ESSENTIAL, PBX)):
            created = (Move(CREATE, (WEBSITE, wrong), refusal),)
            title = "A user is to be created with the PBX user role of another country."
            yield Point(f"grid-create-foreign-{place}", title, place, created)
            added = (Move(ADD, (wrong,), refusal),)
            title = "The PBX user role of another country is to be added."
            yield Point(f"grid-add-foreign-{place}", title, place, added, (WEBSITE,))
            for roles in ((WEBSITE,), ()):
                kept, name = (Move(REPLACE, roles, KEPT),), f"{place}-{len(roles)}"
                title = f"The PBX user role stays when the new roles are {' '.join(roles) or 'none'}."
                yield Point(f"grid-pbx-kept-{name}", title, place, kept, (WEBSITE, right))

    def _agent_feature(self) -> Points:
        """The agent role in a customer without the feature."""
        refusal, gate = self._part("ROLE-ACD-FEATURE", "refusal"), self._part("ROLE-ACD-FEATURE", "gate")
        place = FEATURELESS
        created = (Move(CREATE, (WEBSITE, PBX, AGENT), refusal),)
        title = "A user is to be created as agent without the feature."
        yield Point("grid-create-without-feature", title, place, created)
        added = (Move(ADD, (AGENT,), refusal, never=(AGENT,), denied=gate),)
        title = "The agent role is to be added without the feature."
        yield Point("grid-add-without-feature", title, place, added, (WEBSITE, PBX))

    def _spellings(self) -> Points:
        """A key outside the catalogue, and the other spellings of keys in it."""
        rule = "ROLE-KNOWN"
        others = [alias for key in self._roles for alias in self._catalog.roles[key].aliases]
        for name, role in (("unknown", UNKNOWN), *((_slug(alias), alias) for alias in others)):
            title = f"A user is to be created with {role}."
            created = (Move(CREATE, (WEBSITE, role), rule),)
            yield Point(f"grid-create-{name}", title, SHARED, created)
            for kind, roles in ((ADD, (role,)), (REPLACE, (WEBSITE, role))):
                title, moves = f"{role} is to be given by {kind}.", (Move(kind, roles, rule),)
                yield Point(f"grid-{kind}-{name}", title, SHARED, moves, (WEBSITE,))

    def _administrators(self) -> Points:
        """What makes an administrator taken from the only one, and from one of two."""
        rule, held = "ADMIN-LAST", (WEBSITE, ADMINISTRATOR)
        for rest in ((WEBSITE,), ()):
            name, moves = "-".join(map(_slug, rest)) or "nothing", (Move(REPLACE, rest, rule),)
            title = f"The only administrator is to be left with {' '.join(rest) or 'no role'}."
            yield Point(f"grid-last-administrator-{name}", title, ALONE, moves, held)
        moves = (Move(REPLACE, (WEBSITE,), rule),)
        beside = ((OTHER, held),)
        title = f"One of two administrators loses {ADMINISTRATOR}."
        yield Point("grid-one-of-two-administrators", title, ALONE, moves, held, beside)

    def _spread(self, level: str) -> Points:
        """A supervisor role given where PBX users are, and the PBX user role given where a supervisor is."""
        later = self._part(SPREAD, "later holders")
        rule = self._part(SPREAD, "spread")
        if level == self._supervisors[-1]:
            later = rule = self._part(SPREAD, "levels")
        name, phone = _slug(level), ((OTHER, (WEBSITE, PBX)),)
        given = Move(ADD, (level,), rule)
        title = f"{level} is given where another user has the PBX user role."
        yield Point(f"grid-spread-add-{name}", title, ALONE, (given,), (WEBSITE,), phone)
        title = f"A user is created with {level} where another has the PBX user role."
        created = given._replace(kind=CREATE, roles=(WEBSITE, level))
        yield Point(f"grid-spread-create-{name}", title, ALONE, (created,), beside=phone)
        title = f"{level} is given to a user with the PBX user role."
        yield Point(f"grid-spread-self-{name}", title, ALONE, (given,), (WEBSITE, PBX))
        title = f"The PBX user role is given where another user has {level}."
        gains = Move(ADD, (PBX,), later)
        beside = ((OTHER, (WEBSITE, level)),)
        yield Point(f"grid-later-add-{name}", title, ALONE, (gains,), (WEBSITE,), beside)
        created = gains._replace(kind=CREATE, roles=(WEBSITE, PBX))
        title = f"A user is created with the PBX user role where another has {level}."
        yield Point(f"grid-later-create-{name}", title, ALONE, (created,), (), beside)


def _place(roles: Roles) -> str:
    """A customer of its own where a role depends on its facts, or spreads in it."""
    alone = {AGENT, REALTIME}
    return ALONE if any(role in alone or LEVEL3.search(role) for role in roles) else SHARED


def _slug(role: str) -> str:
    return role.replace(".", "-")
