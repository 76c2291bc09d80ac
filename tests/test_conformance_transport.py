import ssl
import subprocess
import time
from datetime import UTC, datetime

import pytest

from dimensions_contracts.conformance.guard import Guard, Unsafe
from dimensions_contracts.conformance.ledger import Ledger
from dimensions_contracts.conformance.messages import Fault, Request, Spent
from dimensions_contracts.conformance.places import Place
from dimensions_contracts.conformance.transport import GuardedSession, origin
from raw_target import body, head, json_reply, raw_target, reply

RUN = "k3v9q2xw7p"
CUSTOMER = "cccccccc-0000-4000-8000-0000000000aa"
OWN = "bbbbbbbb-0000-4000-8000-000000000001"
FOREIGN = "bbbbbbbb-0000-4000-8000-0000000000ff"
USERS = f"/api/v1.0/customers/{CUSTOMER}/users"
TOKENS = {"main": "the-token", "none": None, "basic": "Basic abc"}
OPENSSL = [
    "openssl",
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-days",
    "2",
    "-subj",
    "/CN=127.0.0.1",
]
ADA = f"ada.{RUN}@mail.example"


def guard(mode="own-data", **more):
    return Guard(mode, {"main": Place("main", CUSTOMER)}, RUN, **more)


@pytest.fixture
def session():
    """Opens sessions, and closes them all."""
    opened = []

    def opening(url, *, guarded=None, ledger=None, timeout=5.0, **more):
        known = GuardedSession(url, TOKENS, guarded or guard(), ledger or Ledger(), timeout=timeout, **more)
        opened.append(known)
        return known

    yield opening
    for known in opened:
        known.close()


def get(path=USERS, *headers, caller="main"):
    return Request("GET", path, tuple(headers), None, caller)


def create(text=f'{{"email":"{ADA}","displayName":"Ada"}}'):
    return Request("POST", USERS, (("Content-Type", "application/json"),), text.encode())


def ok(_):
    return reply()


class Clock:
    """A clock that goes on while somebody sleeps, and not else."""

    def __init__(self):
        self.time = 100.0
        self.slept = []

    def __call__(self):
        return self.time

    def sleep(self, seconds):
        self.slept.append(round(seconds, 6))
        self.time += seconds

    @property
    def given(self):
        return {"clock": self, "sleep": self.sleep}


def test_a_request_goes_out_as_it_was_written(session):
    sent = (("ACCEPT-CHARGES", "true"), ("accept-charges", "FALSE"), ("X-Empty", ""), ("Content-Type", "a/b"))
    written = f'{{ "email" :\t"{ADA}" }}'
    with raw_target(ok) as target:
        session(target.url).send(Request("POST", USERS, sent, written.encode()))

    lines = head(target.received[0])
    assert target.lines == [f"POST {USERS} HTTP/1.1"]
    assert [line for line in lines if "harges" in line.lower() or "Empty" in line or "Type" in line] == [
        "ACCEPT-CHARGES: true",
        "accept-charges: FALSE",
        "X-Empty: ",
        "Content-Type: a/b",
    ]
    assert body(target.received[0]).decode() == written


def test_nothing_is_added_that_was_not_asked_for(session):
    with raw_target(ok) as target:
        session(target.url).send(get())

    lines = head(target.received[0])
    assert [line.partition(":")[0] for line in lines] == ["Host", "User-Agent", "Authorization"]
    assert lines[0] == f"Host: 127.0.0.1:{target.port}"
    assert lines[1].startswith("User-Agent: dimensions-contracts/")
    assert lines[1].endswith(f" (run {RUN})")


@pytest.mark.parametrize(
    "path",
    [
        f"{USERS}/%7b{OWN}%7D",
        f"{USERS}/{{{OWN}}}",
        f"{USERS}/%62bbbbbbb-0000-4000-8000-000000000001",
        f'{USERS}/({OWN})?a=%c3%A4&b=[x]|^`"<>',
        f"{USERS}?pageIndex=0&&pageSize=2&=",
        f"{USERS}/a;b=c,d:e@f!$&'()*+~",
    ],
)
def test_a_path_goes_out_as_it_was_written(session, path):
    with raw_target(ok) as target:
        session(target.url).send(get(path))

    assert target.lines == [f"GET {path} HTTP/1.1"]


@pytest.mark.parametrize(
    ("caller", "line"),
    [("main", ["Authorization: Bearer the-token"]), ("none", []), ("basic", ["Authorization: Basic abc"])],
)
def test_the_caller_tells_whose_token_goes_out(session, caller, line):
    with raw_target(ok) as target:
        session(target.url).send(get(caller=caller))

    assert [one for one in head(target.received[0]) if one.startswith("Authorization")] == line


def test_a_caller_can_be_introduced_later(session):
    with raw_target(ok) as target:
        known = session(target.url)
        known.introduce({"other": "second"})
        known.send(get(caller="other"))

    assert "Authorization: Bearer second" in head(target.received[0])


def test_the_control_plane_gets_no_token(session):
    with raw_target(ok) as target:
        session(target.url).send(get("/_emulator/health"))

    assert not any(line.startswith("Authorization") for line in head(target.received[0]))


def test_an_answer_is_given_as_it_came(session):
    lines = ["X-One: 1", "x-one: 2", "Content-Type: text/plain; charset=latin-1", "X-Latin: \xe9"]
    with raw_target(lambda _: reply(418, b"\xff\x00 tea", *lines)) as target:
        answer = session(target.url).send(get())

    assert (answer.status, answer.body) == (418, b"\xff\x00 tea")
    assert answer.headers == (
        ("Content-Length", "6"),
        ("X-One", "1"),
        ("x-one", "2"),
        ("Content-Type", "text/plain; charset=latin-1"),
        ("X-Latin", "\xe9"),
    )
    assert 0 < answer.milliseconds < 5000


def test_a_redirect_is_not_followed(session):
    with (
        raw_target(ok) as elsewhere,
        raw_target(lambda _: reply(302, b"", f"Location: {elsewhere.url}/")) as target,
    ):
        answer = session(target.url).send(get())

    assert answer.status == 302
    assert (len(target.received), elsewhere.accepted) == (1, 0)


def test_chunks_are_put_together(session):
    chunked = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n'
    with raw_target(lambda _: chunked) as target:
        assert session(target.url).send(get()).body == b'{"a":1}'


def test_a_compressed_answer_is_not_unpacked(session):
    with raw_target(lambda _: reply(200, b"\x1f\x8bnope", "Content-Encoding: gzip")) as target:
        assert session(target.url).send(get()).body == b"\x1f\x8bnope"


def test_one_connection_serves_many_calls(session):
    with raw_target(ok) as target:
        known = session(target.url)
        for _ in range(5):
            known.send(get())

    assert (target.accepted, len(target.received), known.sent) == (1, 5, 5)


def test_a_body_that_a_status_forbids_is_seen_and_does_not_spoil_the_next_answer(session):
    def answer(request):
        return (
            b"HTTP/1.1 204 No Content\r\n\r\nsurprise" if request.startswith(b"POST") else reply(200, b"fine")
        )

    with raw_target(answer) as target:
        known = session(target.url)
        assert known.send(create()).body == b"surprise"
        assert known.send(get()).body == b"fine"


def test_bytes_after_an_answer_do_not_spoil_the_next_one(session):
    with raw_target(lambda _: reply(200, b"fine, and more", length=4)) as target:
        known = session(target.url)
        assert [known.send(get()).body for _ in range(3)] == [b"fine"] * 3


def test_a_target_that_hangs_up_without_notice_is_asked_again_when_that_is_safe(session):
    gone = iter([False, True, False, False, False])

    with raw_target(lambda _: None if next(gone) else reply()) as target:
        known = session(target.url)
        assert [known.send(get()).status for _ in range(3)] == [200, 200, 200]
        assert known.sent == len(target.received) == 4


def test_a_write_is_never_sent_again(session):
    answers = iter([reply(), None, reply()])

    with raw_target(lambda _: next(answers)) as target:
        known = session(target.url)
        known.send(get())
        with pytest.raises(Fault, match="cut its answer off"):
            known.send(create())
    assert target.lines == [f"GET {USERS} HTTP/1.1", f"POST {USERS} HTTP/1.1"]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (reply(200, b"half", length=400), "cut its answer off"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhalf", "cut its answer off"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "cut its answer off"),
        (b"", "cut its answer off"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "did not answer with HTTP"),
        (b"\x15\x03\x01\x00\x02\x02\x50", "is it https:// instead"),
        (b"HTTP/1.1 abc OK\r\n\r\n", "did not answer with HTTP"),
    ],
)
def test_half_an_answer_is_a_fault(session, answer, sentence):
    def hanging_up(_):
        yield answer
        raise OSError

    with raw_target(hanging_up) as target, pytest.raises(Fault, match=sentence) as told:
        session(target.url).send(create())

    assert str(told.value).startswith(target.url)
    assert str(told.value).count(". ") == 0


def dripping(start, piece=b"x"):
    def answer(_):
        yield start
        while True:
            time.sleep(0.05)
            yield piece

    return answer


@pytest.mark.parametrize(
    "start", [reply(200, b"", length=10_000), b"HTTP/1.1 200 OK\r\nX-Endless: ", b"HTTP/1.1 200 O", b""]
)
def test_a_target_that_drips_does_not_hang_the_run(session, start):
    with raw_target(dripping(start)) as target:
        begun = time.monotonic()
        with pytest.raises(Fault, match=r"no complete answer within 0\.4 seconds"):
            session(target.url, timeout=0.4).send(get())

    assert time.monotonic() - begun < 1.5


def test_a_target_that_says_nothing_does_not_hang_the_run(session):
    def silent(_):
        time.sleep(3)

    with raw_target(silent) as target, pytest.raises(Fault, match="no complete answer"):
        session(target.url, timeout=0.2).send(get())


def test_an_endless_answer_is_a_fault(session):
    def endless(_):
        yield b"HTTP/1.1 200 OK\r\n\r\n"
        while True:
            yield b"x" * (1 << 20)

    with raw_target(endless) as target, pytest.raises(Fault, match="more than 16 MiB"):
        session(target.url, timeout=20).send(get())


def test_a_closed_port_is_a_fault(session):
    with raw_target(ok) as target:
        url = target.url
    with pytest.raises(Fault, match="refuses connections"):
        session(url).send(get())


def test_an_unknown_name_is_a_fault(session):
    with pytest.raises(Fault, match=r"the host name of http://nowhere\.invalid is not known"):
        session("http://nowhere.invalid").send(get())


def seen(known, request):
    try:
        return str(known.send(request).status)
    except Fault as fault:
        return str(fault)


def test_an_answer_that_comes_before_the_body_was_read_is_an_answer(session):
    def refusing(connection):
        connection.recv(100)
        connection.sendall(reply(413, b"too large", "Connection: close"))
        return connection

    with raw_target(ok, wrap=refusing) as target:
        large = Request("POST", USERS, (), (f'{{"email":"{ADA}","x":"' + "y" * (1 << 22) + '"}').encode())
        assert seen(session(target.url), large) in {"413", f"{target.url} cut its answer off."}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    key, crt = folder / "key.pem", folder / "crt.pem"
    subprocess.run(
        [*OPENSSL, "-keyout", key, "-out", crt, "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True,
        capture_output=True,
    )
    return key, crt


def tls(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate[1], certificate[0])
    return lambda connection: context.wrap_socket(connection, server_side=True)


def secure(target):
    return target.url.replace("http:", "https:")


def test_a_certificate_that_is_not_trusted_is_a_fault(session, certificate):
    with raw_target(ok, tls(certificate)) as target:
        with pytest.raises(Fault, match=r"is not trusted .*--ca-file"):
            session(secure(target)).send(get())
        assert target.received == []


def test_a_certificate_can_be_trusted(session, certificate):
    with raw_target(ok, tls(certificate)) as target:
        known = session(secure(target), ca_file=certificate[1])
        assert [known.send(get()).status for _ in range(3)] == [200, 200, 200]
        assert target.accepted == 1


def test_a_target_without_tls_is_a_fault(session):
    def plain(_):
        return reply(400, b"what?")

    with (
        raw_target(plain, Talking) as target,
        pytest.raises(Fault, match="does not speak TLS; is it http://"),
    ):
        session(secure(target)).send(get())


class Talking:
    """A connection that answers HTTP to whatever comes."""

    def __init__(self, connection):
        self._connection = connection

    def __enter__(self):
        self._connection.recv(1000)
        self._connection.sendall(reply(400, b"what?"))
        return self._connection

    def __exit__(self, *_):
        self._connection.close()


def test_plain_http_to_a_target_with_tls_is_a_fault(session, certificate):
    with (
        raw_target(ok, tls(certificate)) as target,
        pytest.raises(Fault, match=r"https://|cut its answer off"),
    ):
        session(target.url).send(get())


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example",
        "a.example",
        "http://",
        "http://a.example/api/v1.0",
        "http://user:secret@a.example",
        "http://a.example?x=1",
        "http://a.example:port",
        "http://a.example:99999",
    ],
)
def test_a_target_is_an_origin_and_no_more(url):
    with pytest.raises(ValueError, match=r"https?://"):
        origin(url)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://a.example", "http://a.example"),
        ("https://A.example:443/", "https://a.example"),
        ("http://[::1]:4020", "http://[::1]:4020"),
    ],
)
def test_an_origin_is_shown_in_one_way(url, shown):
    assert origin(url).url == shown


def test_a_proxy_of_the_environment_is_used(session, monkeypatch):
    with raw_target(ok) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.replace("//", "//me:s%40t@"))
        monkeypatch.delenv("no_proxy", raising=False)
        session("http://api.nowhere.example:81").send(get())

    assert proxy.lines == [f"GET http://api.nowhere.example:81{USERS} HTTP/1.1"]
    assert "Host: api.nowhere.example:81" in head(proxy.received[0])
    assert "Proxy-Authorization: Basic bWU6c0B0" in head(proxy.received[0])


def test_a_proxy_is_asked_for_a_tunnel_to_a_target_with_tls(session, monkeypatch):
    with raw_target(lambda _: reply(403, b"no")) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        with pytest.raises(Fault, match=r"https://api\.nowhere\.example is not reached"):
            session("https://api.nowhere.example").send(get())

    assert proxy.lines == ["CONNECT api.nowhere.example:443 HTTP/1.0"]
    assert b"the-token" not in proxy.raw


def test_this_machine_is_never_reached_by_a_proxy(session, monkeypatch):
    with raw_target(ok) as proxy, raw_target(ok) as target:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        session(target.url).send(get())
        session(target.url.replace("127.0.0.1", "localhost")).send(get())

    assert (proxy.accepted, len(target.received)) == (0, 2)


def test_a_rate_is_kept(session):
    clock = Clock()
    with raw_target(ok) as target:
        known = session(target.url, rate=4, **clock.given)
        for _ in range(4):
            known.send(get())
        clock.time += 10
        known.send(get())

    assert clock.slept == [0.25, 0.25, 0.25]


def test_without_a_rate_nobody_waits(session):
    clock = Clock()
    with raw_target(ok) as target:
        known = session(target.url, **clock.given)
        for _ in range(4):
            known.send(get())

    assert clock.slept == []


def test_a_budget_is_kept_until_the_clean_up(session):
    with raw_target(ok) as target:
        ledger = Ledger()
        known = session(target.url, max_requests=2, ledger=ledger)
        known.send(get())
        known.send(get())
        with pytest.raises(Spent, match="may send 2 requests"):
            known.send(create())
        assert len(target.received) == 2
        assert not ledger.open_items()
        known.unbounded()
        known.send(get())


def asking(status, after, times):
    """Answers so often with the status, then well."""
    left = iter(range(times))
    return lambda _: reply(200) if next(left, None) is None else reply(status, b"", f"Retry-After: {after}")


@pytest.mark.parametrize("request_", [get(), create()])
def test_a_target_that_is_asked_too_often_is_waited_for(session, request_):
    clock = Clock()
    with raw_target(asking(429, 7, 2)) as target:
        known = session(target.url, **clock.given)
        assert known.send(request_).status == 200

    assert (clock.slept, known.waited, known.sent, len(target.received)) == ([7, 7], 2, 3, 3)


def test_nobody_waits_more_than_three_times(session):
    clock = Clock()
    with raw_target(asking(429, 1, 9)) as target:
        known = session(target.url, **clock.given)
        assert known.send(get()).status == 429

    assert (clock.slept, len(target.received)) == ([1, 1, 1], 4)


@pytest.mark.parametrize("after", ["61", "86400", "soon", "-1", "", "1.5", "٣"])
def test_nobody_waits_for_what_is_too_long_or_no_time(session, after):
    clock = Clock()
    with raw_target(asking(429, after.encode().decode("latin-1"), 9)) as target:
        assert session(target.url, **clock.given).send(get()).status == 429

    assert (clock.slept, len(target.received)) == ([], 1)


@pytest.mark.parametrize(
    ("after", "seconds"),
    [
        ("Wed, 25 Nov 2026 10:00:20 GMT", 20),
        ("Wed, 25 Nov 2026 09:00:00 GMT", 0),
        ("Wednesday, 25-Nov-26 10:00:05 GMT", 5),
    ],
)
def test_a_target_may_name_a_moment(session, after, seconds):
    clock = Clock()
    moment = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
    with raw_target(asking(429, after, 1)) as target:
        assert session(target.url, now=lambda: moment, **clock.given).send(get()).status == 200

    assert clock.slept == [seconds]


def test_an_unavailable_target_is_waited_for_when_reading_alone(session):
    clock = Clock()
    with raw_target(asking(503, 2, 1)) as target:
        assert session(target.url, **clock.given).send(get()).status == 200
    with raw_target(asking(503, 2, 1)) as target:
        assert session(target.url, **clock.given).send(create()).status == 503
        assert len(target.received) == 1

    assert clock.slept == [2]


def test_waiting_is_within_the_budget(session):
    clock = Clock()
    with raw_target(asking(429, 1, 9)) as target:
        known = session(target.url, max_requests=2, **clock.given)
        with pytest.raises(Spent):
            known.send(get())

    assert len(target.received) == 2


def test_a_created_user_is_owned_from_then_on(session):
    ledger = Ledger()
    with raw_target(lambda _: json_reply(201, {"data": {"id": OWN.upper(), "email": ADA}})) as target:
        known = session(target.url, ledger=ledger)
        with pytest.raises(Unsafe):
            known.send(Request("DELETE", f"{USERS}/{OWN}", (), None))
        known.send(create())
        known.send(Request("PATCH", f"{USERS}/{OWN}", (), b"[]"))

    (entry,) = ledger.open_items().created
    assert (entry.id, entry.intent.customer, entry.intent.email) == (OWN, CUSTOMER, ADA)
    assert (known.refused, known.sent) == (1, 2)


def test_a_created_user_is_known_by_the_location_if_the_body_tells_no_id(session):
    with raw_target(lambda _: reply(201, b"oops", f"location: http://x{USERS}/{OWN}")) as target:
        known = session(target.url)
        known.send(create())

    assert known.guard.owned == {OWN}


@pytest.mark.parametrize("status", [200, 202])
def test_a_user_who_was_created_with_a_wrong_status_is_owned(session, status):
    with raw_target(lambda _: json_reply(status, {"data": {"id": OWN}})) as target:
        known = session(target.url)
        known.send(create("[]"))

    assert known.guard.owned == {OWN}


def test_a_user_who_was_there_before_is_not_owned_whatever_the_target_says(session):
    def answer(request):
        listed = json_reply(200, {"data": [{"id": FOREIGN, "email": "eve@corp.example"}]})
        return listed if request.startswith(b"GET") else json_reply(201, {"data": {"id": FOREIGN}})

    with raw_target(answer) as target:
        known = session(target.url)
        known.send(get())
        known.send(create())
        with pytest.raises(Unsafe, match="'user'"):
            known.send(Request("DELETE", f"{USERS}/{FOREIGN}", (), None))

    assert known.guard.owned == set()
    assert not known.ledger.open_items()


def test_a_user_with_the_address_of_somebody_else_is_not_owned(session):
    with raw_target(
        lambda _: json_reply(201, {"data": {"id": FOREIGN, "email": "eve@corp.example"}})
    ) as target:
        known = session(target.url)
        known.send(create())

    assert known.guard.owned == set()


def test_bodies_without_an_end_are_sent_and_received(session):
    deep = "[" * 100_000
    with raw_target(lambda _: reply(201, deep.encode())) as target:
        known = session(target.url)
        assert known.send(create(deep)).status == 201

    assert known.guard.owned == set()


def test_a_refused_creation_leaves_nothing_open(session):
    ledger = Ledger()
    with raw_target(lambda _: json_reply(400, {"error": 400})) as target:
        session(target.url, ledger=ledger).send(create())

    assert ledger.book.intents[1].email == ADA
    assert not ledger.open_items()


def test_a_creation_without_an_answer_stays_open(session):
    ledger = Ledger()
    with raw_target(lambda _: None) as target, pytest.raises(Fault):
        session(target.url, ledger=ledger).send(create())

    (intent,) = ledger.open_items().intents
    assert (intent.customer, intent.caller, intent.email) == (CUSTOMER, "main", ADA)


def test_the_intent_is_noted_before_the_call(session):
    ledger = Ledger()
    noted = []

    def answer(_):
        noted.append(ledger.open_items().intents)
        return json_reply(201, {"data": {"id": OWN}})

    with raw_target(answer) as target:
        session(target.url, ledger=ledger).send(create())

    assert [intent.email for intent in noted[0]] == [ADA]


def test_a_deleted_user_is_gone_from_the_ledger_when_deleted_at_home(session):
    elsewhere = "cccccccc-0000-4000-8000-0000000000bb"
    places = {"main": Place("main", CUSTOMER), "other": Place("other", elsewhere)}
    ledger = Ledger()
    with raw_target(lambda _: json_reply(200, {"data": {"id": OWN}})) as target:
        known = session(target.url, ledger=ledger, guarded=Guard("own-data", places, RUN))
        known.send(create())
        known.send(Request("DELETE", f"{USERS.replace(CUSTOMER, elsewhere)}/{OWN}", (), None))
        assert ledger.open_items()
        known.send(Request("DELETE", f"/v1.0/customers/{CUSTOMER.upper()}/users/{{{OWN}}}", (), None))

    assert not ledger.open_items()
    assert (ledger.book.created_count, ledger.book.deleted_count) == (1, 1)


def test_imported_users_are_owned(session):
    data = {"data": [{"id": OWN, "email": ADA}, {"id": FOREIGN, "email": f"eve.{RUN}@mail.example"}]}
    path = f"/_emulator/platform/{CUSTOMER}/import"
    with raw_target(lambda _: json_reply(201, data)) as target:
        known = session(target.url, guarded=guard("full", control=True))
        known.send(Request("POST", path, (), b'{"users":[]}'))

    assert known.guard.owned == {OWN, FOREIGN}
    assert len(known.ledger.open_items().created) == 2


def test_what_answers_tell_of_cannot_be_taken_for_made_up(session):
    void = "dddddddd-0000-4000-8000-000000000001"
    with raw_target(lambda _: json_reply(200, {"data": {"id": void}})) as target:
        known = session(target.url)
        known.guard.void(void)
        known.send(get(f"{USERS}/{void}"))
        with pytest.raises(Unsafe):
            known.send(Request("DELETE", f"{USERS}/{void}", (), None, "main", "unknown"))


def test_an_error_that_repeats_a_made_up_id_does_not_make_it_real(session):
    void = "dddddddd-0000-4000-8000-000000000001"
    with raw_target(lambda _: json_reply(400, {"message": f"The value '{void}' is not valid."})) as target:
        known = session(target.url)
        known.guard.void(void)
        known.send(get(f"{USERS}/{void}"))
        known.send(Request("DELETE", f"{USERS}/{void}", (), None, "main", "unknown"))

    assert len(target.received) == 2


def test_a_run_that_reads_sends_get_and_nothing_else(session):
    """Everything is tried; the target records every byte."""
    methods = ["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "QUERY", "get", "Get", "GET "]
    paths = [
        USERS,
        f"{USERS}/{OWN}",
        f"{USERS}/{OWN}/sendActivationEmail",
        f"{USERS}/{OWN}/devices/pbx/{RUN}/assign",
        f"{USERS}?_method=DELETE",
        "/_emulator/state",
        "/_emulator/reset",
        "/",
        f"/v1.0/customers/{CUSTOMER}/users",
    ]
    headers = [(), (("X-HTTP-Method-Override", "DELETE"),), (("A", "b\r\n\r\nDELETE / HTTP/1.1"),)]
    bodies = [None, b"{}", b"DELETE / HTTP/1.1\r\n\r\n"]
    with raw_target(ok) as target:
        known = session(
            target.url, guarded=guard("read-only", control=True, allow_mail=True, allow_charges=True)
        )
        known.guard.own(OWN)
        for method in (*methods, "GET"):
            for path in paths:
                for lines in headers:
                    for aim in ("", "malformed", "unknown", "elsewhere"):
                        for text in bodies[: 1 if method == "GET" else 3]:
                            try:
                                known.send(Request(method, path, lines, text, "main", aim))
                            except Unsafe:
                                continue

    requests = target.raw.split(b"\r\n\r\n")
    assert requests.pop() == b""
    assert len(requests) == known.sent == len(target.received)
    assert {request.split(b" ")[0] for request in requests} == {b"GET"}
    assert {line.split(" ")[1] for line in target.lines} == {
        USERS,
        f"{USERS}/{OWN}",
        "/_emulator/state",
        f"/v1.0/customers/{CUSTOMER}/users",
    }
    assert not any(b"Override" in request or b"DELETE" in request for request in requests)
