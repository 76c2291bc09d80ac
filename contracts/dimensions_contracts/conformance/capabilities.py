"""What a run can do, and why not what it cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dimensions_contracts.conformance.options import Options
    from dimensions_contracts.conformance.places import Place

READING = "needs to write, which --mode read-only does not; use --mode own-data"
CONTROLLED = "needs the control plane of an emulator, in --mode full"


class Capabilities:
    """Answers whether a need of a case is met."""

    def __init__(
        self, options: Options, places: Mapping[str, Place], offered: Mapping[str, str], *, control: bool
    ) -> None:
        self._options = options
        self._places = places
        self._offered = offered
        self._control = control

    def lacking(self, needs: Iterable[str]) -> str | None:
        """Tell why the most basic need that is not met is not, or None if all are."""
        first = sorted(needs, key=lambda need: (need != "writes", need))
        return next(filter(None, map(self._reason, first)), None)

    def _reason(self, need: str) -> str | None:
        kind, _, name = need.partition(":")
        if kind in {"writes", "charges", "mail"}:
            return self._consent(kind)
        if kind in {"control", "emulator"}:
            return None if self._control else CONTROLLED
        if kind == "place":
            return None if name in self._places else self._no_place(name)
        if kind == "caller":
            return self._no_caller(name)
        if kind in {"account", "country", "administrator", "level3"}:
            return self._of_place(kind, name or "main")
        return None if need in self._offered else _not_offered(need)

    def _consent(self, kind: str) -> str | None:
        options = self._options
        if kind == "writes":
            return READING if options.mode == "read-only" else None
        given = options.allow_charges if kind == "charges" else options.allow_mail
        what = "gives licensed roles" if kind == "charges" else "sends mails"
        return None if given or self._control else f"{what}; allow it with --allow-{kind}"

    def _no_place(self, name: str) -> str:
        if name == "other":
            return "needs a customer of another reseller; give --other-customer and --other-token"
        return CONTROLLED

    def _no_caller(self, name: str) -> str | None:
        if self._control or (name == "other" and self._options.other_token):
            return None
        return self._no_place(name)

    def _of_place(self, kind: str, name: str) -> str | None:
        place = self._places.get(name)
        if place is None:
            return self._no_place(name)
        if kind == "account":
            return None if place.account else "needs the reseller's id; give --account"
        if kind == "country":
            return None if place.country else "needs the customer's country; give --country"
        if kind == "level3":
            return None if place.alone else "would give the Real-Time Add-On to users of others"
        return self._no_administrator(place)

    def _no_administrator(self, place: Place) -> str | None:
        if place.administrator or place.stage:
            return None
        return "would make the first user administrator, who can never be deleted"


def _not_offered(need: str) -> str:
    return {
        "device": "needs a device of the phone platform; give --device and --device-user",
        "found": "needs a user who is there already",
    }.get(need, CONTROLLED)
