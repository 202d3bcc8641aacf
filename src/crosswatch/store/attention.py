"""What needs somebody: questions that CrossWatch cannot answer itself."""

from collections.abc import Mapping

from sqlalchemy import Connection, func, insert, select

from crosswatch.store.tables import attention


def ask_once(
    connection: Connection, *, kind: str, lane: int | None, title: int, data: Mapping[str, object], now: int
) -> None:
    """Puts a question into the inbox, unless the same one is open there. ``lane`` None: of a pair that is no more."""
    query = select(attention.c.id).where(
        attention.c.kind == kind,
        attention.c.lane == lane,
        attention.c.title == title,
        attention.c.answered_at.is_(None),
    )
    if connection.execute(query).first() is None:
        connection.execute(
            insert(attention).values(kind=kind, lane=lane, title=title, data=dict(data), made_at=now)
        )


def count_open(connection: Connection) -> int:
    """How many questions wait."""
    query = select(func.count()).where(attention.c.answered_at.is_(None)).select_from(attention)
    return connection.execute(query).scalar_one()
