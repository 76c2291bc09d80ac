"""Invented people: same seed, same people; names and addresses agree."""

import re
import subprocess
import sys
import unicodedata
from itertools import islice

import pytest

from dimensions_fixtures.people import DOMAINS, people

LATIN = ("en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "pl_PL", "hu_HU", "az_AZ")
OTHER = ("ja_JP", "ru_RU", "el_GR", "zh_CN", "ko_KR", "ar_AA", "he_IL", "hi_IN", "th_TH")


def some(number, seed, *locales):
    return list(islice(people(seed, locales), number))


def plain(text):
    return "".join(letter for letter in unicodedata.normalize("NFKD", text).lower() if letter.isascii())


def test_the_same_seed_gives_the_same_people():
    assert some(200, 7, "en_US", "de_DE") == some(200, 7, "en_US", "de_DE")


def test_another_seed_gives_other_people():
    assert some(20, 7, "en_US") != some(20, 8, "en_US")


def test_locales_come_in_turn():
    assert [person.locale for person in some(5, 1, "en_US", "fr_FR")] == ["en_US", "fr_FR"] * 2 + ["en_US"]


@pytest.mark.parametrize("locale", LATIN + OTHER)
def test_addresses_are_unique_ascii_and_on_reserved_domains(locale):
    found = some(2_000, 3, locale)
    assert len({person.email for person in found}) == len(found)
    for person in found:
        local, _, domain = person.email.partition("@")
        assert re.fullmatch(r"[a-z]+\.[a-z]+[0-9]*|user-[0-9]+", local)
        assert domain in DOMAINS
        assert 1 <= len(person.display_name) <= 100


@pytest.mark.parametrize("locale", ["en_US", "en_GB", "fr_FR"])
def test_an_address_is_made_of_the_name(locale):
    for person in some(200, 5, locale):
        letters = re.sub("[^a-z]", "", plain(person.display_name))
        assert letters == re.sub("[^a-z]", "", person.email.partition("@")[0])


@pytest.mark.parametrize(
    ("locale", "letter", "latin"), [("de_DE", "ü", "ue"), ("es_ES", "ñ", "n"), ("ru_RU", "Ж", "zh")]
)
def test_letters_are_transliterated_as_the_language_does(locale, letter, latin):
    person = next(person for person in people(2, (locale,)) if letter in person.display_name)
    assert latin in person.email


@pytest.mark.parametrize("locale", OTHER)
def test_names_in_other_scripts_keep_their_script_and_get_a_latin_address(locale):
    found = some(200, 2, locale)
    assert not any(person.display_name.isascii() for person in found)
    assert not any(person.email.startswith("user-") for person in found)


def test_japanese_addresses_are_the_reading_of_the_name():
    named = {person.display_name: person.email for person in some(3_000, 1, "ja_JP")}
    found = [email for name, email in named.items() if name.startswith("佐藤")]
    assert found
    assert all("sato" in email for email in found)


def test_hungarian_names_put_the_family_first():
    person = some(1, 1, "hu_HU")[0]
    first, last = person.email.partition("@")[0].split(".")
    assert plain(person.display_name).replace("-", "").split() == [last, first]


def test_a_name_without_letters_gets_a_numbered_address(monkeypatch):
    monkeypatch.setattr("faker.decode.unidecode", lambda _: "")
    assert [person.email.partition("@")[0] for person in some(2, 1, "ko_KR")] == ["user-1", "user-2"]


def test_a_locale_may_be_written_with_a_hyphen():
    assert some(3, 1, "de-DE") == some(3, 1, "de_DE")


@pytest.mark.parametrize("locale", ["xx_XX", "english", ""])
def test_an_unknown_locale_is_refused_at_once_with_examples(locale):
    with pytest.raises(ValueError, match=rf"'{locale}' is not a locale of Faker; .*en_US.*de_DE"):
        people(1, ("en_US", locale))


def test_no_locale_at_all_is_refused():
    with pytest.raises(ValueError, match="no locale is given"):
        people(1, ())


def test_importing_the_fixtures_does_not_import_faker():
    code = "import sys, dimensions_fixtures.people, dimensions_fixtures.worlds as w; w.document('office')"
    code += "; sys.exit('faker' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
