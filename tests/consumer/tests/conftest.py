from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
import requests

from onboarding.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COLUMNS = ("email", "name", "roles", "device", "client")


@dataclass
class Run:
    """What a run of the tool came to; `rows` has state and note by address."""

    code: int
    output: str
    rows: dict[str, tuple[str, str]]

    def state(self, email):
        return self.rows[email][0]

    def note(self, email):
        return self.rows[email][1]


@dataclass
class Tool:
    """The tool, told by its environment where the service is; its pauses are noted, not waited for."""

    environment: dict[str, str]
    http: Callable[[], requests.Session]
    directory: Path
    capsys: pytest.CaptureFixture[str]
    pauses: list[float] = field(default_factory=list)
    meanwhile: Callable[[float], object] = lambda _: None

    def __call__(self, *people, flags=""):
        """Run it on people, each an address alone or a dict of cells."""
        arguments = [str(self.file(*people)), *flags.split()]
        code = main(arguments, self.environment, self.pause, self.http())
        output = self.capsys.readouterr().out
        rows = re.findall(r"^(\w+) +(\S+@\S+) *(.*)$", output, re.MULTILINE)
        return Run(code, output, {email: (state, note) for state, email, note in rows})

    def pause(self, seconds):
        self.pauses.append(seconds)
        self.meanwhile(seconds)

    def file(self, *people):
        path = self.directory / "people.csv"
        with path.open("w", encoding="utf-8", newline="") as lines:
            rows = csv.DictWriter(lines, COLUMNS)
            rows.writeheader()
            for person in people:
                cells = {"email": person} if isinstance(person, str) else person
                rows.writerow({"name": cells["email"].partition("@")[0].title(), **cells})
        return path


@pytest.fixture
def onboard(dimensions_world, in_process, tmp_path, capsys):
    http = dimensions_world.requests_session if in_process else requests.Session
    return Tool(dict(dimensions_world.environment), http, tmp_path, capsys)


@pytest.fixture
def in_process(request):
    """Whether the tests are run with --dimensions-in-process: the service is then at no address."""
    return request.config.getoption("dimensions_in_process")
