"""The variables of a case: `${ada.id}` and what else its steps leave open."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dimensions_contracts.conformance.options import DOMAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

VARIABLE = re.compile(r"\$\{([^}|]+)((?:\|[a-z]+)*)\}")
LOCAL, LABEL = 64, 60


class Unbound(LookupError):
    """A variable that has no value, because what it names is not there."""


def _bare(text: str) -> str:
    return text.replace("-", "")


FILTERS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "upper": str.upper,
        "title": str.title,
        "swapcase": str.swapcase,
        "bare": _bare,
        "braces": "{{{}}}".format,
        "parens": "({})".format,
        "urn": "urn:uuid:{}".format,
        "spaced": "{} ".format,
        "quoted": lambda text: "".join(f"%{octet:02X}" for octet in text.encode()),
    }
)


class Bindings:
    """The values known so far; `serial` tells the cases of a run apart.

    Every name has an e-mail address and a display name from the start, which carry the id of the run.
    """

    def __init__(self, run_id: str, serial: str, domain: str, values: Mapping[str, Any]) -> None:
        self._run_id = run_id
        self._serial = serial
        self._domain = domain
        self._values = {"run": run_id, **values}

    def bind(self, name: str, **members: Any) -> None:
        """Give a name members, such as the id of a created user."""
        for member, value in members.items():
            self._values[f"{name}.{member}"] = value

    def resolved(self, value: Any) -> Any:
        """The value with every variable replaced; raises `Unbound`."""
        if isinstance(value, str):
            whole = VARIABLE.fullmatch(value)
            if whole and not whole[2]:
                return self._value(whole[1])
            return VARIABLE.sub(self._replaced, value)
        if isinstance(value, dict):
            return {self.resolved(name): self.resolved(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.resolved(item) for item in value]
        return value

    def shown(self, value: Any) -> Any:
        """The value with what is known replaced and the rest left as it is."""
        try:
            return self.resolved(value)
        except Unbound:
            if isinstance(value, str):
                return VARIABLE.sub(self._replaced_or_left, value)
            if isinstance(value, dict):
                return {name: self.shown(item) for name, item in value.items()}
            return [self.shown(item) for item in value]

    def _replaced(self, found: re.Match[str]) -> str:
        text = str(self._value(found[1]))
        for name in filter(None, found[2].split("|")):
            text = FILTERS[name](text)
        return text

    def _replaced_or_left(self, found: re.Match[str]) -> str:
        try:
            return self._replaced(found)
        except Unbound:
            return found[0]

    def _value(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        kind, colon, length = name.partition(":")
        if colon and kind == "text":
            return ("Conformance " * (int(length) // 12 + 1))[: int(length)].replace(" ", "x")
        if colon and kind == "email":
            return self._long_address(int(length))
        owner, _, member = name.partition(".")
        if member == "email":
            return f"{owner}.{self._serial}.{self._run_id}@{self._domain}"
        if member == "name":
            return f"Conformance {owner.title()} {self._run_id}"
        raise Unbound(f"{name} is not known here")

    def _long_address(self, length: int) -> str:
        local = f"e{length}.{self._serial}.{self._run_id}"
        room = length - len(local) - len(DOMAIN) - 1
        padding = min(room, LOCAL - len(local))
        if room - padding == 1:  # one character makes no label
            padding -= 1
        parts, room = [local + "x" * padding + "@"], room - padding
        while room > 0:
            size = min(room, LABEL) - (room - LABEL == 1)
            parts.append("d" * (size - 1) + ".")
            room -= size
        return "".join(parts) + DOMAIN


def quoted(text: str) -> str:
    """The text as one segment of a path; what is percent-encoded already stays."""
    return quote(text, safe="%!$&'()*+,;=:@{}-._~")
