"""Times that lie ahead: the clock was wrong when they were stored, or is wrong now."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Column, Connection, Select, Update, bindparam, select, update

from crosswatch.store.tables import attention, base, journal, last_write, reading, snapshot, unmatched
from crosswatch.store.unmatched import LONGEST_MS

_OF_ACCOUNTS = "uids"
_OF_LANES = "lanes"


def _statements(column: Column[Any], owner: str) -> tuple[Select[Any], Update]:
    """Whether any of these times lies ahead, and what takes it for now."""
    table = column.table
    mine = table.c.account_uid if owner == _OF_ACCOUNTS else table.c.lane
    ahead = (mine.in_(bindparam(owner, expanding=True)), column > bindparam("latest"))
    changed = update(table).where(*ahead).values({column.name: bindparam("now")})
    return select(column).where(*ahead).limit(1), changed


_TIMES = tuple(
    _statements(column, owner)
    for owner, columns in {
        _OF_ACCOUNTS: (
            last_write.c.at,
            reading.c.seen_at,
            snapshot.c.taken_at,
            journal.c.sent_at,
            journal.c.done_at,
        ),
        _OF_LANES: (
            base.c.since,
            base.c.source_missing_at,
            base.c.target_missing_at,
            attention.c.answered_at,
        ),
    }.items()
    for column in columns
)
_NEXT_TRY = _statements(unmatched.c.next_try, _OF_LANES)


def put_right(
    connection: Connection, account_uids: Collection[str], lanes: Collection[int], now: int
) -> None:
    """Takes what these accounts and lanes remember of the future for now: readings would be held until it comes.

    Whatever was protected by such a time is protected for its usual delay from now on, and leave that was given then
    counts for its usual seven days; what was seen then is known from now on, what was missing is missing from now on,
    and what was removed counts for the day that begins now. No title waits longer for its next try than the longest
    patience.
    """
    whose = {_OF_ACCOUNTS: list(account_uids), _OF_LANES: list(lanes)}
    for (late, changed), latest in (*((one, now) for one in _TIMES), (_NEXT_TRY, now + LONGEST_MS)):
        known = {"latest": latest, **whose}
        if connection.execute(late, known).first() is not None:
            connection.execute(changed, {"now": now, **known})
