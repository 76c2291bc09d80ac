"""The filters in a query."""

from __future__ import annotations

from flask import abort, request

from dimensions_emulator.wire.ids import guid


def known(*names: str) -> dict[str, str]:
    """The filters that are set; a misspelt one would silently match everything, so it is refused."""
    for name in request.args:
        if name not in names:
            abort(400, f"There is no filter '{name}' here; there are: {', '.join(names)}.")
    given = {name: value for name, value in request.args.items() if value}
    return given | ({"customer": guid(given["customer"])} if "customer" in given else {})
