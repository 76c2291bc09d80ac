"""Emulators that look where they should not."""

from __future__ import annotations

from flask import request

from dimensions_emulator.domain import guids
from dimensions_emulator.domain.errors import Refused
from dimensions_emulator.domain.models import Customer
from dimensions_emulator.domain.tenant import Tenant
from small_world import ELSEWHERE, UK

from . import probes
from .mutant import Mutant, around, deviant, errors
from .probes import BRITON, NOBODY, SOFT, at, calling
from .tokens import anybody

FINDERS = (
    "wire.users.tenant_of",
    "domain.users.tenant_of",
    "domain.devices.tenant_of",
    "domain.mails.tenant_of",
)


def finding(wrap):
    """The patch of how the customer called is found, wherever that is done."""
    return {name: new for target in FINDERS for name, new in around(target, wrap).items()}


def _seeing(condition):
    """Callers see the customers of every reseller under the condition."""

    def find(original, world, call):
        if condition():
            call = call._replace(caller=anybody(world))
        return original(world, call)

    return find


def leak(name, why, condition):
    return Mutant(
        f"leak-{name}",
        ("TENANT-ISOLATION",),
        deviant(finding(_seeing(condition))),
        why,
        lambda api: probes.every_method(calling(api, "other"), SOFT),
    )


def _reads(name):
    return lambda: request.endpoint == name


LEAKS = (
    leak("everything", "The token of another reseller will do.", lambda: True),
    leak("list", "Another reseller can list.", _reads("list_all")),
    leak("get", "Another reseller can read.", _reads("get")),
    leak("create", "Another reseller can create.", _reads("create")),
    leak("patch", "Another reseller can patch.", _reads("patch")),
    leak("delete", "Another reseller can delete.", _reads("delete")),
    leak("assign", "Another reseller can assign devices.", _reads("assign")),
    leak("unassign", "Another reseller can unassign devices.", _reads("unassign")),
    leak("mail", "Another reseller can send activation mails.", _reads("send_activation")),
    leak("uc-mail", "Another reseller can send welcome mails.", _reads("send_uc_welcome")),
)


def _where_the_user_is(condition):
    """The customer of the user, not the one called, is worked in under the condition."""

    def find(original, world, call):
        tenant = original(world, call)
        named = guids.usual((request.view_args or {}).get("user_id", "")) or ""
        user = world.users.get(named)
        if condition() and user is not None and user.tenants and named not in tenant.members:
            return world.tenants[user.tenants[0]]
        return tenant

    return find


def astray(name, why):
    return Mutant(
        f"user-of-another-customer-{name}",
        ("TENANT-ISOLATION", "USER-UNKNOWN"),
        deviant(finding(_where_the_user_is(_reads(name.replace("-", "_"))))),
        why,
        lambda api: probes.every_method(api, BRITON),
    )


ASTRAY = (
    astray("get", "A user is read through any customer."),
    astray("patch", "A user is patched through any customer."),
    astray("delete", "A user is deleted through any customer."),
    astray("send-activation", "A user is sent the activation mail through any customer."),
)


def _unknown(answer):
    def find(original, world, call):
        try:
            return original(world, call)
        except Refused as no:
            if no.rule == "TENANT-UNKNOWN":
                return answer(call)
            raise

    return find


def _forbidden(_):
    raise Refused("TENANT-UNKNOWN", "ScopeMissing")


def _other_words(_):
    raise Refused("TENANT-UNKNOWN", "CustomerNotFound")


def _any_account(original, world, call):
    return original(world, call._replace(account_id=None))


def _read_through_accounts_alone(original, world, call):
    if call.account_id is not None and request.method != "GET":
        raise Refused("ROUTE", "NotFound")
    return original(world, call)


def _forgotten(original, world, tenant, user_id):
    """A deleted user, or one who never was, is as good as deleted."""
    try:
        return original(world, tenant, user_id)
    except Refused:
        if request.method == "DELETE":
            raise Refused("USER-UNKNOWN", "Gone") from None
        raise


OTHERS = (
    Mutant(
        "tenant-unknown-is-forbidden",
        ("TENANT-UNKNOWN",),
        deviant(finding(_unknown(_forbidden))),
        "A customer that does not exist is a 403.",
        probes.unknown_customer,
    ),
    Mutant(
        "tenant-unknown-in-other-words",
        ("TENANT-UNKNOWN",),
        deviant(errors(CustomerNotFound={"message": "Customer Not Found"}) | finding(_unknown(_other_words))),
        "A customer that does not exist has another message.",
        probes.unknown_customer,
    ),
    Mutant(
        "tenant-unknown-is-empty",
        ("TENANT-UNKNOWN",),
        deviant(finding(_unknown(lambda call: Tenant(Customer(call.customer_id, "", ""))))),
        "A customer that does not exist is one without users.",
        probes.unknown_customer,
    ),
    Mutant(
        "account-not-looked-at",
        ("WIRE-PREFIXES",),
        deviant(finding(_any_account)),
        "Any account id shows every customer.",
        lambda api: [probes.behind(api, NOBODY).list(), probes.behind(at(api, UK), ELSEWHERE).list()],
    ),
    Mutant(
        "account-prefix-reads-alone",
        ("WIRE-PREFIXES",),
        deviant(finding(_read_through_accounts_alone)),
        "The enterprise prefix has no writes.",
        lambda api: probes.every_method(probes.behind(api)),
    ),
    Mutant(
        "user-unknown-is-gone",
        ("USER-UNKNOWN", "DELETE-ANSWER"),
        deviant(
            errors(Gone={"status": 410, "message": "Gone"}) | around("domain.users.member_of", _forgotten)
        ),
        "Deleting who is not there is a 410.",
        lambda api: api.delete(NOBODY),
    ),
    Mutant(
        "user-unknown-in-other-words",
        ("USER-UNKNOWN",),
        deviant(
            errors(NoUser={"message": "User Not Found"})
            | around("wire.users.member_of", lambda original, *found: _named(original, *found))
        ),
        "A user who does not exist has another message.",
        probes.unknown_user,
    ),
)


def _named(original, world, tenant, user_id):
    if user_id not in tenant.members:
        raise Refused("USER-UNKNOWN", "NoUser")
    return original(world, tenant, user_id)


TENANTS = LEAKS + ASTRAY + OTHERS
