"""Emulators that send mails otherwise."""

from __future__ import annotations

from dataclasses import replace

from flask import request

from dimensions_emulator.wire import envelope
from small_world import UC, UK

from . import probes
from .mutant import Mutant, around, deviant, errors, routed
from .probes import BOTH, PLAIN, SILENT, SOFT, at, kinds


def mutant(name, rule, why, patches, probe, *more):
    return Mutant(name, (rule, *more), deviant(patches), why, probe)


def check(verb, wrap):
    return around(f"domain.role_checks.{verb}", wrap)


def effect(verb, wrap):
    return around(f"domain.role_effects.{verb}", wrap)


def _twice(original, catalog, change, **params):
    given = original(catalog, change, **params)
    return given._replace(mails=given.mails + given.mails)


def _despite(original, catalog, change, *, switch, **params):
    customer = replace(change.tenant.customer, **{switch: True})
    seen = change._replace(tenant=change.tenant._replace(customer=customer))
    return original(catalog, seen, switch=switch, **params)._replace(tenant=change.tenant)


def _to_holders(original, catalog, change, *, role, kind, switch):
    held = role in change.roles and getattr(change.tenant.customer, switch)
    return change._replace(mails=(*change.mails, kind)) if held else change


def _on_creation_alone(original, catalog, change, **params):
    return original(catalog, change, **params) if change.user is None else change


def _activation_alone(original, catalog, change):
    return None if request.endpoint == "send_uc_welcome" else original(catalog, change)


def _sending(change):
    """The patch of a mail that is asked for; `change` gets how it is sent and its kind."""

    def ask(original, world, book, call, user_id, kind):
        def send(world, kind):
            return original(world, book, call, user_id, kind)

        return change(send, world, kind)

    return around("domain.mails.request", ask)


def _other(kind):
    return "activation" if kind == "uc-welcome" else "uc-welcome"


def _mailed(api):
    return [api.create(roles=[UC]).status, kinds(api)]


def _asked(api):
    return [probes.mail(api), probes.uc_mail(api), kinds(api)]


def _silently(api):
    return [at(api, SILENT).create(roles=[UC]).status, kinds(api)]


def _then_renamed(api):
    return [api.patch(SOFT, {"op": "replace", "path": "/displayName", "value": "S"}), kinds(api)]


ASKED = ("MAIL-ANSWER", "MAIL-PRIMARY")
MAILS = (
    mutant("mail-on-creation-twice", "MAIL-ON-CREATE", "A created user gets two mails.", effect("mail_to_new_user", _twice), _mailed),
    mutant("mail-on-creation-despite-the-switch", "MAIL-ON-CREATE", "A created user gets a mail with the switch off.", effect("mail_to_new_user", _despite), _silently),
    mutant("mail-on-uc-despite-the-switch", "MAIL-ON-UC", "The UC client sends a mail with the switch off.", effect("mail_on_gain", _despite), _silently),
    mutant("mail-on-uc-to-holders", "MAIL-ON-UC", "Who has the UC client gets a mail with every change.", effect("mail_on_gain", _to_holders), _then_renamed),
    mutant("mail-on-uc-on-creation-alone", "MAIL-ON-UC", "A patch that gives the UC client sends no mail.", effect("mail_on_gain", _on_creation_alone), lambda api: [api.add(PLAIN, UC), kinds(api)]),
    mutant("mail-of-uc-from-anywhere", "MAIL-PRIMARY", "The welcome mail is sent from any tenant.", check("tenant_is_primary", _activation_alone), lambda api: probes.uc_mail(at(api, UK), BOTH)),
    mutant("mail-not-primary-in-other-words", "MAIL-PRIMARY", "Another tenant has another message.", errors(TenantNotPrimary={"message": "This is not the primary tenant of this user."}), lambda api: probes.mail(at(api, UK), BOTH)),
    mutant("mail-not-primary-without-code", "MAIL-PRIMARY", "Another tenant has no code.", errors(TenantNotPrimary={"code": None}), lambda api: probes.mail(at(api, UK), BOTH)),
    Mutant("mail-asked-for-twice", ASKED, deviant(_sending(lambda send, world, kind: send(send(world, kind), kind))), "A mail that is asked for is sent twice.", _asked),
    Mutant("mail-asked-for-not-sent", ASKED, deviant(_sending(lambda send, world, kind: (send(world, kind), world)[1])), "A mail that is asked for is not sent.", _asked),
    Mutant("mail-asked-for-is-the-other", ASKED, deviant(_sending(lambda send, world, kind: send(world, _other(kind)))), "The other mail is sent.", _asked),
    mutant("mail-is-accepted", "MAIL-ANSWER", "Sending is a 202.", around("wire.envelope.empty", lambda original, status, headers=None: original(202 if status == 204 else status, headers)), probes.mail),
    mutant("mail-has-a-body", "MAIL-ANSWER", "Sending answers a body.", routed("send_activation", lambda original, api, call, user_id: (original(api, call, user_id), envelope.done(call.now))[1]), probes.mail),
)  # fmt: skip
