"""Emulators that create users otherwise."""

from __future__ import annotations

from flask import g, request

from dimensions_emulator.domain import guids
from dimensions_emulator.domain.errors import Refused
from small_world import NOBODY, UK, WEB

from . import probes
from .mutant import Mutant, around, deviant, errors, instead, without_member
from .probes import PLAIN, at
from .readings import item


def created(name, why, change, probe=probes.creation, *more):
    return Mutant(f"create-{name}", ("CREATE-ANSWER", *more), deviant(change), why, probe)


def _create_alone(change):
    return item(lambda data: change(data) if request.endpoint == "create" else data)


def placed(change):
    """The patch of where a created user is said to be."""

    def answer(original, data, now, status=200, headers=None):
        if request.endpoint == "create":
            headers = {name: place for name in headers if (place := change(headers[name], data["id"]))}
        return original(data, now, status, headers)

    return around("wire.envelope.one", answer)


def _path(place):
    return "/" + place.split("/", 3)[3]


def _in_customers(place, _):
    head, accounts, rest = place.partition("/accounts/")
    return f"{head}/{rest.partition('/')[2]}" if accounts else place


def _as_asked(data):
    return {**data, "roles": [role for role in data["roles"] if role != WEB]}


def _in_ascii(original, world, book, call, email, name, roles):
    plain = name and name.encode("ascii", "replace").decode()
    return original(world, book, call, email, plain, roles)


CREATED = (
    created("is-ok", "Creating is a 200.", around("wire.envelope.one", lambda original, data, now, _=200, headers=None: original(data, now, 200, headers))),
    created("with-is-parent", "The answer shows isParent.", _create_alone(lambda data: {**data, "isParent": False})),
    created("without-roles", "The answer shows no roles.", _create_alone(without_member("roles"))),
    created("without-data", "The answer is the id alone.", _create_alone(lambda data: {"id": data["id"]})),
    created("shows-roles-as-asked", "The answer shows the roles without those of the rules.", _create_alone(_as_asked), probes.creation, "ROLE-WEBSITE"),
    created("without-location", "There is no Location.", placed(lambda *_: None)),
    created("location-is-relative", "Location is a path.", placed(lambda place, _: _path(place))),
    created("location-of-the-list", "Location is that of the list.", placed(lambda place, _: place.rpartition("/")[0])),
    created("location-of-nobody", "Location has another id.", placed(lambda place, user_id: place.replace(user_id, NOBODY))),
    created("location-in-other-prefix", "Location is always below /customers.", placed(_in_customers), lambda api: probes.behind(api).create()),
    created("location-in-other-base", "Location is always below /v1.0.", placed(lambda place, _: place.replace("/api/v1.0", "/v1.0"))),
    created("name-in-ascii", "Letters outside ASCII are lost.", around("domain.users.create", _in_ascii), lambda api: api.create(name="Žofie").data),
)  # fmt: skip


def _reading(wrap):
    return around("wire.body.json_object", wrap)


def _kept(original, limit):
    g.wanted = original(limit)
    return g.wanted


def _wanted_id(original, world, ids):
    given = g.get("wanted", {}).get("id")
    usual = guids.usual(given) if isinstance(given, str) else None
    return usual if usual and usual not in world.users else original(world, ids)


def _known_alone(original, limit):
    wanted = original(limit)
    if request.endpoint == "create":
        for name in wanted:
            if name not in {"email", "displayName", "roles"}:
                raise Refused("BODY-JSON", "BodyInvalid", reason=f"there is no member {name}")
    return wanted


def _extended(**more):
    body = {"email": "n@example.com", "displayName": "N", **more}
    return lambda api: api.call("POST", api.users, json=body).data["id"]


IGNORES = (
    Mutant(
        "create-with-the-id-given",
        ("CREATE-IGNORES",),
        deviant(_reading(_kept) | around("domain.users.new_user_id", _wanted_id)),
        "The id in the body is taken.",
        _extended(id="dddddddd-0000-4000-8000-000000000001"),
    ),
    Mutant(
        "create-refuses-unknown-members",
        ("CREATE-IGNORES",),
        deviant(_reading(_known_alone)),
        "A member that is not printed is refused.",
        lambda api: api.call("POST", api.users, json={"email": "n@example.com", "displayName": "N", "x": 1}).status,
    ),
)  # fmt: skip


def _unchanged_when_taken(original, world, *rest):
    try:
        return original(world, *rest)
    except Refused as no:
        if no.rule == "USER-UNIQUE-EMAIL":
            return world
        raise


def _elsewhere(original, catalog, change, **_):
    return original(catalog, change, elsewhere=True)


ADDRESSES = (
    Mutant(
        "address-compared-with-case",
        ("USER-UNIQUE-EMAIL",),
        deviant(instead(domain__addresses__key=str), everywhere=True),
        "Addresses that differ in case are two.",
        lambda api: api.create("PLAIN@example.com").status,
    ),
    Mutant(
        "address-unique-in-tenants",
        ("USER-UNIQUE-EMAIL",),
        deviant(around("domain.role_checks.address_is_free", _elsewhere)),
        "An address can be used once in each customer.",
        lambda api: at(api, UK).create("plain@example.com").status,
    ),
    Mutant(
        "address-taken-passes-patch",
        ("USER-UNIQUE-EMAIL",),
        deviant(around("domain.users.patch", _unchanged_when_taken)),
        "Patching to a taken address says yes.",
        lambda api: api.patch(PLAIN, {"op": "replace", "path": "/email", "value": "vain@example.com"}),
    ),
    Mutant(
        "address-taken-in-other-words",
        ("USER-UNIQUE-EMAIL",),
        deviant(errors(UserAlreadyExists={"code": "EmailTaken"})),
        "A taken address has another code.",
        lambda api: api.create("plain@example.com"),
    ),
)


def _limits(**more):
    """The patch of the lengths that fit, by so many characters."""

    def fit(original, catalog, change, **limits):
        return original(
            catalog, change, **{name: limit + more.get(name, 0) for name, limit in limits.items()}
        )

    return around("domain.role_checks.fields_fit", fit)


def _new_alone(original, catalog, change, **limits):
    return original(catalog, change, **limits) if change.user is None else None


def _any_address(original, catalog, change, **limits):
    breach = original(catalog, change, **limits)
    return None if breach and breach["error"] == "AddressInvalid" else breach


def _crash(fatal):
    def fit(original, catalog, change, **limits):
        if fatal(change):
            raise ZeroDivisionError
        return original(catalog, change, **limits)

    return around("domain.role_checks.fields_fit", fit)


def _address(length):
    return "n" * (length - len("@example.com")) + "@example.com"


def field(name, why, patches, probe, rule="USER-FIELDS"):
    return Mutant(f"field-{name}", (rule,), deviant(patches), why, probe)


FIELDS = (
    field("name-of-101", "A name of 101 characters is stored.", _limits(displayName=1), lambda api: api.create(name="n" * 101).status),
    field("name-of-100-refused", "A name of 100 characters is too long.", _limits(displayName=-1), lambda api: api.create(name="n" * 100).status),
    field("address-of-201", "An address of 201 characters is stored.", _limits(email=1), lambda api: api.create(_address(201)).status),
    field("address-of-200-refused", "An address of 200 characters is too long.", _limits(email=-1), lambda api: api.create(_address(200)).status),
    field("unchecked-on-patch", "A patch stores what creation refuses.", around("domain.role_checks.fields_fit", _new_alone), lambda api: probes.rename(api, "n" * 101)),
    field("any-address", "Any text is an address.", around("domain.role_checks.fields_fit", _any_address), lambda api: api.create("nonsense").status),
    field("too-long-in-other-words", "What is too long has another message.", errors(FieldTooLong={"message": "The field {field} is longer than {limit}."}), lambda api: api.create(name="n" * 101)),
    field("too-long-is-unprocessable", "What is too long is a 422.", errors(FieldTooLong={"status": 422}), lambda api: api.create(name="n" * 101)),
    field("name-of-100-crashes", "A name of 100 characters is a 500.", _crash(lambda change: len(change.display_name or "") == 100), lambda api: api.create(name="n" * 100).status, "NEVER-500"),
    field("address-of-200-crashes", "An address of 200 characters is a 500.", _crash(lambda change: len(change.email or "") == 200), lambda api: api.create(_address(200)).status, "NEVER-500"),
    field("name-beyond-the-plane-crashes", "An emoji is a 500.", _crash(lambda change: max(change.display_name or " ") > "\uffff"), lambda api: api.create(name="\U0001f600").status, "NEVER-500"),
)  # fmt: skip


CREATING = CREATED + IGNORES + ADDRESSES + FIELDS
