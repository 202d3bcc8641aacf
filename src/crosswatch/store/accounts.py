"""Accounts: which connections there are or were, and who is behind them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, union, update

from crosswatch.errors import Refused
from crosswatch.model.accounts import AccountName
from crosswatch.store.tables import account, lane, reading, snapshot

CONNECTED = "connected"
DISCONNECTED = "disconnected"


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account; ``uid`` is empty until its service has said who it is."""

    id: int
    name: AccountName
    uid: str
    label: str
    state: str


def _row(found: Any) -> AccountRow:
    name = AccountName(found.provider, found.instance)
    return AccountRow(found.id, name, found.uid, found.label, found.state)


def every(connection: Connection) -> list[AccountRow]:
    """All accounts, by provider and name."""
    query = select(account).order_by(account.c.provider, account.c.instance)
    return [_row(row) for row in connection.execute(query)]


_FIND = select(account).where(
    account.c.provider == bindparam("provider"), account.c.instance == bindparam("instance")
)


def find(connection: Connection, name: AccountName) -> AccountRow | None:
    """The account of that name, if it was ever connected."""
    row = connection.execute(_FIND, {"provider": name.provider, "instance": name.instance}).first()
    return None if row is None else _row(row)


def keep(connection: Connection, name: AccountName, *, uid: str, label: str, state: str) -> AccountRow:
    """Makes or changes the account of that name."""
    values = {"uid": uid, "label": label, "state": state}
    known = find(connection, name)
    if known is None:
        connection.execute(insert(account).values(provider=name.provider, instance=name.instance, **values))
    elif (known.uid, known.label, known.state) != (uid, label, state):
        connection.execute(update(account).where(account.c.id == known.id).values(**values))
    kept = find(connection, name)
    assert kept is not None, "it was just stored"
    return kept


def check(connection: Connection, used: Iterable[AccountRow]) -> None:
    """Raises Refused ``connection_replaced`` where an account is no longer the one that a run began with."""
    for row in used:
        now = find(connection, row.name)
        if now is None or (now.uid, now.state) != (row.uid, CONNECTED):
            raise Refused("connection_replaced", account=str(row.name))


def mark(connection: Connection, name: AccountName, state: str) -> None:
    """Changes the state of an account; nothing where there is none."""
    connection.execute(
        update(account)
        .where(account.c.provider == name.provider, account.c.instance == name.instance)
        .values(state=state)
    )


def forget(connection: Connection, name: AccountName) -> None:
    """Removes an account that no pair uses, and what was read of everybody whom nothing here stands for any more."""
    connection.execute(
        delete(account).where(account.c.provider == name.provider, account.c.instance == name.instance)
    )
    known = union(select(account.c.uid), select(lane.c.source_uid), select(lane.c.target_uid))
    for read in (reading, snapshot):
        connection.execute(delete(read).where(read.c.account_uid.not_in(known)))
