"""Opening the house for one command, and closing it whatever happens."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from crosswatch.app import open_house
from crosswatch.config.logs import setup_logging
from crosswatch.services.house import House
from crosswatch.settings import Settings

T = TypeVar("T")


@asynccontextmanager
async def opened() -> AsyncIterator[House]:
    """The installation that the environment names. The command line logs warnings only, unless told otherwise."""
    settings = Settings()
    level = settings.log_level if settings.is_set("log_level") else "warning"
    setup_logging(level, settings.log_format)
    house = open_house(settings, role="the command line")
    try:
        yield house
    finally:
        await house.close()


def with_house(work: Callable[[House], Awaitable[T]]) -> T:
    """The result of a command's work on the open house."""

    async def main() -> T:
        async with opened() as house:
            return await work(house)

    return asyncio.run(main())
