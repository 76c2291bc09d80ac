"""The filters in a query."""

from __future__ import annotations

from flask import abort, request

from dimensions_emulator.control.ids import guid


def known(*names: str) -> dict[str, str]:
    """The filters that are set; a misspelt or empty one would silently match everything, so it is refused."""
    given = request.args.to_dict()
    for name, value in given.items():
        if name not in names:
            there = f"there are: {', '.join(names)}" if names else "there are none"
            abort(400, f"There is no filter '{name}' here; {there}.")
        if not value:
            abort(400, f"The filter '{name}' is empty; give it a value, or leave it out.")
    return given | ({"customer": guid(given["customer"], "customer")} if "customer" in given else {})
