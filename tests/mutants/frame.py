"""Emulators with other ids, routes, bodies or order of checks."""

from __future__ import annotations

import io
import json

from flask import request
from werkzeug.exceptions import MethodNotAllowed

from dimensions_emulator.domain.calls import member_of, tenant_of
from dimensions_emulator.domain.errors import Refused
from dimensions_emulator.wire import ids, problems

from .mutant import Mutant, around, deviant, errors, instead, routed
from .probes import NOBODY, PLAIN, at, calling

MALFORMED = "nonsense"


def guid(wrap):
    return around("wire.api.guid", wrap)


def _unfound(original, text):
    try:
        return original(text)
    except Refused:
        raise Refused("USER-UNKNOWN", "NotFound") from None


def _user_unfound(original, text):
    given = request.view_args or {}
    return _unfound(original, text) if text == given.get("user_id") else original(text)


def _in_other_words(original, text):
    try:
        return original(text)
    except Refused:
        raise Refused("ID-FORMAT", "FieldRequired", field=text) from None


def _shown_in_lower_case(original, text):
    try:
        return original(text)
    except Refused as no:
        no.facts["value"] = text.lower()
        raise


def _only(fits):
    """Spellings that do not fit are refused."""

    def bind(original, text):
        if not fits(text):
            raise Refused("ID-FORMAT", "ValueInvalid", value=text)
        return original(text)

    return bind


def spelling(name, why, fits, spelled):
    return Mutant(
        f"spelling-{name}", ("ID-SPELLING",), deviant(guid(_only(fits))), why, lambda api: api.get(spelled)
    )


IDS = (
    Mutant("id-malformed-is-not-found", ("ID-FORMAT",), deviant(guid(_unfound)), "A malformed id is a 404.", lambda api: api.get(MALFORMED)),
    Mutant("user-id-malformed-is-not-found", ("ID-FORMAT",), deviant(guid(_user_unfound)), "A malformed user id is a 404.", lambda api: api.get(MALFORMED)),
    Mutant("id-malformed-in-other-words", ("ID-FORMAT",), deviant(guid(_in_other_words)), "A malformed id has another message.", lambda api: api.get(MALFORMED)),
    Mutant("id-malformed-is-shown-otherwise", ("ID-FORMAT",), deviant(guid(_shown_in_lower_case)), "The message shows the id in lower case.", lambda api: api.get("NONSENSE")),
    spelling("upper-case", "Capitals are refused.", lambda text: text == text.lower(), PLAIN.upper()),
    spelling("braces", "Braces are refused.", lambda text: "{" not in text, f"{{{PLAIN}}}"),
    spelling("without-hyphens", "Hyphens are needed.", lambda text: "-" in text, PLAIN.replace("-", "")),
)  # fmt: skip


def _no_such_route(no):
    if isinstance(no, MethodNotAllowed):
        return Refused("ROUTE", "NoSuchRoute", method=request.method, path=request.path)
    return REFUSAL(no)


REFUSAL = problems._refusal_of


def _put(api):
    return api.call("PUT", api.users)


ROUTED = (
    Mutant(
        "method-unknown-is-not-found",
        ("METHOD-UNKNOWN",),
        deviant(instead(wire__problems___refusal_of=_no_such_route)),
        "A method that is not offered is a 404.",
        _put,
    ),
    Mutant(
        "method-unknown-without-allow",
        ("METHOD-UNKNOWN",),
        deviant(errors(MethodNotAllowed={"headers": {}})),
        "The 405 has no Allow.",
        _put,
    ),
    Mutant(
        "method-unknown-allows-all",
        ("METHOD-UNKNOWN",),
        deviant(errors(MethodNotAllowed={"headers": {"Allow": "DELETE, GET, PATCH, POST, PUT"}})),
        "Allow lists methods that are not offered.",
        _put,
    ),
    Mutant(
        "route-unknown-in-other-words",
        ("ROUTE",),
        deviant(errors(NoSuchRoute={"message": "Not Found"})),
        "A path outside the API is answered like an unknown user.",
        lambda api: api.call("GET", "/api/v1.0/nothing"),
    ),
    Mutant(
        "route-unknown-is-an-answer",
        ("ROUTE",),
        deviant(errors(NoSuchRoute={"status": 200})),
        "A path outside the API is a 200.",
        lambda api: api.call("GET", "/api/v1.0/nothing"),
    ),
    Mutant(
        "base-path-alone",
        ("WIRE-PREFIXES",),
        deviant(instead(wire__api__BASES=("/api/v1.0",))),
        "There is no /v1.0.",
        lambda api: api.call("GET", api.users.removeprefix("/api")),
    ),
)


def _empty_when_broken(original, media_types, limit):
    try:
        return original(media_types, limit)
    except Refused as no:
        if no.rule != "BODY-JSON":
            raise
        return {} if len(media_types) == 1 else []


def _one_operation(original, media_types, limit):
    found = original(media_types, limit)
    return [found] if isinstance(found, dict) and len(media_types) > 1 else found


BODIES = (
    Mutant(
        "media-type-not-looked-at",
        ("MEDIA-TYPE",),
        deviant(instead(wire__body___is_one_of=lambda *_: True)),
        "A body of any media type is read.",
        lambda api: api.call("POST", api.users, data="{}", content_type="text/plain"),
    ),
    Mutant(
        "media-type-is-a-bad-request",
        ("MEDIA-TYPE",),
        deviant(errors(MediaTypeUnsupported={"status": 400})),
        "Another media type is a 400.",
        lambda api: api.call("POST", api.users, data="{}", content_type="text/plain"),
    ),
    Mutant(
        "media-type-of-patches-refused",
        ("MEDIA-TYPE",),
        deviant(instead(wire__body__JSON_PATCH="application/merge-patch+json")),
        "A patch cannot name its own media type.",
        lambda api: api.call("PATCH", f"{api.users}/{PLAIN}", data="[]", content_type="application/json-patch+json"),
    ),
    Mutant(
        "body-broken-is-empty",
        ("BODY-JSON",),
        deviant(around("wire.body._json", _empty_when_broken)),
        "What is not JSON counts as an empty body.",
        lambda api: api.call("POST", api.users, data="{", content_type="application/json"),
    ),
    Mutant(
        "body-broken-is-unprocessable",
        ("BODY-JSON",),
        deviant(errors(BodyInvalid={"status": 422})),
        "What is not JSON is a 422.",
        lambda api: api.call("POST", api.users, data="{", content_type="application/json"),
    ),
    Mutant(
        "body-of-one-operation",
        ("BODY-JSON", "PATCH-OPERATIONS"),
        deviant(around("wire.body._json", _one_operation)),
        "An operation alone is taken for a patch.",
        lambda api: api.call("PATCH", f"{api.users}/{PLAIN}", json={"op": "remove", "path": "/roles/0"}),
    ),
)  # fmt: skip


def _tenant_first(original, api, call, **rest):
    member_of(api.world(), tenant_of(api.world(), call), rest["user_id"])
    return original(api, call, **rest)


def _ids_first(original, environ, world, now):
    for name, text in (request.view_args or {}).items():
        if name != "device_id":
            ids.guid(text)
    return original(environ, world, now)


def _body_first(original, environ, world, now):
    if environ["REQUEST_METHOD"] in {"POST", "PATCH"} and environ.get("CONTENT_TYPE"):
        raw = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(raw)
        try:
            json.loads(raw)
        except ValueError:
            raise Refused("BODY-JSON", "BodyInvalid", reason="it is not JSON") from None
    return original(environ, world, now)


def _ids_before_scope(original, environ, world, now):
    try:
        return original(environ, world, now)
    except Refused as no:
        if no.rule == "AUTH-SCOPE":
            _ids_first(lambda *_: None, environ, world, now)
        raise


def _user_id_first(original, environ, world, now):
    holder = original(environ, world, now)
    if "user_id" in (request.view_args or {}):
        ids.guid(request.view_args["user_id"])
    return holder


def order(name, why, patches, probe, *more):
    return Mutant(f"order-{name}", ("CHECK-ORDER", *more), deviant(patches), why, probe)


def _broken_patch(api, who):
    return api.call("PATCH", f"{api.users}/{who}", data="{", content_type="application/json")


CHECKS = (
    order(
        "tenant-before-body",
        "Who is not there is a 404 before the body is read.",
        routed("patch", _tenant_first),
        lambda api: _broken_patch(api, NOBODY),
    ),
    order(
        "ids-before-token",
        "A malformed id is a 400 without a token.",
        around("wire.access.caller", _ids_first),
        lambda api: calling(api, "wrong").get(MALFORMED),
    ),
    order(
        "body-before-token",
        "A broken body is a 400 without a token.",
        around("wire.access.caller", _body_first),
        lambda api: _broken_patch(calling(api, "wrong"), PLAIN),
    ),
    order(
        "ids-before-scope",
        "A malformed id is a 400 without the scope.",
        around("wire.access.caller", _ids_before_scope),
        lambda api: calling(api, "scopeless").get(MALFORMED),
    ),
    order(
        "ids-from-the-end",
        "The user's id is looked at before the customer's.",
        around("wire.access.caller", _user_id_first),
        lambda api: at(api, "broken").get(MALFORMED),
        "ID-FORMAT",
    ),
)

FRAME = IDS + ROUTED + BODIES + CHECKS
