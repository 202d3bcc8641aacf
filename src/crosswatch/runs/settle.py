"""Writes of which nobody knows whether they arrived: looked up, and only then anything else is done with them."""

from collections.abc import Mapping, Sequence

from crosswatch.engine.base import Agreed, BaseRow
from crosswatch.model.kinds import Feature, Side
from crosswatch.model.readings import TitleState
from crosswatch.model.values import Value
from crosswatch.ports import Clock, Resolver
from crosswatch.runs.sides import OpenSide, SideRead, refs_for, value_of
from crosswatch.store import attention, base, journal, leases
from crosswatch.store.database import Connection, Database
from crosswatch.store.journal import Ended, Entry, State

ASK_AFTER_MS = 7 * 24 * 60 * 60 * 1000
"""A write of which nothing can be learned for so long is a question to the user."""


async def settle(
    side: OpenSide, database: Database, clock: Clock, resolver: Resolver, fences: leases.Fences
) -> None:
    """Settles what can be settled by now on one account; what cannot stays in doubt, and its titles unknown.

    For services that can be asked about single titles. A write is looked up no sooner than the service's delay and
    the call's own time limit after it was sent: before that the answer may be older than the write.
    """
    now = clock.now_ms()
    waiting = await database.read(lambda connection: journal.unsettled(connection, side.account.uid))
    ripe = [entry for entry in waiting if _ripe_at(side, entry) <= now]
    if not ripe or not side.manifest.lookup_batch:
        return
    natives = {entry.title: entry.native_id for entry in ripe}
    refs = await refs_for(side, list(natives), natives, resolver=resolver)
    states = await side.link.lookup(list(refs.values()))
    words = {key: state for key, ref in refs.items() if isinstance(state := states.get(ref), TitleState)}
    found = {
        (entry.run, entry.seq): value_of(words[entry.title], entry.feature)
        for entry in ripe
        if entry.title in words
    }
    await _settle(side, ripe, found, database, fences, clock.now_ms())


async def settle_by_list(
    side: OpenSide, read: SideRead, feature: Feature, database: Database, clock: Clock, fences: leases.Fences
) -> None:
    """The same for services without a lookup, by a whole list that was read after that time."""
    if side.manifest.lookup_batch or not read.end.whole:
        return
    waiting = await database.read(lambda connection: journal.unsettled(connection, side.account.uid))
    ripe = [entry for entry in waiting if entry.feature is feature and _ripe_at(side, entry) <= read.taken_at]
    listed, unclear = read.readings(), read.unclear()
    found = {
        (entry.run, entry.seq): listed[entry.title].value if entry.title in listed else None
        for entry in ripe
        if entry.title not in unclear
    }
    await _settle(side, ripe, found, database, fences, clock.now_ms())


async def _settle(
    side: OpenSide,
    ripe: Sequence[Entry],
    found: Mapping[tuple[int, int], Value | None],
    database: Database,
    fences: leases.Fences,
    now: int,
) -> None:
    """One transaction. ``found``: what the service says now of the titles of (run, seq); no entry: it said nothing."""
    silent = [
        entry
        for entry in ripe
        if (entry.run, entry.seq) not in found and (entry.sent_at or 0) + ASK_AFTER_MS <= now
    ]
    if not found and not silent:
        return

    def store(connection: Connection) -> None:
        leases.check(connection, fences)
        unsettled = journal.unsettled(connection, side.account.uid)
        still = {(entry.run, entry.seq) for entry in unsettled}  # the user may have answered meanwhile
        for entry in ripe:
            if (entry.run, entry.seq) in found.keys() & still:
                _settle_one(connection, side, entry, found[entry.run, entry.seq], now)
        for entry in silent:
            if (entry.run, entry.seq) in still:
                _ask(connection, entry, None, now)

    await database.write(store)


def _ripe_at(side: OpenSide, entry: Entry) -> int:
    """A write leaves within one time limit after it was marked as sent, and arrives within another."""
    delay = side.capability(entry.feature).visibility_delay + 2 * side.manifest.pace.time_limit
    return (entry.sent_at or 0) + round(delay * 1000)


def _settle_one(connection: Connection, side: OpenSide, entry: Entry, value: Value | None, now: int) -> None:
    grid = side.capability(entry.feature).grid
    wanted = entry.wanted if entry.wanted is None or grid is None else grid.round(entry.wanted)
    if value == wanted:
        keep_settled(connection, entry, Agreed(value, None, entry.native_id), now)
        journal.end(connection, entry.run, [Ended(entry.seq, State.DONE, "applied", "settled")], now)
    elif value == entry.expected:
        journal.end(connection, entry.run, [Ended(entry.seq, State.DROPPED, "not_sent", "settled")], now)
    else:
        _ask(connection, entry, value, now)
        journal.end(connection, entry.run, [Ended(entry.seq, State.IN_DOUBT, "in_doubt", "third_value")], now)


def _ask(connection: Connection, entry: Entry, found: Value | None, now: int) -> None:
    """Puts the doubt into the inbox, with the two readings between which the user shall choose."""
    readings = {entry.side.value: found, entry.side.other.value: entry.other_value}
    attention.ask_once(
        connection,
        kind="doubt",
        lane=entry.lane if base.has_lane(connection, entry.lane) else None,
        title=entry.title,
        data={
            "run": entry.run,
            "seq": entry.seq,
            "side": entry.side.value,
            "wanted": entry.wanted,
            "found": found,
            **readings,
        },
        now=now,
    )


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
