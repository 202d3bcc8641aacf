"""The quick way to the database in memory comes to the same as SQLAlchemy's own."""

import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from itertools import count
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, delete, event, insert, select, update
from sqlalchemy.pool import StaticPool

from crosswatch.store.tables import process
from tests.protocol import draw, world
from tests.protocol.ground import Ground, Killed, Life, OneConnection
from tests.protocol.quick import Prepared, QuickEngine, QuickResult
from tests.protocol.setting import Figures

SEEDS = 20
ONE = {"id": "one", "pid": 1, "role": "the test", "started_at": 5}


class SlowEngine:
    """A database in memory through nothing but SQLAlchemy."""

    def __init__(self) -> None:
        self._engine = create_engine("sqlite://", poolclass=StaticPool)

        @event.listens_for(self._engine, "connect")
        def connect(connection: Any, _record: object) -> None:
            connection.isolation_level = None
            connection.execute("PRAGMA foreign_keys = ON")

        @event.listens_for(self._engine, "begin")
        def begin(connection: Connection) -> None:
            writes = connection.get_execution_options().get("crosswatch_write")
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

        with self._engine.connect() as connection:
            raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        self.raw = raw

    def connect(self) -> AbstractContextManager[Connection]:
        return self._engine.connect()

    def close(self) -> None:
        self._engine.dispose()


def told(engine: OneConnection, patch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[str]]]:
    """Some histories on that database: what each met, and all that is stored in the end."""
    numbers = count(1)
    patch.setattr(uuid, "uuid4", lambda: uuid.UUID(int=next(numbers)))
    with closing(Ground(engine)) as own:
        patch.setattr(world, "the_ground", lambda: own)
        for seed in range(SEEDS):
            figures = Figures()
            draw.a_history(Random(seed).choice, figures, steps=6)
            yield str(figures), list(own.raw.iterdump())


def test_histories_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = list(told(QuickEngine(), monkeypatch))
    slow = list(told(SlowEngine(), monkeypatch))
    assert quick == slow
    assert sum(len(stored) for _, stored in slow) > 60 * SEEDS, "nothing was stored"


def test_the_quick_way_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []
    execute = Prepared.execute

    def watched(prepared: Prepared, *given: Any) -> QuickResult:
        taken.append(prepared)
        return execute(prepared, *given)

    monkeypatch.setattr(Prepared, "execute", watched)
    draw.a_history(Random(1).choice, Figures(), steps=6)
    assert len(taken) > 100


@pytest.mark.parametrize("made", [QuickEngine, SlowEngine])
def test_what_is_not_committed_is_lost(made: type[QuickEngine | SlowEngine]) -> None:
    def dies(connection: Connection) -> None:
        connection.execute(insert(process), {**ONE, "id": "two"})
        connection.execute(update(process).values(role="another"))
        connection.execute(delete(process).where(process.c.id.in_(["one"])))
        assert list(connection.execute(select(process.c.id)).scalars()) == ["two"]
        raise Killed

    with closing(Ground(made())) as own:
        own.clear()
        Life.now(own, lambda connection: connection.execute(insert(process), ONE))
        with pytest.raises(Killed):
            Life.now(own, dies)
        assert [tuple(row) for row in own.rows("SELECT id, role FROM process")] == [("one", "the test")]
