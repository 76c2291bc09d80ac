import json
import os
import subprocess
import sys
from importlib import metadata

import pytest
from click.testing import CliRunner

from dimensions_contracts import catalog as catalogue
from dimensions_contracts import openapi, schema_files
from dimensions_contracts.cli import main
from dimensions_contracts.versions import package_version

CATALOG = catalogue.load()


def run(*args):
    return CliRunner().invoke(main, args)


def test_openapi_prints_the_document_of_this_version():
    result = run("openapi")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == openapi.document(CATALOG, package_version())


def test_openapi_writes_the_document_to_a_file(tmp_path):
    result = run("openapi", "--output", str(tmp_path / "api.json"))
    assert (result.exit_code, result.stdout) == (0, "")
    assert json.loads((tmp_path / "api.json").read_text("utf-8"))["openapi"] == "3.1.0"


def test_a_file_that_cannot_be_written_is_one_clear_line(tmp_path):
    result = run("openapi", "--output", str(tmp_path / "missing" / "api.json"))
    assert result.exit_code == 1
    assert "No such file or directory" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_the_version_is_that_of_the_distribution(monkeypatch):
    monkeypatch.setattr(metadata, "version", {"dimensions-emulator": "4.5.6"}.__getitem__)
    assert json.loads(run("openapi").stdout)["info"]["version"] == "4.5.6"


def test_a_source_tree_has_version_zero(monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    assert package_version() == "0"


def test_schemas_lists_every_name_with_its_address():
    lines = [line.split() for line in run("schemas").stdout.splitlines()]
    assert dict(lines) == {name: schema["$id"] for name, schema in schema_files.load().items()}


@pytest.mark.parametrize("name", ["role-key", "role-key.json"])
def test_schemas_prints_the_one_named(name):
    assert json.loads(run("schemas", name).stdout) == schema_files.load()["role-key"]


def test_an_unknown_schema_is_one_line_with_near_matches():
    result = run("schemas", "user-path")
    assert result.exit_code == 2
    assert result.stderr == "Error: there is no schema user-path; did you mean user-patch?\n"


def test_rules_is_a_table_of_every_rule_with_its_mark():
    lines = run("rules").stdout.splitlines()
    for rule in CATALOG.rules.values():
        assert any(f" {rule.id} " in line and f" {rule.mark} " in line for line in lines)


def test_rules_as_json_has_every_rule_in_order_of_precedence():
    listed = json.loads(run("rules", "--json").stdout)
    assert [rule["id"] for rule in listed] == list(CATALOG.rules)
    last = next(rule for rule in listed if rule["id"] == "ADMIN-LAST")
    assert last["verbs"] == ["administrator_remains"]
    assert last["cases"].keys() == {"cases", "grid"}
    assert all(count > 0 for count in last["cases"].values())
    assert last["refuses"] == ["LastUserAdministrator"]
    assert (last["mark"], last["statement"]) == ("documented", CATALOG.rules["ADMIN-LAST"].statement)


@pytest.mark.parametrize("rule", CATALOG.rules.values(), ids=lambda rule: rule.id)
def test_explain_tells_all_that_is_known_about_a_rule(rule):
    told = run("explain", rule.id).stdout
    facts = [rule.statement, rule.mark, rule.source, *rule.refuses, *(step.verb for step in rule.steps)]
    facts += [f"{part}: {mark}" for part, mark in rule.marks.items()]
    facts += [str(CATALOG.errors[key].status) for key in rule.refuses]
    assert [fact for fact in facts if fact not in told] == []


def test_explain_takes_a_rule_in_lower_case():
    assert run("explain", "admin-last").stdout == run("explain", "ADMIN-LAST").stdout


@pytest.mark.parametrize(
    ("asked", "near"),
    [
        ("ADMIN-LAS", "; did you mean ADMIN-LAST?"),
        ("realtime", "; did you mean ROLE-REALTIME-SPREAD?"),
        ("MAIL-PRIMRY", "; did you mean MAIL-PRIMARY?"),
        ("zzz", ""),
    ],
)
def test_an_unknown_rule_is_one_line_with_near_matches(asked, near):
    result = run("explain", asked)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"Error: there is no rule {asked.upper()}{near}\n"


@pytest.mark.parametrize("command", [["openapi"], ["rules"], ["explain", "ROUTE"]])
def test_a_reader_who_stops_reading_causes_no_traceback(command):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        program = [sys.executable, "-c", "from dimensions_contracts.cli import main; main()", *command]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(
            program, stdout=writer, stderr=subprocess.PIPE, env=environment, text=True, check=False
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")
