"""What a test does with its session."""

import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import requests

from dimensions_emulator.testing import Emulator, EmulatorError, Refused
from raw_target import raw_target, reply

ADA, BOB = "ada@mail.example", "bob@mail.example"
WEB, UC, SETTINGS = "customer.user", "customer.user.uc", "customer.settings"
RILEY = "riley.jefferson@example.net"  # of the world `office`: on the phone platform, with the device us-1004


@pytest.fixture(scope="module")
def emulator():
    with Emulator(in_process=True, seed=1) as emulator:
        yield emulator


@pytest.fixture(scope="module", params=["thread", "in-process"])
def place(request, emulator):
    """An emulator with a server, and one without."""
    if request.param == "in-process":
        yield emulator
        return
    with Emulator() as served:
        yield served


@pytest.fixture
def session(emulator):
    with emulator.session() as session:
        yield session


def consumer(session, method="GET", path="", **more):
    """A call as the app under test makes it."""
    users = f"{session.api_url}/customers/{session.customer_id}/users{path}"
    headers = {"Authorization": f"Bearer {session.token}", **more.pop("headers", {})}
    return session.requests_session().request(method, users, headers=headers, timeout=10, **more)


def test_a_session_has_a_world_of_its_own_and_its_address_leads_there(emulator, session):
    session.users.create(ADA)

    assert session.url == f"{emulator.url}/s/{session.name}"
    assert ADA in consumer(session).text
    assert emulator.users.find(ADA) is None


def test_a_session_can_be_named_and_have_another_world_and_seed(emulator):
    with emulator.session("mine", world="call-centre", seed=9) as session:
        (shown,) = [one for one in emulator.sessions() if one["name"] == "mine"]

    assert session.name == "mine"
    assert (shown["world"], shown["seed"]) == ("call-centre", 9)


def test_a_session_can_have_a_world_of_its_own_file_or_document(emulator, tmp_path):
    with emulator.session() as one:
        one.users.create(ADA)
        document = one.state()
    (tmp_path / "world.yaml").write_text(
        "version: 1\naccounts: {a: {name: A}}\ncustomers: {c: {account: a, name: C, countryCode: US}}\n"
        "users: {eve@mail.example: {displayName: Eve, memberships: {c: [customer.user]}}}\n"
        "callers: [{name: me, token: mine, accounts: [a], scopes: [onboarding]}]\n",
        "utf-8",
    )

    with emulator.session(world=document) as copy, emulator.session(world=tmp_path / "world.yaml") as other:
        assert copy.users.find(ADA)
        assert other.token == "mine"
        assert [user.email for user in other.users.list()] == ["eve@mail.example"]


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"name": "no blanks"}, "name"),
        ({"name": "default"}, "is there already"),
        ({"world": "nowhere"}, "world is one of"),
        ({"world": {"version": 1}}, "not valid"),
        ({"world": "nowhere.yaml"}, r"nowhere\.yaml: no such file"),
        ({"seed": -1}, "seed is a whole number"),
    ],
)
def test_a_session_that_cannot_be_had_tells_why(emulator, wanted, reason):
    with pytest.raises(EmulatorError, match=reason):
        emulator.session(**wanted)


def test_a_discarded_session_is_gone_and_does_not_come_back(emulator):
    session = emulator.session()
    consumer(session)
    users = f"{emulator.api_url}/customers/{session.customer_id}/users"
    session.discard()
    session.discard()

    assert session.requests_session().get(users, timeout=10).status_code == 404
    with pytest.raises(Refused, match="was deleted"):
        session.users.list()
    assert session.name not in [one["name"] for one in emulator.sessions()]


def test_users_are_created_changed_and_deleted(session):
    ada = session.users.create(ADA, roles=[UC], display_name="Ada L.")
    assert (ada.email, ada.display_name, set(ada.roles)) == (ADA, "Ada L.", {WEB, UC})
    assert session.users.get(ada.id).roles == ada.roles

    assert SETTINGS in session.users.grant(ada.id, SETTINGS).roles
    assert session.users.revoke(ada.id, SETTINGS, UC).roles == [WEB]
    renamed = session.users.patch(ada.id, {"op": "replace", "path": "/displayName", "value": "Countess"})
    assert renamed.display_name == "Countess"
    assert session.users.find(ADA.upper()).id == ada.id

    session.users.delete(ada.id)
    assert session.users.find(ADA) is None


def test_users_are_named_after_their_address(session):
    assert session.users.create(ADA).display_name == "Ada"


def test_users_of_another_customer_are_reached(session):
    there = session.users.of("cccccccc-0000-4000-8000-000000000002")
    there.create(ADA)

    assert there.find(ADA)
    assert session.users.find(ADA) is None


def test_calls_of_users_are_not_the_apps(session):
    session.users.create(ADA, roles=[UC])
    with pytest.raises(Refused) as refused:
        session.users.create(ADA)
    session.users.of("cccccccc-0000-4000-8000-000000000002").list()

    assert session.journal.requests() == []
    assert session.coverage()["percent"] == 0
    with pytest.raises(Refused, match="X-Emulator-Journal: off"):
        session.explain(refused.value.request_id)


def test_calls_of_users_can_be_told_of_too(session):
    with pytest.raises(Refused) as refused:
        session.users.in_journal().create("nobody")
    session.users.in_journal().of(session.customer_id).list()
    session.users.of(session.customer_id).in_journal().list()

    assert [entry.operation for entry in session.journal.requests()] == [
        "createUser",
        "listUsers",
        "listUsers",
    ]
    assert session.explain(refused.value.request_id)["refused"]


def test_users_come_from_the_phone_platform_with_their_devices(session):
    desk = {"id": "ada-1", "name": "Desk", "extension": "77"}
    ada, bob = session.platform.import_users(
        {"email": ADA, "display_name": "Ada L.", "devices": [desk, "ada-2"]}, {"email": BOB}
    )

    assert (ada.email, session.users.get(ada.id).display_name) == (ADA, "Ada L.")
    assert session.users.get(bob.id).display_name == "Bob"
    hers = [device for device in session.platform.devices() if device.user == ada.id]
    assert [(device.id, device.name, device.extension) for device in hers] == [
        ("ada-1", "Desk", "77"),
        ("ada-2", "", ""),
    ]
    riley = session.users.find(RILEY)
    assert "us-1004" in [device.id for device in session.platform.devices() if device.user == riley.id]


def test_agents_come_from_the_phone_platform_as_such(emulator):
    with emulator.session(world="call-centre") as session:
        ada, bob = session.platform.import_users({"email": ADA, "agent": True}, {"email": BOB})

    assert set(ada.roles) - set(bob.roles) == {"customer.user.acd"}


def test_the_phone_platform_of_another_customer_is_reached(session):
    there = "cccccccc-0000-4000-8000-000000000002"
    session.platform.of(there).import_users({"email": ADA, "devices": ["ada-1"]})

    assert session.users.of(there).find(ADA)
    assert session.users.find(ADA) is None
    assert "ada-1" in [device.id for device in session.platform.of(there).devices()]
    assert "ada-1" not in [device.id for device in session.platform.devices()]


def test_users_whom_the_platform_cannot_bring_in_are_refused(session):
    with pytest.raises(TypeError, match=r"no 'mail'; it has agent, devices, display_name, email"):
        session.platform.import_users({"mail": ADA})
    with pytest.raises(TypeError, match="a device has no 'number'; it has extension, id, name"):
        session.platform.import_users({"email": ADA, "devices": [{"number": 1}]})
    with pytest.raises(Refused, match="e-mail"):
        session.platform.import_users({"email": ADA}, {"email": "nobody"})
    assert session.users.find(ADA) is None


def test_devices_are_assigned_and_mails_sent_on_demand(session):
    riley = session.users.find(RILEY)
    session.users.grant(riley.id, UC, "customer.user.uc.softphone")

    session.users.assign(riley.id, "us-1004", "mobile")
    session.users.unassign(riley.id, "us-1004", "mobile")
    session.users.send_activation_mail(riley.id)
    session.users.send_welcome_mail(riley.id)

    assert {mail.kind for mail in session.mail.all(to=RILEY)} == {"activation", "uc-welcome"}


def test_a_refusal_of_the_api_says_what_and_why(session):
    with pytest.raises(Refused) as refused:
        session.users.create(ADA, roles=[UC], accept_charges=False)

    no = refused.value
    assert (no.status, no.error_code, no.rule) == (400, "ChargesNotAccepted", "CHARGES-ACCEPTED")
    assert str(no).startswith(f"POST /api/v1.0/customers/{session.customer_id}/users was refused with 400 ")
    assert f"(rule CHARGES-ACCEPTED, request {no.request_id})" in str(no)


def test_a_mail_that_is_waited_for_comes(session):
    session.users.create(ADA, roles=[UC])

    mail = session.mail.wait_for(to=ADA, kind="activation")
    assert (mail.to, mail.kind, mail.customer) == (ADA, "activation", session.customer_id)
    assert mail.link == mail.links[0]
    assert mail.link in mail.html.replace("&amp;", "&")
    assert session.requests_session().get(mail.link, timeout=10).status_code == 200
    assert session.mail.get(mail.id) == mail
    assert session.mail.wait_for(after=mail.id).kind == "uc-welcome"


def test_a_mail_that_does_not_come_fails_with_those_there_are(session):
    session.users.create(BOB)

    with pytest.raises(AssertionError) as failed:
        session.mail.wait_for(to=ADA, kind="activation", timeout=0.05)

    (there,) = session.mail.all()
    assert str(failed.value) == (
        f"no mail with to '{ADA}', kind 'activation' within 0.05 s; there are:\n"
        f"  {there.id}, activation to {BOB}: {there.subject!r}"
    )


def test_a_mail_that_is_waited_for_where_none_is_says_so(session):
    with pytest.raises(AssertionError, match=r"^no mail within 0\.01 s; there are no mails$"):
        session.mail.wait_for(timeout=0.01)


def test_mails_are_found_and_forgotten(session):
    session.users.create(ADA)
    session.users.create(BOB)

    assert [mail.to for mail in session.mail.all()] == [ADA, BOB]
    assert [mail.to for mail in session.mail.all(search="bob")] == [BOB]
    session.mail.clear()
    assert session.mail.all() == []


def test_mailboxes_fail_and_heal(session):
    failure = session.mail.fail(to="ada@*", reason="full")
    session.users.create(ADA)
    assert [(one["to"], one["reason"]) for one in session.mail.failures()] == [("ada@*", "full")]
    assert session.mail.all() == []
    assert [mail.failure for mail in session.mail.all(delivery="failed")] == ["full"]
    with pytest.raises(AssertionError, match=rf"activation to {ADA}: .* \(failed: full\)"):
        session.mail.wait_for(to=ADA, timeout=0.01)

    session.mail.heal(failure)
    session.mail.fail(to="*")
    session.mail.heal()
    session.users.create(BOB)
    assert [mail.to for mail in session.mail.all()] == [BOB]


def test_faults_strike_as_often_as_they_should(session):
    fault = session.faults.add(operation="listUsers", status=503, retry_after=7, count=2)

    answers = [consumer(session) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert answers[0].headers["Retry-After"] == "7"
    assert session.faults.get(fault.id).struck == 2


def test_faults_are_listed_changed_and_taken_away(session):
    fault = session.faults.add(operation="listUsers", status=503, latency=1)
    session.faults.add(method="DELETE", break_="reset")
    assert session.faults.list()[0].id == fault.id

    session.faults.change(fault.id, status=429)
    assert consumer(session).status_code == 429
    session.faults.remove(fault.id)
    assert consumer(session).status_code == 200
    session.faults.clear()
    assert session.faults.list() == []


def test_a_broken_answer_breaks_the_consumers_client(session):
    session.faults.add(operation="listUsers", break_="reset", count=1)

    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        consumer(session)


@pytest.mark.parametrize(
    "fault", [{"latency": 20_000}, {"break_": "hang", "hang_seconds": 20}], ids=["late", "hung"]
)
def test_a_late_answer_is_a_timeout_of_the_consumers_client(session, fault):
    session.faults.add(operation="listUsers", **fault)
    users = f"{session.api_url}/customers/{session.customer_id}/users"
    headers = {"Authorization": f"Bearer {session.token}"}
    start = time.monotonic()

    with pytest.raises(requests.ReadTimeout):
        session.requests_session().get(users, headers=headers, timeout=0.1)
    with httpx.Client(transport=session.httpx_transport()) as client, pytest.raises(httpx.ReadTimeout):
        client.get(users, headers=headers, timeout=0.1)
    assert time.monotonic() - start < 10


def test_a_fault_of_another_name_is_refused(session):
    with pytest.raises(TypeError, match="a fault has no 'statsu'; it has after, body, break_, caller, "):
        session.faults.add(statsu=3)
    with pytest.raises(TypeError, match="a fault has no 'statsu'; it has after, body, break_, caller, "):
        session.faults.change(1, statsu=3)
    with pytest.raises(Refused, match="status"):
        session.faults.add(status=20)


def test_a_rate_limit_holds_until_it_is_taken_away(session):
    session.rate_limit.set(requests=1, seconds=3600)
    assert [consumer(session).status_code for _ in range(2)] == [200, 429]

    session.rate_limit.clear()
    assert consumer(session).status_code == 200


def test_the_clock_is_moved_stopped_and_resumed(session):
    noon = datetime(2030, 1, 1, 12, tzinfo=UTC)

    assert session.clock.freeze(noon).frozen
    assert session.clock.now == noon
    assert session.clock.advance(hours=1, minutes=1, seconds=1, days=1).now == noon + timedelta(
        days=1, seconds=3661
    )
    assert session.clock.set(noon).now == noon
    assert not session.clock.resume().frozen
    assert session.clock.read().now > noon


def test_a_token_is_minted_expires_and_is_taken_back(session):
    tokens = [session.tokens.mint(customers=[session.customer_id], name=name) for name in ("one", "two")]
    short = session.tokens.mint(lifetime=60)

    def status(token):
        return consumer(session, headers={"Authorization": f"Bearer {token}"}).status_code

    assert [status(token) for token in (*tokens, short)] == [200] * 3
    session.tokens.expire(tokens[0])
    session.tokens.revoke(tokens[1])
    session.clock.advance(minutes=2)
    assert [status(token) for token in (*tokens, short)] == [401] * 3
    assert "one" in [token["name"] for token in session.tokens.list()]
    assert tokens[0] not in str(session.tokens.list())


def test_a_minted_token_leads_to_its_session_by_itself(emulator, session):
    session.users.create(ADA)
    users = f"{emulator.api_url}/customers/{session.customer_id}/users"
    headers = {"Authorization": f"Bearer {session.tokens.mint()}"}

    assert ADA in emulator.requests_session().get(users, headers=headers, timeout=10).text


def test_snapshots_are_taken_and_gone_back_to(session):
    session.snapshots.take("before")
    session.users.create(ADA)

    assert session.snapshots.restore("before").name == "before"
    assert session.users.find(ADA) is None
    assert [snapshot.name for snapshot in session.snapshots.list()] == ["before"]
    with pytest.raises(Refused, match="A snapshot's name has up to 64 letters, digits, dots, hyphens"):
        session.snapshots.take("ada is there")
    session.snapshots.delete("before")
    with pytest.raises(Refused, match="no snapshot 'before'"):
        session.snapshots.restore("before")


def test_a_session_goes_back_to_its_beginning_whole_or_in_parts(session):
    session.users.create(ADA, roles=[UC])

    session.reset("mail", "charges")
    assert (session.mail.all(), session.charges()) == ([], [])
    assert session.users.find(ADA)
    session.reset()
    assert session.users.find(ADA) is None
    session.reset(to="empty")
    assert session.users.list() == []


def test_the_state_goes_out_and_in(session):
    before = session.state()
    session.users.create(ADA)
    session.load(before)

    assert session.state() == before


def test_the_journal_tells_what_was_asked(session):
    consumer(session, headers={"X-Mine": "yes"})
    consumer(session, "POST", json={"email": ADA, "displayName": "Ada", "roles": [UC]})

    listed, refused = session.journal.requests()
    assert (listed.operation, listed.status, listed.method) == ("listUsers", 200, "GET")
    assert listed.request.headers["X-Mine"] == "yes"
    assert (refused.status, refused.rule) == (400, "CHARGES-ACCEPTED")
    assert refused.request.json()["email"] == ADA
    assert refused.response.json()["errorCode"] == "ChargesNotAccepted"
    assert refused.curl.startswith("curl ")
    assert session.journal.requests(rule="CHARGES-ACCEPTED") == [refused]
    assert session.journal.requests(after=listed.id) == [refused]
    assert session.journal.find(method="POST") == [refused]
    assert session.journal.count(operation="listUsers") == 1
    assert session.journal.get(listed.id) == listed
    assert len(session.journal.har()["log"]["entries"]) == 2
    session.journal.clear()
    assert session.journal.requests() == []


def test_what_came_is_verified(session):
    consumer(session, headers={"X-Mine": "yes"})
    consumer(session, "POST", json={"email": ADA, "displayName": "Ada"})

    session.journal.verify(operation="createUser")
    session.journal.verify(method="GET", url_path_pattern=".*/users", headers={"X-Mine": "yes"}, times=1)
    session.journal.verify(method="POST", json={"email": ADA, "displayName": "Ada"}, times={"atMost": 1})
    session.journal.verify(operation="deleteUser", times=0)
    session.journal.verify(sequence=[{"operation": "listUsers"}, {"operation": "createUser", "status": 201}])


def test_what_did_not_come_fails_with_what_came_closest(session):
    consumer(session, "POST", json={"email": ADA, "displayName": "Ada"})

    with pytest.raises(AssertionError) as failed:
        session.journal.verify(operation="createUser", status=201, times=2)
    assert str(failed.value) == (
        'Expected exactly 2 requests with operation "createUser", status 201; found 1 among 1.\n'
        f"Those that match:\n  {session.journal.requests()[0]}"
    )
    with pytest.raises(AssertionError) as failed:
        session.journal.verify(operation="createUser", status=400)
    (created,) = session.journal.requests()
    assert "found 0 among 1" in str(failed.value)
    assert "status: expected 400, found 201" in str(failed.value)
    assert f"\nAgain:\n  {created.id}: {created.curl}" in str(failed.value)
    with pytest.raises(AssertionError, match="createUser"):
        session.journal.verify(sequence=[{"operation": "createUser"}, {"operation": "createUser"}])


def test_too_few_requests_are_told_beside_those_that_come_close(session):
    for _ in range(12):
        consumer(session)
    consumer(session, "POST", json={"email": ADA, "displayName": "Ada"})

    with pytest.raises(AssertionError) as failed:
        session.journal.verify(operation="listUsers", times={"atLeast": 13})
    *_, newest, created = session.journal.requests()
    told = str(failed.value)
    assert f"The closest:\n  {created.id} POST" in told
    assert "\nThose that match:\n  (2 before)\n" in told
    assert f"\n  {newest}\nAgain:\n  {created.id}: curl" in told
    with pytest.raises(AssertionError, match="found 12 among 13") as failed:
        session.journal.verify(operation="listUsers", times=1)
    assert "Those that match" not in str(failed.value)


def test_between_the_requests_of_a_sequence_others_may_stand_unless_it_is_exact(session):
    for _ in range(2):
        consumer(session)
        consumer(session, "POST", json={"email": ADA, "displayName": "Ada"})

    steps = [{"operation": "listUsers"}, {"operation": "createUser"}]
    session.journal.verify(sequence=steps)
    session.journal.verify(sequence=steps * 2, exact=True)
    with pytest.raises(AssertionError) as failed:
        session.journal.verify(sequence=steps, exact=True)
    listed = "".join(f"\n  {entry}" for entry in session.journal.requests())
    assert str(failed.value) == f"Expected a sequence of 2 requests and no others; found 4:{listed}"
    with pytest.raises(AssertionError, match="the first 4 came"):
        session.journal.verify(sequence=steps * 3, exact=True)


def test_requests_that_had_to_go_are_others_too():
    with Emulator(in_process=True, journal=2) as emulator:
        for _ in range(3):
            consumer(emulator)

        emulator.journal.verify(sequence=[{}, {}])
        with pytest.raises(AssertionError, match="of 2 requests and no others; found 3"):
            emulator.journal.verify(sequence=[{}, {}], exact=True)


def test_a_verification_that_cannot_be_made_is_no_failed_one(session):
    with pytest.raises(Refused, match="operation"):
        session.journal.verify(operation="makeUser")
    for wrong in ({"sequence": [{}], "times": 2}, {"sequence": [{}], "status": 2}, {"exact": True}):
        with pytest.raises(TypeError, match="a sequence, exact or not, or times"):
            session.journal.verify(**wrong)


@pytest.mark.parametrize(
    "ask",
    [
        lambda journal: journal.verify(operaton="createUser"),
        lambda journal: journal.verify(sequence=[{"operation": "createUser"}, {"operaton": "listUsers"}]),
        lambda journal: journal.find(operaton="createUser"),
        lambda journal: journal.count(operaton="createUser"),
        lambda journal: journal.requests(operaton="createUser"),
    ],
)
def test_a_match_of_another_name_is_refused_with_the_names_there_are(session, ask):
    with pytest.raises(TypeError, match=r"has no 'operaton'; it has .*, operation, .*, user"):
        ask(session.journal)


def test_a_match_may_have_the_names_of_wiremock(session):
    consumer(session)

    session.journal.verify(urlPathPattern=".*/users", times=1)
    session.journal.verify(url_path_pattern=".*/users", times=1)
    assert session.journal.find(urlPathPattern=".*/nothing") == []


def test_a_refusal_is_explained(session):
    consumer(session, "POST", json={"email": ADA, "displayName": "Ada", "roles": [UC]})
    (refused,) = session.journal.requests()

    assert "accept-charges" in str(session.explain(refused.id))


def test_what_would_happen_is_told_and_does_not(session):
    path = f"/api/v1.0/customers/{session.customer_id}/users"

    trial = session.what_if("POST", path, body={"email": ADA, "displayName": "Ada"})
    assert trial.status == 201
    assert trial.changes["users"]["created"]
    assert session.users.find(ADA) is None
    refused = session.what_if("POST", path, body={"email": ADA, "displayName": "Ada", "roles": [UC]})
    assert (refused.status, refused.rule) == (400, "CHARGES-ACCEPTED")
    assert session.what_if("GET", path, token="nobody").status == 401


def test_coverage_is_of_the_session_and_of_the_whole_emulator(emulator, session):
    consumer(session)

    met = {one["id"] for one in session.coverage()["operations"] if one["count"]}
    assert met == {"listUsers"}
    assert emulator.coverage()["percent"] >= session.coverage()["percent"] > 0


def test_variables_lead_a_program_to_the_session(session):
    assert session.environment == {
        "DIMENSIONS_URL": session.url,
        "DIMENSIONS_BASE_URL": session.api_url,
        "DIMENSIONS_TOKEN": session.token,
        "DIMENSIONS_CUSTOMER_ID": session.customer_id,
        "DIMENSIONS_ACCOUNT_ID": session.account_id,
    }


def test_a_world_without_anybody_to_be_says_so(emulator, session):
    world = session.state()
    with emulator.session(world={**world, "callers": []}) as nobody:
        with pytest.raises(EmulatorError, match="this world has no token to begin with"):
            assert nobody.token
        with pytest.raises(EmulatorError, match="no token of this world opens a customer"):
            nobody.users.list()
        with pytest.raises(EmulatorError, match="no token of this world opens a customer"):
            nobody.platform.devices()


def test_a_mount_takes_only_the_addresses_that_it_is_given(session):
    own = requests.Session()
    session.mount(own, "https://api.dimensions.example/")

    users = f"https://api.dimensions.example/api/v1.0/customers/{session.customer_id}/users"
    assert own.get(users, headers={"Authorization": f"Bearer {session.token}"}, timeout=10).ok
    with pytest.raises(requests.ConnectionError):
        own.get("http://127.0.0.1:1/", timeout=10)


def test_a_mount_keeps_the_retries_of_the_consumer(session):
    own = requests.Session()
    retries = requests.adapters.Retry(total=2, status_forcelist=[503], backoff_factor=0, allowed_methods=None)
    own.mount("https://api.dimensions.example/", requests.adapters.HTTPAdapter(max_retries=retries))
    session.mount(own)
    session.faults.add(status=503, count=2)

    users = f"https://api.dimensions.example/api/v1.0/customers/{session.customer_id}/users"
    assert own.get(users, headers={"Authorization": f"Bearer {session.token}"}, timeout=10).ok
    session.journal.verify(operation="listUsers", times=3)


def test_events_are_told_as_they_happen(place):
    with place.session() as session, session.events.listen("user.created", "mail.sent", timeout=5) as events:
        session.users.create(ADA)

        told = [next(events), next(events)]
        assert {event.type for event in told} == {"user.created", "mail.sent"}
        created = next(event for event in told if event.type == "user.created")
        assert created.data["user"]["email"] == ADA
        with session.events.listen("user.created", after=created.id - 1) as again:
            assert next(again).id == created.id


def test_an_event_that_does_not_happen_is_not_waited_for_without_end(place):
    with (
        place.session() as session,
        session.events.listen(timeout=0.1) as events,
        pytest.raises(AssertionError, match=r"no event came within 0\.1 s"),
    ):
        next(events)


def test_events_end_with_the_session(place):
    session = place.session()
    with session.events.listen(timeout=5) as events:
        session.discard()
        assert list(events) == []


def test_events_of_no_type_are_refused(session):
    with (
        pytest.raises(Refused, match=r"no events of the type 'user\.born'"),
        session.events.listen("user.born"),
    ):
        pass


def test_webhooks_are_added_listed_and_removed(session):
    with raw_target(lambda _: reply()) as target:
        added = session.webhooks.add(f"{target.url}/hook", events=["created"], retries=0, secret="s")
        session.users.create(ADA)
        deadline = time.monotonic() + 10
        while not session.webhooks.deliveries(webhook=added["id"], state="delivered"):
            assert time.monotonic() < deadline
            time.sleep(0.01)

    assert [webhook["id"] for webhook in session.webhooks.list()] == [added["id"]]
    assert target.lines == ["POST /hook HTTP/1.1"]
    session.webhooks.remove(added["id"])
    assert session.webhooks.list() == []
