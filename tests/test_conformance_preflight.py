"""A run that cannot begin ends in exit 2, with one sentence for each mistake that says what to do."""

import json
import re
import ssl
import subprocess
import time
from contextlib import contextmanager

import pytest

from raw_target import json_reply, raw_target, reply
from suite_process import CUSTOMER, arguments, check, ended, started, suite

OTHER = "cccccccc-0000-4000-8000-000000000003"
STRANGE = "cccccccc-0000-4000-8000-00000000000g"
TOKEN = "a-token-of-somebody"
HTML = "Content-Type: text/html; charset=utf-8"
PAGE = b"<!doctype html><title>Welcome</title>"
REFUSED = reply(401, b"", 'WWW-Authenticate: Bearer realm="api"')
NOT_FOUND = {"error": 404, "message": "No such thing.", "status": "error"}
FORBIDDEN = {"error": 403, "message": "Forbidden", "status": "error"}
LIST = {"data": [{"id": OTHER, "email": "a@b.example"}], "status": "success", "timestamp": "now"}


def is_refusal(done, *words, sentences=1):
    """Tell whether a run ended as one that could not begin."""
    said = done.err.splitlines()
    assert done.code == 2, done
    assert len(said) == sentences, said
    for sentence in said:
        assert (
            re.fullmatch(r"dimensions-contracts: \S.*[^.?][.?]", sentence) or "cleanup --ledger" in sentence
        )
    assert all(word in done.err for word in words), said
    assert not re.search("passed|conforms|kept|Traceback", done.out + done.err, re.IGNORECASE)
    assert done.out == ""
    assert TOKEN not in done.err
    return True


@contextmanager
def answering(*, anonymous=REFUSED, known=None, health=None, wrap=None, account=None):
    """A target that answers to the first looks of a run."""

    def answer(request):
        line, _, rest = request.partition(b"\r\n")
        if b" /_emulator/" in line:
            return health or json_reply(404, NOT_FOUND)
        if b"authorization" not in rest.lower():
            return anonymous
        if account is not None and b"/accounts/" in line:
            return account
        return known() if callable(known) else known or json_reply(200, LIST)

    with raw_target(answer, wrap) as target:
        yield target


def cut_off():
    yield reply(200, b'{"data":[', length=100)
    raise OSError


def dripping():
    for byte in json_reply(200, LIST):
        yield bytes([byte])
        time.sleep(0.05)


def hanging():
    time.sleep(3)
    return json_reply(200, LIST)


ANSWERS = {
    "a token that is not accepted": (
        {"known": REFUSED},
        ("--token", "401", "get a new one"),
    ),
    "a customer of somebody else": (
        {"known": json_reply(404, NOT_FOUND)},
        ("--token", CUSTOMER, "404", "check"),
    ),
    "a token without the scope": (
        {"known": json_reply(403, FORBIDDEN)},
        ("--token", "scope onboarding", "403"),
    ),
    "users for everybody": (
        {"anonymous": json_reply(200, LIST)},
        ("without any token", "name the address"),
    ),
    "a page": (
        {"anonymous": reply(200, PAGE, HTML), "health": reply(200, PAGE, HTML)},
        ("200", "text/html", "give the address before /api/v1.0"),
    ),
    "a page that is not found": (
        {"anonymous": reply(404, PAGE, HTML), "health": reply(404, PAGE, HTML)},
        ("404", "text/html", "give the address before /api/v1.0"),
    ),
    "a page once there is a token": (
        {"known": reply(200, PAGE, HTML)},
        ("text/html", "give the address"),
    ),
    "a login": (
        {"anonymous": reply(302, b"", "Location: https://login.example/in?next=secret")},
        ("https://login.example/in,", "login page", "name the address"),
    ),
    "a login once there is a token": (
        {"known": reply(307, b"", "Location: /login")},
        ("/login", "name the address"),
    ),
    "a proxy without a server": (
        {"anonymous": reply(502, PAGE, HTML), "health": reply(502, PAGE, HTML)},
        ("502", "proxy", "try again later"),
    ),
    "a proxy without a server once there is a token": (
        {"known": reply(504, b"<h1>Gateway Timeout</h1>", HTML)},
        ("504", "try again later"),
    ),
    "too many requests": (
        {"known": json_reply(429, {"status": "error", "message": "slow down"})},
        ("429", "is it the URL of this API?"),
    ),
    "the JSON of another API": (
        {"anonymous": json_reply(200, {"status": "ok"})},
        ("application/json", "not with JSON of this API"),
    ),
    "a list that is another API's": (
        {"known": json_reply(200, [{"id": 1}])},
        ("not with JSON of this API",),
    ),
    "an envelope without users": (
        {"known": json_reply(200, {"data": {"version": 3}, "status": "success"})},
        ("lists no users", "is it the URL of this API?"),
    ),
    "an answer cut off": (
        {"known": cut_off},
        ("http://127.0.0.1:", "cut its answer off"),
    ),
    "an answer that drips": (
        {"known": dripping},
        ("http://127.0.0.1:", "no complete answer within 0.5 seconds"),
    ),
    "no answer": (
        {"known": hanging},
        ("no complete answer within 0.5 seconds",),
    ),
    "no HTTP": (
        {"health": b"SSH-2.0-OpenSSH_9.2\r\n"},
        ("did not answer with HTTP",),
    ),
    "an emulator that does not show its state": (
        {"health": json_reply(200, {"data": {"status": "ready"}}), "known": json_reply(200, LIST)},
        ("/_emulator/state", "200", "update the emulator"),
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_target_that_cannot_be_judged_is_told_in_a_sentence(name):
    how, words = ANSWERS[name]

    with answering(**how) as target:
        assert is_refusal(check(target.url, "--timeout", 0.5, token=TOKEN), *words)


@pytest.mark.parametrize("command", ["plan", "calibrate"])
def test_other_commands_look_at_the_target_in_the_same_way(command, tmp_path):
    more = {"plan": [], "calibrate": ["--output", tmp_path / "profile.json"]}[command]

    with answering(known=REFUSED) as target:
        assert is_refusal(check(target.url, *more, command=command, token=TOKEN), "--token", "401")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("mode", ["read-only", "own-data"])
def test_nothing_but_reads_is_sent_to_a_target_that_cannot_be_judged(mode, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    with answering(known=REFUSED) as target:
        check(target.url, "--mode", mode, token=TOKEN)

    assert {line.partition(" ")[0] for line in target.lines} == {"GET"}
    assert not list(tmp_path.iterdir())


def test_the_token_of_the_second_reseller_is_looked_at_too():
    def answer(request):
        if b" /_emulator/" in request:
            return reply(404, b"")
        return json_reply(200, LIST) if b"Bearer a-token" in request else REFUSED

    with raw_target(answer) as target:
        more = ("--other-token", "another", "--other-customer", OTHER)
        assert is_refusal(check(target.url, *more, token=TOKEN), "--other-token", "401", "get a new one")


def test_an_account_that_does_not_have_the_customer_is_told():
    account = "aaaaaaaa-0000-4000-8000-000000000009"

    with answering(account=json_reply(404, NOT_FOUND)) as target:
        done = check(target.url, "--account", account, token=TOKEN)

    assert is_refusal(done, "--account", account, "404", "leave it out")


def test_a_host_that_is_no_emulator_is_changed_in_full_only_if_its_name_is_typed_again():
    with answering() as target:
        unsaid = check(target.url, "--mode", "full", token=TOKEN)
        other = check(target.url, "--mode", "full", "--i-own", "api.example", token=TOKEN)

    assert is_refusal(unsaid, "--mode full", "--i-own 127.0.0.1", "--mode own-data")
    assert is_refusal(other, "--i-own", "api.example", "127.0.0.1")
    assert {line.partition(" ")[0] for line in target.lines} == {"GET"}


def test_requests_that_do_not_suffice_for_a_look_at_the_target_are_told():
    with answering() as target:
        assert is_refusal(
            check(target.url, "--max-requests", 2, token=TOKEN), "--max-requests 2", "allow more"
        )
    assert len(target.lines) == 2


def certificate(folder):
    """A certificate for this machine that nobody trusts, with its key in the same file."""
    path = folder / "certificate.pem"
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
            ),
            *("-keyout", path, "-out", folder / "public.pem", "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
        timeout=20,
    )
    path.write_text(path.read_text() + (folder / "public.pem").read_text())
    return path


def refusing_tls(plain):
    plain.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    return plain


def test_faults_of_tls_are_told_with_the_way_out(tmp_path):
    path = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)

    with answering(wrap=lambda plain: context.wrap_socket(plain, server_side=True)) as target:
        secure = target.url.replace("http:", "https:")
        assert is_refusal(check(secure, token=TOKEN), "certificate", "not trusted", "--ca-file")
        assert is_refusal(check(target.url, token=TOKEN), target.url)
        known = ("--ca-file", tmp_path / "public.pem", "--sources", "cases", "--tags", "no-such-tag")
        assert is_refusal(check(secure, *known, token=TOKEN), "--tags no-such-tag")

    with answering(wrap=refusing_tls) as target:
        assert is_refusal(check(target.url.replace("http:", "https:"), token=TOKEN), "TLS", "http://")


def test_a_port_that_is_closed_and_a_host_that_is_unknown_are_told():
    with answering() as target:
        pass

    assert is_refusal(check(target.url, token=TOKEN), target.url, "refuses connections", "server running")
    assert is_refusal(check("http://nowhere.invalid", token=TOKEN), "nowhere.invalid", "not known")


NOWHERE = "http://127.0.0.1:9"
"""Where nothing is sent, for what is wrong before."""

OPTIONS = {
    "no token": ([], {"token": None}, ("--token", "--token-file", "DIMENSIONS_TOKEN")),
    "an empty token": ([], {"token": " "}, ("--token", "--token-file")),
    "a whole header for a token": ([], {"token": f"Bearer {TOKEN}"}, ("--token", "without 'Bearer'")),
    "a quoted token": ([], {"token": f"\N{LEFT DOUBLE QUOTATION MARK}{TOKEN}"}, ("--token", "quotes")),
    "a token of two lines": ([], {"token": f"{TOKEN}\nX: y"}, ("--token", "characters")),
    "another whole header": (
        ["--other-token", "Bearer x", "--other-customer", OTHER],
        {},
        ("--other-token", "without 'Bearer'"),
    ),
    "the same token twice": (
        ["--other-token", TOKEN, "--other-customer", OTHER],
        {},
        ("--other-token", "another reseller"),
    ),
    "a second token alone": (["--other-token", "x"], {}, ("--other-token", "--other-customer", "together")),
    "a second customer alone": (["--other-customer", OTHER], {}, ("--other-token", "--other-customer")),
    "a device alone": (["--device", "desk-1"], {}, ("--device", "--device-user", "together")),
    "a customer with a strange letter": ([], {"customer": STRANGE}, ("--customer", STRANGE, "GUID")),
    "a customer of two words": ([], {"customer": "a b"}, ("--customer", "'a b'", "GUID")),
    "an empty customer": ([], {"customer": ""}, ("--customer", "GUID")),
    "a customer that is a path": ([], {"customer": f"../{CUSTOMER}"}, ("--customer", "GUID")),
    "an account that is a name": (["--account", "Northwind"], {}, ("--account", "Northwind", "GUID")),
    "another customer that is a name": (
        ["--other-token", "x", "--other-customer", "Acme"],
        {},
        ("--other-customer", "Acme", "GUID"),
    ),
    "a user that is a name": (
        ["--device", "desk-1", "--device-user", "ada"],
        {},
        ("--device-user", "ada", "GUID"),
    ),
    "a domain of others": (["--mail-domain", "corp.com"], {}, ("--mail-domain corp.com", "--allow-mail")),
    "an unknown source": (["--sources", "cases,dreams"], {}, ("--sources", "'dreams'", "tables")),
    "no source": (["--sources", ""], {}, ("--sources", "cases")),
    "a pattern that fits no rule": (["--rules", "ROEL-*"], {}, ("--rules ROEL-*", "rules lists them")),
    "an exception that fits no rule": (["--rules", "!ROEL-*"], {}, ("--rules !ROEL-*", "rules lists them")),
    "no rule at all": (["--rules", "ID-*,!ID-*"], {}, ("--rules", "no rule to judge")),
    "a report of no kind": (["--report", "pdf=x.pdf"], {}, ("pdf", "junit, json, html")),
    "a report without a file": (["--report", "json"], {}, ("--report json", "json=FILE")),
    "a report in no folder": (["--report", "json=missing/x.json"], {}, ("json", "missing", "folder")),
    "a report that is a folder": (["--report", "html=."], {}, ("html", "name a file")),
    "certificates that are not there": (["--ca-file", "missing.pem"], {}, ("--ca-file", "missing.pem")),
    "a log in no folder": (["--log", "missing/log"], {}, ("log", "missing")),
    "a token file that is not there": (
        ["--token-file", "missing"],
        {},
        ("token file missing", "cannot be read"),
    ),
    "a profile that is not there": (["--profile", "missing"], {}, ("profile missing", "cannot be read")),
    "waivers that are not there": (["--waivers", "missing"], {}, ("waivers missing", "cannot be read")),
    "a ledger in no folder": (
        ["--mode", "own-data", "--ledger", "missing/l"],
        {},
        ("no folder missing", "name one with --ledger"),
    ),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_that_makes_no_sense_is_told_in_a_sentence(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    more, named, words = OPTIONS[name]

    with answering() as target:
        assert is_refusal(check(target.url, *more, **{"token": TOKEN, **named}), *words)
        assert target.lines == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://ada:secret@host.example", ("user", "--token")),
        ("https://host.example?tenant=1", ("query",)),
        ("https://host.example/#top", ("fragment",)),
        ("https://host.example/api/v1.0", ("before /api/v1.0", "https://host.example.")),
        ("https://host.example/v1.0/", ("before /api/v1.0", "https://host.example.")),
        ("https://host.example/portal", ("ends after host and port", "https://host.example.")),
        ("host.example", ("'host.example'", "such as https://")),
        ("ftp://host.example", ("'ftp://host.example'", "such as https://")),
        ("http://host.example:0", ("such as https://",)),
        ("http://host.example:http", ("such as https://",)),
        ("http://[::1", ("such as https://",)),
        ("http://", ("such as https://",)),
        ("http://host.example/\n", ("such as https://",)),
        ("", ("such as https://",)),
    ],
)
def test_an_address_that_is_none_is_told_in_a_sentence(url, words):
    done = check(url, token=TOKEN)

    assert is_refusal(done, *words)
    assert "secret" not in done.err


def test_every_mistake_is_told_at_once():
    done = check("nowhere", "--sources", "x,y", "--other-token", "z", token=None, customer="me")

    assert is_refusal(done, "'nowhere'", "'me'", "'x'", "'y'", "--other-customer", "no token", sentences=6)


def waiver(**members):
    return {"rule": "LIST-ORDER", "reason": "Known since May.", "expires": "2099-01-31", **members}


FILES = {
    "waivers that are no JSON": ("--waivers", "{", ("no JSON",)),
    "waivers that are no text": ("--waivers", b"\xff\xfe", ("no JSON",)),
    "waivers that are a list": ("--waivers", [waiver()], ('{"waivers": [',)),
    "waivers of something else": ("--waivers", {"rules": []}, ('{"waivers": [',)),
    "a waiver that is text": (
        "--waivers",
        {"waivers": ["LIST-ORDER"]},
        ("waiver 1", "rule, reason and expires"),
    ),
    "a waiver without an end": (
        "--waivers",
        {"waivers": [waiver(), {"rule": "ROUTE", "reason": "x"}]},
        ("waiver 2", "expires"),
    ),
    "a waiver of an unknown rule": (
        "--waivers",
        {"waivers": [waiver(rule="LIST-ODER")]},
        ("LIST-ODER", "did you mean LIST-ORDER?"),
    ),
    "a waiver of a list of rules": (
        "--waivers",
        {"waivers": [waiver(rule=["LIST-ORDER"])]},
        ("waiver 1", "no rule"),
    ),
    "a waiver of nothing like a rule": (
        "--waivers",
        {"waivers": [waiver(rule="everything")]},
        ("'everything'", "rules lists them"),
    ),
    "a waiver without a reason": ("--waivers", {"waivers": [waiver(reason=" ")]}, ("waiver 1", "reason")),
    "a waiver until some day": (
        "--waivers",
        {"waivers": [waiver(expires="31.1.2099")]},
        ("waiver 1", "2027-01-31", "31.1.2099"),
    ),
    "a waiver until a number": ("--waivers", {"waivers": [waiver(expires=2099)]}, ("waiver 1", "2027-01-31")),
    "a profile that is no JSON": ("--profile", "name: x", ("no JSON",)),
    "a profile that is a list": ("--profile", [], ("decisions",)),
    "a profile with an unknown decision": (
        "--profile",
        {"name": "x", "decisions": {"coffee": "black"}},
        ("'coffee'", "user-exists"),
    ),
    "a profile with an unknown choice": (
        "--profile",
        {"name": "x", "decisions": {"user-exists": "418"}},
        ("'user-exists'", "'418'", "409"),
    ),
    "a token file that is empty": ("--token-file", "\n", ("--token-file", "no token")),
    "a token file with a header": ("--token-file", f"Bearer {TOKEN}", ("--token-file", "without 'Bearer'")),
    "a token file that is no text": ("--token-file", b"\xff\xfe\x00", ("no text", "token alone")),
    "certificates that are none": ("--ca-file", "hello", ("--ca-file", "no certificate")),
    "a ledger that is none": ("--ledger", "hello\n", ("not a ledger",)),
}


def written(path, content):
    if not isinstance(content, bytes | str):
        content = json.dumps(content)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("name", FILES)
def test_a_file_with_a_mistake_is_told_in_a_sentence(name, tmp_path):
    option, content, words = FILES[name]
    path = written(tmp_path / "given.txt", content)

    with answering() as target:
        done = check(target.url, "--mode", "own-data", option, path, token=TOKEN)

    place = () if option == "--token-file" and "--token-file" in words else (str(path),)
    assert is_refusal(done, *words, *place)
    assert target.lines == []


def test_every_mistake_of_a_file_is_told(tmp_path):
    path = written(tmp_path / "w.json", {"waivers": [waiver(rule="X"), waiver(), waiver(reason="")]})

    assert is_refusal(check(NOWHERE, "--waivers", path, token=TOKEN), "waiver 1", "waiver 3", sentences=2)


@pytest.mark.parametrize(
    ("content", "more", "words"),
    [
        (None, [], ("no ledger", "check writes it")),
        ("hello\n", [], ("not a ledger",)),
        ({"event": "open", "run": "abcdefghij"}, [], ("not a ledger",)),
        ("", ["--token", ""], ("no token", "--token-file")),
    ],
)
def test_a_clean_up_that_cannot_begin_is_told_in_a_sentence(content, more, words, tmp_path):
    path = tmp_path / "run.ledger"
    if content is not None:
        written(path, f"{json.dumps(content)}\n" if isinstance(content, dict) else content)

    done = suite("cleanup", NOWHERE, "--ledger", path, "--token", TOKEN, *more)

    assert is_refusal(done, *words)


def test_a_clean_up_keeps_to_the_address_of_its_run(tmp_path):
    entries = [
        {
            "event": "open",
            "run": "k3v9q2xw7p",
            "url": "http://one.example",
            "started": "x",
            "customers": [OTHER],
        },
        {"event": "intent", "n": 1, "customer": OTHER, "caller": "main", "email": None},
    ]
    path = written(tmp_path / "run.ledger", "".join(f"{json.dumps(entry)}\n" for entry in entries))

    done = suite("cleanup", NOWHERE, "--ledger", path, "--token", TOKEN)

    assert is_refusal(done, "http://one.example", NOWHERE, "name that address")


def test_a_process_that_cannot_begin_says_the_same(tmp_path):
    with answering(known=REFUSED) as target:
        refused = ended(started(*arguments("check", target.url, token=TOKEN), cwd=tmp_path))
        untold = ended(started(*arguments("check", target.url, token=None), cwd=tmp_path))
        by_variable = ended(
            started(*arguments("check", target.url, token=None), cwd=tmp_path, DIMENSIONS_TOKEN=TOKEN)
        )

    assert is_refusal(refused, "--token", "401")
    assert is_refusal(untold, "DIMENSIONS_TOKEN")
    assert is_refusal(by_variable, "--token", "401")
