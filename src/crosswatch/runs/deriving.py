"""From two accounts to a plan: read both sides, prove absences, decide, and hold back what is too much."""

import asyncio
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from crosswatch.engine.base import BaseRow, Key, LastWrite, Rules, SideView
from crosswatch.engine.grids import off_grid
from crosswatch.engine.guard import WINDOW_MS, Bounds, guard
from crosswatch.engine.plan import LOOKUPS_PER_SIDE, plan, to_look_up
from crosswatch.engine.planned import Plan
from crosswatch.errors import Refused
from crosswatch.model.capabilities import Dates, Quirk
from crosswatch.model.kinds import Feature, Side
from crosswatch.model.readings import mark_of
from crosswatch.runs.context import Context
from crosswatch.runs.counts import LaneCounts
from crosswatch.runs.settle import in_doubt, settle_by_list
from crosswatch.runs.sides import OpenSide, SideRead, prove, read_side
from crosswatch.store import attention, base, held, journal, readings
from crosswatch.store.database import Connection
from crosswatch.store.journal import Entry
from crosswatch.store.pairs import LaneRow

_LONGEST_READ_MS = 15 * 60 * 1000
"""A rating that a list showed may be as much younger than the beginning of that read."""


@dataclass(slots=True)
class Derived:
    """What a lane came to, and on what it rests.

    ``looked_up``: titles whose absence was asked about. Of a plan that is applied, ``missing``: titles that it promised
    and that are no longer written so; ``later``: those that it did not promise, which wait for the next run.
    """

    reads: dict[Side, SideRead]
    rows: Mapping[Key, BaseRow]
    views: dict[Side, SideView]
    rules: Rules
    made: Plan
    looked_up: set[Key] = field(default_factory=set)
    missing: list[Key] = field(default_factory=list)
    later: set[Key] = field(default_factory=set)

    @property
    def touched(self) -> set[Key]:
        """The titles of which something would be stored, written or asked."""
        made = self.made
        writes = {write.key for write in (*made.writes, *made.waiting)}
        return writes | made.rows.keys() | {clash.key for clash in made.conflicts}

    def leave(self, keys: Set[Key]) -> int:
        """Leaves these titles to the next run: nothing of them is stored, written or asked. Gives how many writes."""
        made = self.made
        before = len(made.writes)
        made.rows = {key: row for key, row in made.rows.items() if key not in keys}
        made.writes = [write for write in made.writes if write.key not in keys]
        made.waiting = [write for write in made.waiting if write.key not in keys]
        made.conflicts = [clash for clash in made.conflicts if clash.key not in keys]
        self.later |= keys
        return before - len(made.writes)


@dataclass(slots=True)
class _Known:
    """What the store knows of a lane before it is decided."""

    rows: Mapping[Key, BaseRow]
    views: dict[Side, SideView]
    rules: Rules
    bounds: Bounds
    hidden: set[Key]


class Deriving:
    """A lane of a run, from reading to the plan. Nothing is written anywhere but settled doubts."""

    def __init__(self, run: Context, lane: LaneRow, counts: LaneCounts) -> None:
        self._run, self._lane, self._counts = run, lane, counts
        self._feature = lane.feature

    async def derive(self) -> Derived:
        """The plan. Raises Cancelled, a ServiceError, or Refused ``grid_wrong``."""
        run, tools = self._run, self._run.tools
        run.progress.enter("reading", feature=self._feature)
        reads = await run.progress.unless_stopped(self._read())
        self._count_reads(reads)
        for name, read in reads.items():
            await settle_by_list(
                run.sides[name], read, self._feature, tools.database, tools.clock, run.fences
            )
        run.progress.enter("planning", feature=self._feature)
        known = await tools.database.read(lambda connection: self._load(connection, reads))
        looked_up = await run.progress.unless_stopped(self._prove(known, reads))
        self._check_grids(known.views)
        made = await asyncio.to_thread(self._plan, known)
        self._count(made)
        return Derived(reads, known.rows, known.views, known.rules, made, looked_up)

    async def _read(self) -> dict[Side, SideRead]:
        run, kinds = self._run, self._run.kinds(self._feature)

        async def one(side: OpenSide) -> SideRead:
            return await read_side(
                side,
                self._feature,
                kinds,
                resolver=run.tools.resolver,
                clock=run.tools.clock,
                on_progress=lambda done, total: run.progress.part(side.side, done, total),
            )

        async with asyncio.TaskGroup() as tasks:
            reading = {name: tasks.create_task(one(side)) for name, side in run.sides.items()}
        return {name: task.result() for name, task in reading.items()}

    def _count_reads(self, reads: Mapping[Side, SideRead]) -> None:
        for side, read in reads.items():
            self._counts.read[side.value] = read.rows
            self._counts.gap[side.value] = read.end.gap
            if not read.end.whole:
                self._counts.incomplete[side.value] = read.end.reason

    def _load(self, connection: Connection, reads: Mapping[Side, SideRead]) -> _Known:
        lane, now = self._lane.id, self._run.tools.clock.now_ms()
        rows = base.of_lane(connection, lane, self._run.kinds(self._feature))
        return _Known(
            rows=rows,
            views={name: self._view(connection, name, reads[name], rows) for name in self._run.sides},
            rules=self._rules(connection, now),
            bounds=_bounds(connection, lane, rows, now - WINDOW_MS),
            hidden=journal.moved(connection, lane) | attention.titles(connection, lane),
        )

    def _view(
        self, connection: Connection, name: Side, read: SideRead, rows: Mapping[Key, BaseRow]
    ) -> SideView:
        side, run = self._run.sides[name], self._run
        capability, uid = side.capability(self._feature), side.account.uid
        unsettled = journal.unsettled(connection, uid)
        clears = self._feature is Feature.WATCHLIST and (
            Quirk.RATING_MAY_CLEAR_WATCHLIST in side.manifest.quirks
        )
        rated = journal.last_writes(connection, uid, Feature.RATINGS) if clears else {}
        return SideView(
            listed=read.listed,
            whole=read.end.whole,
            taken_at=read.taken_at,
            delay=capability.visibility_delay * 1000,
            grid=capability.grid,
            stamps=capability.stamps,
            last_writes=journal.last_writes(connection, uid, self._feature),
            in_doubt=in_doubt(unsettled, self._feature),
            can=capability.actions,
            gap=read.end.gap,
            looks_up=bool(side.manifest.lookup_batch),
            clears=clears,
            marks=self._marks(connection, side, read) if clears else {},
            rated_by_us={key: one.value for key, one in rated.items() if one.value is not None},
            was_listed=_was_listed(connection, side, rows, rated, unsettled) if clears else frozenset(),
            wanted=frozenset(
                base.wanted_by_others(connection, self._lane.id, self._feature, uid)
                | {entry.title for entry in unsettled}
                | run.planned_by_others(self._feature, name)
            ),
        )

    def _marks(self, connection: Connection, side: OpenSide, read: SideRead) -> dict[Key, str]:
        """Ratings that were there before anything that this list may still show: they took nothing off it.

        Only what this run has just read again counts, and what it found unchanged since an earlier run.
        """
        if side.side not in self._run.ratings_read:
            return {}
        delay = side.capability(self._feature).visibility_delay * 1000
        before = read.taken_at - delay - _LONGEST_READ_MS
        rated = readings.known_since(connection, side.account.uid, Feature.RATINGS, before)
        return {key: mark_of(value) for key, value in rated.items()}

    def _rules(self, connection: Connection, now: int) -> Rules:
        lane, settings = self._lane.id, self._lane.settings
        sides = self._run.sides.values()
        return Rules(
            feature=self._feature,
            mode=self._run.pair.mode,
            add=settings.add,
            change=settings.change,
            remove=settings.remove,
            remove_when_rated=settings.remove_when_rated,
            conflict=settings.conflict,
            own_dates=all(side.capability(self._feature).dates is Dates.OWN for side in sides),
            answers=attention.answers(connection, lane),
            approved=held.approved(connection, lane, now),
            waiting=held.waiting(connection, lane, now),
        )

    async def _prove(self, known: _Known, reads: Mapping[Side, SideRead]) -> set[Key]:
        """Puts the services' own word on unlisted titles among the readings; gives the titles that were asked about.

        Beside those whose absence the plan needs: what this run's own ratings may have taken off, and titles that a
        list lacks and a look did show, for without another look each run would plan them in vain.
        """
        looked_up: set[Key] = set()
        wanted = to_look_up(known.rows, known.views[Side.SOURCE], known.views[Side.TARGET], known.rules)
        for name, keys in wanted.items():
            listed, there = reads[name].listed, reads[name.other].listed
            asked = set(keys)
            keys += sorted(known.views[name].was_listed - listed.keys() - asked)
            more = [key for key in sorted(known.hidden - asked) if key not in listed and key in there]
            keys += more[: max(0, LOOKUPS_PER_SIDE - len(asked))]
            natives = {key: row.agreed(name).native_id for key in keys if (row := known.rows.get(key))}
            proved = await prove(
                self._run.sides[name],
                self._feature,
                [key for key in dict.fromkeys(keys) if key not in reads[name].out_of_scope],
                natives,
                resolver=self._run.tools.resolver,
                clock=self._run.tools.clock,
            )
            reads[name].listed.update(proved)
            looked_up.update(proved)
        return looked_up

    def _check_grids(self, views: Mapping[Side, SideView]) -> None:
        """Refused ``grid_wrong`` before anything is stored: what we wrote would come back as the user's edits."""
        for name, view in views.items():
            if wrong := off_grid(view, self._run.tools.clock.now_ms()):
                side = self._run.sides[name]
                raise Refused("grid_wrong", account=str(side.account.name), count=len(wrong))

    def _plan(self, known: _Known) -> Plan:
        now, views = self._run.tools.clock.now_ms(), known.views
        made = plan(known.rows, views[Side.SOURCE], views[Side.TARGET], known.rules, now=now)
        guard(made, known.rows, views, known.rules, known.bounds)
        return made

    def _count(self, made: Plan) -> None:
        counts = self._counts
        counts.adopted, counts.left = made.adopted, made.left
        counts.kept, counts.cleared = len(made.kept), len(made.cleared)
        counts.conflicts, counts.waiting = len(made.conflicts), len(made.waiting)
        counts.why_held.update(held.why.value for held in made.held)


def _bounds(connection: Connection, lane: int, rows: Mapping[Key, BaseRow], since: int) -> Bounds:
    """What was removed within the window still counts as part of the base: a run that was cut off in the middle of
    its removals goes on with the rest, and does not find it to be too much of what is left."""
    alive = {key for key, row in rows.items() if not row.ended}
    before = alive | journal.removed(connection, lane, since)
    return Bounds(base=len(before), lately=journal.lately(connection, lane, since))


def _was_listed(
    connection: Connection,
    side: OpenSide,
    rows: Mapping[Key, BaseRow],
    written: Mapping[Key, LastWrite],
    unsettled: Sequence[Entry],
) -> frozenset[Key]:
    """The titles that this side's watchlist still held when we rated them there: it may have taken them off since.

    Those rated since that list was last read as a whole, by this run or by one that was cut off before it came to the
    list; and those of which no row says that the list held them. A rating counts also while it is in doubt.
    """
    rated = {key: write.at for key, write in written.items() if write.value is not None}
    rated |= {
        entry.title: entry.sent_at or 0
        for entry in unsettled
        if entry.feature is Feature.RATINGS and entry.wanted is not None
    }
    if not rated:
        return frozenset()
    last = readings.snapshots(connection, side.account.uid).get(Feature.WATCHLIST)
    since = readings.shown_since(connection, side.account.uid, Feature.WATCHLIST)
    return frozenset(
        key
        for key, at in rated.items()
        if key in since and since[key] <= at and (last is None or last.taken_at <= at or key not in rows)
    )
