"""The requests that the emulator met."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Never

from dimensions_emulator.testing import names
from dimensions_emulator.testing.line import REFUSALS, given, segment
from dimensions_emulator.testing.link import PATIENCE
from dimensions_emulator.testing.records import Entry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dimensions_emulator.testing.line import Line

UNVERIFIED = 406
SHOWN = 10
PLAIN = ("operation", "customer", "user", "caller", "status", "rule", "method", "url", "headers", "json")
NAMES = {
    "url_path": "urlPath",
    "url_pattern": "urlPattern",
    "url_path_pattern": "urlPathPattern",
    "query_parameters": "queryParameters",
    "body_patterns": "bodyPatterns",
    "error_code": "errorCode",
}


class Journal:
    """What a session was asked by the app under test; calls of `users` are left out.

    A match is made of operation, customer, user, caller, status, rule, error_code, method, url, url_path,
    url_pattern, url_path_pattern, headers, query_parameters and body_patterns, the last three as WireMock
    writes them; headers may be plain texts, and `json` is a body that is equal.
    """

    def __init__(self, line: Line) -> None:
        self._line = line

    def requests(
        self,
        /,
        *,
        operation: str | None = None,
        status: int | None = None,
        rule: str | None = None,
        caller: str | None = None,
        user: str | None = None,
        customer: str | None = None,
        method: str | None = None,
        after: str | None = None,
        limit: int | None = None,
        **unknown: Never,
    ) -> list[Entry]:
        """The requests that these filters let through."""
        query = {name: value for name, value in locals().items() if name not in {"self", "unknown"}}
        names.check(unknown, query, "requests()")
        found = self._line.control("GET", "requests", query=query)
        return [Entry.of(data) for data in found["requests"]]

    def find(self, /, **match: Any) -> list[Entry]:
        """The requests that match."""
        found = self._line.control("POST", "requests/find", matching(match))
        return [Entry.of(data) for data in found["requests"]]

    def count(self, /, **match: Any) -> int:
        """How many requests match."""
        return int(self._line.control("POST", "requests/count", matching(match))["count"])

    def get(self, request_id: str) -> Entry:
        return Entry.of(self._line.control("GET", f"requests/{segment(request_id)}"))

    def clear(self) -> None:
        """Forget all requests."""
        self._line.control("DELETE", "requests")

    def har(self) -> dict[str, Any]:
        """The journal as an HTTP archive."""
        reply = self._line.send("GET", "/_emulator/requests.har", None, {}, PATIENCE)
        archive: dict[str, Any] = given("GET /_emulator/requests.har", reply)
        return archive

    def verify(
        self,
        /,
        *,
        times: int | Mapping[str, int] | None = None,
        sequence: Sequence[Mapping[str, Any]] | None = None,
        exact: bool = False,
        **match: Any,
    ) -> None:
        """Check that requests came: so many that match (at least one if no number is said), or a sequence.

        `times` is a number, or `{"atLeast": 1, "atMost": 3}`. Before, between and after the requests of a
        sequence others may stand, unless it is `exact`: then they are all that the journal has. Raises
        AssertionError with the requests that come closest, and those that match.
        """
        if (sequence is not None and (match or times is not None)) or (sequence is None and exact):
            raise TypeError("verify() takes a sequence, exact or not, or times with a match")
        if sequence is not None:
            self._verify({"sequence": [matching(one) for one in sequence]})
            if exact:
                self._alone(len(sequence))
        else:
            wanted = {"match": matching(match), "times": {"atLeast": 1} if times is None else times}
            self._verify(wanted)

    def _verify(self, wanted: Mapping[str, Any]) -> None:
        target = "/_emulator/requests/verify"
        reply = self._line.send("POST", target, wanted, {}, PATIENCE)
        if reply.status == UNVERIFIED:
            raise AssertionError(self._told(reply.json(), wanted.get("match")))
        if reply.status >= REFUSALS:
            given(f"POST {target}", reply)

    def _alone(self, number: int) -> None:
        """Check that the journal has met no more requests than these."""
        told = self._line.control("POST", "requests/count", {})
        count = told["count"] + told["dropped"]
        if count != number:
            listed = _listed(self.requests(limit=SHOWN), told["count"])
            raise AssertionError(
                f"Expected a sequence of {number} requests and no others; found {count}:{listed}"
            )

    def _told(self, failure: Mapping[str, Any], match: Mapping[str, Any] | None) -> str:
        """What was expected and found, and how to send the closest requests again."""
        data = failure["data"]
        told = [failure["message"]]
        if match is not None and data["count"] and all(entry["mismatches"] for entry in data["closest"]):
            fitting = self._line.control("POST", "requests/find", match)["requests"]
            entries = [Entry.of(entry) for entry in fitting[-SHOWN:]]
            told.append(f"Those that match:{_listed(entries, len(fitting))}")
        lines = [f"  {entry['id']}: {entry['curl']}" for entry in data["closest"]]
        return "\n".join([*told, *(["Again:", *lines] if lines else [])])


def matching(match: Mapping[str, Any]) -> dict[str, Any]:
    """A match as the control plane takes it, which WireMock's own names are too; raises `TypeError`."""
    _is_dict(match, "a match")
    names.check(match.keys() - NAMES.values(), [*PLAIN, *NAMES], "a match")
    made = {NAMES.get(name, name): value for name, value in match.items() if name not in {"json", "headers"}}
    if "headers" in match:
        _is_dict(match["headers"], "headers of a match")
        made["headers"] = {
            name: {"equalTo": value} if isinstance(value, str) else value
            for name, value in match["headers"].items()
        }
    if "json" in match:
        made["bodyPatterns"] = [*made.get("bodyPatterns", []), {"equalToJson": match["json"]}]
    return made


def _is_dict(value: Any, what: str) -> None:
    if not isinstance(value, Mapping):
        raise TypeError(f"{what} is a dict, not {value!r}")


def _listed(entries: Sequence[Entry], number: int) -> str:
    """The latest of so many requests, one a line."""
    dropped = f"\n  ({number - len(entries)} before)" if number > len(entries) else ""
    return dropped + "".join(f"\n  {entry}" for entry in entries)
