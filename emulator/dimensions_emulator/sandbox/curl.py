"""A request as a line for a shell."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from dimensions_emulator.sandbox import redaction

if TYPE_CHECKING:
    from dimensions_emulator.sandbox.exchange import Exchange

OWN = frozenset(
    {"Accept-Encoding", "Connection", "Content-Length", "Host", "Transfer-Encoding", "User-Agent"}
)
"""Headers that curl sends by itself."""

VARIABLES = {"Authorization": "TOKEN", "X-Emulator-Admin-Token": "ADMIN_TOKEN"}
CONTROLS = frozenset(map(chr, range(32))) - {"\t", "\n"}


def line(exchange: Exchange) -> str:
    """The command that sends the request again; secrets are left to variables such as $TOKEN."""
    method, body = exchange.entry.method, exchange.body
    words = ["curl"]
    if method == "HEAD" and not body.kept:
        words.append("--head")
    elif method != ("POST" if body.kept else "GET"):
        words += ["-X", quote(method)]
    if any(character in exchange.target for character in "[]{}"):
        words.append("--globoff")
    if "/." in exchange.target:
        words.append("--path-as-is")
    for name, value in exchange.headers:
        if name not in OWN and (name, value) != ("Accept", "*/*"):
            words += ["-H", _header(name, value)]
    before, data = _data(exchange)
    note = f" # the body had {body.size} bytes, of which the beginning is kept" if body.cut else ""
    return f"{before}{' '.join([*words, *data, quote(exchange.absolute_url)])}{note}"


def _header(name: str, value: str) -> str:
    if redaction.secret(name) and value.endswith(redaction.MASK):
        variable = VARIABLES.get(name, name.replace("-", "_").upper())
        return f'"{name}: {value.removesuffix(redaction.MASK)}${variable}"'
    return quote(f"{name}: {value}" if value else f"{name};")


def _data(exchange: Exchange) -> tuple[str, list[str]]:
    """What comes before the command, and the words that send the body; what is no text comes by a pipe."""
    body = exchange.body
    if not body.kept:
        return "", []
    named = [] if any(name == "Content-Type" for name, _ in exchange.headers) else ["-H", "Content-Type:"]
    if body.text is None or not CONTROLS.isdisjoint(body.text):
        return f"printf %s {body.base64} | base64 -d | ", [*named, "--data-binary", "@-"]
    return "", [*named, "--data-raw", quote(body.text)]
