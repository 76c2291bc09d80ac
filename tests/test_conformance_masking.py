import json
import time

import pytest

from contract_validators import validator
from dimensions_contracts import schema_files
from dimensions_contracts.conformance.masking import Masker

RUN = "k3v9q2xw7p"
SECRET = "s3cret-token/with+letters=="
ADA = f"ada.{RUN}@mail.example"
EVE = {
    "id": "bbbbbbbb-0000-4000-8000-000000000001",
    "displayName": "Eve O'Neill-Ünal 3rd",
    "email": "eve_o+x1@north-wind.corp.com",
    "primaryTenant": "cccccccc-0000-4000-8000-0000000000aa",
    "isParent": False,
}
OWN = {**EVE, "displayName": "Ada", "email": ADA}


@pytest.fixture
def masker():
    return Masker([SECRET, "good", ""], RUN)


def test_people_of_others_are_covered_letter_by_letter(masker):
    shown = json.loads(masker.text(json.dumps({"data": EVE})))["data"]

    assert shown == {**EVE, "displayName": "xxx xxxxxxx-xxxx 0xx", "email": "xxxxxxx0@xxxxx-xxxx.xxxx.xxx"}


def test_users_of_the_run_are_shown(masker):
    text = json.dumps({"data": [OWN, {**OWN, "email": ADA.upper()}]}, ensure_ascii=False)

    assert masker.text(text) == text


def test_everything_around_people_stays_as_it_was(masker):
    eve, ada = (
        '"email" :\t"eve@corp.com","x":[1,{"y":"}\\"{"}], "displayName":"Eve"',
        f'"email":"{ADA}","displayName":"Eve"',
    )
    text = f'{{ "data":[ {{{eve}}} ,{{{ada}}}]}}'

    assert masker.text(text) == text.replace("eve@corp.com", "xxx@xxxx.xxx").replace('"Eve"', '"xxx"', 1)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ('J\\u00fcrgen \\"Jo\\" M\\\\', "xxxxxx xxxx xx"),
        ("\\ud83d\\ude00 a", "x x"),
        ("😀 ü", "x x"),
        ("Ⅷ 12٣", "x 000"),
        ("", ""),
    ],
)
def test_an_escape_is_one_letter(masker, value, shown):
    assert masker.text(f'{{"email":"eve@corp.com","displayName":"{value}"}}') == (
        f'{{"email":"xxx@xxxx.xxx","displayName":"{shown}"}}'
    )


def test_answers_are_as_valid_as_they_were(masker):
    schemas = schema_files.load()
    users = [{**EVE, "email": email} for email in schemas["email-address"]["examples"]]
    answer = {
        "page_size": len(users),
        "data": users,
        "status": "success",
        "timestamp": "2026-11-25T10:00:00.0000000Z",
    }
    shown = json.loads(masker.text(json.dumps(answer)))

    validator("many-users", schemas).validate(answer)
    validator("many-users", schemas).validate(shown)
    assert [len(user["email"]) for user in shown["data"]] == [len(user["email"]) for user in users]
    assert list(shown["data"][0]) == list(EVE)


def test_objects_are_told_apart_however_deep_they_are(masker):
    inner = {"email": ADA, "displayName": "Ada"}
    text = json.dumps(
        {"email": "eve@corp.com", "displayName": "Eve", "inner": inner, "last": {"displayName": "Mallory"}}
    )
    shown = json.loads(masker.text(text))

    assert (shown["email"], shown["displayName"]) == ("xxx@xxxx.xxx", "xxx")
    assert shown["inner"] == inner
    assert shown["last"] == {"displayName": "xxxxxxx"}


def test_a_name_without_an_address_is_shown_if_it_carries_the_run(masker):
    text = json.dumps({"displayName": f"Conformance Ada {RUN}"})

    assert masker.text(text) == text


def test_one_address_of_the_run_does_not_uncover_another_one(masker):
    shown = masker.text(f'{{"email":"{ADA}","email":"eve@corp.com","displayName":"Eve"}}')

    assert "eve" not in shown.lower()


@pytest.mark.parametrize("name", ["Email", "EMAIL", "e-mail", "DisplayName", "display_name"])
def test_other_spellings_of_the_members_are_people_too(masker, name):
    assert "Eve" not in masker.text(json.dumps({"data": {name: "Eve Person"}}))


@pytest.mark.parametrize("cut", range(10, 90, 7))
def test_an_answer_that_was_cut_off_is_covered_too(masker, cut):
    text = json.dumps(
        {"data": [{"email": "eve@corp.com", "displayName": "Eve Everest", "roles": [], "id": 1}]}
    )[:cut]

    assert not {"eve@", "Eve"} & set(masker.text(text).replace('"', " ").replace("c", " c").split())
    assert "corp.com" not in masker.text(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mail to eve@corp.com.", "mail to xxx@xxxx.xxx."),
        ("<a href='mailto:eve@corp.com'>", "<a href='mailto:xxx@xxxx.xxx'>"),
        (f"mail to {ADA}", f"mail to {ADA}"),
        ("GET /_emulator/mail/messages?to=eve@corp.com", "GET /_emulator/mail/messages?to=xxx@xxxx.xxx"),
        ("a@b", "a@b"),
    ],
)
def test_addresses_anywhere_are_covered(masker, text, shown):
    assert masker.text(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"Authorization: Bearer {SECRET}", "Authorization: Bearer ***"),
        ("curl -H 'Authorization: Bearer abc.def' http://x", "curl -H 'Authorization: Bearer ***' http://x"),
        ('["Authorization","Bearer abc"]', '["Authorization","Bearer ***"]'),
        ('{"authorization": "Basic abc=="}', '{"authorization": "Basic ***"}'),
        ("AUTHORIZATION: abc", "AUTHORIZATION: ***"),
        (f"the token {SECRET} is wrong", "the token *** is wrong"),
        ("?access_token=s3cret-token%2Fwith%2Bletters%3D%3D&x", "?access_token=***&x"),
        ('{"token":"good"}', '{"token":"***"}'),
        ("goodness, not-good", "goodness, not-good"),
        ("bearer abcdefghijklmnopqrstuvw", "bearer ***"),
        ("a bearer token is needed", "a bearer token is needed"),
        ('WWW-Authenticate: Bearer realm="users"', 'WWW-Authenticate: Bearer realm="users"'),
        ("x eyJhbGciOiJub25l.eyJzdWIiOiIxIn0. y", "x *** y"),
    ],
)
def test_tokens_are_hidden(masker, text, shown):
    assert masker.text(text) == shown
    assert masker.secrets(text) == shown


def test_secrets_are_hidden_without_touching_people(masker):
    assert masker.secrets(f"{SECRET} of eve@corp.com") == "*** of eve@corp.com"


def test_a_secret_within_a_longer_one_leaves_nothing(masker):
    assert Masker(["abcdef", "abcdef-123456"], RUN).text("abcdef-123456") == "***"


def test_masking_twice_is_masking_once(masker):
    once = masker.text(json.dumps({"data": [EVE, OWN], "token": SECRET}))

    assert masker.text(once) == once


def test_a_long_list_is_covered_fast(masker):
    text = json.dumps({"data": [{**EVE, "email": f"eve{n}@corp.com"} for n in range(1000)]})
    begun = time.process_time()
    shown = masker.text(text)

    assert time.process_time() - begun < 0.5
    assert "eve" not in shown


@pytest.mark.parametrize(
    "text", ["{" * 50_000, '{"email":"' * 5_000, '"' + "\\" * 50_000, "a@" * 20_000, "a" * 50_000 + "@"]
)
def test_no_text_takes_long(masker, text):
    begun = time.process_time()
    masker.text(text)

    assert time.process_time() - begun < 2
