"""What a whole life of runs stands on: an event loop that never waits, a clock, a database in memory, and death.

All is deterministic: nothing happens in another thread, and time passes only because somebody spends it.
"""

import asyncio
import json
import os
import selectors
import sqlite3
import tempfile
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeVar, TypeVarTuple, Unpack, cast

from sqlalchemy import Engine

from crosswatch.runs.processes import Process
from crosswatch.store.database import Connection, Database
from tests.protocol.quick import QuickEngine
from tests.protocol.script import Point, Script

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
START = 1_800_000_000_000


class Killed(BaseException):
    """The process is dead; no code of its own can stop that."""


class Stuck(Exception):
    """Every task waits, and nothing will ever wake one."""


class _Never(selectors.SelectSelector):
    """A selector that moves the loop's time ahead where another would wait."""

    ahead = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Stuck
        self.ahead += max(0.0, timeout)
        return []


class Loop(asyncio.SelectorEventLoop):
    """An event loop whose sleeping takes no time, and whose threads are the caller's own."""

    def __init__(self) -> None:
        self._never = _Never()
        super().__init__(self._never)
        self.set_exception_handler(lambda *_: None)  # what is left of a dead process tells nobody

    def time(self) -> float:
        return self._never.ahead

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        done: asyncio.Future[T] = self.create_future()
        done.set_result(func(*args))
        return done

    def finish(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of the work; what it left behind is cancelled."""
        try:
            return self.run_until_complete(work)
        finally:
            left = asyncio.all_tasks(self)
            for task in left:
                task.cancel()
            if left:
                self.run_until_complete(asyncio.gather(*left, return_exceptions=True))


@cache
def the_loop() -> Loop:
    """The one loop of this test process; it holds nothing between two pieces of work."""
    return Loop()


class Clock:
    """The time of one world: what its loop slept, and what was spent at once."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._offset = START - loop.time() * 1000

    def now_ms(self) -> int:
        return round(self._offset + self._loop.time() * 1000)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def spend(self, seconds: float) -> None:
        """So much time is over; who sleeps does not wake by it."""
        self._offset += round(seconds * 1000)


class OneConnection(Protocol):
    """A database in memory, reached as through an Engine; ``raw`` is the connection behind it all."""

    raw: sqlite3.Connection

    def connect(self) -> AbstractContextManager[Any]: ...

    def close(self) -> None: ...


class Ground:
    """A database in memory with the newest schema; emptied in no time."""

    def __init__(self, engine: OneConnection) -> None:
        self.engine, self.raw = engine, engine.raw
        with tempfile.TemporaryDirectory() as folder:
            Database.open(Path(folder) / "template.db").close()
            with sqlite3.connect(Path(folder) / "template.db") as file:
                self._empty = sqlite3.connect(":memory:")
                file.backup(self._empty)
            file.close()
        shared = Path("/dev/shm")
        self._folder = tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None)
        self.state = Path(self._folder.name)

    def clear(self) -> None:
        """As if CrossWatch had just been installed."""
        self._empty.backup(self.raw)

    def close(self) -> None:
        """Nothing is left of it."""
        self.engine.close()
        self._empty.close()
        self._folder.cleanup()

    def rows(self, query: str, *values: object) -> list[Any]:
        """What is committed; nothing of ours reads or writes meanwhile."""
        assert not self.raw.in_transaction
        cursor = self.raw.cursor()
        cursor.row_factory = sqlite3.Row
        return cursor.execute(query, values).fetchall()

    def row(self, query: str, *values: object) -> Any:
        """The one row of a query, or None; columns by name."""
        found = self.rows(query, *values)
        assert len(found) <= 1
        return found[0] if found else None

    def counts(self, run: int) -> dict[str, dict[str, Any]]:
        """Feature -> what a run counted there."""
        rows = self.rows("SELECT feature, counts FROM run_lane WHERE run = ?", run)
        return {row["feature"]: json.loads(row["counts"]) for row in rows}


@cache
def the_ground() -> Ground:
    """The one database of this test process."""
    return Ground(QuickEngine())


class Life:
    """One process of CrossWatch on the ground; once ``dead`` it reaches neither the database nor a service.

    ``run`` is what it carries out, ``script`` what happens to it; ``around_commit`` is called around each commit.
    """

    def __init__(self, ground: Ground, clock: Clock) -> None:
        self.dead = False
        self.run = 0
        self._locked = True
        self._awake = asyncio.Event()
        self._awake.set()
        self.script = Script()
        self.around_commit: Callable[[Life, Point], None] = lambda *_: None
        self.clock = MortalClock(self, clock)
        self.database = MortalDatabase(self, ground)
        self.process = Process.start(self.database, ground.state, clock, role="the test")

    def check(self) -> None:
        """Raises Killed when the process is dead."""
        if self.dead:
            raise Killed

    @staticmethod
    def now(ground: Ground, work: Callable[[Connection], T]) -> T:
        """What another process does with the database meanwhile."""
        with ground.engine.connect() as connection:
            connection = connection.execution_options(crosswatch_write=True)
            with connection.begin():
                return work(connection)

    async def awake(self) -> None:
        """Returns at once, unless the process hangs; raises Killed when it is dead."""
        self.check()
        if not self._awake.is_set():
            await self._awake.wait()
            self.check()

    def hang(self) -> None:
        """Nothing moves in the process until it goes on."""
        self._awake.clear()

    def go_on(self) -> None:
        """It never knew that it hung."""
        self._awake.set()

    def let_go(self) -> None:
        """The operating system takes the lock of the process away."""
        if self._locked:
            os.close(self.process._lock)
        self._locked = False

    def die(self) -> None:
        """Kills the process: nothing that it does has an effect any more."""
        self.dead = True
        self.let_go()


class MortalClock:
    """The clock, as long as the process lives."""

    def __init__(self, life: Life, clock: Clock) -> None:
        self._life, self._clock = life, clock

    def now_ms(self) -> int:
        return self._clock.now_ms()

    async def sleep(self, seconds: float) -> None:
        await self._life.awake()
        await self._clock.sleep(seconds)
        await self._life.awake()


class MortalDatabase(Database):
    """The database as one process sees it; all work is done at once, in the caller's thread."""

    def __init__(self, life: Life, ground: Ground) -> None:
        self.path = ground.state / "memory.db"
        self._engine = cast("Engine", ground.engine)
        self._life = life

    async def read(self, work: Callable[[Connection], T]) -> T:
        await self._life.awake()
        return self.read_now(work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        await self._life.awake()
        self._life.around_commit(self._life, Point.BEFORE_COMMIT)
        done = self.write_now(work)
        self._life.around_commit(self._life, Point.AFTER_COMMIT)
        return done

    def read_now(self, work: Callable[[Connection], T]) -> T:
        self._life.check()
        return super().read_now(work)

    def write_now(self, work: Callable[[Connection], T]) -> T:
        self._life.check()
        return super().write_now(work)

    def close(self) -> None:
        """Nothing to close: the ground stays."""

    def _check_file(self) -> None:
        """There is no file."""
