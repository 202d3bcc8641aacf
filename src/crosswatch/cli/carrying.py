"""Runs that a command carries out itself, in its own process: followed with progress, and stopped by Ctrl+C."""

import asyncio
import signal

from crosswatch.cli.bars import followed
from crosswatch.cli.output import FAILED, NOT_CONNECTED, PARTIAL, SUCCEEDED, wants_json
from crosswatch.services.house import House
from crosswatch.services.running import Running, RunReport
from crosswatch.store.pairs import PairRow

_NOT_CONNECTED = (
    "not_connected", "session_ended", "account_changed", "invalid_api_key", "suspended_api_key",
)  # fmt: skip
_STOPS = (signal.SIGINT, signal.SIGTERM)


class Stopping:
    """Ctrl+C and SIGTERM ask the run that goes on to stop; whoever loops over pairs sees ``asked``."""

    def __init__(self, running: Running) -> None:
        self.asked = False
        self._running, self._run_id = running, 0
        self._tasks: set[asyncio.Task[RunReport]] = set()

    async def __aenter__(self) -> "Stopping":
        for number in _STOPS:
            asyncio.get_running_loop().add_signal_handler(number, self._stop)
        return self

    async def __aexit__(self, *_: object) -> None:
        for number in _STOPS:
            asyncio.get_running_loop().remove_signal_handler(number)
        await asyncio.gather(*self._tasks)

    def began(self, run_id: int) -> None:
        """This run is the one to stop; it is stopped at once where that was asked for while it began."""
        self._run_id = run_id
        if self.asked:
            self._stop()

    def _stop(self) -> None:
        self.asked = True
        if self._run_id:
            self._tasks.add(asyncio.create_task(self._running.cancel(self._run_id)))


async def carried_out(house: House, run_id: int, pair: PairRow, stopping: Stopping) -> RunReport:
    """A run that was entered, done to its end in this process, with progress."""
    running = Running(house)
    task = asyncio.create_task(running.carry_out(run_id, pair))
    stopping.began(run_id)
    await followed(running, run_id, task, quiet=wants_json())
    return await task


def code_of(report: RunReport, *, strict: bool = False) -> int:
    """The exit code of a command whose run ended so."""
    run = report.run
    if run.status == "succeeded":
        return PARTIAL if strict and run.attention else SUCCEEDED
    if run.status == "partial":
        return PARTIAL
    return NOT_CONNECTED if run.code in _NOT_CONNECTED else FAILED
