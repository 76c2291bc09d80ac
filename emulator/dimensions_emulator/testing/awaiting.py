"""Counterparts of methods that are awaited: each is called in a thread of its own."""

from __future__ import annotations

import asyncio
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar

from dimensions_emulator import unattended
from dimensions_emulator.testing.errors import EmulatorError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

Sync = TypeVar("Sync")
Given = ParamSpec("Given")
Result = TypeVar("Result")


class Awaited(Generic[Sync]):
    """What has awaited counterparts of the methods of `sync`."""

    def __init__(self, sync: Sync) -> None:
        self.sync = sync

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.sync!r}>"


def awaited(
    method: Callable[Concatenate[Sync, Given], Result],
) -> Callable[Concatenate[Awaited[Sync], Given], Coroutine[Any, Any, Result]]:
    """The counterpart of a method."""

    async def call(self: Awaited[Sync], /, *given: Given.args, **named: Given.kwargs) -> Result:
        return await in_thread(lambda: method(self.sync, *given, **named))

    update_wrapper(call, method)
    return call


async def in_thread(act: Callable[[], Result]) -> Result:
    """The outcome of an act; who is cancelled does not wait for its end, nor does the interpreter."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise EmulatorError(
            "asynchronous sessions are for asyncio; a running loop of it was not found"
        ) from None
    return await unattended.in_thread(act, "dimensions-call")
