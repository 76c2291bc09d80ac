"""The pytest plugin; every test run of its environment loads it, so it imports nothing before it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from dimensions_emulator.testing import AsyncSession, Emulator, Session

WORLD = pytest.StashKey["Session | None"]()
LEFT = pytest.StashKey[tuple[str, str] | None]()
"""What is to tell of the session when it is gone."""
PROPERTY = "dimensions_requests"
"""The property of a failing test in JUnit XML."""
UNUSED = (
    "@pytest.mark.dimensions is about the `dimensions_world` of a test, and this test has none; take the "
    "fixture as an argument, or by @pytest.mark.usefixtures('dimensions_world')."
)
MARKER = (
    "dimensions(world=…, faults=[…], seed=…): what the `dimensions_world` of this test is made of: a named "
    "world, a world file or a world document; faults by the names of `faults.add`; a seed of ids and chance."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("dimensions", "Dimensions emulator")
    group.addoption("--dimensions-world", metavar="WORLD", help="A named world or a world file.  [office]")
    group.addoption("--dimensions-seed", metavar="N", type=int, help="Seed of people, ids and chance.")
    group.addoption(
        "--dimensions-in-process", action="store_true", help="Start no server; use the transports."
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)


@pytest.fixture(scope="session")
def dimensions(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """An emulator for the whole run, of each xdist worker its own.

    Beside `dimensions-emulator exec` it is the one that runs there.
    """
    from dimensions_emulator.testing import worlds  # noqa: PLC0415

    with worlds.emulator(request.config) as emulator:
        yield emulator


@pytest.fixture
def dimensions_world(request: pytest.FixtureRequest, dimensions: Emulator) -> Iterator[Session]:
    """A session of its own for the test, with a fresh world; gone afterwards."""
    from dimensions_emulator.testing import worlds  # noqa: PLC0415

    with worlds.world(request.node, dimensions) as session:
        request.node.stash[WORLD] = session
        yield session
        request.node.stash[LEFT] = worlds.evidence(session)


@pytest.fixture
def dimensions_world_async(dimensions_world: Session) -> AsyncSession:
    """The session of `dimensions_world` for asynchronous tests."""
    from dimensions_emulator.testing import AsyncSession  # noqa: PLC0415

    return AsyncSession(dimensions_world)


@pytest.fixture
def dimensions_environment(dimensions_world: Session, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The variables DIMENSIONS_… that lead to `dimensions_world`, set for the test."""
    for name, value in dimensions_world.environment.items():
        monkeypatch.setenv(name, value)
    return dimensions_world.environment


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Forget an earlier attempt at the test, and refuse a marker that would do nothing.

    A marker of a class or a module is for those that it concerns.
    """
    item.stash[WORLD] = item.stash[LEFT] = None
    _without_requests(item)
    marked = any(marker.name == "dimensions" for marker in item.own_markers)
    if marked and "dimensions_world" not in getattr(item, "fixturenames", ()):
        pytest.fail(UNUSED, pytrace=False)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    """Attach what the session of a failing test was asked."""
    report = (yield).get_result()
    session = item.stash.get(WORLD, None)
    if report.failed and session is not None:
        from dimensions_emulator.testing import worlds  # noqa: PLC0415

        left = item.stash.get(LEFT, None)
        title, requests = worlds.evidence(session) if left is None else left
        report.sections.append((title, requests))
        for written in (report, item):  # JUnit XML has the properties of one report, mostly the last one
            _without_requests(written)
            written.user_properties.append((PROPERTY, requests))


def _without_requests(told: Any) -> None:
    told.user_properties[:] = [each for each in told.user_properties if each[0] != PROPERTY]
