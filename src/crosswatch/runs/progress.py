"""Where a run is: told to its row at most twice a second, which is also when it hears that it shall stop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from crosswatch.errors import Cancelled, CrossWatchError
from crosswatch.net.meter import Meter
from crosswatch.ports import Clock
from crosswatch.store import runs
from crosswatch.store.database import Connection, Database

T = TypeVar("T")
HALF_A_SECOND = 0.5


class Progress:
    """The live state of one run. Phases: waiting, reading, planning, writing. ``closing``: the process ends."""

    def __init__(
        self, database: Database, clock: Clock, run_id: int, meter: Meter, *, closing: Callable[[], bool]
    ) -> None:
        self._database, self._clock, self._run_id, self._meter = database, clock, run_id, meter
        self._closing = closing
        self._state: dict[str, Any] = {"phase": "waiting", "feature": "", "done": 0, "total": 0}
        self._told: dict[str, Any] = {}
        self._parts: dict[str, tuple[int, int]] = {}
        self._stop = asyncio.Event()
        self._stopped_at = 0.0

    @asynccontextmanager
    async def ticking(self) -> AsyncIterator[None]:
        """Keeps the row up to date, and listens for a request to stop, for as long as the block lasts."""
        ticker = asyncio.create_task(self._tick())
        try:
            yield
        finally:
            ticker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ticker

    def enter(self, phase: str, *, feature: str = "", total: int = 0) -> None:
        """Begins a phase."""
        now = self._clock.now_ms()
        self._parts = {}
        self._state = {
            "phase": phase,
            "feature": feature,
            "done": 0,
            "total": total,
            "waiting_for": "",
            "phase_at": now,
        }

    def wait_for(self, what: str) -> None:
        """Says what a run waits for; empty once it goes on."""
        self._state["waiting_for"] = what

    def part(self, name: str, done: int, total: int) -> None:
        """One of several things that go on at once in this phase; they are shown as one sum."""
        self._parts[name] = (done, total)
        self._state["done"] = sum(part[0] for part in self._parts.values())
        self._state["total"] = sum(part[1] for part in self._parts.values())
        self.wait_for("")

    def advance(self, done: int) -> None:
        """So many more are done."""
        self._state["done"] += done
        self.wait_for("")

    @property
    def stopping(self) -> bool:
        """Whether the user asked to stop."""
        return self._stop.is_set()

    def check_stop(self) -> None:
        """Raises Cancelled once the user asked to stop."""
        if self.stopping:
            raise Cancelled

    async def unless_stopped(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of work that changes nothing at a service; given up at once when the user asks to stop."""
        task = asyncio.ensure_future(work)
        stop = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise Cancelled
            return task.result()
        finally:
            for one in (task, stop):
                one.cancel()
            await asyncio.gather(task, stop, return_exceptions=True)

    async def ended_or_stopped(self, tasks: Collection[asyncio.Task[Any]], *, grace: float) -> None:
        """Returns when all tasks have ended. Those that have not, ``grace`` seconds after the stop, are cancelled."""
        stop = asyncio.ensure_future(self._stop.wait())
        try:
            while not stop.done() and (open_ones := [task for task in tasks if not task.done()]):
                await asyncio.wait({*open_ones, stop}, return_when=asyncio.FIRST_COMPLETED)
            if open_ones := [task for task in tasks if not task.done()]:
                passed = asyncio.get_running_loop().time() - self._stopped_at
                await asyncio.wait(open_ones, timeout=max(0.0, grace - passed))
        finally:
            for task in (stop, *tasks):
                task.cancel()
            await asyncio.gather(stop, *tasks, return_exceptions=True)

    def stop(self) -> None:
        """The run shall stop, now."""
        if not self.stopping:
            self._stopped_at = asyncio.get_running_loop().time()
            self._stop.set()

    async def tell(self) -> None:
        """Writes what is new to the run's row, and reads whether it shall stop."""
        now = {**self._state, "requests": self._meter.requests}
        changed = {name: value for name, value in now.items() if self._told.get(name) != value}

        def store(connection: Connection) -> bool:
            if changed:
                runs.tell(connection, self._run_id, **changed)
            row = runs.find(connection, self._run_id)
            return row is not None and row.cancel

        asked = await (self._database.write(store) if changed else self._database.read(store))
        if asked or self._closing():
            self.stop()
        self._told = now

    async def _tick(self) -> None:
        while True:
            with contextlib.suppress(CrossWatchError):  # a full disk ends the run where it commits, not here
                await self.tell()
            await self._clock.sleep(HALF_A_SECOND)
