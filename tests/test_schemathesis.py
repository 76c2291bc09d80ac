import json
import re
from contextlib import contextmanager
from io import BytesIO
from itertools import count

import pytest

from contract_validators import validator
from dimensions_contracts import catalog as catalogue
from dimensions_contracts import openapi, schema_files
from dimensions_emulator.app import create_app
from dimensions_emulator.domain import ticks
from dimensions_emulator.server import Server
from dimensions_emulator.settings import Settings
from dimensions_emulator.store.base import DEFAULT_SESSION
from dimensions_emulator.store.memory import MemoryStore
from fuzzing_engine import fuzz
from fuzzing_guide import Guide

CATALOG = catalogue.load()
DOCUMENT = openapi.document(CATALOG, "1.2.3")
SUCCESSES = {
    (operation["operationId"], int(status))
    for path in DOCUMENT["paths"].values()
    for operation in path.values()
    if "operationId" in operation
    for status in operation["responses"]
    if status < "300"
}

CREATION = validator("user-creation", schema_files.load())

# Valid by its schema and rightly refused, because of what the world holds: rule → why.
REFUSED = {
    "USER-UNIQUE-EMAIL": "another user has the address",
    "ROLE-READ-ONLY": "the patch would take or give the role that callers cannot change",
    "ROLE-PREREQUISITE": "the roles are drawn one by one, without those they need",
    "ROLE-SUPERVISOR-EXCLUSIVE": "two supervisor roles are drawn together",
    "ROLE-UK-ESSENTIAL": "the role belongs to customers of another country",
    "ROLE-ACD-FEATURE": "the customer has no call-centre agents",
    "ADMIN-LAST": "the user is the last administrator",
    "CHARGES-ACCEPTED": "a licensed role is drawn without the header",
    "MAIL-PRIMARY": "the user is mailed from another tenant",
    "DEVICE-OWNED": "the user does not own the device",
    "DEVICE-ROLES": "the user has no softphone role",
    "DEVICE-CLIENT": "the device is tied to another client",
    "PATCH-TEXTS": "the roles have no such index, or the value tested is another",
}


# The same, when a patch takes something away or carries one value to the place of another.
REFUSED_TO_CARRY = {
    "USER-FIELDS": "a member that must be there is taken away, or gets a value of another kind",
    "ROLE-KNOWN": "a name or an address is carried to the roles",
    "PATCH-TARGET": "the member is gone since an earlier operation",
}
# Broken against the schema and rightly accepted.
ACCEPTED = {
    "accept-charges": "any value but true says that charges are not accepted, which is no mistake",
    "roles": "null is the same as absent",
}


def forgiven(check, sent):
    """Why a failed check of the engine is none, or None."""
    if check == "RejectedPositiveData":
        reason = REFUSED.get(sent.rule) or (carries(sent.body) and REFUSED_TO_CARRY.get(sent.rule))
        return f"{sent.rule}: {reason}" if reason else None
    if check == "AcceptedNegativeData":
        return ACCEPTED.get(mistake(sent))
    return None


def carries(body):
    return isinstance(body, list) and any(step["op"] in {"remove", "move", "copy"} for step in body)


def mistake(sent):
    """The only thing that is wrong with a request, if it is one of those that may be."""
    if sent.broken == {"header"} and sent.parameters == {"accept-charges"}:
        return "accept-charges"
    if sent.broken == {"body"} and valid_without_roles(sent.body):
        return "roles"
    return None


def valid_without_roles(body):
    return (
        isinstance(body, dict)
        and body.get("roles", "") is None
        and CREATION.is_valid({name: value for name, value in body.items() if name != "roles"})
    )


def clock():
    """A clock that ticks when it is looked at, so that every run sees the same answers."""
    return count(ticks.parse("2026-03-04T09:30:00Z"), ticks.SECOND).__next__


@contextmanager
def serving(break_it=lambda application: application):
    store = MemoryStore()
    server = Server("127.0.0.1", 0, max_body=1 << 20)
    server.serve(break_it(create_app(Settings(seed=1), store, clock=clock()).wsgi_app))
    try:
        yield f"http://127.0.0.1:{server.port}/api/v1.0", Guide(lambda: store.read(DEFAULT_SESSION))
    finally:
        server.stop()


def run(url, guide, **how):
    return fuzz(
        url,
        DOCUMENT,
        "emulator-token-reseller",
        prepare=guide.prepare,
        learn=lambda *_: None,
        forgive=forgiven,
        **how,
    )


def test_the_running_emulator_keeps_its_own_contract(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with serving() as (url, guide):
        found = run(url, guide, examples=15)

    assert "\n\n".join(found.failures) == ""
    assert (found.errors, found.warnings, found.stopped) == ([], [], "completed")
    assert SUCCESSES - set(found.seen) == set()


def unauthenticated(application):
    def accept(environ, start_response):
        return application(
            {**environ, "HTTP_AUTHORIZATION": "Bearer emulator-token-reseller"}, start_response
        )

    return accept


def crashing(application):
    """Answers 500 to a name of the greatest length."""

    def crash(environ, start_response):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if environ["REQUEST_METHOD"] == "POST" and len(name_in(body)) == 100:
            start_response("500 Internal Server Error", [("Content-Length", "0")])
            return [b""]
        return application({**environ, "wsgi.input": BytesIO(body)}, start_response)

    return crash


def name_in(body):
    try:
        return json.loads(body)["displayName"]
    except (ValueError, TypeError, KeyError):
        return ""


def forgetful(application):
    """Leaves the address out of its answers."""

    def forget(environ, start_response):
        kept = []
        chunks = application(environ, lambda *head: kept.append(head))
        body = re.sub(rb',"email":"[^"]*"', b"", b"".join(chunks))
        status, headers = kept[0][:2]
        start_response(status, [(name, value) for name, value in headers if name != "Content-Length"])
        return [body]

    return forget


def misnumbered(application):
    """Answers 404 where its bodies say 400."""

    def misnumber(environ, start_response):
        def start(status, headers, *more):
            return start_response("404 NOT FOUND" if status.startswith("400") else status, headers, *more)

        return application(environ, start)

    return misnumber


@pytest.mark.parametrize(
    ("bug", "operation", "check"),
    [
        (unauthenticated, "getUser", "ignored_auth"),
        (crashing, "createUser", "not_a_server_error"),
        (forgetful, "getUser", "response_schema_conformance"),
        (misnumbered, "createUser", "response_schema_conformance"),
    ],
)
def test_a_planted_bug_is_found(bug, operation, check, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with serving(bug) as (url, guide):
        found = run(url, guide, only=[operation], examples=5)

    assert any(check in failure for failure in found.failures)


def test_without_the_table_rightful_refusals_would_be_failures(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for rule in tuple(REFUSED):
        monkeypatch.delitem(REFUSED, rule)
    with serving() as (url, guide):
        found = run(url, guide, only=["createUser"], phases=["examples"])

    assert any("positive_data_acceptance" in failure for failure in found.failures)
