"""Approvals that were asked for and not yet given; they outlive a restart."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, select, update

from crosswatch.model.accounts import AccountName
from crosswatch.store.statements import upsert
from crosswatch.store.tables import pending

WAITING = "waiting"
CONNECTED = "connected"


@dataclass(frozen=True, slots=True)
class PendingRow:
    """One approval. Token and key are sealed, the state of the redirect is kept hashed (empty once it was used)."""

    name: AccountName
    sealed_token: str
    sealed_key: str
    state_hash: str
    outcome: str
    expires_at: int


def _row(found: Any) -> PendingRow:
    return PendingRow(
        AccountName(found.provider, found.instance),
        found.sealed_token,
        found.sealed_key,
        found.state_hash,
        found.outcome,
        found.expires_at,
    )


def _is(name: AccountName) -> Any:
    return (pending.c.provider == name.provider) & (pending.c.instance == name.instance)


def keep(connection: Connection, row: PendingRow) -> None:
    """Stores an approval in place of an earlier one of the same account."""
    values = {
        "provider": row.name.provider,
        "instance": row.name.instance,
        "sealed_token": row.sealed_token,
        "sealed_key": row.sealed_key,
        "state_hash": row.state_hash,
        "outcome": row.outcome,
        "expires_at": row.expires_at,
        "finisher": "",
        "finishing_until": 0,
        "asked_at": 0,
    }
    names = [column.name for column in pending.columns if not column.primary_key]
    connection.execute(upsert(pending, *names), values)


def find(connection: Connection, name: AccountName) -> PendingRow | None:
    """The approval of that account that has not become a connection, also one that was denied or is over."""
    row = connection.execute(select(pending).where(_is(name), pending.c.outcome != CONNECTED)).first()
    return None if row is None else _row(row)


def of_state(connection: Connection, provider: str, state_hash: str) -> PendingRow | None:
    """The approval that a redirect belongs to."""
    query = select(pending).where(pending.c.provider == provider, pending.c.state_hash == state_hash)
    row = connection.execute(query).first()
    return None if row is None or not state_hash else _row(row)


def claim(
    connection: Connection, row: PendingRow, *, finisher: str, now: int, until: int, apart: int
) -> bool:
    """Makes the caller the one that asks for the session; false while another does or has just done.

    At most one question in ``apart`` ms, and none of two at once before ``until`` of the other has passed.
    """
    query = update(pending).where(
        _is(row.name),
        pending.c.outcome == WAITING,
        pending.c.sealed_token == row.sealed_token,
        pending.c.finishing_until <= now,
        pending.c.asked_at <= now - apart,
    )
    return (
        connection.execute(query.values(finisher=finisher, finishing_until=until, asked_at=now)).rowcount > 0
    )


def release(connection: Connection, name: AccountName, finisher: str) -> None:
    """Lets the next one ask."""
    query = update(pending).where(_is(name), pending.c.finisher == finisher)
    connection.execute(query.values(finisher="", finishing_until=0))


def conclude(connection: Connection, row: PendingRow, outcome: str) -> None:
    """Keeps how an approval ended, and drops its secrets; its redirect is told of it when it comes."""
    query = update(pending).where(_is(row.name), pending.c.sealed_token == row.sealed_token)
    connection.execute(query.values(outcome=outcome, sealed_token="", sealed_key=""))


def remove(connection: Connection, name: AccountName, sealed_token: str | None = None) -> None:
    """Drops an approval; with a token only that very one."""
    query = delete(pending).where(_is(name))
    if sealed_token is not None:
        query = query.where(pending.c.sealed_token == sealed_token)
    connection.execute(query)
