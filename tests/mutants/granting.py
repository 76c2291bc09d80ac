"""Emulators that give, keep or refuse roles otherwise."""

from __future__ import annotations

from dataclasses import replace

from dimensions_emulator.domain import prerequisites
from small_world import (
    ACD,
    ESSENTIAL,
    PBX,
    REALTIME,
    REMOTE,
    SETTINGS,
    SOFTPHONE,
    TEAMS,
    UC,
    UK,
    WEB,
    WORKSPACE,
    supervisor,
)

from . import probes
from .mutant import Mutant, around, deviant, errors, instead
from .probes import AGENTS, BRITON, PHONE, PLAIN, SILENT, SOFT, TEAM, at

TRIGGERS = [supervisor(level) for level in (3, 4, 5)]


def mutant(name, rule, why, patches, probe, *more):
    return Mutant(name, (rule, *more), deviant(patches), why, probe)


def check(verb, wrap):
    return around(f"domain.role_checks.{verb}", wrap)


def effect(verb, wrap):
    return around(f"domain.role_effects.{verb}", wrap)


def held(who, *operations):
    """The answers to some calls, and the roles that someone holds then."""
    return lambda api: [[operation(api) for operation in operations], api.roles(who)]


def _when_added(original, catalog, change):
    return original(catalog, change) if change.added else None


def _on_create(original, catalog, change, **params):
    return original(catalog, change, **params) if change.user is None else None


def _on_patch(original, catalog, change, **params):
    return None if change.user is None else original(catalog, change, **params)


def _first_prerequisite(catalog, roles):
    for key in roles:
        for wanted in catalog.roles[key].prerequisites[:1]:
            if wanted not in roles and not prerequisites._stands_in(catalog, wanted, roles):
                yield key, wanted


def _but(level):
    """Supervisors of one level do not count."""

    def at_most(original, catalog, change, **params):
        rest = tuple(role for role in change.roles if role != supervisor(level))
        return original(catalog, change._replace(roles=rest), **params)

    return at_most


def _without_website(role):
    """Prerequisites count for other roles alone."""

    def hold(original, catalog, change):
        facts = original(catalog, change)
        return None if facts and facts["role"] == role else facts

    return hold


PREREQUISITES = (
    mutant("prerequisite-can-be-taken", "ROLE-PREREQUISITE", "A prerequisite is asked for when a role is added alone.", check("prerequisites_held", _when_added), lambda api: api.replace(SOFT, WEB, SOFTPHONE)),
    mutant("prerequisite-first-alone", "ROLE-PREREQUISITE", "Of two prerequisites one is asked for.", instead(domain__role_checks__missing=_first_prerequisite), lambda api: api.replace(PLAIN, WEB, WORKSPACE)),
    mutant("prerequisite-of-one-role-forgotten", "ROLE-PREREQUISITE", "One role needs no prerequisite.", check("prerequisites_held", _without_website(REMOTE)), lambda api: api.add(PLAIN, REMOTE)),
    mutant("prerequisite-on-creation-alone", "ROLE-PREREQUISITE", "A patch asks for no prerequisites.", check("prerequisites_held", _on_create), lambda api: api.add(PLAIN, SOFTPHONE)),
    mutant("prerequisite-in-other-words", "ROLE-PREREQUISITE", "A missing prerequisite has another message.", errors(RolePrerequisiteMissing={"message": "Add '{missing}' before '{role}'."}), probes.refusal),
    mutant("prerequisite-without-code", "ROLE-PREREQUISITE", "A missing prerequisite has no code.", errors(RolePrerequisiteMissing={"code": None}), probes.refusal),
)  # fmt: skip

SUPERVISORS = (
    mutant("supervisor-of-level-5-beside-another", "ROLE-SUPERVISOR-EXCLUSIVE", "The highest supervisor can be another one too.", check("at_most_one_of", _but(5)), lambda api: api.replace(PLAIN, WEB, supervisor(1), supervisor(5))),
    mutant("supervisors-on-patch", "ROLE-SUPERVISOR-EXCLUSIVE", "A patch can give a second supervisor role.", check("at_most_one_of", _on_create), lambda api: api.replace(PLAIN, WEB, supervisor(1), supervisor(2))),
    mutant("supervisors-are-a-conflict", "ROLE-SUPERVISOR-EXCLUSIVE", "A second supervisor role is a 409.", errors(SupervisorRolesExclusive={"status": 409}), lambda api: api.replace(PLAIN, WEB, supervisor(1), supervisor(2))),
)  # fmt: skip


def _in_country(*, uk):
    def available(original, catalog, change, **params):
        return original(catalog, change, **params) if change.tenant.customer.in_uk is uk else None

    return available


def _swapped(original, catalog, change, *, uk, elsewhere):
    return original(catalog, change, uk=elsewhere, elsewhere=elsewhere)


COUNTRIES = (
    mutant("uk-key-elsewhere", "ROLE-UK-ESSENTIAL", "The UK key is given elsewhere.", check("platform_role_of_country", _in_country(uk=True)), lambda api: api.add(PLAIN, ESSENTIAL)),
    mutant("uk-has-the-other-key", "ROLE-UK-ESSENTIAL", "The other key is given in the UK.", check("platform_role_of_country", _in_country(uk=False)), lambda api: at(api, UK).create(roles=[PBX])),
    mutant("uk-import-has-the-other-key", "ROLE-UK-ESSENTIAL", "A user imported in the UK gets the other key.", effect("grant_platform_role", _swapped), lambda api: probes.bring(at(api, UK)), "ROLE-PBX-AUTO"),
    mutant("uk-key-is-no-prerequisite", "ROLE-UK-ESSENTIAL", "The UK key does not serve as prerequisite.", instead(domain__prerequisites___stands_in=lambda *_: False), lambda api: at(api, UK).add(BRITON, REALTIME), "ROLE-PREREQUISITE"),
    mutant("uk-key-not-kept", "ROLE-PBX-KEPT", "Replacing the roles takes the UK key.", effect("keep_on_replace", lambda original, catalog, change, roles: original(catalog, change, roles=[role for role in roles if role != ESSENTIAL])), lambda api: [at(api, UK).replace(BRITON, WEB), at(api, UK).roles(BRITON)]),
)  # fmt: skip


def _with_website(original, catalog, change, **params):
    change = original(catalog, change, **params)
    return change._replace(roles=(*change.roles, WEB)) if WEB not in change.roles else change


def _to_all(original, catalog, change, **params):
    return original(catalog, change._replace(agent=True), **params)


def _despite_the_switch(original, catalog, change, **params):
    customer = replace(change.tenant.customer, sync_acd_agent_with_pbx=True)
    given = original(catalog, change._replace(tenant=change.tenant._replace(customer=customer)), **params)
    return given._replace(tenant=change.tenant)


def _if_none_are_asked(original, catalog, change, **params):
    return change if change.roles else original(catalog, change, **params)


def _without_teams(original, catalog, change, *, roles):
    return change if TEAMS in roles else original(catalog, change, roles=roles)


def _given(original, catalog, change, *, role):
    return original(catalog, change, role=role) if change.gives(role) else None


GIVEN = (
    mutant("import-gives-website-access", "ROLE-PBX-AUTO", "An imported user gets website access.", effect("grant_platform_role", _with_website), probes.bring),
    mutant("agents-are-all", "ROLE-ACD-AUTO", "Every imported user gets the agent role.", effect("grant_to_agents", _to_all), lambda api: probes.bring(at(api, AGENTS))),
    mutant("agents-despite-the-switch", "ROLE-ACD-AUTO", "Agents get the role with the switch off.", effect("grant_to_agents", _despite_the_switch), lambda api: probes.bring(api, agent=True)),
    mutant("feature-on-patch-unchecked", "ROLE-ACD-FEATURE", "A patch gives the agent role where the feature is 0.", check("feature_licensed", _on_create), lambda api: [silent.add(silent.create(roles=[PBX]).data["id"], ACD) for silent in [at(api, SILENT)]]),
    mutant("feature-in-other-words", "ROLE-ACD-FEATURE", "A feature of 0 has another code.", errors(FeatureNotLicensed={"code": "FeatureMissing"}), lambda api: at(api, SILENT).create(roles=[PBX, ACD])),
    mutant("website-access-if-none-are-asked", "ROLE-WEBSITE", "Website access is given to those who ask for no roles alone.", effect("grant", _if_none_are_asked), lambda api: api.create(roles=[PBX]).data["roles"]),
    mutant("teams-lost-on-replace", "ROLE-READ-ONLY", "Replacing the roles takes the Microsoft Teams role.", effect("keep_on_replace", _without_teams) | check("role_unchanged", _given), lambda api: [api.replace(TEAM, WEB), api.roles(TEAM)]),
    mutant("teams-refused-on-replace", "ROLE-READ-ONLY", "Replacing the roles without the Microsoft Teams role is refused.", effect("keep_on_replace", _without_teams), lambda api: api.replace(TEAM, WEB)),
    mutant("teams-given-on-creation", "ROLE-READ-ONLY", "A user is created with the Microsoft Teams role.", check("role_unchanged", _on_patch), lambda api: api.create(roles=[TEAMS])),
    mutant("unknown-roles-in-other-words", "ROLE-KNOWN", "An unknown role has another code.", errors(RoleUnknown={"code": "UnknownRole"}), lambda api: api.add(PLAIN, "nonsense")),
    mutant("unknown-roles-on-creation", "ROLE-KNOWN", "A user is created with an unknown role.", check("only_known_roles", _on_patch), lambda api: api.create(roles=["nonsense"])),
)  # fmt: skip


def _triggers(wanted):
    return lambda original, catalog, change, **params: original(
        catalog, change, **{**params, "triggers": wanted}
    )


def _first_alone(original, catalog, change, **params):
    given = original(catalog, change, **params)
    return given if given.spread else change


def _always(original, catalog, change, **params):
    given = original(catalog, change, **params)
    gains = any(change.gives(holder) for holder in params["holders"])
    return given._replace(roles=(*given.roles, REALTIME)) if gains and REALTIME not in given.roles else given


def _not_to_others(original, catalog, change, **params):
    return original(catalog, change, **params)._replace(spread=None)


def _to_everybody(original, world, book, tenant_id, role):
    members = world.tenants[tenant_id].members.items()
    return {user_id: (*member.roles, role) for user_id, member in members if role not in member.roles}


def _withdrawn(original, world, book, call, user_id, operations):
    after = original(world, book, call, user_id, operations)
    tenant = after.tenants[call.customer_id]
    if tenant.holders(TRIGGERS) or not world.tenants[call.customer_id].holders(TRIGGERS):
        return after
    rest = {
        user_id: tuple(role for role in member.roles if role != REALTIME)
        for user_id, member in tenant.members.items()
        if REALTIME in member.roles
    }
    return after.with_roles(call.customer_id, rest)


def spreading(name, why, wrap, probe):
    return mutant(f"realtime-{name}", "ROLE-REALTIME-SPREAD", why, effect("spread", wrap), probe)


def _then(*calls):
    """Who holds what after the calls."""
    return lambda api: [[call(api) for call in calls], [api.roles(who) for who in (PLAIN, PHONE)]]


def _promote(level):
    return lambda api: api.replace(PLAIN, WEB, supervisor(level))


REAL_TIME = (
    spreading("for-the-first-alone", "Later holders of the PBX user role get nothing.", _first_alone, _then(_promote(3), lambda api: api.create(roles=[PBX]).data["roles"])),
    spreading("without-trigger", "Whoever gains the PBX user role gets the add-on.", _always, lambda api: api.create(roles=[PBX]).data["roles"]),
    spreading("not-to-others", "The users who were there get nothing.", _not_to_others, _then(_promote(3))),
    spreading("by-level-2", "A supervisor of level 2 gives it.", _triggers([supervisor(2), *TRIGGERS]), _then(_promote(2))),
    spreading("not-by-level-4", "A supervisor of level 4 does not give it.", _triggers([supervisor(3), supervisor(5)]), _then(_promote(4))),
    mutant("realtime-to-everybody", "ROLE-REALTIME-SPREAD", "Who has no PBX user role gets it too.", around("domain.users._spread", _to_everybody), lambda api: [probes.spread(api), api.roles(SOFT)]),
    mutant("realtime-withdrawn", "ROLE-REALTIME-SPREAD", "It goes with the last high supervisor.", around("domain.users.patch", _withdrawn), _then(_promote(3), lambda api: api.replace(PLAIN, WEB))),
)  # fmt: skip


def _header(change):
    """The patch of the header accept-charges before it is read."""

    def enter(original, environ, world, now):
        if "HTTP_ACCEPT_CHARGES" in environ:
            environ["HTTP_ACCEPT_CHARGES"] = change(environ["HTTP_ACCEPT_CHARGES"])
        return original(environ, world, now)

    return around("wire.access.caller", enter)


def _for_any_role(original, catalog, change):
    return None if change.charges_accepted or not change.added else {"roles": change.added[0]}


def _for_losses(original, catalog, change):
    lost = [role for role in change.before if role not in change.roles and catalog.roles[role].licensed]
    return {"roles": lost[0]} if lost and not change.charges_accepted else original(catalog, change)


def charges(name, why, patches, probe):
    return mutant(f"charges-{name}", "CHARGES-ACCEPTED", why, patches, probe)


CHARGES = (
    charges("accepted-by-any-value", "false accepts charges too.", _header(lambda _: "true"), lambda api: api.add(PLAIN, UC, charges="false")),
    charges("accepted-in-lower-case-alone", "True does not accept charges.", _header(lambda value: value if value == "true" else ""), lambda api: api.add(PLAIN, UC, charges="True")),
    charges("unchecked-on-patch", "A patch need not accept charges.", check("charges_accepted", _on_create), lambda api: api.add(PLAIN, UC, charges=None)),
    charges("unchecked-on-creation", "A creation need not accept charges.", check("charges_accepted", _on_patch), lambda api: api.create(roles=[UC], charges=None)),
    charges("for-any-role", "Roles that cost nothing need the header.", check("charges_accepted", _for_any_role), lambda api: api.add(PLAIN, SETTINGS, charges=None)),
    charges("for-losses", "Taking a licensed role needs the header.", check("charges_accepted", _for_losses), lambda api: api.replace(SOFT, WEB, charges=None)),
    charges("in-other-words", "Missing consent has another code.", errors(ChargesNotAccepted={"code": "ChargesRequired"}), lambda api: api.add(PLAIN, UC, charges=None)),
    charges("are-forbidden", "Missing consent is a 403.", errors(ChargesNotAccepted={"status": 403}), lambda api: api.add(PLAIN, UC, charges=None)),
)  # fmt: skip

GRANTING = PREREQUISITES + SUPERVISORS + COUNTRIES + GIVEN + REAL_TIME + CHARGES
