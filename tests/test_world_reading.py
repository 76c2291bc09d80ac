"""World files: what is read, in its usual spelling."""

import json
import subprocess
import sys

import pytest
import yaml

from dimensions_contracts import catalog
from dimensions_emulator import world_check, world_file
from dimensions_fixtures import worlds

CATALOG = catalog.load()
HEAD = """\
version: 1
accounts:
  reseller: {name: Reseller}
customers:
  us: {account: reseller, name: One}
  uk: {account: reseller, name: Two, countryCode: GB}
"""
ALICE = """\
users:
  alice@example.com:
    displayName: Alice
    memberships: {us: [customer.user]}
"""


def read(tmp_path, text, name="world.yaml"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return world_file.read(path)


@pytest.mark.parametrize(
    ("written", "value"),
    [("NO", "NO"), ("on", "on"), ("2020-01-01", "2020-01-01"), ("12:30", "12:30"), ("1e3", "1e3"),
     ("0x1F", "0x1F"), ("1_000", "1_000"), ("010", "010"), (".inf", ".inf"), ("'true'", "true"),
     ("!!str 5", "5"), ('"1001"', "1001")],
)  # fmt: skip
def test_plain_text_stays_text(tmp_path, written, value):
    world = read(tmp_path, HEAD.replace("Two", written))
    assert world["customers"]["uk"]["name"] == value


def test_keys_are_text_and_anchors_and_merges_work(tmp_path):
    text = HEAD + "  1: &one {account: reseller, name: A}\n  NO:\n    <<: [*one, {name: Z, timezone: UTC}]\n"
    customers = read(tmp_path, text + "    reference: r\n")["customers"]
    assert list(customers) == ["us", "uk", "1", "NO"]
    assert [customers["NO"].get(name) for name in ("name", "timezone", "reference")] == ["A", "UTC", "r"]


def test_a_document_is_spelled_one_way_with_defaults_filled_in(tmp_path):
    text = HEAD.replace("{name", "{id: '{AAAAAAAA-0000-4000-8000-000000000001}', name") + ALICE
    text = text.replace("[customer.user]", "[client.utilisateur, admin.user, user.admin]")
    text += "devices: [{id: d, customer: us, owner: ALICE@example.com}]\ncallers: [{token: t}]\n"
    world = read(tmp_path, text)
    assert world["accounts"]["reseller"]["id"] == "aaaaaaaa-0000-4000-8000-000000000001"
    alice = {"displayName": "Alice", "primaryTenant": "us", "activated": False}
    assert world["users"]["alice@example.com"] == alice | {
        "memberships": {"us": ["customer.user", "user.admin"]}
    }
    assert world["devices"][0]["owner"] == "alice@example.com"
    assert world["customers"]["us"]["features"] == {"agent": 1000, "device": 1000}
    assert world["customers"]["us"]["sendNewUserEmail"] is True
    assert world["callers"] == [
        {"token": "t", "name": "", "accounts": [], "customers": [], "scopes": ["onboarding"]}
    ]
    assert world["mails"] == world["charges"] == []


def test_role_sets_that_break_the_rules_are_loaded_as_they_are(tmp_path):
    roles = "customer.user.supervisorl1, customer.user.supervisorl2, customer.user.uc.softphone"
    world = read(tmp_path, HEAD + ALICE.replace("customer.user", roles))
    assert world["users"]["alice@example.com"]["memberships"]["us"] == roles.split(", ")


def test_mail_and_charges_of_an_export_are_read(tmp_path):
    user, sent = "1" * 32, "2026-03-04T09:30:15.1234567Z"
    mail = {"id": 1, "kind": "activation", "customer": "us", "user": user, "to": "a@example.com"}
    mail |= {"displayName": "A", "origin": "http://localhost", "token": "t", "sent": sent}
    charge = {"id": 1, "customer": "us", "user": user, "role": "client.utilisateur.pbx", "at": sent}
    document = yaml.safe_load(HEAD) | {"mails": [mail], "charges": [charge]}
    world = read(tmp_path, json.dumps(document), "export")
    assert world["charges"][0]["role"] == "customer.user.pbx"
    assert world["mails"][0]["user"].count("-") == 4
    assert world_check.mistakes(world, CATALOG) == []


def test_yaml_in_braces_is_read_as_yaml(tmp_path):
    assert read(tmp_path, "{version: 1, accounts: {}, customers: {}}")["users"] == {}


def test_defaults_are_not_shared_between_entries(tmp_path):
    one, other = read(tmp_path, HEAD + "callers: [{token: a}, {token: b}]\n")["callers"]
    assert one["scopes"] == other["scopes"]
    assert one["scopes"] is not other["scopes"]


def test_the_starter_loads_without_mistakes(tmp_path):
    world = read(tmp_path, world_file.starter())
    assert len(world["users"]) == 4
    assert world["callers"][0]["token"] == "my-reseller-token"


@pytest.mark.parametrize("name", worlds.NAMES)
def test_a_named_world_survives_normalisation_and_yaml(tmp_path, name):
    once = read(tmp_path, worlds.text(worlds.document(name, **({"users": 60} if name == "crowd" else {}))))
    assert read(tmp_path, yaml.safe_dump(once, sort_keys=False)) == once


def test_a_world_without_mistakes_is_read_without_jsonschema():
    code = "import sys; from dimensions_emulator import world_file as w; w.read(sys.argv[1])"
    code += "; sys.exit('jsonschema' in sys.modules or 'yaml' in sys.modules)"
    path = worlds.FOLDER / "office.json"
    assert subprocess.run([sys.executable, "-c", code, path], check=False).returncode == 0
