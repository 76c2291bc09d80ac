import pytest

from small_world import ADMIN, NOBODY, REMOTE, UC, UK, US, WEB, emulator, person, user_id

ME = user_id(3)
SENDS = {"activation": "sendActivationEmail", "uc-welcome": "sendUConnectActivationEmail"}


@pytest.fixture
def api():
    return world()


def world(**kw):
    visitor = person(4, WEB, primaryTenant="uk")
    visitor["memberships"]["uk"] = [WEB]
    users = {
        "admin@example.com": person(1, WEB, ADMIN),
        "me@example.com": person(3, WEB),
        "v@example.com": visitor,
    }
    return emulator(users, **kw)


def kinds(api, query=""):
    return [mail["kind"] for mail in api.mails(query)]


def send(api, kind, who=ME):
    return api.call("POST", f"{api.users}/{who}/{SENDS[kind]}")


@pytest.mark.parametrize("kind", SENDS)
def test_a_mail_is_sent_on_request(api, kind):
    assert send(api, kind).status == 204

    mail = api.mails()[0]
    assert (mail["kind"], mail["to"], mail["user"], mail["customer"]) == (kind, "me@example.com", ME, US)
    assert mail["subject"]
    assert mail["links"][0] in mail["text"]
    assert mail["links"][0] in mail["html"]


@pytest.mark.parametrize("kind", SENDS)
def test_a_mail_needs_no_body_and_takes_any(api, kind):
    for kw in ({"json": {}}, {"data": "nonsense", "content_type": "text/plain"}):
        assert api.call("POST", f"{api.users}/{ME}/{SENDS[kind]}", **kw).status == 204


@pytest.mark.parametrize("kind", SENDS)
def test_no_mail_from_another_than_the_primary_tenant(api, kind):
    answer = send(api, kind, user_id(4))

    assert (answer.status, answer.code, answer.rule) == (400, "TenantNotPrimary", "MAIL-PRIMARY")
    assert api.mails() == []
    api.customer = UK
    assert send(api, kind, user_id(4)).status == 204


@pytest.mark.parametrize("kind", SENDS)
def test_no_mail_to_an_unknown_user(api, kind):
    assert send(api, kind, NOBODY).rule == "USER-UNKNOWN"


def test_a_created_user_gets_one_activation_mail(api):
    created = api.create("new@example.com", name="New").data

    assert [(m["kind"], m["to"], m["user"]) for m in api.mails()] == [
        ("activation", "new@example.com", created["id"])
    ]


def test_no_activation_mail_where_the_customer_does_not_want_it():
    api = world(sendNewUserEmail=False)
    api.create()

    assert api.mails() == []


def test_gaining_the_uc_client_sends_one_welcome_mail(api):
    api.add(ME, UC)
    assert kinds(api) == ["uc-welcome"]

    api.add(ME, REMOTE)
    api.replace(ME, WEB, UC)
    assert kinds(api) == ["uc-welcome"]

    api.drop(ME, UC)
    api.add(ME, UC)
    assert kinds(api) == ["uc-welcome", "uc-welcome"]


def test_a_user_created_with_the_uc_client_gets_both_mails(api):
    api.create(roles=[UC])

    assert kinds(api) == ["activation", "uc-welcome"]


def test_no_welcome_mail_where_the_customer_does_not_want_it():
    api = world(sendConnectWelcomeEmail=False)
    api.add(ME, UC)
    api.create(roles=[UC])

    assert kinds(api) == ["activation"]


def test_a_refused_change_sends_nothing(api):
    api.add(ME, UC, charges=None)
    api.replace(ME, WEB, UC, "nonsense")
    api.create("me@example.com", [UC])

    assert api.mails() == []


def test_mails_are_found_by_address_kind_and_customer(api):
    api.create("new@example.com", [UC])
    send(api, "activation")

    assert kinds(api, "?to=NEW@example.com") == ["activation", "uc-welcome"]
    assert kinds(api, "?kind=uc-welcome") == ["uc-welcome"]
    assert kinds(api, f"?customer={UK}") == []
    assert kinds(api, f"?customer={US.upper()}&to=me@example.com") == ["activation"]


def test_matching_mails_can_be_deleted(api):
    api.create("new@example.com", [UC])
    send(api, "activation")

    assert api.control("mail/messages?to=new@example.com&kind=activation", "DELETE").status == 200
    assert [(m["kind"], m["to"]) for m in api.mails()] == [
        ("uc-welcome", "new@example.com"),
        ("activation", "me@example.com"),
    ]
    api.control("mail/messages", "DELETE")
    assert api.mails() == []
    send(api, "activation")
    assert api.mails()[0]["id"] == 4


def test_opening_the_activation_link_activates_the_user(api):
    created = api.create(name='<b>"New"</b>').data
    path = api.mails()[0]["links"][0].removeprefix("http://localhost")
    activated = lambda: api.state()["users"]["new@example.com"]["activated"]  # noqa: E731

    assert api.call("HEAD", path).status == 200
    assert not activated()
    page = api.call("GET", path, token="")
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert b"<b>" not in page.body
    assert b"&lt;b&gt;" in page.body
    assert activated()
    assert api.call("GET", path).status == 200
    api.delete(created["id"])
    assert api.call("GET", path).status == 404


@pytest.mark.parametrize("token", ["nonsense", "%3Cscript%3E", "x" * 5000])
def test_an_unknown_activation_link_is_a_page_that_says_so(api, token):
    page = api.call("GET", f"/_emulator/activate/{token}")

    assert page.status == 404
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert b"<script>" not in page.body


def test_the_welcome_link_leads_to_a_page(api):
    send(api, "uc-welcome")

    assert api.call("GET", api.mails()[0]["links"][0].removeprefix("http://localhost")).status == 200
