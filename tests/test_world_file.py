"""World files: read from YAML and JSON, or refused with every mistake and its line."""

import pytest
import yaml
from jsonschema import Draft202012Validator

from dimensions_contracts import catalog
from dimensions_emulator import world_check, world_file, world_schema

CATALOG = catalog.load()
HEAD = """\
version: 1
accounts:
  reseller: {name: Reseller}
customers:
  us: {account: reseller, name: One}
  uk: {account: reseller, name: Two, countryCode: GB}
"""
GUID = "a" * 8 + "-1111-1111-1111-" + "1" * 12
ONE_ID = HEAD.replace("name: Reseller", f"name: R, id: {GUID}").replace("One", f"X, id: '{{{GUID.upper()}}}'")
ALICE = """\
users:
  alice@example.com:
    displayName: Alice
    memberships: {us: [customer.user]}
"""
BOB = f"    displayName: B\n    id: {GUID}\n    memberships: {{us: []}}\n"
CHAIN = "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 900)).replace("*a0", "x")


def read(tmp_path, text, name="world.yaml"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return world_file.read(path)


def refused(tmp_path, text, name="world.yaml"):
    with pytest.raises(world_file.WorldFileInvalid) as caught:
        read(tmp_path, text, name)
    return caught.value


MISTAKES = {
    "wrong version": (HEAD.replace("1", "2", 1), 1, "version: 2 does not fit; expected the version"),
    "no accounts": ("version: 1\ncustomers: {}\n", 1, "accounts: this is missing; expected the accounts"),
    "unknown member": (HEAD + "user: {}\n", 7, 'there is no member "user" here; did you mean "users"?'),
    "not near any": (HEAD + "zzz: {}\n", 7, 'no member "zzz" here; expected one of version, accounts'),
    "missing name": (HEAD + "  x: {account: reseller}\n", 7, "customers/x/name: this is missing"),
    "text as number": (HEAD + "devices:\n  - customer: us\n    id: 7\n", 9, "7 is a number; .*in quotes"),
    "list as text": (HEAD + "devices: us\n", 7, '"us" is text; expected the softphone devices .* as a list'),
    "empty": (HEAD + "devices:\n", 7, "null is empty; expected"),
    "yes is text": (HEAD + ALICE + "    activated: yes\n", 11, '"yes" is text; expected true'),
    "negative": (HEAD + "  x: {account: reseller, name: X,\n  features: {agent: -1}}\n", 8, "-1 does not"),
    "long name": (HEAD + ALICE.replace("Alice", "A" * 101), 9, "does not fit; expected .* 1 to 100"),
    "client type": (HEAD + "devices: [{id: a, customer: us, clientType: deskto}]\n", 7, 'mean "desktop"'),
    "unknown account": (HEAD + "  x: {account: resellr, name: X}\n", 7, 'no account "resellr"; did you mean'),
    "unknown customer": (HEAD + ALICE.replace("us:", "eu:"), 10, "memberships/eu: there is no customer"),
    "unknown primary": (HEAD + ALICE + "    primaryTenant: moon\n", 11, "no customer or account .* us, uk"),
    "unknown role": (HEAD + ALICE.replace(".user]", ".usr]"), 10, 'us/0: .*usr"; .*"customer.user"'),
    "no such role": (HEAD + ALICE.replace("customer.user", "king"), 10, "expected a key that"),
    "belongs nowhere": (HEAD + ALICE.replace("us: [customer.user]", ""), 8, "the user belongs nowhere"),
    "no address": (HEAD + ALICE.replace("@", "(at)"), 8, "does not fit; expected an e-mail address"),
    "address twice": (HEAD + ALICE + "  Alice@Example.com: {displayName: A, memberships: {}}\n", 11, "used"),
    "key twice": (HEAD + ALICE + "    displayName: Ann\n", 11, "displayName. is here twice; expected it"),
    "no guid": (HEAD + ALICE + "    id: 12-34\n", 11, "expected a GUID such as"),
    "guid and newline": (HEAD + ALICE + f'    id: "{"1" * 32}\\n"\n', 11, "expected a GUID such as"),
    "id twice": (ONE_ID + ALICE, 5, "id .* is already used at accounts/reseller/id"),
    "user id twice": (HEAD + ALICE + f"    id: {GUID}\n  b@e.com:\n{BOB}", 14, "id .*used at users/alice"),
    "key of both": (HEAD + "  reseller: {account: reseller, name: X}\n", 7, "already used at accounts/res"),
    "unknown owner": (HEAD + "devices: [{id: a, customer: us, owner: b@e.com}]\n", 7, "has no user"),
    "device twice": (HEAD + "devices:\n- {id: a, customer: us}\n- {id: a, customer: us}\n", 9, "vices/0/id"),
    "token twice": (HEAD + "callers:\n- {token: a}\n- {token: a}\n", 9, "token .* already used at callers/0"),
    "caller sees": (HEAD + "callers:\n- {token: a, accounts: [us]}\n", 8, "accounts/0: there is no account"),
    "expires": (HEAD + "callers:\n- {token: a, expires: 2020-01-01}\n", 8, "expected a timestamp with"),
    "no moment": (HEAD + "callers:\n- {token: a, expires: 2020-13-01T00:00:00Z}\n", 8, "is no moment"),
    "tag": (HEAD + ALICE.replace("Alice", "!name Alice"), 9, "the tag !name has no meaning here"),
    "odd key": (HEAD + "? [a]\n: b\n", 7, "a collection cannot be a key"),
    "self": (HEAD + "users: &u {a@example.com: *u}\n", 7, "part of what it stands for"),
    "merged text": (HEAD + "<<: text\n", 7, "only mappings can be merged"),
    "syntax": (HEAD + "users: {\n", 8, "expected"),
    "tab": ("version: 1\n\taccounts: {}\n", 2, "found a tab character"),
    "control": ("version: 1\n# \x07\n", 2, "expected printable text"),
    "two documents": ("version: 1\n---\nversion: 1\n", 2, "another document"),
    "not utf-8": (b"version: 1\nname: \xff\n", 2, "not UTF-8"),
    "deep": ("version: 1\nx: " + "[" * 100_000, 2, "nested too deeply|nesting depth"),
    "deep by aliases": (CHAIN, 1, "nested too deeply"),
    "merged": (HEAD + "  b:\n    <<: {account: nobody}\n    name: Y\n", 8, "no account"),
    "merged self": (HEAD + "users: &u {<<: *u, a: 1}\n", 7, "part of what it stands for|1 is a number"),
    "list": ("- a\n", 1, "is a list; expected a world"),
    "text": ("hello", 1, '"hello" is text; expected a world'),
}  # fmt: skip


@pytest.mark.parametrize(("text", "line", "told"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_with_its_line_and_what_is_expected(tmp_path, text, line, told):
    error = refused(tmp_path, text)
    assert [mistake.line for mistake in error.mistakes if mistake.line] == [line] * len(error.mistakes)
    assert str(error).startswith(f"{tmp_path}/world.yaml:{line}: ")
    with pytest.raises(world_file.WorldFileInvalid, match=told):
        raise error


JSON_MISTAKES = {
    "syntax": ('{"version": 1,\n "accounts": }', 2, 14, "unexpected character.*; expected JSON"),
    "empty": ("", 1, 1, "expected JSON"),
    "surrogate": ('{"version":\n "\\ud800"}', 2, None, "surrogate"),
    "deep": ("[" * 5_000, 1, None, "depth limit exceeded"),
    "rather deep": ('{"version": ' + "[" * 1_000 + "]" * 1_000 + "}", 1, None, "nested|is a list"),
    "twice": ('{"version": 1, "accounts": {},\n "customers": {},\n\t"customers": {}}', 3, 2, "here twice"),
    "typo": ('{"version": 1, "accounts": {},\n "customers": {}, "\\u0075ser": []}', 2, 19, "mean .users"),
    "in a list": (
        '{"version":1,"accounts":{},"customers":{},\n"callers":[{"token":"\\"}]{"},\n{"token":"a b"}]}',
        3, 2, "callers/1/token",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "line", "column", "told"), JSON_MISTAKES.values(), ids=JSON_MISTAKES)
def test_a_mistake_in_json_is_told_with_its_line(tmp_path, text, line, column, told):
    error = refused(tmp_path, text, "world.json")
    assert error.mistakes[0].line in {line, None}
    assert column is None or error.mistakes[0].column == column
    with pytest.raises(world_file.WorldFileInvalid, match=told):
        raise error


def test_all_mistakes_are_told_at_once_in_the_order_of_lines(tmp_path):
    text = HEAD.replace("One", "''") + ALICE.replace("customer.user", "x.y") + "    name: A\ncallers: [{}]\n"
    error = refused(tmp_path, text)
    assert [mistake.line for mistake in error.mistakes] == [5, 10, 11, 12]
    assert str(error).count("\n") == 3


@pytest.mark.parametrize(
    ("name", "told"), [("", "is a directory"), ("none.yaml", "no such file"), ("none.json", "no such file")]
)
def test_a_file_that_cannot_be_read_is_one_clear_mistake(tmp_path, name, told):
    with pytest.raises(
        world_file.WorldFileInvalid, match=f"{told}.*; expected a world file in YAML or JSON"
    ) as caught:
        world_file.read(tmp_path / name)
    assert len(caught.value.mistakes) == 1


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_an_empty_file_is_one_mistake(tmp_path, text):
    assert len(refused(tmp_path, text).mistakes) == 1


def test_an_alias_bomb_is_refused_quickly(tmp_path):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    assert "aliases grow" in str(refused(tmp_path, "\n".join(lines)))


@pytest.mark.parametrize("junk", [None, 1, "x", [], {}, [{}], {"us": None}, {"a": {"b": []}}, [[1]], True])
@pytest.mark.parametrize(
    "member", ["accounts", "customers", "users", "devices", "callers", "mails", "charges"]
)
def test_documents_of_any_shape_are_judged_without_a_crash(member, junk):
    document = yaml.safe_load(HEAD + ALICE) | {member: junk}
    found = world_check.mistakes(document, CATALOG)
    if not Draft202012Validator(world_schema.schema()).is_valid(document):
        assert found


def test_a_value_that_does_not_fit_is_told_once(tmp_path):
    error = refused(tmp_path, HEAD + "callers: [{token: a, expires: never}]\n")
    assert [mistake.where for mistake in error.mistakes] == ["callers/0/expires"]


def test_a_document_nested_without_end_is_one_mistake():
    deep = []
    for _ in range(5_000):
        deep = [deep]
    found = world_check.mistakes(yaml.safe_load(HEAD) | {"version": deep}, CATALOG)
    assert [mistake.message for mistake in found] == ["nested too deeply; expected a world"]


@pytest.mark.parametrize("junk", [None, 1, {}, [], [{}], {"us": {}}, {"us": [{}, []]}, {"us": "x"}])
@pytest.mark.parametrize("member", ["memberships", "primaryTenant", "id", "displayName", "activated"])
def test_users_of_any_shape_are_judged_without_a_crash(member, junk):
    document = yaml.safe_load(HEAD + ALICE)
    document["users"]["alice@example.com"][member] = junk
    assert world_check.mistakes(document, CATALOG)


def test_the_address_of_a_world_is_the_address_of_the_api():
    shared = catalog.read("schemas/email-address.json")
    assert world_schema.schema()["$defs"]["email"]["pattern"] == shared["pattern"]


def test_every_member_of_the_schema_is_described_and_every_object_closed():
    def walk(part):
        assert part.get("description"), part
        assert "properties" not in part or part["additionalProperties"] is False
        for inner in (
            *part.get("properties", {}).values(),
            part.get("items"),
            part.get("additionalProperties"),
        ):
            if isinstance(inner, dict) and "$ref" not in inner:
                walk(inner)

    whole = world_schema.schema()
    for part in (whole, *whole["$defs"].values()):
        walk(part)
