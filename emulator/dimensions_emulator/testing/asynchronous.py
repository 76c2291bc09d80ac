"""The same for asynchronous tests: every call is made in a thread, and awaited."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Self

from dimensions_emulator.testing.awaiting import Awaited, awaited, in_thread
from dimensions_emulator.testing.clock import Clock
from dimensions_emulator.testing.emulator import Emulator
from dimensions_emulator.testing.events import Events, Webhooks
from dimensions_emulator.testing.faults import Faults, RateLimit
from dimensions_emulator.testing.journal import Journal
from dimensions_emulator.testing.mails import Mails
from dimensions_emulator.testing.platform import Platform
from dimensions_emulator.testing.reach import Reach
from dimensions_emulator.testing.session import Session
from dimensions_emulator.testing.snapshots import Snapshots
from dimensions_emulator.testing.tokens import Tokens
from dimensions_emulator.testing.users import Users

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator, Iterator
    from pathlib import Path

    from dimensions_emulator.testing.emulator import World
    from dimensions_emulator.testing.events import Event


class AsyncUsers(Awaited[Users]):
    list = awaited(Users.list)
    get = awaited(Users.get)
    find = awaited(Users.find)
    create = awaited(Users.create)
    patch = awaited(Users.patch)
    grant = awaited(Users.grant)
    revoke = awaited(Users.revoke)
    delete = awaited(Users.delete)
    assign = awaited(Users.assign)
    unassign = awaited(Users.unassign)
    send_activation_mail = awaited(Users.send_activation_mail)
    send_welcome_mail = awaited(Users.send_welcome_mail)

    def of(self, customer_id: str) -> AsyncUsers:
        """The users of another customer."""
        return AsyncUsers(self.sync.of(customer_id))

    def in_journal(self) -> AsyncUsers:
        """The same users, with calls like those of the app under test; see `Users.in_journal`."""
        return AsyncUsers(self.sync.in_journal())


class AsyncPlatform(Awaited[Platform]):
    import_users = awaited(Platform.import_users)
    devices = awaited(Platform.devices)

    def of(self, customer_id: str) -> AsyncPlatform:
        """The phone platform of another customer."""
        return AsyncPlatform(self.sync.of(customer_id))


class AsyncMails(Awaited[Mails]):
    wait_for = awaited(Mails.wait_for)
    all = awaited(Mails.all)
    get = awaited(Mails.get)
    clear = awaited(Mails.clear)
    fail = awaited(Mails.fail)
    failures = awaited(Mails.failures)
    heal = awaited(Mails.heal)


class AsyncFaults(Awaited[Faults]):
    add = awaited(Faults.add)
    list = awaited(Faults.list)
    get = awaited(Faults.get)
    change = awaited(Faults.change)
    remove = awaited(Faults.remove)
    clear = awaited(Faults.clear)


class AsyncRateLimit(Awaited[RateLimit]):
    set = awaited(RateLimit.set)
    clear = awaited(RateLimit.clear)


class AsyncClock(Awaited[Clock]):
    read = awaited(Clock.read)
    set = awaited(Clock.set)
    advance = awaited(Clock.advance)
    freeze = awaited(Clock.freeze)
    resume = awaited(Clock.resume)


class AsyncJournal(Awaited[Journal]):
    requests = awaited(Journal.requests)
    find = awaited(Journal.find)
    count = awaited(Journal.count)
    get = awaited(Journal.get)
    clear = awaited(Journal.clear)
    har = awaited(Journal.har)
    verify = awaited(Journal.verify)


class AsyncSnapshots(Awaited[Snapshots]):
    take = awaited(Snapshots.take)
    restore = awaited(Snapshots.restore)
    list = awaited(Snapshots.list)
    delete = awaited(Snapshots.delete)


class AsyncTokens(Awaited[Tokens]):
    mint = awaited(Tokens.mint)
    list = awaited(Tokens.list)
    expire = awaited(Tokens.expire)
    revoke = awaited(Tokens.revoke)


class AsyncEvents(Awaited[Events]):
    @asynccontextmanager
    async def listen(
        self,
        *types: str,
        after: int | None = None,
        timeout: float = 10.0,  # noqa: ASYNC109  between events
    ) -> AsyncIterator[AsyncIterator[Event]]:
        """The events of these types; see `Events.listen`."""
        listening = self.sync.listen(*types, after=after, timeout=timeout)
        events = await in_thread(listening.__enter__)
        try:
            yield _one_by_one(events)
        finally:
            await in_thread(lambda: listening.__exit__(None, None, None))


class AsyncWebhooks(Awaited[Webhooks]):
    add = awaited(Webhooks.add)
    list = awaited(Webhooks.list)
    remove = awaited(Webhooks.remove)
    deliveries = awaited(Webhooks.deliveries)


async def _one_by_one(events: Iterator[Event]) -> AsyncIterator[Event]:
    while (event := await in_thread(lambda: next(events, None))) is not None:
        yield event


class AsyncSession(Reach, Awaited[Session]):
    """One session of an emulator; leaving its context discards it."""

    def __init__(self, sync: Session) -> None:
        Awaited.__init__(self, sync)
        self._open(sync)

    def _open(self, sync: Session) -> None:
        Reach.__init__(self, sync.name, sync.url, sync.line, sync.direct)
        self.users = AsyncUsers(sync.users)
        self.platform = AsyncPlatform(sync.platform)
        self.mail = AsyncMails(sync.mail)
        self.faults = AsyncFaults(sync.faults)
        self.rate_limit = AsyncRateLimit(sync.rate_limit)
        self.clock = AsyncClock(sync.clock)
        self.journal = AsyncJournal(sync.journal)
        self.snapshots = AsyncSnapshots(sync.snapshots)
        self.tokens = AsyncTokens(sync.tokens)
        self.events = AsyncEvents(sync.events)
        self.webhooks = AsyncWebhooks(sync.webhooks)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        await in_thread(lambda: self.sync.__exit__(kind, *rest))

    discard = awaited(Session.discard)
    coverage = awaited(Session.coverage)
    explain = awaited(Session.explain)
    what_if = awaited(Session.what_if)
    charges = awaited(Session.charges)
    state = awaited(Session.state)
    reset = awaited(Session.reset)
    load = awaited(Session.load)


class AsyncEmulator(AsyncSession):
    """An emulator for asynchronous tests; see `Emulator`."""

    sync: Emulator
    __repr__ = Awaited.__repr__

    def __init__(
        self,
        world: World = "office",
        *,
        seed: int | None = None,
        in_process: bool = False,
        process: bool = False,
        **settings: Any,
    ) -> None:
        Awaited.__init__(self, Emulator(world, seed=seed, in_process=in_process, process=process, **settings))

    @classmethod
    async def at(cls, url: str, *, admin_token: str | None = None, ca: str | Path | None = None) -> Self:
        """The emulator that runs at an address; see `Emulator.at`."""
        emulator = cls()
        emulator.sync = await in_thread(lambda: Emulator.at(url, admin_token=admin_token, ca=ca))
        return await emulator.start()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def start(self) -> Self:
        """Start, if it has not; raises `StartFailed` with the reasons."""
        await in_thread(lambda: self.sync.start().line.tenancy)
        self._open(self.sync)
        return self

    async def stop(self) -> None:
        """Stop, if it runs."""
        await in_thread(self.sync.stop)

    async def discard(self) -> None:
        await self.stop()

    def session(
        self, name: str | None = None, *, world: World | None = None, seed: int | None = None
    ) -> Opening:
        """A new session, to be awaited or entered; see `Emulator.session`."""
        return Opening(lambda: self.sync.session(name, world=world, seed=seed))

    async def sessions(self) -> list[dict[str, Any]]:
        """The sessions of now, by name."""
        return await in_thread(self.sync.sessions)

    async def coverage(self) -> dict[str, Any]:
        """What has been met in all sessions so far, and what never."""
        return await in_thread(self.sync.coverage)


class Opening:
    """A session that is not made yet."""

    def __init__(self, make: Callable[[], Session]) -> None:
        self._make = make
        self._made: AsyncSession | None = None

    def __await__(self) -> Generator[Any, None, AsyncSession]:
        return self._open().__await__()

    async def __aenter__(self) -> AsyncSession:
        self._made = await self._open()
        return self._made

    async def __aexit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if self._made is not None:
            await self._made.__aexit__(kind, *rest)

    async def _open(self) -> AsyncSession:
        def make() -> Session:
            made = self._make()
            made.line.tenancy  # noqa: B018  asked for here, where it blocks nobody
            return made

        return AsyncSession(await in_thread(make))
