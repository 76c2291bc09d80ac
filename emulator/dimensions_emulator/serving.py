"""One run of the server from settings to stop."""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from contextlib import ExitStack, contextmanager
from operator import itemgetter
from time import sleep
from typing import TYPE_CHECKING, Any, NamedTuple

from dimensions_emulator import logs, place, tenancy, tls
from dimensions_emulator.app import create_app
from dimensions_emulator.domain.calls import Limits
from dimensions_emulator.listening import ListenFailed
from dimensions_emulator.server import Server
from dimensions_emulator.settings import SettingsInvalid
from dimensions_emulator.state_file import StateFile
from dimensions_emulator.store.base import DEFAULT_SESSION
from dimensions_emulator.store.memory import MemoryStore
from dimensions_emulator.tls import TlsUnusable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from wsgiref.types import WSGIApplication

    from dimensions_emulator.domain.world import World
    from dimensions_emulator.place import Place
    from dimensions_emulator.settings import Settings


class CannotServe(Exception):
    """The server did not start; `args[0]` lists the reasons."""


class Running(NamedTuple):
    """A server at work; `authority` is the certificate in PEM with which to check it."""

    application: WSGIApplication
    place: Place
    authority: str | None
    world: Callable[[], World]


def run(settings: Settings) -> None:
    """Listen, seed, tell how to call, and serve until a signal ends it.

    Raises `CannotServe`, and `NotSaved` in place of `SystemExit` if the last save fails.
    """
    leave = Leave()
    for number in _signals():
        signal.signal(number, leave)
    with ExitStack() as stack:
        lines = logs.configure(settings.log_format, sys.stderr)
        stack.callback(lines.flush)
        with leave.looked_for():
            running = start(settings, stack, progress=leave.heard_by(_progress(settings)), lines=lines)
        # The seed world is here to stay, and worlds are freed by their counts: collections are rarely of use.
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        gc.enable()
        try:
            _tell(settings, running.place, running.world())
        except OSError as fault:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else the exit complains again
            raise CannotServe([f"standard output takes nothing: {fault.strerror}"]) from None
        while not leave.wished:
            sleep(1)


def start(
    settings: Settings,
    stack: ExitStack,
    *,
    world: World | None = None,
    progress: Callable[[int, int], None] | None = None,
    lines: logs.Lines | None = None,
) -> Running:
    """Listen and seed; the stack stops it. `world` takes the place of the one of the settings.

    Raises `CannotServe`.
    """
    try:
        return _started(settings, stack, world, progress, lines)
    except (ListenFailed, TlsUnusable) as fault:
        raise CannotServe([fault.args[0]]) from None
    except SettingsInvalid as fault:
        raise CannotServe(fault.args[0]) from None


def _started(
    settings: Settings,
    stack: ExitStack,
    world: World | None,
    progress: Callable[[int, int], None] | None,
    lines: logs.Lines | None,
) -> Running:
    state = StateFile(settings.state) if settings.state else None
    if state:
        stack.callback(state.close)
    identity = (
        tls.identity(settings.host, settings.tls_name, settings.tls_directory) if settings.tls else None
    )
    server = Server(
        settings.host,
        settings.port,
        max_body=settings.max_body,
        max_waiting=settings.max_waiting,
        unix_socket=settings.unix_socket,
        tls=identity,
    )
    stack.callback(server.stop)
    store = MemoryStore()
    app = create_app(settings, store, world=world, progress=progress, state=state)
    if state:
        kept = state.load(Limits(settings.max_users, settings.max_mails, settings.max_charges))
        if kept is not None:
            store.put(DEFAULT_SESSION, kept)
        state.keep(store, settings.state_interval)
    stack.callback(app.extensions["dimensions_courier"].close)
    if relay := app.extensions["dimensions_relay"]:
        stack.callback(relay.close, 2.0)
    server.serve(logs.RequestLog(app.wsgi_app, lines, settings.secrets) if lines else app.wsgi_app)
    return Running(
        app.wsgi_app,
        place.of(settings, server, identity),
        identity.authority.decode("ascii") if identity else None,
        lambda: store.read(DEFAULT_SESSION),
    )


def _signals() -> list[int]:
    """The signals that end a run; that of a closed terminal too, unless it is ignored, as nohup has it."""
    closed: int | None = getattr(signal, "SIGHUP", None)  # not on Windows
    if closed is None or signal.getsignal(closed) is signal.SIG_IGN:
        return [signal.SIGINT, signal.SIGTERM]
    return [signal.SIGINT, signal.SIGTERM, closed]


class Leave:
    """Ends the process at a signal, once: nothing interrupts the stop itself.

    An exception out of a signal is lost where it meets code that can raise none, and leaves locked what it
    meets half locked, or what it meets half made; so the wish is kept, and where work looks for it nothing
    is raised.
    """

    def __init__(self) -> None:
        self.wished = False
        self._looked_for = False

    @contextmanager
    def looked_for(self) -> Iterator[None]:
        """Raise nothing in what is done here; a wish that came meanwhile holds at its end."""
        self._looked_for = True
        yield
        self._looked_for = False
        if self.wished:
            sys.exit(0)

    def __call__(self, *_: Any) -> None:
        for number in _signals():
            signal.signal(number, lambda *_: None)
        self.wished = True
        if not self._looked_for:
            sys.exit(0)

    def heard_by(self, progress: Callable[[int, int], None] | None) -> Callable[[int, int], None]:
        """The progress of long work, which ends where the wish has come."""

        def advance(done: int, total: int) -> None:
            if self.wished:
                sys.exit(0)
            if progress is not None:
                progress(done, total)

        return advance


def _tell(settings: Settings, where: Place, world: World) -> None:
    url = where.url
    caller = tenancy.best_caller(world)
    if settings.json:
        tenants = [
            {"id": tenant["id"], "name": tenant["name"], "kind": tenant["kind"], "account": tenant["account"]}
            for tenant in _tenants(world)
        ]
        line = {"ready": True, "url": url, "apiBase": f"{url}/api/v1.0", "token": caller and caller.token}
        print(json.dumps({**line, **where.facts(), "tenants": tenants}), flush=True)  # noqa: T201
        return
    lines = [f"Ready. {url}", "", f"  API       {url}/api/v1.0", f"  Control   {url}/_emulator/"]
    lines += where.lines()
    lines += [
        f"  {tenant['kind']:<9} {tenant['id']}  {tenant['name']}{tenant['note']}"
        for tenant in _tenants(world)
    ]
    if caller:
        lines.append(f"  Token     {caller.token}  ({caller.name})")
        customers = [tenant.customer.id for tenant in world.tenants.values() if caller.sees(tenant.customer)]
        if customers:
            users = f"{url}/api/v1.0/customers/{min(customers)}/users"
            lines += ["", "  Try it:", f"  {where.curl()} -H 'Authorization: Bearer {caller.token}' {users}"]
    else:
        lines.append("  Token     none in this world; POST {} to /_emulator/tokens for one")
    print("\n".join([*lines, ""]), flush=True)  # noqa: T201


def _tenants(world: World) -> list[dict[str, Any]]:
    accounts = [
        {"kind": "account", "id": account.id, "name": account.name, "account": None, "note": ""}
        for account in world.accounts.values()
    ]
    customers = [
        {
            "kind": "customer",
            "id": tenant.customer.id,
            "name": tenant.customer.name,
            "account": tenant.customer.account,
            "note": f" ({tenant.customer.country_code}, {len(tenant.members)} users)",
        }
        for tenant in world.tenants.values()
    ]
    return [*sorted(accounts, key=itemgetter("id")), *sorted(customers, key=itemgetter("id"))]


def _progress(settings: Settings) -> Callable[[int, int], None] | None:
    """A bar on standard error for worlds that take time, where somebody can see it."""
    if sys.stderr is None or not sys.stderr.isatty() or settings.world != "crowd":
        return None
    from rich.console import Console  # noqa: PLC0415  slow to import
    from rich.progress import Progress  # noqa: PLC0415

    bar = Progress(console=Console(stderr=True), transient=True)
    task = bar.add_task("People", total=None)
    bar.start()

    def advance(done: int, total: int) -> None:
        bar.update(task, completed=done, total=total)
        if done >= total:
            bar.stop()

    return advance
