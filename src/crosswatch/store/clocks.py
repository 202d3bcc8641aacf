"""Times that lie ahead: the clock was wrong when they were stored, or is wrong now."""

from collections.abc import Collection

from sqlalchemy import Connection, select, update

from crosswatch.store.tables import attention, base, journal, last_write, reading


def put_right(
    connection: Connection, account_uids: Collection[str], lanes: Collection[int], now: int
) -> None:
    """Takes what these accounts and lanes remember of the future for now: readings would be held until it comes.

    Whatever was protected by such a time is protected for its usual delay from now on, and leave that was given then
    counts for its usual seven days; what was seen then is known from now on.
    """
    ahead = (
        (last_write.c.at, last_write.c.account_uid.in_(account_uids)),
        (base.c.since, base.c.lane.in_(lanes)),
        (attention.c.answered_at, attention.c.lane.in_(lanes)),
        (reading.c.seen_at, reading.c.account_uid.in_(account_uids)),
        (journal.c.sent_at, journal.c.account_uid.in_(account_uids) & journal.c.done_at.is_(None)),
    )
    for column, here in ahead:
        if connection.execute(select(column).where(here, column > now).limit(1)).first() is not None:
            connection.execute(update(column.table).where(here, column > now).values({column.name: now}))
