"""Locks of processes: none is left behind for ever, and none is taken from a process that lives."""

from __future__ import annotations

import fcntl
import os

import pytest

from crosswatch.runs import processes
from crosswatch.runs.processes import Process
from crosswatch.store.database import Database
from tests.unit.stored import dump


class FixedClock:
    def now_ms(self) -> int:
        return 5

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError


def start(database: Database) -> Process:
    return Process.start(database, database.path.parent, FixedClock(), role="the test")


def locks(database: Database) -> set[str]:
    return {file.name for file in (database.path.parent / "processes").iterdir()}


def test_what_a_process_left_that_was_never_entered_is_taken_away(database: Database) -> None:
    first = start(database)
    (database.path.parent / "processes" / "killed before it was entered").touch()
    second = start(database)
    assert locks(database) == {first.id, second.id}
    assert first.is_alive(second.id)
    assert second.is_alive(first.id)
    for one in (first, second):
        one.close()
    assert locks(database) == set()


def test_a_process_that_is_not_entered_yet_keeps_its_lock(database: Database) -> None:
    (database.path.parent / "processes").mkdir(mode=0o700)
    process_id, lock = processes._locked(database.path.parent / "processes")
    made = start(database)
    assert locks(database) == {process_id, made.id}
    assert made.is_alive(process_id)
    made.close()
    os.close(lock)


def test_a_lock_that_is_taken_away_before_it_is_held_is_made_anew(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process sweeps in the moment between the making of the file and its lock."""
    flock, swept = fcntl.flock, list[str]()

    def late(lock: int, how: int) -> None:
        if not swept:
            (file,) = (database.path.parent / "processes").iterdir()
            swept.append(file.name)
            processes._take_away(file)
        flock(lock, how)

    monkeypatch.setattr(fcntl, "flock", late)
    made = start(database)
    assert swept != [made.id]
    assert locks(database) == {made.id} == {row[0] for row in dump(database, "process")["process"]}
    assert made.is_alive(made.id)
    made.close()
