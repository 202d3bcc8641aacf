"""Statements for many rows: in pieces, so that neither their number nor the memory they take grows with each title."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Executable, Table
from sqlalchemy.dialects import sqlite

T = TypeVar("T")
CHUNK = 5_000
"""Titles asked for in one statement; SQLite takes 32,766 parameters."""

BATCH = 1_000
"""Rows written by one execution; all of them are in memory several times over while it lasts."""


def chunks(items: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """The items in order, at most ``size`` at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def execute_all(connection: Connection, statement: Executable, rows: Iterable[dict[str, Any]]) -> None:
    """Executes the statement for every row, batch by batch; not at all where there are none."""
    waiting = iter(rows)
    while batch := list(islice(waiting, BATCH)):
        connection.execute(statement, batch)


@cache
def upsert(table: Table, *changing: str, key: tuple[str, ...] = ()) -> Executable:
    """Inserts a row, or changes these columns of the one with the same ``key`` (its primary key); none: leaves it."""
    query = sqlite.insert(table)
    same = list(key) or [column.name for column in table.primary_key.columns]
    if not changing:
        return query.on_conflict_do_nothing(index_elements=same)
    return query.on_conflict_do_update(
        index_elements=same, set_={name: query.excluded[name] for name in changing}
    )
