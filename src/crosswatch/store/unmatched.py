"""Titles that a service did not know: set aside, tried again with growing patience, and told in the inbox.

The table says when a title is tried again; its question tells the user, and holds what was said to it.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, insert, select, update

from crosswatch.model.kinds import Side
from crosswatch.store.attention import LEAVE, Question, drop
from crosswatch.store.statements import execute_all, upsert
from crosswatch.store.tables import attention, unmatched

TRY_AGAIN = "try_again"
"""The answer after which the next run tries it, however patient it was to be."""

_HOUR = 60 * 60 * 1000
LONGEST_MS = 7 * 24 * _HOUR
"""No title waits longer for its next try."""

_ASKED = attention.c.kind == Question.UNMATCHED


_QUESTIONS = select(attention.c.id, attention.c.title, attention.c.answer).where(
    attention.c.lane == bindparam("lane"), _ASKED
)
_AGAIN = (
    update(attention)
    .where(attention.c.id == bindparam("one"))
    .values(data=bindparam("said", type_=attention.c.data.type), answer="", answered_at=None)
)
_OF_LANE = select(unmatched).where(unmatched.c.lane == bindparam("lane"))


def _answered(answer: str) -> Select[Any]:
    return select(attention.c.title).where(
        attention.c.lane == bindparam("lane"),
        _ASKED,
        attention.c.answer == answer,
        attention.c.title.is_not(None),
    )


_PATIENT = (unmatched.c.next_try > bindparam("now")) & unmatched.c.title.not_in(_answered(TRY_AGAIN))
_WAITING = select(unmatched.c.title).where(
    unmatched.c.lane == bindparam("lane"), _PATIENT | unmatched.c.title.in_(_answered(LEAVE))
)
_LEFT_OUT = _answered(LEAVE)


def waiting(connection: Connection, lane_id: int, now: int) -> set[int]:
    """The titles that are not tried, or not yet; those that the user leaves out for good among them."""
    return set(connection.execute(_WAITING, {"lane": lane_id, "now": now}).scalars())


def left_out(connection: Connection, lane_id: int) -> set[int]:
    """The titles that the user leaves out for good."""
    return set(connection.execute(_LEFT_OUT, {"lane": lane_id}).scalars())


def set_aside(connection: Connection, lane_id: int, side: Side, reasons: Mapping[int, str], now: int) -> None:
    """Notes titles that the service of that side did not know, and tells the user.

    The next try comes after 1, 2, 4 ... hours, a week at most. What the user leaves out for good stays so.
    """
    tries = _tries(connection, lane_id) if reasons else {}
    rows = [_row(lane_id, key, reason, tries.get(key, 0) + 1, now) for key, reason in reasons.items()]
    execute_all(connection, upsert(unmatched, "reason", "tries", "next_try"), rows)
    _tell(connection, lane_id, [(row, side) for row in rows], now)


def _row(lane_id: int, key: int, reason: str, tries: int, now: int) -> dict[str, Any]:
    patience = min(_HOUR << min(tries - 1, 10), LONGEST_MS)
    return {"lane": lane_id, "title": key, "reason": reason, "tries": tries, "next_try": now + patience}


def _tries(connection: Connection, lane_id: int) -> dict[int, int]:
    return {row.title: row.tries for row in connection.execute(_OF_LANE, {"lane": lane_id})}


def _tell(
    connection: Connection, lane_id: int, rows: Sequence[tuple[Mapping[str, Any], Side]], now: int
) -> None:
    """One open question for each of these titles, unless the user leaves it out."""
    known = {}
    if rows:
        known = {row.title: row for row in connection.execute(_QUESTIONS, {"lane": lane_id})}
    asked = [
        (row["title"], {name: row[name] for name in ("reason", "tries", "next_try")} | {"side": side.value})
        for row, side in rows
    ]
    execute_all(
        connection,
        _AGAIN,
        ({"one": known[key].id, "said": data} for key, data in asked if _is_open_to(known.get(key))),
    )
    execute_all(
        connection,
        insert(attention),
        (
            {
                "kind": Question.UNMATCHED.value,
                "lane": lane_id,
                "title": key,
                "data": data,
                "made_at": now,
            }
            for key, data in asked
            if key not in known
        ),
    )


def _is_open_to(row: Any) -> bool:
    return row is not None and row.answer != LEAVE


def keep(
    connection: Connection,
    lane_id: int,
    derived: Mapping[int, Side],
    unclear: Collection[int],
    now: int,
) -> None:
    """Forgets the titles that this plan writes no more: title -> side of those that it does.

    Nothing is concluded of ``unclear`` titles. One that was set aside before there was an inbox for it is told.
    """
    rows = connection.execute(_OF_LANE, {"lane": lane_id}).all()
    if not rows:
        return
    matched(connection, lane_id, {row.title for row in rows} - derived.keys() - set(unclear))
    query = select(attention.c.title).where(attention.c.lane == lane_id, _ASKED)
    told = set(connection.execute(query).scalars())
    new = [
        (dict(row._mapping), derived[row.title])
        for row in rows
        if row.title in derived and row.title not in told
    ]
    _tell(connection, lane_id, new, now)


def matched(connection: Connection, lane_id: int, keys: Collection[int]) -> None:
    """Forgets titles that the service does know by now, or does not need to."""
    known = {row.title for row in connection.execute(_OF_LANE, {"lane": lane_id})}
    gone = known.intersection(keys)
    if not gone:
        return
    one = (unmatched.c.lane == lane_id) & (unmatched.c.title == bindparam("one"))
    execute_all(connection, delete(unmatched).where(one), ({"one": key} for key in sorted(gone)))
    query = select(attention.c.id, attention.c.title).where(attention.c.lane == lane_id, _ASKED)
    drop(connection, [row.id for row in connection.execute(query) if row.title in gone])
