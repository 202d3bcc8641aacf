"""A fresh database for tests of the store, and what is needed to look at it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, event, text

from crosswatch.model.accounts import AccountName
from crosswatch.model.kinds import Feature, Kind, Mode
from crosswatch.store import accounts, pairs
from crosswatch.store.database import Database
from crosswatch.store.pairs import LaneSettings


@contextlib.contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements that are sent inside the block; one for many rows counts once."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def dump(database: Database, *tables: str) -> dict[str, list[tuple[Any, ...]]]:
    """Whole tables, to compare."""

    def read(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
        return {
            table: sorted(
                (tuple(row) for row in connection.execute(text(f"SELECT * FROM {table}"))), key=repr
            )
            for table in tables
        }

    return database.read_now(read)


def make_pair(connection: Connection, instance: str = "default") -> int:
    """A pair of its own; returns its ratings lane."""
    ends = [
        accounts.keep(
            connection, AccountName(name, instance), uid=f"{name}:{instance}", label="", state=""
        ).id
        for name in ("tmdb", "tracker")
    ]
    made = pairs.add(
        connection,
        name=instance,
        source=ends[0],
        target=ends[1],
        mode=Mode.TWO_WAY,
        kinds=[Kind.MOVIE],
        lanes={Feature.RATINGS: LaneSettings(remove=True)},
        now=1,
    )
    found = pairs.find(connection, made)
    assert found is not None
    return found.lanes[0].id
