"""A clock that no test has to wait for."""

import asyncio
import heapq
import itertools
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class VirtualClock:
    """Time moves only when every task waits for it, and then at once to the next who is woken."""

    def __init__(self, start_ms: int = 1_800_000_000_000) -> None:
        self.ms = start_ms
        self.slept: list[float] = []
        self._order = itertools.count()
        self._sleeping: list[tuple[int, int, asyncio.Future[None]]] = []

    def now_ms(self) -> int:
        return self.ms

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleeping, (self.ms + round(seconds * 1000), next(self._order), woken))
        await woken

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The work's result; all its sleeping takes no time."""
        return asyncio.run(self._drive(work))

    async def _drive(self, work: Coroutine[Any, Any, T]) -> T:
        task = asyncio.create_task(work)
        while not task.done():
            for _ in range(30):
                await asyncio.sleep(0)
            if self._sleeping:
                at, _, woken = heapq.heappop(self._sleeping)
                self.ms = max(self.ms, at)
                if not woken.done():
                    woken.set_result(None)
            elif not task.done():
                await asyncio.sleep(0.001)
        return await task
