"""A fresh database for tests of the store, and what is needed to look at it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, event, text

from crosswatch.store.database import Database


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
