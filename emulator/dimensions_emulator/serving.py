"""One run of the server from settings to stop."""

from __future__ import annotations

import gc
import json
import signal
import sys
from contextlib import ExitStack
from operator import itemgetter
from time import sleep
from typing import TYPE_CHECKING, Any

from dimensions_emulator import logs
from dimensions_emulator.app import create_app
from dimensions_emulator.domain import ticks
from dimensions_emulator.server import ListenFailed, Server
from dimensions_emulator.settings import SettingsInvalid
from dimensions_emulator.store.base import DEFAULT_SESSION
from dimensions_emulator.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from dimensions_emulator.domain.models import Caller
    from dimensions_emulator.domain.world import World
    from dimensions_emulator.settings import Settings


class CannotServe(Exception):
    """The server did not start; `args[0]` lists the reasons."""


def run(settings: Settings) -> None:
    """Listen, seed, tell how to call, and serve until SIGINT or SIGTERM; raises `CannotServe`."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    with ExitStack() as stack:
        try:
            _start(settings, stack)
        except ListenFailed as fault:
            raise CannotServe([fault.args[0]]) from None
        except SettingsInvalid as fault:
            raise CannotServe(fault.args[0]) from None
        while True:
            sleep(1)  # a pause would sleep through a signal that came just before it


def _start(settings: Settings, stack: ExitStack) -> None:
    lines = logs.configure(settings.log_format, sys.stderr)
    stack.callback(lines.flush)
    server = Server(settings.host, settings.port, max_body=settings.max_body)
    stack.callback(server.stop)
    store = MemoryStore()
    app = create_app(settings, store, progress=_progress(settings))
    if relay := app.extensions["dimensions_relay"]:
        stack.callback(relay.close, 2.0)
    server.serve(logs.RequestLog(app.wsgi_app, lines))
    # The seed world is here to stay, and worlds are freed by their counts: collections are rarely of use.
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()
    _tell(settings, _url(settings.host, server.port), store.read(DEFAULT_SESSION))


def _leave(*_: Any) -> None:
    """Stop, once: nothing interrupts the stop itself."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    sys.exit(0)


def _url(host: str, port: int) -> str:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  compared, not bound
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def _tell(settings: Settings, url: str, world: World) -> None:
    caller = _best_caller(world)
    if settings.json:
        tenants = [
            {"id": tenant["id"], "name": tenant["name"], "kind": tenant["kind"], "account": tenant["account"]}
            for tenant in _tenants(world)
        ]
        line = {"ready": True, "url": url, "apiBase": f"{url}/api/v1.0", "token": caller and caller.token}
        print(json.dumps({**line, "tenants": tenants}), flush=True)  # noqa: T201
        return
    lines = [f"Ready. {url}", "", f"  API       {url}/api/v1.0", f"  Control   {url}/_emulator/health"]
    lines += [
        f"  {tenant['kind']:<9} {tenant['id']}  {tenant['name']}{tenant['note']}"
        for tenant in _tenants(world)
    ]
    if caller:
        lines.append(f"  Token     {caller.token}  ({caller.name})")
        customers = [tenant.customer.id for tenant in world.tenants.values() if caller.sees(tenant.customer)]
        if customers:
            users = f"{url}/api/v1.0/customers/{min(customers)}/users"
            lines += ["", "  Try it:", f"  curl -H 'Authorization: Bearer {caller.token}' {users}"]
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


def _best_caller(world: World) -> Caller | None:
    """The caller who sees most, of those whose token works."""
    working = [
        caller
        for caller in world.callers.values()
        if "onboarding" in caller.scopes and (caller.expires is None or caller.expires > ticks.now())
    ]
    seen = {
        caller.token: sum(caller.sees(tenant.customer) for tenant in world.tenants.values())
        for caller in working
    }
    return max(
        working, key=lambda caller: (seen[caller.token], len(caller.accounts), caller.token), default=None
    )


def _progress(settings: Settings) -> Callable[[int, int], None] | None:
    """A bar on standard error for worlds that take time, where somebody can see it."""
    if not sys.stderr.isatty() or settings.world != "crowd":
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
