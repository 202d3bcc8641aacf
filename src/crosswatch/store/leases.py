"""Leases: at most one run at a time works on an account, and an overtaken one cannot commit any more."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select, update

from crosswatch.errors import Refused
from crosswatch.store import runs
from crosswatch.store.statements import upsert
from crosswatch.store.tables import lease, process


@dataclass(frozen=True, slots=True)
class Holder:
    """Who works on an account at this moment: a process, and its run."""

    process: str
    pid: int
    role: str
    run: int | None


_OF = select(lease).where(lease.c.account_uid == bindparam("uid"))
_GIVE_BACK = (
    update(lease)
    .where(lease.c.account_uid == bindparam("uid"), lease.c.fence == bindparam("held"))
    .values(holder="", run=None, until=0)
)

Fences = Mapping[str, int]
"""Account uid -> the number under which it is held."""


def take(
    connection: Connection,
    account_uids: list[str],
    *,
    holder: str,
    run: int,
    is_alive: Callable[[str], bool],
) -> dict[str, int] | Holder:
    """Leases all accounts, in order, each with a fence higher than any before; or says who holds one.

    A lease counts while its process lives (an operating-system lock that dies with it) and its run goes on: the end
    of a run may have been stored later than its lease could be given back.
    """
    fences: dict[str, int] = {}
    for uid in sorted(account_uids):
        row = connection.execute(_OF, {"uid": uid}).first()
        if (
            row is not None
            and row.holder
            and (row.holder, row.run) != (holder, run)
            and is_alive(row.holder)
            and runs.is_going_on(connection, row.run)
        ):
            return _holder(connection, row.holder, row.run)
        fences[uid] = (row.fence if row is not None else 0) + 1
    for uid, fence in fences.items():
        held = {"account_uid": uid, "fence": fence, "holder": holder, "run": run, "until": 0}
        connection.execute(upsert(lease, "fence", "holder", "run", "until"), held)
    return fences


def _holder(connection: Connection, process_id: str, run: int | None) -> Holder:
    row = connection.execute(select(process).where(process.c.id == process_id)).first()
    return Holder(process_id, row.pid if row else 0, row.role if row else "", run)


def check(connection: Connection, fences: Fences) -> None:
    """Raises Refused ``lease_lost`` where another run has taken one of the accounts since."""
    for uid, fence in fences.items():
        row = connection.execute(_OF, {"uid": uid}).first()
        if row is None or row.fence != fence:
            raise Refused("lease_lost", account=uid)


def free_of(connection: Connection, holders: Collection[str]) -> None:
    """Frees what dead processes held; their fences stay, so that nothing of theirs can commit any more."""
    query = update(lease).where(lease.c.holder.in_(holders))
    connection.execute(query.values(holder="", run=None, until=0))


def give_back(connection: Connection, fences: Fences) -> None:
    """Frees the accounts that are still held under these fences."""
    for uid, fence in fences.items():
        connection.execute(_GIVE_BACK, {"uid": uid, "held": fence})
