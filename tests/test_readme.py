"""The README, done as it says."""

import json
import os
import re
import shutil
import signal
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
START = next(block for block in BLOCKS if "dimensions-emulator serve" in block)
TRIES = [block for block in BLOCKS if "curl" in block or "USERS=" in block]
PATIENCE = 300


@contextmanager
def started(script, cwd, **environment):
    """A shell that runs the script, and the address of the server it starts."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DIMENSIONS_", "PYTHON", "COV"))
    }
    shell = subprocess.Popen(
        ["bash", "-ec", script],
        cwd=cwd,
        env={**kept, "DIMENSIONS_EMULATOR_PORT": "0", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    watch = threading.Timer(PATIENCE, lambda: os.killpg(shell.pid, signal.SIGKILL))
    watch.start()
    drain = threading.Thread(target=shell.stdout.read, daemon=True)
    seen = []
    try:
        for line in shell.stdout:
            seen.append(line)
            if found := re.fullmatch(r"Ready\. (\S+)\n", line):
                drain.start()
                yield found.group(1), seen
                return
        pytest.fail("never ready:\n" + "".join(seen[-30:]))
    finally:
        watch.cancel()
        if shell.poll() is None:
            os.killpg(shell.pid, signal.SIGINT)
        status = shell.wait(30)
        if drain.ident is not None:
            drain.join()
        shell.stdout.close()
    assert status == 0


def test_the_first_command_installs_and_starts_a_server_that_the_rest_can_be_tried_on(tmp_path):
    here = tmp_path / "checkout"
    left = shutil.ignore_patterns(".git", ".venv", ".*_cache", ".hypothesis", "__pycache__", "*.egg-info")
    shutil.copytree(ROOT, here, ignore=left)

    with started(START, here) as (url, _):
        script = "\n".join(TRIES).replace("http://127.0.0.1:4020", url)
        done = subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", script],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert done.returncode == 0, done.stderr
    bodies = [json.loads(body) for body in re.findall(r"^\{.*?\}(?=\{|\r?$|HTTP)", done.stdout, re.MULTILINE)]
    assert bodies[0]["page_size"] == 3
    rules = re.findall(r"^X-Emulator-Rule: (\S+)", done.stdout, re.MULTILINE)
    assert rules == re.findall(r"^# 400 … X-Emulator-Rule: (\S+)", README, re.MULTILINE)
    assert '"roles":["customer.user"]' in done.stdout
    assert '"kind":"activation"' in done.stdout
    assert '"role":"customer.user.supervisorl1"' in done.stdout
    assert '"error":500' not in done.stdout


def test_the_tables_name_what_there_is():
    decisions = json.loads((ROOT / "contracts/dimensions_contracts/decisions.json").read_text("utf-8"))[
        "decisions"
    ]
    for decision in decisions:
        choices = ", ".join(f"`{choice}`" for choice in decision["choices"])
        assert f"| `{decision['key']}` | {choices} |" in README


def test_the_counts_are_true():
    catalogue = ROOT / "contracts/dimensions_contracts"
    roles = json.loads((catalogue / "roles.json").read_text("utf-8"))["roles"]
    rules = json.loads((catalogue / "rules.json").read_text("utf-8"))["rules"]

    assert f"{len(roles)} roles" in README
    assert f"{sum('do' in rule for rule in rules)} rules" in README
