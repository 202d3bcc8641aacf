"""Following a run, whichever process carries it out."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from crosswatch.services.house import House
from crosswatch.services.running import Running, RunReport

EVERY_SECONDS = 0.5
"""How often the run's row is looked at; its runner writes it twice a second at most."""


async def follow(
    house: House, run_id: int, *, after_version: int, closing: asyncio.Event
) -> AsyncIterator[RunReport]:
    """Each new state of a run, the last one when it has ended; ends with that, or once ``closing`` is set.

    States up to ``after_version`` are left out (-1: none), so whoever was cut off goes on where they were. A run of
    a process that died is closed and ends here too. Raises Refused ``not_found``.
    """
    running = Running(house)
    seen = after_version
    while not closing.is_set():
        report = await running.show(run_id)
        if report.run.version > seen:
            seen = report.run.version
            yield report
        if not report.running:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(closing.wait(), EVERY_SECONDS)
