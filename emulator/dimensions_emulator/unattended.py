"""Work in threads that neither who is cancelled nor the interpreter waits for."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")


async def in_thread(act: Callable[[], Result], name: str) -> Result:
    """The outcome of an act in a daemon thread of this name; asyncio's own threads hold up the exit."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[Result] = loop.create_future()

    def tell(result: Any, fault: BaseException | None) -> None:
        if outcome.done():
            return
        if fault is None:
            outcome.set_result(result)
        else:
            outcome.set_exception(fault)

    def run() -> None:
        result, fault = None, None
        try:
            result = act()
        except BaseException as raised:  # noqa: BLE001  raised where it is awaited
            fault = raised
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(tell, result, fault)

    Thread(target=run, name=name, daemon=True).start()
    return await outcome
