"""The last snapshot of every account: what it held, and how complete that was.

It belongs to the account of the service, not to the name of a connection: when somebody else connects under the same
name, nothing that was seen on the lists of the one is taken for what the other one had.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, func, select

from crosswatch.model.kinds import Feature
from crosswatch.model.readings import ReadEnd, Reading
from crosswatch.store.statements import execute_all, upsert
from crosswatch.store.tables import reading, snapshot

_HERE = (reading.c.account_uid == bindparam("uid")) & (reading.c.feature == bindparam("of"))
_KNOWN = select(reading.c.title, reading.c.value, reading.c.stamp, reading.c.date, reading.c.native_id).where(
    _HERE
)
_KNOWN_BEFORE = select(reading.c.title, reading.c.value).where(
    _HERE, reading.c.seen_at <= bindparam("before")
)
_SHOWN = select(reading.c.title, reading.c.seen_at).where(_HERE)
_GONE = delete(reading).where(_HERE, reading.c.title == bindparam("gone"))


@dataclass(frozen=True, slots=True)
class SnapshotRow:
    """How the last read of a list went, and how many titles it holds."""

    whole: bool
    gap: int
    total: int
    reason: str
    taken_at: int
    titles: int = 0


def keep(
    connection: Connection,
    uid: str,
    feature: Feature,
    now: Mapping[int, Reading],
    end: ReadEnd,
    *,
    taken_at: int,
    unclear: Collection[int],
) -> None:
    """Stores a list as it was just read; touches only rows that differ.

    ``now``: what was listed or looked up; a value of None is a proved absence and takes the title out. Titles of
    which nothing was said are taken out only where the list was whole; ``unclear`` ones stay as they were.
    """
    known = {
        row.title: (row.value, row.stamp, row.date, row.native_id)
        for row in connection.execute(_KNOWN, {"uid": uid, "of": feature.value})
    }
    changed = {
        key: one
        for key, one in now.items()
        if one.value is not None
        and known.get(key) != (one.value, one.stamp, one.date.at if one.date else None, one.native_id)
    }
    gone = [key for key in known if _is_gone(now.get(key), whole=end.whole and key not in unclear)]
    _put(connection, uid, feature, changed)
    _drop(connection, uid, feature, gone)
    _keep_snapshot(connection, uid, feature, end, taken_at)


def learn(connection: Connection, uid: str, feature: Feature, now: Mapping[int, Reading]) -> None:
    """Stores what an account said of these titles since its list was read: what was written to it is there."""
    _put(connection, uid, feature, {key: one for key, one in now.items() if one.value is not None})
    _drop(connection, uid, feature, [key for key, one in now.items() if one.value is None])


def _put(connection: Connection, uid: str, feature: Feature, changed: Mapping[int, Reading]) -> None:
    query = upsert(reading, "value", "stamp", "date", "precision", "native_id", "seen_at")
    execute_all(connection, query, (_columns(uid, feature, key, one) for key, one in changed.items()))


def _drop(connection: Connection, uid: str, feature: Feature, gone: Collection[int]) -> None:
    execute_all(connection, _GONE, ({"uid": uid, "of": feature.value, "gone": key} for key in gone))


def _is_gone(now: Reading | None, *, whole: bool) -> bool:
    return whole if now is None else now.value is None


def _columns(uid: str, feature: Feature, key: int, one: Reading) -> dict[str, object]:
    return {
        "account_uid": uid,
        "feature": feature.value,
        "title": key,
        "value": one.value,
        "stamp": one.stamp,
        "date": one.date.at if one.date else None,
        "precision": one.date.precision.value if one.date else "",
        "native_id": one.native_id,
        "seen_at": one.taken_at,
    }


def _keep_snapshot(connection: Connection, uid: str, feature: Feature, end: ReadEnd, taken_at: int) -> None:
    said = {
        "whole": end.whole,
        "gap": end.gap,
        "total": end.total,
        "reason": end.reason,
        "taken_at": taken_at,
        "cursor": end.cursor,
    }
    row = {"account_uid": uid, "feature": feature.value, **said}
    connection.execute(upsert(snapshot, *said), row)


def snapshots(connection: Connection, uid: str) -> dict[Feature, SnapshotRow]:
    """How the last read of each of an account's lists went."""
    counts = {
        row.feature: row.titles
        for row in connection.execute(
            select(reading.c.feature, func.count().label("titles"))
            .where(reading.c.account_uid == uid)
            .group_by(reading.c.feature)
        )
    }
    found = connection.execute(select(snapshot).where(snapshot.c.account_uid == uid))
    return {
        Feature(row.feature): SnapshotRow(
            row.whole, row.gap, row.total, row.reason, row.taken_at, counts.get(row.feature, 0)
        )
        for row in found
    }


def known_since(connection: Connection, uid: str, feature: Feature, before: int) -> dict[int, int]:
    """Title -> value of those that an account showed unchanged since a time before that."""
    found = connection.execute(_KNOWN_BEFORE, {"uid": uid, "of": feature.value, "before": before})
    return {row.title: row.value for row in found}


def shown_since(connection: Connection, uid: str, feature: Feature) -> dict[int, int]:
    """Title -> since when an account has shown it as its last snapshot has it (UTC ms)."""
    found = connection.execute(_SHOWN, {"uid": uid, "of": feature.value})
    return {row.title: row.seen_at for row in found}


def values(connection: Connection, uid: str, feature: Feature) -> dict[int, int]:
    """Title -> value of an account's last snapshot."""
    found: dict[int, int] = {}
    query = select(reading.c.title, reading.c.value).where(
        reading.c.account_uid == uid, reading.c.feature == feature
    )
    for part in connection.execute(query).partitions(1000):
        found.update({row.title: row.value for row in part})
    return found
