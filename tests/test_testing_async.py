"""The client for asynchronous tests."""

import asyncio
import inspect
import time

import httpx
import pytest

from dimensions_emulator.testing import (
    AsyncEmulator,
    AsyncSession,
    Emulator,
    EmulatorError,
    Refused,
    StartFailed,
    awaiting,
)
from server_process import serving

ADA, BOB = "ada@mail.example", "bob@mail.example"
BY_HAND = {"of", "in_journal", "now", "name", "url", "sync", "requests_session", "mount"}
PARTS = [
    "users",
    "platform",
    "mail",
    "faults",
    "rate_limit",
    "clock",
    "journal",
    "snapshots",
    "tokens",
    "webhooks",
]


def methods(value):
    return {name for name in dir(value) if not name.startswith("_")}


def test_everything_of_the_client_is_there_for_asynchronous_tests():
    with Emulator(in_process=True) as emulator, emulator.session() as session:
        counterpart = AsyncSession(session)

        assert methods(session) - methods(counterpart) == set()
        assert methods(Emulator) - {"at"} <= methods(AsyncEmulator)
        for part in PARTS:
            own, its = getattr(session, part), getattr(counterpart, part)
            missing = methods(own) - methods(its)
            assert missing <= {"now"}, part
            for name in methods(own) - BY_HAND:
                assert inspect.iscoroutinefunction(getattr(its, name)), (part, name)


@pytest.mark.parametrize(
    "mode", [{}, {"in_process": True}, {"process": True}], ids=["thread", "in-process", "process"]
)
def test_a_test_awaits_what_it_does(mode):
    async def test():
        async with AsyncEmulator(**mode) as emulator:
            assert len(await emulator.users.list()) == 17
            async with emulator.session(seed=1) as session:
                ada = await session.users.in_journal().create(ADA)
                assert (await session.users.get(ada.id)).email == ADA
                assert (await session.mail.wait_for(to=ADA)).kind == "activation"
                assert (await session.clock.advance(hours=1)).offset > 3590
                assert session.token == emulator.token
                assert session.api_url == f"{emulator.url}/s/{session.name}/api/v1.0"
                await session.journal.verify(operation="createUser", times=1)
                with pytest.raises(Refused):
                    await session.users.create(ADA)
            assert await emulator.users.find(ADA) is None
            assert [one["name"] for one in await emulator.sessions()] == ["default"]

    asyncio.run(test())


def test_a_session_can_be_awaited_too():
    async def test():
        async with AsyncEmulator(in_process=True) as emulator:
            session = await emulator.session("mine", world="call-centre")
            assert repr(session).startswith("<AsyncSession mine at ")
            assert await session.users.of(session.customer_id).list()
            assert await session.platform.of(session.customer_id).devices()
            await session.discard()
            with pytest.raises(Refused, match="was deleted"):
                await session.users.list()

    asyncio.run(test())


def test_the_event_loop_goes_on_while_a_mail_is_waited_for():
    async def test():
        async with AsyncEmulator(in_process=True) as emulator:
            waiting = asyncio.create_task(emulator.mail.wait_for(to=ADA, timeout=10))
            start = time.monotonic()
            await asyncio.sleep(0.05)
            await emulator.users.create(BOB)
            assert not waiting.done()
            await emulator.users.create(ADA)
            assert (await waiting).to == ADA
            assert time.monotonic() - start < 5

    asyncio.run(test())


def test_who_is_cancelled_does_not_wait_for_the_mail():
    async def test():
        async with AsyncEmulator(in_process=True) as emulator:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(emulator.mail.wait_for(to=ADA, timeout=10), 0.1)

    start = time.monotonic()
    asyncio.run(test())
    assert time.monotonic() - start < 5


def test_events_are_awaited_one_by_one():
    async def test():
        async with AsyncEmulator(in_process=True) as emulator:
            async with emulator.events.listen("user.created", timeout=5) as events:
                await emulator.users.create(ADA)
                assert (await anext(events)).data["user"]["email"] == ADA
            with pytest.raises(AssertionError, match="no event came"):
                async with emulator.events.listen(timeout=0.05) as events:
                    await anext(events)

    asyncio.run(test())


def test_what_comes_too_late_for_the_loop_is_let_be():
    async def test():
        asyncio.create_task(awaiting.in_thread(lambda: time.sleep(0.2)))  # noqa: RUF006
        await asyncio.sleep(0.05)

    asyncio.run(test())
    time.sleep(0.3)


def test_the_app_under_test_is_reached_by_the_transport():
    async def test():
        async with AsyncEmulator(in_process=True) as emulator, emulator.session() as session:
            headers = {"Authorization": f"Bearer {session.token}"}
            transport = session.httpx_async_transport()
            async with httpx.AsyncClient(transport=transport, headers=headers) as client:
                answer = await client.get(
                    f"https://api.dimensions.example/api/v1.0/customers/{session.customer_id}/users"
                )
            assert answer.headers["X-Emulator-Session"] == session.name

    asyncio.run(test())


def test_what_cannot_start_or_is_not_started_says_why():
    async def test():
        with pytest.raises(StartFailed, match="there is no world 'nowhere'"):
            async with AsyncEmulator("nowhere"):
                pass
        with pytest.raises(EmulatorError, match="not started"):
            _ = AsyncEmulator().users

    asyncio.run(test())


def test_an_emulator_is_stopped_once_and_started_again():
    async def test():
        emulator = await AsyncEmulator(in_process=True).start()
        await emulator.users.create(ADA)
        await emulator.stop()
        await emulator.stop()
        await emulator.start()
        assert await emulator.users.find(ADA) is None
        await emulator.discard()

    asyncio.run(test())


def test_a_running_emulator_is_attached_to(tmp_path):
    async def test(url):
        async with await AsyncEmulator.at(url) as emulator:
            assert len(await emulator.users.in_journal().list()) == 17
            assert (await emulator.coverage())["percent"] > 0

    with serving(cwd=tmp_path) as server:
        asyncio.run(test(server.url))
