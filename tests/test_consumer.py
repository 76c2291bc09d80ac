"""The consumer in `consumer` is a project of its own."""

from pathlib import Path

import pytest

CONSUMER = Path(__file__).parent / "consumer"
OURS = ("dimensions_emulator", "dimensions_contracts", "dimensions_fixtures", "_emulator", "X-Emulator")


@pytest.mark.parametrize(
    "source", sorted(CONSUMER.rglob("*.py")), ids=lambda path: path.relative_to(CONSUMER).as_posix()
)
def test_the_consumer_knows_the_fixtures_alone(source):
    assert not [name for name in OURS if name in source.read_text("utf-8")]


def test_the_application_does_not_know_that_there_is_an_emulator():
    sources = [path.read_text("utf-8") for path in (CONSUMER / "onboarding").glob("*.py")]

    assert sources
    assert not [text for text in sources if "emulator" in text.casefold()]
