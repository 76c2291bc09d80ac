"""Sockets on which the server listens."""

from __future__ import annotations

import errno
import os
import socket
import stat
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  compared, not bound
PRIVATE = 0o177
BACKLOG = 1024
"""Connections that the system keeps for the server until it takes them."""
SPARE, LEAST = 64, 8
"""Open files beside those of connections; connections where even these are too many."""
FILES = 2
"""Open files of a connection: its socket, and a long body or answer, which is in a file on its way."""
PATIENCE = 2.0
"""Seconds to wait for another starter; whoever locks a directory for longer is none."""


class ListenFailed(OSError):
    """The server cannot listen where it should; `args[0]` says why in one sentence."""


class UnixListener(socket.socket):
    """A Unix socket that takes its file along when it closes, unless another took the file's place."""

    _place: tuple[int, int] | None = None

    def bind(self, address: Any) -> None:
        super().bind(address)
        self._place = identity(address)

    def close(self) -> None:
        """Close it after its file is away: until then nobody takes the path for one that a server left."""
        with suppress(OSError):
            path = self.getsockname()
            if path and self._place in {None, identity(path)}:
                Path(path).unlink()
        super().close()


def at_port(host: str, port: int) -> socket.socket:
    """Give a socket that listens on an address of this machine; raises `ListenFailed`.

    Two sockets can be bound to one port; it is in use only once one of them listens.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as fault:
        raise ListenFailed(_reason(fault, host, port)) from None
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as fault:
        listener.close()
        raise ListenFailed(_reason(fault, host, port)) from None
    return listener


def at_path(path: str) -> UnixListener:
    """Give a socket that listens on a path, for this user alone; one left by a dead server gives way.

    Raises `ListenFailed`.
    """
    if not hasattr(socket, "AF_UNIX"):
        raise ListenFailed("this system has no Unix sockets; listen with --host and --port")
    if not path.isprintable():
        raise ListenFailed(f"{path!r} is no path for a socket")
    listener = UnixListener(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _alone_in(Path(path).parent), _private():
            _clear(path)
            listener.bind(path)
            listener.listen(BACKLOG)
    except BaseException as fault:
        listener.close()
        if not isinstance(fault, OSError) or isinstance(fault, ListenFailed):
            raise
        raise ListenFailed(f"cannot listen on {path}: {fault.strerror or fault}") from None
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
    files = FILES * wanted + SPARE
    if soft != resource.RLIM_INFINITY and soft < files:
        soft = files if hard == resource.RLIM_INFINITY else min(files, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else max(min(wanted, (soft - SPARE) // FILES), LEAST)


@contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    """Keep other starters away while one looks at what is there and takes its place.

    Goes on without a lock where the system grants none.
    """
    with ExitStack() as stack:
        with suppress(OSError):
            number = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
            stack.callback(os.close, number)
            _lock(number)
        yield


def _lock(number: int) -> None:
    import fcntl  # noqa: PLC0415  not on Windows

    deadline = monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if monotonic() > deadline:
                raise
            sleep(0.01)
        else:
            return


@contextmanager
def _private() -> Iterator[None]:
    """Make files for this user alone."""
    mask = os.umask(PRIVATE)
    try:
        yield
    finally:
        os.umask(mask)


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
