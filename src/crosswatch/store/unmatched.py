"""Titles that a service did not know: set aside, and tried again with growing patience."""

from collections.abc import Collection

from sqlalchemy import Connection, delete, select

from crosswatch.store.statements import upsert
from crosswatch.store.tables import unmatched

_HOUR = 60 * 60 * 1000
_LONGEST = 7 * 24 * _HOUR


def waiting(connection: Connection, lane_id: int, now: int) -> set[int]:
    """The titles that are not tried again yet."""
    query = select(unmatched.c.title).where(unmatched.c.lane == lane_id, unmatched.c.next_try > now)
    return set(connection.execute(query).scalars())


def set_aside(connection: Connection, lane_id: int, reasons: dict[int, str], now: int) -> None:
    """Notes titles that a service did not know; the next try comes after 1, 2, 4 ... hours, a week at most."""
    for key, reason in reasons.items():
        query = select(unmatched.c.tries).where(unmatched.c.lane == lane_id, unmatched.c.title == key)
        tries = (connection.execute(query).scalar_one_or_none() or 0) + 1
        said = {
            "reason": reason,
            "tries": tries,
            "next_try": now + min(_HOUR << min(tries - 1, 10), _LONGEST),
        }
        connection.execute(upsert(unmatched, *said), {"lane": lane_id, "title": key, **said})


def matched(connection: Connection, lane_id: int, keys: Collection[int]) -> None:
    """Forgets titles that the service does know by now."""
    known = set(connection.execute(select(unmatched.c.title).where(unmatched.c.lane == lane_id)).scalars())
    gone = sorted(known.intersection(keys))
    if gone:
        connection.execute(delete(unmatched).where(unmatched.c.lane == lane_id, unmatched.c.title.in_(gone)))
