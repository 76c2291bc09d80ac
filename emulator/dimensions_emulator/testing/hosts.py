"""Where an emulator runs: in a thread, without a server, in a process of its own, or elsewhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from http.client import OK, UNAUTHORIZED, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dimensions_emulator.testing import link as links
from dimensions_emulator.testing.calling import Direct, Switched, within
from dimensions_emulator.testing.errors import EmulatorError, StartFailed
from dimensions_emulator.testing.line import given

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from wsgiref.types import WSGIApplication

    from dimensions_emulator.domain.world import World
    from dimensions_emulator.settings import Settings
    from dimensions_emulator.tenancy import Tenancy
    from dimensions_emulator.testing.line import Line
    from dimensions_emulator.testing.link import Link, Reply

NOWHERE = "dimensions.invalid"
"""The host of an emulator without a server; no name server knows it, so that nothing goes astray."""
START, STOP = 120.0, 10.0
WITHIN = re.compile(r"(/s/[^/]+)?(/api/v1\.0)?$")
"""What leads from an emulator's address to a session, and to the API."""


@dataclass(frozen=True, slots=True)
class Host:
    """An emulator that runs; `application` is absent where it is in another process."""

    link: Link
    application: WSGIApplication | None
    tenancy: Callable[[Line], Tenancy]
    stop: Callable[[], None]


def in_thread(flags: Mapping[str, Any]) -> Host:
    """An emulator with a server of its own in this process; raises `StartFailed`."""
    from dimensions_emulator import serving  # noqa: PLC0415  slow to import

    settings, world = _settings({"port": 0, **flags})
    with ExitStack() as stack:
        try:
            running = serving.start(settings, stack, world=world)
        except serving.CannotServe as fault:
            raise StartFailed("\n".join(fault.args[0])) from None
        link = links.over_socket(running.place.url, settings.admin_token, running.authority)
        application = Switched(running.application)
        stack.callback(application.off)
        stop = stack.pop_all().close
    return Host(link, application, _local(running.world), stop)


def without_server(flags: Mapping[str, Any]) -> Host:
    """An emulator that is called in this process; raises `StartFailed`."""
    from dimensions_emulator.app import create_app  # noqa: PLC0415  slow to import
    from dimensions_emulator.settings import SettingsInvalid  # noqa: PLC0415
    from dimensions_emulator.store.base import DEFAULT_SESSION  # noqa: PLC0415
    from dimensions_emulator.store.memory import MemoryStore  # noqa: PLC0415

    settings, world = _settings(flags)
    if needing := [name for name in ("state", "tls") if flags.get(name)]:
        raise StartFailed(f"{needing[0]} needs a server; leave out in_process")
    settings = replace(settings, allowed_host=(*settings.allowed_host, NOWHERE))
    store = MemoryStore()
    try:
        app = create_app(settings, store, world=world)
    except SettingsInvalid as fault:
        raise StartFailed("\n".join(fault.args[0])) from None
    stack = ExitStack()
    stack.callback(app.extensions["dimensions_courier"].close)
    if relay := app.extensions["dimensions_relay"]:
        stack.callback(relay.close, 2.0)
    application = Switched(app)
    stack.callback(application.off)
    link = links.in_process(f"http://{NOWHERE}", Direct(application), settings.admin_token)
    return Host(link, application, _local(lambda: store.read(DEFAULT_SESSION)), stack.close)


def in_child(flags: Mapping[str, Any]) -> Host:
    """An emulator in a process of its own, which ends with this one; raises `StartFailed`."""
    settings, _ = _settings(flags)
    with ExitStack() as stack:
        if settings.tls and settings.tls_directory is None:
            flags = {**flags, "tls_directory": stack.enter_context(tempfile.TemporaryDirectory())}
        errors = stack.enter_context(tempfile.TemporaryFile())
        process = subprocess.Popen(  # noqa: S603  this program
            [sys.executable, "-m", "dimensions_emulator.testing.child", *_arguments(flags, stack)],
            env={
                name: value
                for name, value in os.environ.items()
                if not name.startswith("DIMENSIONS_EMULATOR_")
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            # An interrupt at the terminal is the tests' own: they end this one when they are done with it.
            process_group=0 if hasattr(os, "setpgid") else None,
        )
        stack.callback(_end, process)
        try:
            line = within(START, process.stdout.readline)  # type: ignore[union-attr]
            ready = json.loads(line)
        except (TimeoutError, ValueError):
            _end(process)
            errors.seek(0)
            raise StartFailed(_reasons(errors.read().decode("utf-8", "replace"))) from None
        authority = ready.get("caCertificate")
        ca = None if authority is None else Path(authority).read_text("ascii")
        link = links.over_socket(ready["url"], settings.admin_token, ca)
        stop = stack.pop_all().close
    return Host(link, None, asked, stop)


def elsewhere(url: str, admin_token: str | None, ca: str | None) -> Host:
    """An emulator that runs already; raises `EmulatorError` if there is none that can be steered."""
    own = WITHIN.sub("", url.rstrip("/"))
    if own != url.rstrip("/"):
        raise EmulatorError(f"'{url}' leads to a place in an emulator; its own address is '{own}'")
    link = links.over_socket(own, admin_token, ca)
    try:
        ready, steered = (link.send("GET", f"/_emulator/{page}") for page in ("readyz", "health"))
    except (OSError, HTTPException) as fault:
        raise EmulatorError(f"no emulator answers at {url}: {fault}") from None
    if steered.status == OK and "X-Emulator" in steered.headers:
        return Host(link, None, asked, _nothing)
    link.close()
    if "X-Emulator" not in ready.headers:
        raise EmulatorError(f"what answers at {url} is no emulator")
    if ready.status != OK:
        raise EmulatorError(f"the emulator at {url} is not ready: it answers {ready.status}")
    raise EmulatorError(f"the emulator at {url} lets nobody steer it so: {_said(steered, admin_token)}")


def _said(reply: Reply, admin_token: str | None) -> str:
    """Why the control plane is closed."""
    try:
        given("GET /_emulator/health", reply)
    except EmulatorError as no:
        another = "; the one that was given is another"
        return f"{no}{another if reply.status == UNAUTHORIZED and admin_token else ''}"
    return "something else answers at /_emulator"


def _settings(flags: Mapping[str, Any]) -> tuple[Settings, World | None]:
    """The settings, and the world if it is given as a document; raises `StartFailed`."""
    from dimensions_emulator.settings import SettingsInvalid, resolve  # noqa: PLC0415

    if flags.get("unix_socket"):
        raise StartFailed("tests reach their emulator by its URL; leave out unix_socket")
    named = {name: value for name, value in flags.items() if not isinstance(value, dict)}
    try:
        settings = resolve(named, {})
    except SettingsInvalid as fault:
        raise StartFailed("\n".join(fault.args[0])) from None
    document = flags.get("world")
    return settings, _world(document) if isinstance(document, dict) else None


def _world(document: dict[str, Any]) -> World:
    from dimensions_contracts import catalog as catalogue  # noqa: PLC0415
    from dimensions_emulator import world_check, world_normal  # noqa: PLC0415
    from dimensions_emulator.domain import document as documents  # noqa: PLC0415

    catalog = catalogue.load()
    if mistakes := world_check.mistakes(document, catalog):
        told = (f"{'.'.join(map(str, mistake.path)) or 'world'}: {mistake.message}" for mistake in mistakes)
        raise StartFailed("\n".join(told))
    return documents.load(world_normal.normalised(document, catalog))


def _local(world: Callable[[], World]) -> Callable[[Line], Tenancy]:
    def known(_: Line) -> Tenancy:
        from dimensions_emulator import tenancy  # noqa: PLC0415

        return tenancy.of(world())

    return known


def asked(line: Line) -> Tenancy:
    """What the session's own export tells of its tenants and tokens."""
    from dimensions_emulator import tenancy  # noqa: PLC0415
    from dimensions_emulator.domain import document as documents  # noqa: PLC0415

    return tenancy.of(documents.load(line.control("GET", "state")))


def _arguments(flags: Mapping[str, Any], stack: ExitStack) -> list[str]:
    arguments = ["serve", "--json", "--config", os.devnull]
    for name, value in {"port": 0, **flags}.items():
        flag = "--" + name.replace("_", "-")
        if isinstance(value, bool):
            arguments += [flag] if value else []
        elif isinstance(value, dict):
            arguments += [flag, _written(value, stack)]
        elif isinstance(value, tuple | list):
            arguments += [text for item in value for text in (flag, str(item))]
        elif value is not None:
            arguments += [flag, str(value)]
    return arguments


def _written(document: dict[str, Any], stack: ExitStack) -> str:
    directory = stack.enter_context(tempfile.TemporaryDirectory())
    path = Path(directory) / "world.json"
    path.write_text(json.dumps(document), "utf-8")
    return str(path)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let the process end, by force if it does not."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    process.terminate()
    try:
        process.wait(STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _reasons(written: str) -> str:
    lines = [line.removeprefix("dimensions-emulator: ") for line in written.splitlines()]
    return "\n".join(lines) or "the server's process ended without a word"


def _nothing() -> None:
    pass
