import json
import time
import uuid
from contextlib import suppress
from types import MappingProxyType
from urllib.parse import quote, unquote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dimensions_contracts import catalog
from dimensions_contracts.conformance import bodies
from dimensions_contracts.conformance import guard as guarding
from dimensions_contracts.conformance.guard import Guard, Unsafe
from dimensions_contracts.conformance.guard_rules import RULES
from dimensions_contracts.conformance.messages import Request
from dimensions_contracts.conformance.places import Place
from dimensions_contracts.operations import OPERATIONS, PREFIXES
from dimensions_emulator.domain import guids as emulator_guids

RUN = "k3v9q2xw7p"
ACCOUNT = "aaaaaaaa-0000-4000-8000-0000000000aa"
MAIN = "cccccccc-0000-4000-8000-0000000000aa"
OTHER = "cccccccc-0000-4000-8000-0000000000cc"
STAGE = "cccccccc-0000-4000-8000-0000000000dd"
STRANGE = "cccccccc-0000-4000-8000-0000000000ee"
OWN = "bbbbbbbb-0000-4000-8000-000000000001"
FOREIGN = "bbbbbbbb-0000-4000-8000-0000000000ff"
OWNER = "bbbbbbbb-0000-4000-8000-0000000000dd"
VOID = "dddddddd-0000-4000-8000-000000000001"
ADA = f"ada.{RUN}@mail.example"
PLACES = {
    "main": Place("main", MAIN, ACCOUNT),
    "other": Place("other", OTHER),
    "lab": Place("lab", STAGE, ACCOUNT, alone=True, stage=True),
}
ROLES = catalog.load().roles
FLAGS = {"allow_charges": True, "allow_mail": True}
WRITES = ("POST", "PUT", "PATCH", "DELETE")


@pytest.fixture(autouse=True, scope="module")
def one_catalogue():
    """Reads the catalogue once for all guards."""
    words = bodies.role_words(catalog.load())
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(bodies, "role_words", lambda _: words)
        patched.setattr(catalog, "load", lambda: None)
        yield


def guard(mode="full", *, places=PLACES, **more):
    made = Guard(mode, places, RUN, **more)
    made.own(OWN)
    made.void(VOID)
    return made


def users(customer=MAIN, base="/api/v1.0"):
    return f"{base}/customers/{customer}/users"


def call(method, path, body=None, *headers, aim=""):
    text = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    return Request(method, path, tuple(headers), text, "main", aim)


def creation(*roles, customer=MAIN, **more):
    return call("POST", users(customer), {"email": ADA, "displayName": "Ada", "roles": list(roles), **more})


def refuses(request, rule=None, **more):
    with pytest.raises(Unsafe) as told:
        guard(**more).allow(request)
    return rule is None or f"'{rule}'" in str(told.value)


def allows(request, **more):
    guard(**more).allow(request)
    return True


OFFENCES = {
    "one request": (call("GET", users(), None, ("A", "b\r\nC: d")), {}),
    "headers": (call("GET", users(), None, ("X_HTTP_Method-Override", "DELETE")), {}),
    "route": (call("GET", f"/api/v1.0/accounts/{STRANGE}/users"), {}),
    "mode": (call("PATCH", f"{users()}/{OWN}", b"[]"), {"mode": "read-only"}),
    "method": (call("DELETE", users()), {}),
    "alias": (call("PATCH", f"/v1.0/clients/{MAIN}/utilisateurs/{OWN}", b"[]"), {}),
    "control plane": (call("GET", "/_emulator/state"), {}),
    "tenant": (call("GET", users(STRANGE)), {}),
    "user": (call("DELETE", f"{users()}/{FOREIGN}"), {}),
    "device": (call("PUT", f"{users()}/{OWN}/devices/pbx/desk/assign", {"clientType": "crm"}), {}),
    "addresses": (call("POST", users(), {"email": "eve@corp.example"}), {}),
    "charges": (creation("customer.user.pbx"), {"allow_mail": True}),
    "mail": (call("POST", f"{users()}/{OWN}/sendActivationEmail"), {}),
    "level 3": (creation("customer.user.supervisorl3"), FLAGS),
    "administrator": (creation("user.admin"), FLAGS),
}


def test_there_is_an_offence_for_every_rule():
    assert list(OFFENCES) == list(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_an_offence_is_refused_by_its_rule(rule):
    request, more = OFFENCES[rule]

    assert refuses(request, rule, **more)


@pytest.mark.parametrize("rule", RULES)
def test_without_the_rule_nothing_else_refuses_the_offence(rule, monkeypatch):
    request, more = OFFENCES[rule]
    others = {name: objection for name, objection in RULES.items() if name != rule}
    monkeypatch.setattr(guarding, "RULES", MappingProxyType(others))

    assert allows(request, **more)


def test_a_refusal_names_rule_call_and_reason():
    with pytest.raises(Unsafe) as told:
        guard().allow(call("DELETE", f"{users()}/{FOREIGN}"))

    assert str(told.value) == (
        f"the guard's rule 'user' refuses DELETE {users()}/{FOREIGN}: the user {FOREIGN} is not the run's."
    )


# Requests that are what they seem


@pytest.mark.parametrize(
    "method", ["get", "DELETE ", "GET / HTTP/1.1\r\nX:", "", "CONNECT", "PÄTCH", "A" * 30]
)
def test_a_method_is_a_word_of_http(method):
    assert refuses(call(method, users()), "one request")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "users",
        f"{users()}#x",
        f"{users()} ",
        f"{users()}\r\nHost: x",
        f"{users()}/ä",
        f"{users()}\\..",
        "*",
        "http://elsewhere.example/",
        f"{users()}\x00",
    ],
)
def test_a_path_is_what_is_sent(path):
    assert refuses(call("GET", path), "one request")


@pytest.mark.parametrize(
    "header", [("A b", "c"), ("", "c"), ("A:", "c"), ("A", "b\nc"), ("A", "b\x00"), ("A", "☃")]
)
def test_a_header_is_one_line(header):
    assert refuses(call("GET", users(), None, header), "one request")


@pytest.mark.parametrize(
    "name",
    [
        "Host",
        "Authorization",
        "Content-Length",
        "Transfer-Encoding",
        "Connection",
        "User-Agent",
        "Cookie",
        "Expect",
        "Upgrade",
        "X-HTTP-Method",
        "x-http-method-override",
        "X-Method-Override",
        "X-Original-URL",
        "X-Rewrite-Url",
        "X-Forwarded-Host",
        "X_Forwarded_Prefix",
        "HTTP-Method-Override",
        "proxy-authorization",
    ],
)
def test_a_header_that_leads_elsewhere_is_refused(name):
    assert refuses(call("GET", users(), None, (name, "x")), "headers")


@pytest.mark.parametrize(
    "header", [("ACCEPT-CHARGES", "true"), ("accept_charges", "yes"), ("Accept", "a/b"), ("X", "")]
)
def test_other_headers_may_be_sent(header):
    assert allows(call("GET", users(), None, header))


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip", ""])
def test_an_encoded_body_is_refused(encoding):
    assert refuses(call("POST", users(), b"\x1f\x8b", ("Content-Encoding", encoding)), "headers")


@pytest.mark.parametrize(
    "query", ["_method=DELETE", "a=1&_METHOD=x", "%5fmethod=x", "x-http-method-override=PUT"]
)
def test_a_parameter_that_stands_for_the_method_is_refused(query):
    assert refuses(call("GET", f"{users()}?{query}"), "route")


# Routes


@pytest.mark.parametrize("base", ["/api/v1.0", "/v1.0"])
@pytest.mark.parametrize("prefix", PREFIXES, ids=lambda prefix: prefix.portal)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_every_operation_is_on_the_list(operation, prefix, base):
    path = (base + prefix.path + operation.path).format(
        accountId=ACCOUNT, customerId=MAIN, userId=OWN, deviceId=f"{RUN}-desk"
    )

    assert allows(call(operation.method.upper(), path, {} if operation.body else None), **FLAGS)


NOWHERE = [
    "/",
    "/api/v1.0",
    "/api/v2.0/customers",
    "/api/v1.0/customers",
    "/api/v1.0/accounts",
    f"/api/v1.0/accounts/{ACCOUNT}",
    f"/api/v1.0/customers/{STRANGE}/roles",
    f"/api/v1.0/accounts/{ACCOUNT}/customers/{STRANGE}/roles",
    f"/api/v1.0/accounts/{STRANGE}/customers/{MAIN}/roles",
    f"//api/v1.0/customers/{MAIN}/users",
    f"/api/v1.0/customers//{MAIN}/users",
    f"/API/v1.0/customers/{MAIN}/users",
    f"/api/v1.0/clients/{MAIN}/users",
    f"{users()}/../../{STRANGE}/users",
    f"{users()}/%2e%2e/%2E%2e/{STRANGE}/users",
    f"{users()}/..",
    f"{users()}/./",
    f"{users()}//",
    f"{users()}/{OWN}/sendActivationEmail/",
    f"{users()}/{OWN}/sendActivationEmail/x",
    f"{users()}/{OWN}%2fsendActivationEmail",
    f"{users()}/{OWN}/devices/pbx/a/b/assign",
    f"{users()}/{OWN}/roles?_method=DELETE",
    "/_emulator",
    "/_emulator/reset",
    "/_emulator/mail/messages/x",
    "/connect/token",
]
BELOW = [
    f"{users()}/",
    f"{users()}/{OWN}/",
    f"{users()}/{OWN}/roles",
    f"/api/v2.0/customers/{MAIN}/users",
    f"/v1.1/accounts/{ACCOUNT}/customers/{MAIN.upper()}/anything/else",
    f"/api/v1.0/accounts/{ACCOUNT}/users",
    f"/api/v1.0/accounts/{ACCOUNT}/customers",
]


@pytest.mark.parametrize("path", NOWHERE)
def test_other_routes_are_not_on_the_list(path):
    assert refuses(call("GET", path), control=True, **FLAGS)


@pytest.mark.parametrize("path", BELOW)
def test_what_the_api_does_not_have_is_read_below_own_customers(path):
    assert allows(call("GET", path), mode="read-only")


@pytest.mark.parametrize("path", [*NOWHERE, *BELOW])
@pytest.mark.parametrize("method", [*WRITES, "OPTIONS", "HEAD"])
def test_nothing_is_written_elsewhere(path, method):
    assert refuses(call(method, path), control=True, **FLAGS)


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize("path", ["/_emulator/reset", "/_emulator/mail/messages"])
def test_what_would_empty_an_emulator_is_not_sent(method, path):
    assert refuses(call(method, path), control=True)


@pytest.mark.parametrize(
    "user",
    [
        "..",
        ".",
        "%2e%2e",
        "%2E",
        ".%2e",
        "%252e%252e",
        f"..%2f{FOREIGN}",
        f"{OWN}%2F..%2F{FOREIGN}",
        "%5c",
        "%2F",
        f"{OWN}%2f{FOREIGN}",
        f"{OWN}%5C..%5C{FOREIGN}",
        "%20..%20",
        f"%2F{OWN}",
        "%20",
    ],
)
def test_a_segment_that_leads_elsewhere_is_refused(user):
    for aim in ("", "malformed", "unknown", "elsewhere"):
        for method in ("PATCH", "DELETE"):
            assert refuses(call(method, f"{users()}/{user}", aim=aim))


def test_the_facts_of_a_customer_may_be_read():
    assert allows(call("GET", f"/api/v1.0/customers/{MAIN}"), mode="read-only")
    assert allows(call("GET", f"/v1.0/accounts/{ACCOUNT}/customers/{MAIN}"), mode="read-only")


def test_french_paths_may_be_read():
    assert allows(call("GET", f"/v1.0/clients/{MAIN}/utilisateurs/{FOREIGN}"), mode="read-only")
    assert allows(call("GET", f"/api/v1.0/accounts/{ACCOUNT}/clients/{MAIN}/utilisateurs"), mode="read-only")


# Modes


@pytest.mark.parametrize("method", [*WRITES, "HEAD", "OPTIONS", "TRACE", "QUERY", "LINK"])
@pytest.mark.parametrize("path", [users(), f"{users()}/{OWN}", f"{users(STAGE)}/{OWN}", "/_emulator/state"])
def test_a_run_that_reads_sends_get_alone(method, path):
    assert refuses(call(method, path), "mode", mode="read-only", control=True, **FLAGS)


@pytest.mark.parametrize("tail", ["sendActivationEmail", "devices/pbx/x/assign"])
def test_a_run_that_reads_keeps_away_from_paths_that_act(tail):
    assert refuses(call("GET", f"{users()}/{OWN}/{tail}"), mode="read-only", **FLAGS)


def test_a_run_that_reads_may_read_everybody():
    assert allows(call("GET", f"{users()}/{FOREIGN}"), mode="read-only")
    assert allows(call("GET", f"{users()}?pageIndex=0&pageSize=2"), mode="read-only")


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/_emulator/state"), ("POST", f"/_emulator/platform/{MAIN}/import")]
)
def test_the_control_plane_changes_things_in_full_alone(method, path):
    assert allows(call(method, path, {}), control=True)
    assert refuses(call(method, path, {}), "mode", mode="own-data", control=True)


def test_only_the_health_of_what_may_be_no_emulator_is_asked_for():
    assert allows(call("GET", "/_emulator/health"), mode="read-only")
    for path in ("/_emulator/state", "/_emulator/mail/messages", "/_emulator/charges", "/_emulator/livez"):
        assert refuses(call("GET", path), "control plane")
        assert allows(call("GET", path), control=True)


def test_other_modes_do_not_exist():
    with pytest.raises(ValueError, match="read-only, own-data, full"):
        guard("anything")


@pytest.mark.parametrize("run", ["", "abc", "k3v9-q2xw7p", "k3v9 q2x", "läufe1"])
def test_the_id_of_a_run_can_be_told_from_other_text(run):
    with pytest.raises(ValueError, match="letters or digits"):
        Guard("full", PLACES, run)


# Methods that are not declared


@pytest.mark.parametrize("method", ["PUT", "POST", "OPTIONS", "HEAD", "TRACE", "LINK"])
def test_other_methods_are_tried_on_own_users_or_on_the_stage(method):
    assert allows(call(method, f"{users()}/{OWN}"))
    assert refuses(call(method, f"{users()}/{FOREIGN}"), "method")
    assert refuses(call(method, f"{users()}/{VOID}", aim="unknown"), "method")
    assert refuses(call(method, f"/api/v1.0/customers/{MAIN}"), "method")


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "OPTIONS"])
def test_other_methods_are_tried_on_a_list_of_the_stage_alone(method):
    assert refuses(call(method, users()), "method", control=True)
    assert refuses(call(method, users(STAGE)), "method")
    assert allows(call(method, users(STAGE)), control=True)


def test_a_place_that_is_the_stage_and_something_else_is_not_the_stage():
    both = {**PLACES, "twin": Place("twin", STAGE.upper())}

    assert refuses(call("DELETE", users(STAGE)), "method", control=True, places=both)


# Tenants


@pytest.mark.parametrize(
    "customer", [MAIN, MAIN.upper(), MAIN.replace("-", ""), f"%7B{MAIN}%7D", quote(f"{MAIN} ")]
)
def test_a_customer_is_a_place_in_any_spelling(customer):
    assert allows(call("GET", users(customer)))
    assert allows(call("PATCH", f"{users(customer)}/{OWN}", b"[]"))


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_customer_that_is_no_place_must_be_meant_to_be_wrong(method):
    for aim in ("", "elsewhere", "malformed", "unknown"):
        assert refuses(call(method, users(STRANGE), aim=aim), "tenant")
    assert refuses(call(method, users(VOID)), "tenant")
    assert refuses(call(method, users("not-a-guid")), "tenant")
    assert allows(call(method, users(VOID), aim="unknown"))
    assert allows(call(method, users("not-a-guid"), aim="malformed"))
    assert allows(call(method, users(OTHER), aim="elsewhere"))


def test_an_account_is_that_of_a_place():
    path = "/api/v1.0/accounts/{}/customers/" + MAIN + "/users"

    assert allows(call("GET", path.format(ACCOUNT)))
    assert refuses(call("GET", path.format(STRANGE)), "tenant")
    assert allows(call("GET", path.format(VOID), aim="unknown"))


def test_a_place_can_be_entered_later():
    known = guard()
    known.enter(Place("empty", STRANGE, alone=True, stage=True))

    known.allow(call("GET", users(STRANGE)))
    assert known.is_stage(STRANGE.upper())


def test_what_is_learnt_of_a_place_takes_the_place_of_what_was_known():
    known = guard()
    known.enter(Place("main", MAIN, alone=True))
    known.allow(creation("customer.user.supervisorl3")._replace(body=b'{"roles":[]}'))
    assert known.is_alone(MAIN)

    known.enter(Place("main", MAIN))
    assert not known.is_alone(MAIN)


def test_a_customer_is_alone_only_if_it_is_so_under_all_its_names():
    known = guard()
    known.enter(Place("lab2", MAIN, alone=True))

    assert not known.is_alone(MAIN)


# Users: the exception for wrong ids cannot name anybody


CASES = st.sampled_from([str.lower, str.upper, str.title, str.swapcase])
SHAPES = st.sampled_from(
    ["{}", "{{{}}}", "({})", "[{}]", '"{}"', " {}", "{} ", "urn:uuid:{}", "uuid:{}", "{{ {} }}"]
)
HYPHENS = st.sampled_from(["-", "", "_", " ", "--", ".", "‐", ":"])
AIMS = st.sampled_from(["", "malformed", "unknown", "elsewhere"])


@st.composite
def spellings(draw, identifier):
    """A GUID as somebody may write it."""
    text = draw(CASES)(identifier).replace("-", draw(HYPHENS))
    text = draw(SHAPES).format(text)
    if draw(st.booleans()):
        text = "".join(chr(ord(letter) + 0xFEE0) if letter.isalnum() else letter for letter in text)
    for _ in range(draw(st.integers(1, 3))):
        picked = draw(st.sets(st.sampled_from(sorted(set(text)))))
        text = "".join(escaped(letter, draw) if letter in picked else letter for letter in text)
        text = quote(text, safe="%{}()[]!$&'*+,;=:@")
    return text


def escaped(letter, draw):
    shown = "".join(f"%{octet:02x}" for octet in letter.encode())
    return shown.upper() if draw(st.booleans()) else shown


@given(
    user=spellings(FOREIGN),
    aim=AIMS,
    method=st.sampled_from(WRITES),
    customer=st.sampled_from([MAIN, OTHER, STAGE]),
)
@settings(max_examples=150)
def test_no_spelling_and_no_aim_reaches_a_user_who_is_not_the_runs(user, aim, method, customer):
    for tail in ("", f"/devices/pbx/{RUN}/assign", "/sendActivationEmail"):
        request = call(method, f"{users(customer)}/{user}{tail}", aim=aim)
        if not (customer == STAGE and method in {"PUT", "POST"} and not tail):
            assert refuses(request, **FLAGS)
        assert refuses(request, control=True, **FLAGS)


@given(user=spellings(OWN))
@settings(max_examples=80)
@example(user=quote(f"urn:uuid:{OWN}", safe=""))
def test_a_user_of_the_run_is_known_in_every_spelling(user):
    assert allows(call("PATCH", f"{users()}/{user}", b"[]"))
    assert allows(call("DELETE", f"{users(OTHER)}/{user}", aim="elsewhere"))


@given(user=spellings(VOID), aim=AIMS, method=st.sampled_from(["PATCH", "DELETE"]))
@settings(max_examples=80)
def test_a_made_up_id_is_written_to_only_when_that_is_the_aim(user, aim, method):
    request = call(method, f"{users()}/{user}", aim=aim)

    assert allows(request) if aim in {"malformed", "unknown"} else refuses(request, "user")


@st.composite
def damaged(draw, identifier):
    """A GUID with something wrong with it, perhaps."""
    letters = list(draw(spellings(identifier)))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(letters)))
        change = draw(st.sampled_from(["insert", "drop", "swap"]))
        letter = draw(st.sampled_from([*"0fgz-_{}()%;,.~+ ", identifier, "0x", "%00", "%20"]))
        letters[at : at + (change != "insert")] = (
            [] if change == "drop" else list(quote(letter, safe="%{}();,+"))
        )
    return "".join(letters)


def readers(text):
    """What readers of GUIDs make of a text."""
    for _ in range(5):
        yield emulator_guids.usual(text)
        yield emulator_guids.usual(text.strip())
        for plain in (
            text,
            text.strip(),
            text.strip().lower().removeprefix("urn:uuid:"),
            text.partition("\x00")[0],
        ):
            with suppress(ValueError):
                yield str(uuid.UUID(plain))
        text = unquote(text)


@given(user=damaged(FOREIGN), aim=AIMS, method=st.sampled_from(["PATCH", "DELETE"]))
@settings(max_examples=300)
@example(user=FOREIGN + "0", aim="malformed", method="DELETE")
@example(user="0" + FOREIGN, aim="malformed", method="DELETE")
@example(user=f"%252{FOREIGN}", aim="malformed", method="DELETE")
@example(user=f"{OWN},{FOREIGN}", aim="malformed", method="DELETE")
@example(
    user="{0xbbbbbbbb,0x0000,0x4000,{0x80,0x00,0x00,0x00,0x00,0x00,0x00,0xff}}",
    aim="malformed",
    method="PATCH",
)
def test_nothing_that_a_reader_may_take_for_somebody_passes(user, aim, method):
    request = call(method, f"{users()}/{user}", aim=aim)
    try:
        guard().allow(request)
    except Unsafe:
        return
    assert FOREIGN not in set(readers(user))
    assert FOREIGN.replace("-", "") not in unquote(user).lower().replace("-", "")


@pytest.mark.parametrize(
    "user",
    ["not-a-guid", "12", f"{OWN}0", f"{OWN[:-1]}", f"{OWN[:-1]}g", f"g{OWN}", f"{OWN};x=1", "%C3%A4", "null"],
)
def test_a_malformed_id_passes_when_that_is_the_aim(user):
    request = call("PATCH", f"{users()}/{user}", b"[]", aim="malformed")

    assert allows(request)
    assert refuses(request._replace(aim="unknown"), "user") or user == f"{OWN};x=1"
    assert refuses(request._replace(aim=""), "user")


def test_an_id_that_is_one_digit_too_long_passes_unless_somebody_was_seen_with_it():
    known = guard()
    request = call("PATCH", f"{users()}/{OWN}0", b"[]", aim="malformed")
    known.allow(request)
    known.seen(str(uuid.UUID(OWN.replace("-", "")[1:] + "0")))

    with pytest.raises(Unsafe):
        known.allow(request)


def test_an_aim_is_one_of_three():
    assert refuses(call("GET", users(), aim="anything"), "one request")


# Who is the run's


def test_who_was_seen_before_is_not_created():
    known = guard()
    known.seen(FOREIGN)

    with pytest.raises(Unsafe, match="was there before"):
        known.own(FOREIGN)
    assert FOREIGN not in known.owned


def test_who_is_owned_stays_so_when_seen():
    known = guard()
    known.seen(OWN)

    known.allow(call("DELETE", f"{users()}/{OWN}"))
    assert known.met == frozenset()


def test_only_an_id_is_owned():
    with pytest.raises(Unsafe, match="not the id of a user"):
        guard().own("ada")


def test_nobody_is_void_who_was_seen_or_is_owned_or_is_a_tenant():
    known = guard()
    known.seen(FOREIGN)

    for somebody in (FOREIGN, OWN, MAIN, ACCOUNT):
        with pytest.raises(Unsafe, match="somebody has"):
            known.void(somebody)


def test_a_made_up_id_that_is_seen_is_no_longer_made_up():
    known = guard()
    known.seen(VOID)

    with pytest.raises(Unsafe):
        known.allow(call("PATCH", f"{users()}/{VOID}", b"[]", aim="unknown"))


@pytest.mark.parametrize("email", [ADA, ADA.upper(), f"{RUN}@a.b.test"])
def test_a_user_is_found_again_by_the_address(email):
    known = guard()
    known.seen(FOREIGN)
    known.adopt(FOREIGN, email)

    known.allow(call("DELETE", f"{users()}/{FOREIGN}"))


@pytest.mark.parametrize(
    "email", ["eve@corp.example", f"eve@{RUN}.example", f"{RUN}@corp.com", RUN, "", f"{RUN}@"]
)
def test_a_user_with_another_address_is_not_taken(email):
    known = guard()

    with pytest.raises(Unsafe, match="does not carry"):
        known.adopt(FOREIGN, email)
    assert FOREIGN not in known.owned


# Devices


DEVICE = (OWNER.upper(), "SEP0001/2")


def tie(user, device, action="assign", method="PUT", customer=MAIN):
    return call(method, f"{users(customer)}/{user}/devices/pbx/{device}/{action}", {"clientType": "crm"})


@pytest.mark.parametrize("action", ["assign", "unassign"])
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_the_given_device_is_tied_to_its_user(action, method):
    request = tie(f"{{{OWNER}}}", "SEP0001%2F2", action, method)

    assert allows(request, device=DEVICE)
    assert refuses(request, "user")


@pytest.mark.parametrize(
    ("user", "device"),
    [(OWNER, "SEP0002"), (FOREIGN, "SEP0001%2F2"), (OWNER, f"{RUN}-desk"), (OWNER, "sep0001%2f2")],
)
def test_no_other_device_is_tied_to_a_user_who_is_not_the_runs(user, device):
    assert refuses(tie(user, device), "user", device=DEVICE)


def test_the_given_device_is_not_tied_to_anybody_else():
    assert refuses(tie(OWN, "SEP0001%2F2"), "device", device=DEVICE)


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_nothing_else_happens_to_the_user_of_the_given_device(method):
    assert refuses(call(method, f"{users()}/{OWNER}"), "user", device=DEVICE)
    assert refuses(tie(OWNER, "SEP0001%2F2", method=method), device=DEVICE)
    assert refuses(call("POST", f"{users()}/{OWNER}/sendActivationEmail"), "user", device=DEVICE, **FLAGS)


def test_own_users_are_tied_to_devices_that_carry_the_run():
    assert allows(tie(OWN, f"{RUN}-desk"))
    assert refuses(tie(OWN, "0"), "device")
    assert allows(tie(OWN, "0", customer=STAGE))


# Addresses


def named(email):
    return call("POST", users(), {"email": email, "displayName": "Ada", "roles": []})


@pytest.mark.parametrize(
    "email",
    [
        ADA,
        ADA.upper(),
        f"{RUN}@example.com",
        f"a+{RUN}@sub.example.org",
        f"x{RUN}x@a.test",
        f"{RUN}@bücher.example",
        "",
        "ada",
        "ada@",
        "@mail.example",
        f"{RUN}@mail..example",
        f"{RUN}@@mail.example",
        f"{RUN}@-.example.",
        None,
        7,
        [],
        {},
        f"{RUN}@example",
        f"Ada <{ADA}>",
        f"{ADA},{ADA}",
        f"{RUN} x@mail.example",
        f"{RUN}@a.example ",
    ],
)
def test_own_addresses_and_no_addresses_may_be_sent(email):
    assert allows(named(email))


@pytest.mark.parametrize(
    "email",
    [
        "eve@mail.example",
        f"{RUN}@corp.com",
        f"{RUN}@mail",
        f"eve@{RUN}.example",
        f"{RUN}@example.com.evil.net",
        f"{RUN}@evilexample.com",
        f"{RUN}@evil.net,@mail.example",
        f"{ADA},eve@mail.example",
        f"{RUN}@evil.net@a.example",
        f"{RUN} <eve@mail.example>",
        f"{RUN}@evil.net .example",
        f"{RUN}@evil.net\x00.example",
        f"{RUN}@[10.0.0.1]",
        f"{RUN}@evil.net#.example",
        f"{RUN}@ evil.net",
        f"{RUN}@(a)evil.net",
        f"{RUN}\uff20evil.net",
        f"{RUN}@evil.net%00.example",
        f"{RUN}@evil.net/.example",
        f"{RUN}@evil\u3002net",
    ],
)
def test_other_addresses_are_refused(email):
    assert refuses(named(email), "addresses")
    assert refuses(
        call("PATCH", f"{users()}/{OWN}", [{"op": "replace", "path": "/email", "value": email}]), "addresses"
    )
    assert refuses(call("POST", users(), {"deep": [{"er": [email]}]}), "addresses")
    assert refuses(call("POST", users(), {email: 1}), "addresses")


@pytest.mark.parametrize(
    "raw",
    [
        b'{"email":"eve\\u0040corp.com"}',
        b'{"email":"eve@corp.com","email":"%s"}' % ADA.encode(),
        b'{"email":"eve@corp.com"',
        b"{'email':'eve@corp.com'}",
        b"email=eve%40corp.com",
        b'"email=eve%40corp.com"',
        b"<email>eve&#64;corp.com</email>",
        b'{"email":"eve\\x40corp.com"}',
        '{"email":"eve@corp.com"}'.encode("utf-16"),
        '{"email":"eve@corp.com"}'.encode("utf-32-le"),
        b'\xef\xbb\xbf{"email":"eve@corp.com"}',
        b'{"email":"eve@corp.com\xff"}',
        b"[" * 2000 + b'"eve@corp.com"' + b"]" * 2000,
    ],
)
def test_an_address_is_found_however_the_body_is_written(raw):
    assert refuses(call("POST", users(), raw), "addresses")


@pytest.mark.parametrize(
    "raw", [b"%25" * 100_000, b"[" * 300_000, b"\\ud800@", b'{"email":"\\ud800"}', b"@" * 100_000]
)
def test_no_body_stops_the_guard(raw):
    begun = time.process_time()
    with suppress(Unsafe):
        guard().allow(call("POST", users(), raw))

    assert time.process_time() - begun < 2


def test_the_charset_that_is_named_is_used_too():
    body = '{"email":"eve@corp.com"}'.encode("utf-7").replace(b"@", b"+AEA-")
    kind = ("content-type", 'application/json; charset="utf-7"')

    assert refuses(call("POST", users(), body, kind), "addresses")
    assert allows(call("POST", users(), b"{}", ("Content-Type", "a/b; charset=nonsense")))
    assert allows(call("POST", users(), b"{}", ("Content-Type", "a/b; charset=zip")))


def test_real_domains_need_both_their_name_and_that_mail_is_allowed():
    request, domains = named(f"{RUN}@corp.com"), ("corp.com",)

    assert refuses(request, "addresses", mail_domains=domains)
    assert refuses(request, "addresses", allow_mail=True)
    assert allows(request, mail_domains=domains, allow_mail=True)
    assert refuses(named(f"{RUN}@a.corp.com"), "addresses", mail_domains=domains, allow_mail=True)


def test_imported_users_have_own_addresses_too():
    path = f"/_emulator/platform/{MAIN}/import"

    assert allows(call("POST", path, {"users": [{"email": ADA}]}), control=True)
    assert refuses(call("POST", path, {"users": [{"email": "eve@corp.com"}]}), "addresses", control=True)


def test_the_state_of_an_emulator_may_tell_of_everybody():
    state = {"users": {"eve@corp.com": {"memberships": {MAIN: ["user.admin", "customer.user.pbx"]}}}}

    assert allows(call("PUT", "/_emulator/state", state), control=True)


# Roles


LICENSED = [key for key, role in ROLES.items() if role.licensed]
FREE = ["customer.user", "webhooks.admin", "pbx.agentcontrol", "customer.device.readonly", "recording.viewer"]


def written(role):
    """A role in every way in which it may be written."""
    yield json.dumps(role)
    yield json.dumps(role.upper())
    yield json.dumps(f" {role} ")
    yield json.dumps(role.replace(".", "_"))
    yield '"' + "".join(f"\\u{ord(letter):04x}" for letter in role) + '"'
    yield json.dumps(
        "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isalnum() else c for c in role), ensure_ascii=False
    )


@pytest.mark.parametrize("role", LICENSED)
def test_a_licensed_role_needs_permission_in_every_spelling(role):
    known = ROLES[role]
    for spelling in (role, known.seed_spelling, *known.aliases):
        for text in written(spelling):
            for raw in (
                f'{{"roles":[{text}]}}',
                f'{{"roles":["customer.user"],"roles":[{text}]}}',
                f'[{{"op":"add","path":"/roles/-","value":{text}}}]',
                f'{{"displayName":{text}}}',
                f'{{"roles":[{text}',
                f'{{"a":{{"b":[[{text}]]}}}}',
                f"{{{text}:1}}",
            ):
                request = call("POST", users(STAGE), raw.encode())
                assert refuses(request, "charges", allow_mail=True, control=True)
                assert allows(request, allow_charges=True, allow_mail=True)


@pytest.mark.parametrize(
    "raw", [b"roles=customer%2Euser%2Epbx", b"<r>customer&#46;user.pbx</r>", b"customer.user.pbx"]
)
def test_a_licensed_role_is_found_in_a_body_that_is_not_json(raw):
    assert refuses(call("POST", users(), raw), "charges")


def test_a_role_that_brings_a_licensed_one_along_needs_permission():
    assert refuses(creation("customer.user.uc.softphone"), "charges", allow_mail=True)


def test_free_roles_need_no_permission():
    assert allows(creation(*FREE))
    assert allows(creation("customer.user.unknown", "", "a", displayName="Customer User"))


@pytest.mark.parametrize(
    "role", ["customer.user.uc", "customer.user.uc.remote", "customer.user.uc.softphone"]
)
def test_the_uc_client_needs_permission_to_send_mail(role):
    assert refuses(creation(role), "mail", allow_charges=True)
    assert allows(creation(role), **FLAGS)


def test_the_british_user_role_sends_no_mail():
    assert allows(creation("customer.user.uc.essential"), allow_charges=True)


@pytest.mark.parametrize("action", ["sendActivationEmail", "sendUConnectActivationEmail"])
def test_mails_need_permission(action):
    for method in ("POST", "GET", "PUT"):
        assert refuses(call(method, f"{users()}/{OWN}/{action}"), "mail")
    assert allows(call("POST", f"{users()}/{OWN}/{action}"), **FLAGS)
    assert refuses(call("POST", f"{users()}/{FOREIGN}/{action}"), "user", **FLAGS)


@pytest.mark.parametrize("level", [3, 4, 5])
@pytest.mark.parametrize(
    "spelling",
    ["customer.user.supervisorl{}", "client.utilisateur.superviseurl{}", "CUSTOMER.USER.SUPERVISORL{}"],
)
def test_a_supervisor_who_changes_users_is_made_where_there_are_no_others(level, spelling):
    role = spelling.format(level)

    assert refuses(creation(role), "level 3", **FLAGS)
    assert allows(creation(role, customer=STAGE), **FLAGS)
    assert allows(creation(role), alone=["main"], **FLAGS)
    assert refuses(creation(role, customer=STAGE), "level 3", alone=["main"], **FLAGS)


def test_lower_supervisors_are_made_anywhere():
    assert allows(creation("customer.user.supervisorl2"), **FLAGS)


@pytest.mark.parametrize(
    "role", ["user.admin", "admin.user", "USER.Admin", "utilisateur.admin", "user_admin"]
)
def test_an_administrator_is_made_where_there_is_another_or_on_the_stage(role):
    alone = {"main": Place("main", MAIN, alone=True)}

    assert refuses(creation(role), "administrator", **FLAGS)
    assert allows(creation(role), administrators=["main"], **FLAGS)
    assert allows(creation(role, customer=STAGE), **FLAGS)
    assert refuses(creation(role), "administrator", places=alone, **FLAGS)
    assert allows(creation(role), places={"main": Place("main", MAIN, administrator=True)}, **FLAGS)


def test_where_the_place_is_not_known_nothing_that_depends_on_it_is_sent():
    request = creation("user.admin", "customer.user.supervisorl3", customer=VOID)._replace(aim="unknown")

    assert refuses(request, "level 3", **FLAGS)
