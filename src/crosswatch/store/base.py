"""Base rows: what both sides of a lane said when they last agreed."""

from collections.abc import Iterable, Mapping, Set
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, update

from crosswatch.engine.base import Agreed, BaseRow
from crosswatch.model.kinds import Feature, Kind, Mode, Side
from crosswatch.store.statements import chunks, execute_all, upsert
from crosswatch.store.tables import base, lane, pair, title

_NAMES = (
    "source_value",
    "target_value",
    "source_stamp",
    "target_stamp",
    "source_native",
    "target_native",
    "source_mark",
    "target_mark",
    "source_gap",
    "target_gap",
    "source_missing_at",
    "target_missing_at",
    "since",
    "version",
    "ours",
    "kept",
    "looked_at",
)


_OF_LANE = (
    select(base)
    .join(title, title.c.id == base.c.title)
    .where(base.c.lane == bindparam("lane"), title.c.kind.in_(bindparam("kinds", expanding=True)))
)
_HAS_LANE = select(lane.c.id).where(lane.c.id == bindparam("lane"))
_VERSIONS = select(base.c.title, base.c.version).where(base.c.lane == bindparam("lane"))
_LOOKED_UP = (
    update(base)
    .where(base.c.lane == bindparam("of_lane"), base.c.title == bindparam("one"))
    .values(looked_at=bindparam("now"))
)
_END = delete(base).where(base.c.lane == bindparam("of_lane"), base.c.title == bindparam("ended"))
_WANTED_BY_OTHERS = (
    select(base.c.title)
    .join(lane, lane.c.id == base.c.lane)
    .join(pair, pair.c.id == lane.c.pair)
    .where(
        lane.c.id != bindparam("lane"), lane.c.feature == bindparam("list"), lane.c.enabled, pair.c.enabled
    )
    .where(lane.c.target_uid == bindparam("account"), pair.c.mode == Mode.ONE_WAY)
    .where(base.c.source_value.is_not(None), base.c.target_value.is_not(None))
)


def of_lane(connection: Connection, lane_id: int, kinds: Iterable[Kind]) -> dict[int, BaseRow]:
    """The base rows of a lane whose titles are of these kinds."""
    given = {"lane": lane_id, "kinds": [kind.value for kind in kinds]}
    return {row.title: _row(row) for row in connection.execute(_OF_LANE, given)}


def _row(row: Any) -> BaseRow:
    return BaseRow(
        source=Agreed(
            row.source_value,
            row.source_stamp,
            row.source_native,
            row.source_mark,
            row.source_gap,
            row.source_missing_at,
        ),
        target=Agreed(
            row.target_value,
            row.target_stamp,
            row.target_native,
            row.target_mark,
            row.target_gap,
            row.target_missing_at,
        ),
        since=row.since,
        version=row.version,
        ours=row.ours,
        kept=row.kept,
        looked_at=row.looked_at,
    )


def keep(connection: Connection, lane_id: int, rows: Mapping[int, BaseRow | None]) -> None:
    """Stores rows; None deletes one."""
    stored = (_columns(lane_id, key, row) for key, row in rows.items() if row is not None)
    execute_all(connection, upsert(base, *_NAMES), stored)
    ended = ({"of_lane": lane_id, "ended": key} for key, row in rows.items() if row is None)
    execute_all(connection, _END, ended)


def _columns(lane_id: int, key: int, row: BaseRow) -> dict[str, object]:
    return {"lane": lane_id, "title": key, **as_columns(row)}


def as_columns(row: BaseRow) -> dict[str, object]:
    """A row as it is stored, by the names of its columns."""
    return {
        "source_value": row.source.value,
        "target_value": row.target.value,
        "source_stamp": row.source.stamp,
        "target_stamp": row.target.stamp,
        "source_native": row.source.native_id,
        "target_native": row.target.native_id,
        "source_mark": row.source.mark,
        "target_mark": row.target.mark,
        "source_gap": row.source.gap,
        "target_gap": row.target.gap,
        "source_missing_at": row.source.missing_at,
        "target_missing_at": row.target.missing_at,
        "since": row.since,
        "version": row.version,
        "ours": row.ours,
        "kept": row.kept,
        "looked_at": row.looked_at,
    }


def from_columns(columns: Mapping[str, Any]) -> BaseRow:
    """The row that ``as_columns`` gave."""
    return _row(SimpleNamespace(**columns))


def looked_up(connection: Connection, lane_id: int, keys: Iterable[int], now: int) -> None:
    """Notes when absences were looked up, so that the next run begins with others."""
    execute_all(connection, _LOOKED_UP, ({"of_lane": lane_id, "one": key, "now": now} for key in keys))


def listed_again(connection: Connection, lane_id: int, side: Side, keys: Set[int]) -> None:
    """Forgets since when a side's lists lack these titles: one of them was seen to show them."""
    missing_at = base.c[f"{side}_missing_at"]
    query = select(base.c.title).where(base.c.lane == lane_id, missing_at != 0)
    for part in chunks(sorted(keys & set(connection.execute(query).scalars()))):
        there = update(base).where(base.c.lane == lane_id, base.c.title.in_(part))
        connection.execute(there.values({missing_at: 0}))


def has_lane(connection: Connection, lane_id: int) -> bool:
    """Whether the lane still exists: its pair may have been deleted meanwhile."""
    return connection.execute(_HAS_LANE, {"lane": lane_id}).first() is not None


def find(connection: Connection, lane_id: int, key: int) -> BaseRow | None:
    """The row of one title."""
    query = select(base).where(base.c.lane == lane_id, base.c.title == key)
    found = connection.execute(query).first()
    return None if found is None else _row(found)


def some(connection: Connection, lane_id: int, keys: Iterable[int]) -> dict[int, BaseRow]:
    """The rows of these titles, of whatever kind."""
    found: dict[int, BaseRow] = {}
    for part in chunks(list(keys)):
        query = select(base).where(base.c.lane == lane_id, base.c.title.in_(part))
        found.update({row.title: _row(row) for row in connection.execute(query)})
    return found


def versions(connection: Connection, lane_id: int) -> dict[int, int]:
    """The version of every row of a lane."""
    return {row.title: row.version for row in connection.execute(_VERSIONS, {"lane": lane_id})}


def differences(connection: Connection) -> dict[int, dict[tuple[int | None, int | None], int]]:
    """Lane -> what its two sides said where they did not say the same -> of how many titles."""
    query = (
        select(base.c.lane, base.c.source_value, base.c.target_value, func.count())
        .where(base.c.source_value.is_distinct_from(base.c.target_value))
        .group_by(base.c.lane, base.c.source_value, base.c.target_value)
    )
    found: dict[int, dict[tuple[int | None, int | None], int]] = {}
    for lane_id, source, target, count in connection.execute(query):
        found.setdefault(lane_id, {})[source, target] = count
    return found


def version_of(connection: Connection, lane_id: int, key: int) -> int:
    """The version of a row, 0 where there is none."""
    query = select(base.c.version).where(base.c.lane == lane_id, base.c.title == key)
    return connection.execute(query).scalar_one_or_none() or 0


def wanted_by_others(connection: Connection, lane_id: int, feature: Feature, account_uid: str) -> set[int]:
    """The titles that another lane keeps on this account: its source has them, and nothing goes back to it.

    A lane that goes both ways follows a removal instead of standing against it.
    """
    given = {"lane": lane_id, "list": feature, "account": account_uid}
    return set(connection.execute(_WANTED_BY_OTHERS, given).scalars())
