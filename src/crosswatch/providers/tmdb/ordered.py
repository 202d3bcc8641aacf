"""Several calls at once, their results in order."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def in_order(
    jobs: Iterable[Callable[[], Coroutine[Any, Any, T]]], *, ahead: int
) -> AsyncGenerator[T, None]:
    """The jobs' results in the order of the jobs, ``ahead`` of them under way at most.

    The first error is raised in its place; whoever leaves early (use ``contextlib.aclosing``) cancels the rest.
    """
    under_way: deque[asyncio.Task[T]] = deque()
    try:
        for job in jobs:
            under_way.append(asyncio.create_task(job()))
            if len(under_way) >= ahead:
                yield await under_way.popleft()
        while under_way:
            yield await under_way.popleft()
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
