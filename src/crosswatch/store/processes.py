"""Which processes work on this folder. Alive is decided by an operating-system lock, see runs/processes.py."""

from sqlalchemy import Connection, delete, insert, select

from crosswatch.store.tables import process

_EVERY = select(process.c.id)


def enter(connection: Connection, process_id: str, *, pid: int, role: str, now: int) -> None:
    """Enters a process that begins now."""
    connection.execute(insert(process).values(id=process_id, pid=pid, role=role, started_at=now))


def every(connection: Connection) -> list[str]:
    """The ids of all that have not been removed."""
    return list(connection.execute(_EVERY).scalars())


def remove(connection: Connection, process_id: str) -> None:
    """Takes out a process that has ended."""
    connection.execute(delete(process).where(process.c.id == process_id))
