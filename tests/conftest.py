import json

import pytest

from small_world import emulator


@pytest.fixture
def api():
    return emulator()


@pytest.fixture
def deciding(tmp_path):
    """Makes the path of a profile with some decisions made otherwise."""

    def write(**decisions):
        path = tmp_path / "profile.json"
        chosen = {key.replace("_", "-"): choice for key, choice in decisions.items()}
        path.write_text(json.dumps({"name": "test", "decisions": chosen}), "utf-8")
        return str(path)

    return write
