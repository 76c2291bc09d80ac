"""A certificate authority of one's own, and what a server shows with it."""

from __future__ import annotations

import os
import re
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from tempfile import mkstemp
from typing import TYPE_CHECKING

from dimensions_emulator.listening import WILDCARDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trustme import CA

ALWAYS = ("localhost", "127.0.0.1", "::1")
KEY, CERTIFICATE = "ca-key.pem", "ca.pem"
LIFETIME = timedelta(days=397)
"""Browsers take no longer one for a server's certificate."""
BLOCK = re.compile(rb"-----BEGIN ([A-Z ]+)-----.+?-----END \1-----\n?", re.DOTALL)


class TlsUnusable(Exception):
    """There can be no TLS as it is asked for; `args[0]` says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What the server shows, the PEM certificate with which clients check it, and the file that has that."""

    context: ssl.SSLContext
    authority: bytes
    path: Path | None


def identity(host: str, names: Iterable[str], directory: str | None) -> Identity:
    """Make a certificate for this host and these names; raises `TlsUnusable`.

    Its authority is kept in the directory, or is gone with the process where there is none.
    """
    try:
        import trustme  # noqa: F401, PLC0415  an extra
    except ImportError:
        raise TlsUnusable("--tls needs trustme; pip install 'dimensions-emulator[tls]'") from None
    if directory is None:
        ca, path = _new(), None
    else:
        ca, path = _kept(Path(directory))
    authority = ca.cert_pem.bytes()
    context = _context(ca, _covered(host, names), path)
    return Identity(context, authority, path)


def _new() -> CA:
    from trustme import CA  # noqa: PLC0415

    return CA(organization_name="dimensions-emulator", organization_unit_name="Authority of one emulator")


def _covered(host: str, names: Iterable[str]) -> list[str]:
    own = () if host in WILDCARDS else (host.partition("%")[0],)
    covered = dict.fromkeys((*ALWAYS, *own, *(name.strip("[]") for name in names)))
    if wrong := [name for name in covered if not _is_name(name)]:
        raise TlsUnusable(
            f"a certificate cannot cover '{wrong[0]}'; --tls-name takes host names and addresses"
        )
    return list(covered)


def _is_name(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        labels = name.removeprefix("*.").removesuffix(".").split(".")
        return len(name) <= 253 and all(  # noqa: PLR2004  of DNS
            re.fullmatch(r"(?!-)[^\W_](?:[\w-]{0,61}[^\W_])?", label) for label in labels
        )
    return True


def _context(ca: CA, names: list[str], path: Path | None) -> ssl.SSLContext:
    now = datetime.now(UTC)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    try:
        leaf = ca.issue_cert(*names, not_before=now - timedelta(days=1), not_after=now + LIFETIME)
        leaf.configure_cert(context)
        _prove(context, ca.cert_pem.bytes())
    except Exception as fault:  # noqa: BLE001  whatever the parsers say of a file that somebody edited
        where = f"the certificate authority in {path.with_name(KEY)}" if path else "the names of the server"
        raise TlsUnusable(f"{where} cannot be used: {_told(fault)}") from None
    return context


def _prove(context: ssl.SSLContext, authority: bytes) -> None:
    """Shake hands with it once, as clients will; raises what they would see."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context(cadata=authority.decode("ascii")).wrap_bio(
        to_client, to_server, server_hostname="localhost"
    )
    server = context.wrap_bio(to_server, to_client, server_side=True)
    for side in (client, server, client, server):
        with suppress(ssl.SSLWantReadError):
            side.do_handshake()


def _kept(directory: Path) -> tuple[CA, Path]:
    key, certificate = directory / KEY, directory / CERTIFICATE
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if not key.exists():
            if certificate.exists():
                raise TlsUnusable(f"{certificate} is there without its {KEY}; move it away for a new one")
            made = _new()
            _keep(key, made.private_key_pem.bytes() + made.cert_pem.bytes(), 0o600)
        ca = _read(key)
        _keep(certificate, ca.cert_pem.bytes(), 0o644)
        same = certificate.read_bytes() == ca.cert_pem.bytes()
    except OSError as fault:
        raise TlsUnusable(f"{directory} cannot keep a certificate authority: {fault.strerror}") from None
    if not same:
        raise TlsUnusable(f"{certificate} is not the certificate of {KEY} beside it; move it away")
    return ca, certificate


def _read(path: Path) -> CA:
    from trustme import CA  # noqa: PLC0415

    blocks = {match[1].split()[-1]: match[0] for match in BLOCK.finditer(path.read_bytes())}
    try:
        return CA.from_pem(blocks[b"CERTIFICATE"], blocks[b"KEY"])
    except KeyError:
        reason = "it does not hold a private key and a certificate"
    except Exception as fault:  # noqa: BLE001  whatever the parsers say of a file that somebody edited
        reason = _told(fault)
    raise TlsUnusable(
        f"the certificate authority in {path} cannot be read: {reason}; move it away for a new one"
    )


def _keep(path: Path, content: bytes, mode: int) -> None:
    """Write a file that is there whole or not at all; one that is there already stays."""
    if path.exists():
        return
    number, name = mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(number)
        Path(name).chmod(mode)
        try:
            os.link(name, path)
        except FileExistsError:
            pass  # another server was quicker, and its authority counts
        except OSError:
            Path(name).replace(path)  # a file system without links
    finally:
        Path(name).unlink(missing_ok=True)


def _told(fault: Exception) -> str:
    text = getattr(fault, "verify_message", None) or str(fault) or type(fault).__name__
    return text.splitlines()[0]
