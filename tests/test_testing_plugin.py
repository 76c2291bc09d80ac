"""The pytest plugin, as consumers' test runs load it."""

import os
import subprocess
import sys
from textwrap import dedent
from xml.etree import ElementTree as ET

import pytest

from server_process import serving

pytest_plugins = ["pytester"]

LIGHT = [f"-pno:{name}" for name in ("cacheprovider", "schemathesis", "hypothesispytest", "faker", "anyio")]
CALL = """
import pytest

def listed(world, **headers):
    users = f"{world.api_url}/customers/{world.customer_id}/users"
    headers = {"Authorization": f"Bearer {world.token}", **headers}
    return world.requests_session().get(users, headers=headers, timeout=10)
"""


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    """Keep what is set around this test run from the one in it."""
    for name in list(os.environ):
        if name.startswith("DIMENSIONS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv(
        "PYTEST_ADDOPTS", "-p no:cacheprovider -p no:schemathesis -p no:hypothesispytest -p no:faker"
    )


@pytest.fixture
def run(pytester):
    def start(text, *options):
        pytester.makepyfile(CALL + dedent(text))
        return pytester.runpytest_subprocess(*LIGHT, "-Werror", "--strict-markers", *options, timeout=60)

    return start


def test_every_test_has_a_fresh_world_in_one_emulator(run):
    seen = run(
        """
        worlds = []

        @pytest.mark.parametrize("turn", [1, 2])
        def test_fresh(dimensions, dimensions_world, turn):
            assert dimensions_world.users.find("ada@mail.example") is None
            dimensions_world.users.create("ada@mail.example")
            assert listed(dimensions_world).ok
            worlds.append((dimensions.url, dimensions_world.name))

        def test_after(dimensions):
            (url, one), (again, other) = worlds
            assert url == again == dimensions.url
            assert one != other
            assert [session["name"] for session in dimensions.sessions()] == ["default"]
        """
    )

    seen.assert_outcomes(passed=3)


def test_consumer_code_with_a_base_url_works_in_another_process(run):
    run(
        """
        import os, subprocess, sys

        SCRIPT = '''
        import os, urllib.request
        users = f"{os.environ['DIMENSIONS_BASE_URL']}/customers/{os.environ['DIMENSIONS_CUSTOMER_ID']}/users"
        call = urllib.request.Request(users, headers={"Authorization": "Bearer " + os.environ["DIMENSIONS_TOKEN"]})
        print(urllib.request.urlopen(call).headers["X-Emulator-Session"])
        '''

        def test_it(dimensions_world, dimensions_environment):
            done = subprocess.run([sys.executable, "-c", SCRIPT.replace("        ", "")], capture_output=True, text=True)
            assert done.stdout.strip() == dimensions_world.name, done.stderr
            assert dimensions_environment["DIMENSIONS_URL"] == os.environ["DIMENSIONS_URL"]

        def test_the_variables_are_gone():
            assert "DIMENSIONS_URL" not in os.environ
        """
    ).assert_outcomes(passed=2)


@pytest.mark.parametrize("options", [[], ["--dimensions-in-process"]], ids=["server", "in-process"])
def test_options_choose_world_seed_and_place(run, options):
    run(
        f"""
        def test_it(dimensions, dimensions_world):
            own = next(one for one in dimensions.sessions() if one["name"] == dimensions_world.name)
            assert (own["world"], own["seed"]) == ("call-centre", 7)
            assert dimensions.url.endswith(".invalid") is {bool(options)}
            assert listed(dimensions_world).ok
        """,
        "--dimensions-world=call-centre",
        "--dimensions-seed=7",
        *options,
    ).assert_outcomes(passed=1)


def test_a_marker_chooses_world_faults_and_seed_and_the_nearest_one_wins(run):
    run(
        """
        @pytest.mark.dimensions(world="empty", seed=3)
        class TestMarked:
            def test_world(self, dimensions_world):
                assert dimensions_world.users.list() == []

            @pytest.mark.dimensions(
                faults=[{"operation": "listUsers", "status": 503, "count": 1}, {"method": "POST", "break": "reset"}]
            )
            def test_faults(self, dimensions, dimensions_world):
                assert [listed(dimensions_world).status_code for _ in range(2)] == [503, 200]
                with pytest.raises(Exception, match="reset by peer"):
                    dimensions_world.users.create("ada@mail.example")
                own = next(one for one in dimensions.sessions() if one["name"] == dimensions_world.name)
                assert (own["world"], own["seed"]) == ("empty", 3)
        """
    ).assert_outcomes(passed=2)


def test_a_world_file_may_lie_beside_its_test(pytester):
    beside = pytester.mkdir("inner")
    (beside / "own.yaml").write_text(
        "version: 1\naccounts: {a: {name: A}}\ncustomers: {c: {account: a, name: C, countryCode: US}}\n"
        "callers: [{name: me, token: mine, accounts: [a], scopes: [onboarding]}]\n",
        "utf-8",
    )
    (beside / "test_inner.py").write_text(
        "import pytest\n\n"
        "@pytest.mark.dimensions(world='own.yaml')\n"
        "def test_file(dimensions_world):\n"
        "    assert dimensions_world.token == 'mine'\n",
        "utf-8",
    )
    pytester.runpytest_subprocess(*LIGHT, "inner", timeout=60).assert_outcomes(passed=1)


MISTAKES = {
    "wrld='office'": "@pytest.mark.dimensions takes world=…, faults=…, seed=…; not 'wrld'",
    "'office'": "@pytest.mark.dimensions takes world=…, faults=…, seed=…; not 'office'",
    "world='nowhere'": "the Dimensions world of this test cannot be had: *world is one of*",
    "world='no.yaml'": "the Dimensions world of this test cannot be had: no.yaml: *",
    "seed='x'": "the Dimensions world of this test cannot be had: *seed is a whole number*",
    "faults={'status': 503}": "faults of @pytest.mark.dimensions is a list of dicts, such as*",
    "faults=[{'statsu': 503}]": "the fault {'statsu': 503} of @pytest.mark.dimensions is not one: *",
    "faults=[{'status': 5}]": "the fault {'status': 5} of @pytest.mark.dimensions is not one: *",
    "faults='x'": "faults of @pytest.mark.dimensions is a list of dicts, such as*",
}


def test_a_marker_with_a_mistake_says_which(run):
    tests = (
        f"@pytest.mark.dimensions({marker})\ndef test_{number}(dimensions_world): pass\n"
        for number, marker in enumerate(MISTAKES)
    )
    seen = run("".join(tests))

    seen.assert_outcomes(errors=len(MISTAKES))
    seen.stdout.fnmatch_lines(list(MISTAKES.values()))
    seen.stdout.no_fnmatch_line("*Traceback*")
    seen.stdout.no_fnmatch_line("*During handling of the above exception*")


def test_a_marker_without_a_world_to_be_about_is_refused(run):
    seen = run(
        """
        @pytest.mark.dimensions(world="empty")
        def test_none(dimensions): pass

        @pytest.mark.dimensions(world="empty")
        @pytest.mark.usefixtures("dimensions_world")
        def test_used(): pass

        @pytest.mark.dimensions(world="empty")
        class TestMany:
            def test_one(self, dimensions_world_async): assert dimensions_world_async.sync.users.list() == []
            def test_other(self): pass
        """
    )

    seen.assert_outcomes(passed=3, errors=1)
    seen.stdout.fnmatch_lines(["*@pytest.mark.dimensions is about the `dimensions_world` of a test*"])


def test_a_marker_may_say_that_there_are_no_world_seed_and_faults_of_its_own(run):
    run(
        """
        @pytest.mark.dimensions(world="empty", faults=[{"status": 503}], seed=3)
        class TestMany:
            @pytest.mark.dimensions(world=None, faults=None, seed=None)
            def test_it(self, dimensions_world):
                assert listed(dimensions_world).json()["data"]
        """
    ).assert_outcomes(passed=1)


def test_a_world_that_is_none_is_told_with_the_servers_reasons(run):
    seen = run("def test_it(dimensions_world): pass", "--dimensions-world=nowhere")

    seen.assert_outcomes(errors=1)
    seen.stdout.fnmatch_lines(
        ["the Dimensions emulator did not start: there is no world 'nowhere'; name one of *"]
    )
    seen.stdout.no_fnmatch_line("*During handling of the above exception*")


FAILING = """
def test_fails(dimensions_world):
    listed(dimensions_world, **{"X-Mine": "yes"})
    listed(dimensions_world, Authorization="Bearer nobody")
    assert False

def test_passes(dimensions_world):
    listed(dimensions_world)
"""


@pytest.mark.parametrize("options", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_a_failing_test_shows_what_its_session_was_asked(run, options):
    seen = run(FAILING, *options)

    seen.assert_outcomes(passed=1, failed=1)
    seen.stdout.fnmatch_lines(
        [
            "*- Requests of the Dimensions session test-fails-* -*",
            "request  call * status  ms * rule or fault",
            "1 * GET */customers/*/users * 200 *",
            "2 * GET */customers/*/users * 401 * AUTH-REQUIRED",
            "curl *X-Mine: yes*",
            "curl *",
        ]
    )
    assert str(seen.stdout).count("Requests of the Dimensions session") == 1


@pytest.mark.parametrize("options", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_the_requests_of_a_failing_test_are_in_its_junit_xml(run, options, tmp_path):
    report = tmp_path / "junit.xml"
    run(FAILING, f"--junit-xml={report}", *options)

    cases = {case.get("name"): case for case in ET.parse(report).iter("testcase")}
    (told,) = cases["test_fails"].iter("property")
    assert told.get("name") == "dimensions_requests"
    assert "AUTH-REQUIRED" in told.get("value")
    assert "curl " in told.get("value")
    assert list(cases["test_passes"].iter("property")) == []


def test_a_fixture_that_fails_at_its_end_shows_what_the_session_was_asked(run):
    seen = run(
        """
        @pytest.fixture
        def client(dimensions_world):
            yield dimensions_world
            assert listed(dimensions_world, Authorization="Bearer nobody").ok

        def test_it(client): pass

        def test_passes(dimensions_world): listed(dimensions_world)
        """
    )

    seen.assert_outcomes(passed=2, errors=1)
    seen.stdout.fnmatch_lines(
        [
            "*- Requests of the Dimensions session test-it-* -*",
            "1 * GET */customers/*/users * 401 * AUTH-REQUIRED",
        ]
    )
    assert str(seen.stdout).count("Requests of the Dimensions session") == 1


def test_what_a_failing_test_shows_is_bounded(run):
    seen = run(
        """
        def test_fails(dimensions_world):
            for number in range(200):
                listed(dimensions_world, **{"X-Long": "x" * 2000})
            assert False
        """
    )

    shown = str(seen.stdout)
    section = shown[shown.index("Requests of the Dimensions") :]
    assert "(170 requests before)" in section
    assert section.count("curl ") == 30
    assert len(section) < 50_000


def test_a_test_that_fails_without_a_call_says_so(run):
    seen = run("def test_fails(dimensions_world): assert False")

    seen.stdout.fnmatch_lines(["*- Requests of the Dimensions session test-fails-* -*", "none"])


def test_a_journal_that_cannot_be_had_hides_no_failure(run):
    seen = run("def test_fails(dimensions_world):\n    dimensions_world.discard()\n    assert 1 == 2")

    seen.assert_outcomes(failed=1)
    seen.stdout.fnmatch_lines(["E * assert 1 == 2", "cannot be had: *was deleted*"])


def test_workers_of_xdist_have_an_emulator_each(run, pytester):
    run(
        """
        import pathlib

        @pytest.mark.parametrize("number", range(8))
        def test_it(dimensions, dimensions_world, number, worker_id):
            dimensions_world.users.create("ada@mail.example")
            assert len(dimensions_world.mail.all()) == 1
            with pathlib.Path("seen.txt").open("a") as file:
                file.write(f"{worker_id} {dimensions.url}\\n")
        """,
        "-n",
        "2",
    ).assert_outcomes(passed=8)

    seen = {tuple(line.split()) for line in (pytester.path / "seen.txt").read_text().splitlines()}
    assert len(seen) == len({worker for worker, _ in seen}) == 2


def test_asynchronous_tests_have_the_same_session(run):
    run(
        """
        import asyncio

        def test_it(dimensions_world, dimensions_world_async):
            asyncio.run(dimensions_world_async.users.create("ada@mail.example"))
            assert dimensions_world.users.find("ada@mail.example")
        """
    ).assert_outcomes(passed=1)


def test_beside_an_emulator_that_runs_already_that_one_is_used(run, monkeypatch, tmp_path):
    with serving("--admin-token", "long-enough", cwd=tmp_path) as server:
        monkeypatch.setenv("DIMENSIONS_EMULATOR_URL", server.url)
        monkeypatch.setenv("DIMENSIONS_EMULATOR_ADMIN_TOKEN", "long-enough")
        run(
            f"""
            def test_it(dimensions, dimensions_world):
                assert dimensions.url == {server.url!r}
                assert dimensions_world.users.list() == []
                assert listed(dimensions_world).ok
            """,
            "--dimensions-world=empty",
        ).assert_outcomes(passed=1)
        assert server.call("GET", "/_emulator/readyz")[0] == 200


def test_the_plugin_is_described(pytester):
    told = pytester.runpytest_subprocess(*LIGHT, "--markers").stdout
    told.fnmatch_lines(["@pytest.mark.dimensions(world=…, faults=[[]…], seed=…): *"])
    pytester.runpytest_subprocess(*LIGHT, "--help").stdout.fnmatch_lines(
        [
            "Dimensions emulator:",
            "*--dimensions-world=WORLD",
            "*--dimensions-seed=N*",
            "*--dimensions-in-process*",
        ]
    )


def test_a_run_that_does_not_use_it_imports_nothing_of_it():
    script = (
        "import dimensions_emulator.testing.plugin, sys; print([n for n in sys.modules if 'dimensions' in n])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30
    )

    package = "dimensions_emulator"
    assert done.stdout.strip() == str([package, f"{package}.testing", f"{package}.testing.plugin"])


RUN_AGAIN = """
from _pytest.runner import runtestprotocol

def pytest_runtest_protocol(item, nextitem):
    for _ in range(2):
        item._initrequest()
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        if not any(report.failed for report in reports):
            break
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    return True
"""
ATTEMPTS = """
sessions = []

def test_never(dimensions_world):
    sessions.append(dimensions_world.name)
    listed(dimensions_world, **{"X-Attempt": str(len(sessions))})
    assert not sessions

def test_at_last(dimensions_world):
    sessions.append(dimensions_world.name)
    listed(dimensions_world)
    assert len(sessions) == 4
"""


def test_a_test_that_runs_again_shows_what_was_asked_this_time(run, pytester):
    pytester.makeconftest(RUN_AGAIN)
    seen = run(ATTEMPTS, "--junit-xml=seen.xml")

    seen.assert_outcomes(failed=1, passed=1)
    seen.stdout.fnmatch_lines(["*X-Attempt: 2*"])
    seen.stdout.no_fnmatch_line("*X-Attempt: 1*")
    never, at_last = ET.parse(pytester.path / "seen.xml").iter("testcase")
    (kept,) = [one.get("value") for one in never.iter("property") if one.get("name") == "dimensions_requests"]
    assert "X-Attempt: 2" in kept
    assert not list(at_last.iter("property"))


def test_a_variable_that_is_empty_leads_nowhere(run, monkeypatch):
    monkeypatch.setenv("DIMENSIONS_EMULATOR_URL", "")

    run("def test_it(dimensions_world): pass", "--dimensions-world=empty").assert_outcomes(passed=1)
