"""Writes of which nobody knows whether they arrived: looked up, and only then anything else is done with them."""

from collections.abc import Sequence

from crosswatch.engine.base import Agreed, BaseRow
from crosswatch.model.kinds import Feature, Side
from crosswatch.model.readings import TitleState
from crosswatch.model.values import Grid, Value
from crosswatch.ports import Clock, Resolver
from crosswatch.runs.sides import OpenSide, refs_for, value_of
from crosswatch.store import attention, base, journal, leases
from crosswatch.store.database import Connection, Database
from crosswatch.store.journal import Ended, Entry, State


async def settle(
    side: OpenSide, database: Database, clock: Clock, resolver: Resolver, fences: leases.Fences
) -> None:
    """Settles what can be settled by now on one account; what cannot stays in doubt, and its titles unknown.

    A write is looked up no sooner than the service's delay and the call's own time limit after it was sent: before
    that the answer may be older than the write.
    """
    now = clock.now_ms()
    waiting = await database.read(lambda connection: journal.unsettled(connection, side.account.uid))
    ripe = [entry for entry in waiting if _ripe_at(side, entry) <= now]
    if not ripe or not side.manifest.lookup_batch:
        return
    natives = {entry.title: entry.native_id for entry in ripe}
    refs = await refs_for(side, list(natives), natives, resolver=resolver)
    states = await side.link.lookup(list(refs.values()))
    words = {
        entry.title: state
        for entry in ripe
        if entry.title in refs and isinstance(state := states.get(refs[entry.title]), TitleState)
    }
    found = [(entry, value_of(words[entry.title], entry.feature)) for entry in ripe if entry.title in words]

    def store(connection: Connection) -> None:
        leases.check(connection, fences)
        for entry, value in found:
            grid = side.capability(entry.feature).grid
            _settle_one(connection, entry, value, grid, natives[entry.title], clock.now_ms())

    await database.write(store)


def _ripe_at(side: OpenSide, entry: Entry) -> int:
    delay = side.capability(entry.feature).visibility_delay + side.manifest.pace.time_limit
    return (entry.sent_at or 0) + round(delay * 1000)


def _settle_one(
    connection: Connection, entry: Entry, value: Value | None, grid: Grid | None, native_id: str, now: int
) -> None:
    wanted = entry.wanted if entry.wanted is None or grid is None else grid.round(entry.wanted)
    if value == wanted:
        keep_settled(connection, entry, Agreed(value, None, native_id), now)
        journal.end(connection, entry.run, [Ended(entry.seq, State.DONE, "applied", "settled")], now)
    elif value == entry.expected:
        journal.end(connection, entry.run, [Ended(entry.seq, State.DROPPED, "not_sent", "settled")], now)
    else:
        attention.ask_once(
            connection,
            kind="doubt",
            lane=entry.lane if base.has_lane(connection, entry.lane) else None,
            title=entry.title,
            data={"side": entry.side.value, "wanted": entry.wanted, "found": value},
            now=now,
        )
        journal.end(connection, entry.run, [Ended(entry.seq, State.IN_DOUBT, "in_doubt", "third_value")], now)


def keep_settled(connection: Connection, entry: Entry, written: Agreed, now: int) -> None:
    """The base row of a write that did arrive: what was looked up, and the other side's reading from the journal."""
    if not base.has_lane(connection, entry.lane):
        return
    other = Agreed(entry.other_value, entry.other_stamp, entry.other_native)
    halves = {entry.side: written, entry.side.other: other}
    row = BaseRow(
        halves[Side.SOURCE],
        halves[Side.TARGET],
        since=now,
        version=base.version_of(connection, entry.lane, entry.title) + 1,
        ours=entry.ours,
    )
    base.keep(connection, entry.lane, {entry.title: row})
    journal.remember(connection, entry.account_uid, entry.feature, {entry.title: written.value}, now)


def in_doubt(entries: Sequence[Entry], feature: Feature) -> frozenset[int]:
    """The titles of a feature that wait for a lookup."""
    return frozenset(entry.title for entry in entries if entry.feature is feature)
