"""Which processes are alive, told by locks that the operating system takes away with them."""

import contextlib
import fcntl
import os
import uuid
from pathlib import Path

from crosswatch.ports import Clock
from crosswatch.store import journal, leases, processes, runs
from crosswatch.store.database import Connection, Database


class Process:
    """This process on a state folder, from ``start`` until ``close``.

    It holds a lock on ``processes/<id>``. Whoever can take the lock of another id knows that process to be dead at
    once, however it died.
    """

    def __init__(self, database: Database, folder: Path, clock: Clock, process_id: str, lock: int) -> None:
        self.id = process_id
        self._database, self._folder, self._clock, self._lock = database, folder, clock, lock
        self._closed = False

    @classmethod
    def start(cls, database: Database, state: Path, clock: Clock, *, role: str) -> "Process":
        """Enters this process, and closes what dead ones left behind. ``role``: what people call it."""
        folder = state / "processes"
        folder.mkdir(mode=0o700, exist_ok=True)
        process_id, lock = _locked(folder)
        made = cls(database, folder, clock, process_id, lock)
        now = clock.now_ms()
        database.write_now(
            lambda connection: processes.enter(connection, process_id, pid=os.getpid(), role=role, now=now)
        )
        made.bury()
        made._sweep()
        return made

    def is_alive(self, process_id: str) -> bool:
        """Whether that process still runs. Asked with a shared lock: those who ask do not keep each other out."""
        try:
            lock = os.open(self._folder / process_id, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False

    def bury(self) -> list[int]:
        """Closes the runs of dead processes as interrupted and drops what they had not sent; returns their ids.

        A process that took itself out and left a run behind is as dead as one that was killed.
        """
        known = self._database.read_now(_known)
        dead = [one for one in known if not self.is_alive(one)]
        if not dead:
            return []
        now = self._clock.now_ms()

        def close(connection: Connection) -> list[int]:
            closed = runs.interrupt(connection, dead, now)
            journal.drop_planned_of(connection, closed)
            leases.free_of(connection, dead)
            for one in dead:
                processes.remove(connection, one)
            return closed

        closed = self._database.write_now(close)
        for one in dead:
            (self._folder / one).unlink(missing_ok=True)
        return closed

    def _sweep(self) -> None:
        """Takes away the locks of processes that died before they were entered, or after they were taken out."""
        known = self._database.read_now(_known)
        for file in self._folder.iterdir():
            if file.name not in known:
                _take_away(file)

    def close(self) -> None:
        """Takes this process out; a second time does nothing."""
        if self._closed:
            return
        self._closed = True
        self._database.write_now(lambda connection: processes.remove(connection, self.id))
        (self._folder / self.id).unlink(missing_ok=True)
        os.close(self._lock)


def _locked(folder: Path) -> tuple[str, int]:
    """A new id, and its lock, which this process holds from now on."""
    while True:
        process_id = uuid.uuid4().hex
        lock = os.open(folder / process_id, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.fstat(lock).st_nlink:
            return process_id, lock
        os.close(lock)  # taken away before it was locked


def _take_away(file: Path) -> None:
    """Unlinks a lock while holding it, so that whoever is just about to lock it sees that it is gone."""
    with contextlib.suppress(FileNotFoundError):
        lock = os.open(file, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file.unlink()
        except BlockingIOError:
            pass
        finally:
            os.close(lock)


def _known(connection: Connection) -> set[str]:
    """Every process that is entered, or that a run under way names."""
    return {*processes.every(connection), *(run.process for run in runs.going_on(connection))}
