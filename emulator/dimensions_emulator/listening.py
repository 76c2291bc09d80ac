"""Sockets on which the server listens."""

from __future__ import annotations

import errno
import os
import socket
import stat
from pathlib import Path

WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  compared, not bound
PRIVATE = 0o177
SPARE = 64
"""Open files beside connections."""


class ListenFailed(OSError):
    """The server cannot listen where it should; `args[0]` says why in one sentence."""


def at_port(host: str, port: int) -> socket.socket:
    """Give a socket bound to an address of this machine; raises `ListenFailed`."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as fault:
        raise ListenFailed(_reason(fault, host, port)) from None
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as fault:
        listener.close()
        raise ListenFailed(_reason(fault, host, port)) from None
    return listener


def at_path(path: str) -> socket.socket:
    """Give a socket bound to a path, for this user alone; one left by a dead server gives way.

    Raises `ListenFailed`.
    """
    if not hasattr(socket, "AF_UNIX"):
        raise ListenFailed("this system has no Unix sockets; listen with --host and --port")
    if not path.isprintable():
        raise ListenFailed(f"{path!r} is no path for a socket")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(PRIVATE)
    try:
        _clear(path)
        listener.bind(path)
    except OSError as fault:
        listener.close()
        if isinstance(fault, ListenFailed):
            raise
        raise ListenFailed(f"cannot listen on {path}: {fault.strerror or fault}") from None
    finally:
        os.umask(mask)
    return listener


def identity(path: str) -> tuple[int, int] | None:
    """Give what tells the file at a path from one that takes its place later."""
    try:
        found = Path(path).lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def reachable(host: str) -> str:
    """Give a host as it stands in URLs, one that clients can call where every address is listened on."""
    name = WILDCARDS.get(host, host)
    return f"[{name}]" if ":" in name else name


def connections(wanted: int) -> int:
    """Give how many connections can be open at once, after asking the system for as many as wanted."""
    try:
        import resource  # noqa: PLC0415  systems without it have no such limit
    except ImportError:
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted + SPARE:
        soft = wanted + SPARE if hard == resource.RLIM_INFINITY else min(wanted + SPARE, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else max(min(wanted, soft - SPARE), SPARE)


def _clear(path: str) -> None:
    """Take away a socket on which nobody listens any more."""
    try:
        found = Path(path).lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise ListenFailed(f"{path} exists and is no socket; name another path with --unix-socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink()
            return
        except OSError:
            pass
    raise ListenFailed(f"{path} is in use; name another path with --unix-socket")


def _reason(fault: OSError | UnicodeError, host: str, port: int) -> str:
    if isinstance(fault, socket.gaierror | UnicodeError):
        return f"the host '{host}' is not known; --host takes a name or an address of this machine"
    if fault.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use; choose another with --port (0 takes any free one)"
    return f"cannot listen on {host}:{port}: {fault.strerror}"
