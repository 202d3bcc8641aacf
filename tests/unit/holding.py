"""Writes that wait, rows that were kept, and what a user says to them, straight in the store."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import select, update

from crosswatch.engine.base import Agreed, BaseRow
from crosswatch.engine.planned import Cause, PlannedWrite
from crosswatch.model.kinds import Action, Side
from crosswatch.model.readings import Reading
from crosswatch.store import base, held
from crosswatch.store.database import Database
from crosswatch.store.tables import attention as table

SOURCE, TARGET = Side.SOURCE, Side.TARGET


def removal(key: int, *, side: Side = TARGET, version: int = 3, value: int = 850) -> PlannedWrite:
    """A title that is no longer on one side, and shall go from the other; the row that it rests on has a version."""
    row = BaseRow(Agreed(None), Agreed(None), since=5, version=version + 1)
    return PlannedWrite(
        key, side, Action.REMOVE, str(key), value, None, Reading(None, 5, mark=""), row, Cause.REMOVED
    )


def overwrite(key: int, *, before: int = 700, wanted: int = 850, version: int = 3) -> PlannedWrite:
    """A rating that was changed on the source, and shall be on the target."""
    row = BaseRow(Agreed(wanted), Agreed(wanted), since=5, version=version + 1)
    other = Reading(wanted, 5)
    return PlannedWrite(key, TARGET, Action.CHANGE, str(key), before, wanted, other, row, Cause.CHANGED)


def keep(
    database: Database,
    lane: int,
    *writes: PlannedWrite,
    allowed: Collection[tuple[int, Side]] = (),
    unclear: Sequence[int] = (),
    now: int = 5,
) -> None:
    database.write_now(
        lambda connection: held.keep(connection, lane, writes, allowed=allowed, unclear=unclear, now=now)
    )


def entries(database: Database, lane: int) -> list[Any]:
    query = select(table).where(table.c.lane == lane).order_by(table.c.title, table.c.id)
    return list(database.read_now(lambda connection: connection.execute(query).all()))


def numbers(database: Database, lane: int) -> dict[int, int]:
    """Title -> number of its entry, which a new question does not share with an older one."""
    return {row.title: row.id for row in entries(database, lane)}


def say(database: Database, lane: int, answer: str, *titles: int, now: int = 9) -> None:
    """What the user says to what waits."""
    query = update(table).where(table.c.lane == lane, table.c.title.in_(titles))
    database.write_now(lambda connection: connection.execute(query.values(answer=answer, answered_at=now)))


def approved(database: Database, lane: int, now: int = 10) -> dict[tuple[int, Side], int]:
    """The versions of the rows that the user allowed something about."""
    found = database.read_now(lambda connection: held.approved(connection, lane, now))
    return {asked: leave.version for asked, leave in found.items()}


def waiting(database: Database, lane: int, now: int = 10) -> set[tuple[int, Side]]:
    return database.read_now(lambda connection: held.waiting(connection, lane, now))


def agreed(database: Database, lane: int, rows: dict[int, BaseRow | None]) -> None:
    database.write_now(lambda connection: base.keep(connection, lane, rows))


def row_of(database: Database, lane: int, key: int) -> BaseRow | None:
    return database.read_now(lambda connection: base.find(connection, lane, key))


def kept_row(source: int | None, target: int | None, version: int = 3, **more: Any) -> BaseRow:
    values: dict[str, Any] = {"kept": True, "since": 4} | more
    return BaseRow(Agreed(source, native_id="s"), Agreed(target, native_id="t"), version=version, **values)


def ask(database: Database, lane: int, now: int = 6) -> int:
    return database.write_now(lambda connection: held.ask_about_kept(connection, lane, now))


def refuse(database: Database, lane: int, key: int, data: dict[str, Any], now: int = 20) -> None:
    database.write_now(lambda connection: held.refuse(connection, lane, {key: data}, now))
