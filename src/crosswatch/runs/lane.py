"""One lane of one run: read both sides, prove absences, plan, journal, write."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crosswatch.engine.base import Answer, BaseRow, Key, Rules, SideView
from crosswatch.engine.grids import alike, off_grid, read_since
from crosswatch.engine.guard import ask_before_overwriting
from crosswatch.engine.plan import Plan, PlannedWrite, plan, to_look_up
from crosswatch.errors import Refused, ServiceError
from crosswatch.model.capabilities import Dates
from crosswatch.model.kinds import Action, Feature, Kind, Side
from crosswatch.model.readings import TitleState
from crosswatch.ports import Clock, Resolver
from crosswatch.runs.applying import Applying, entries
from crosswatch.runs.counts import LaneCounts
from crosswatch.runs.looks import Looks
from crosswatch.runs.progress import Progress
from crosswatch.runs.sending import Numbered, check
from crosswatch.runs.settle import in_doubt, settle_by_list
from crosswatch.runs.sides import OpenSide, SideRead, look_up, prove, read_side, refs_for, value_of
from crosswatch.store import attention, base, journal, leases, pairs, readings, unmatched
from crosswatch.store.database import Connection, Database
from crosswatch.store.pairs import LaneRow, PairRow

Both = Mapping[Side, OpenSide]
_ASKED_OF_EACH = 2


@dataclass(frozen=True, slots=True)
class Tools:
    """What every run needs of the house."""

    database: Database
    resolver: Resolver
    clock: Clock


@dataclass(slots=True)
class LaneRun:
    """A lane being carried out. ``first_seq``: the journal's next free number in this run."""

    tools: Tools
    run_id: int
    pair: PairRow
    lane: LaneRow
    sides: Both
    fences: leases.Fences
    progress: Progress
    counts: LaneCounts
    first_seq: int
    looked_up: list[Key] = field(default_factory=list)
    answers: dict[Key, Answer] = field(default_factory=dict)

    @property
    def feature(self) -> Feature:
        return self.lane.feature

    def kinds(self) -> frozenset[Kind]:
        """The kinds that the pair wants and both services hold."""
        kinds = self.pair.kinds
        for side in self.sides.values():
            kinds &= side.capability(self.feature).kinds
        return kinds

    async def carry_out(self) -> None:
        """From reading to the last write. Raises Cancelled, a ServiceError, or Refused ``lease_lost``."""
        self.progress.enter("reading", feature=self.feature)
        reads = await self.progress.unless_stopped(self._read())
        self._count_reads(reads)
        for name, read in reads.items():
            await settle_by_list(
                self.sides[name], read, self.feature, self.tools.database, self.tools.clock, self.fences
            )
        self.progress.enter("planning", feature=self.feature)
        rows = await self.tools.database.read(
            lambda connection: base.of_lane(connection, self.lane.id, self.kinds())
        )
        views = await self._views(reads)
        await self.progress.unless_stopped(self._prove(rows, views, reads))
        made = await asyncio.to_thread(self._plan, rows, views)
        self._check_grids(views)
        self._count(made)
        numbered = await self._commit(made, reads, views)
        await self._write(numbered, reads)

    async def _read(self) -> dict[Side, SideRead]:
        kinds = self.kinds()

        async def one(side: OpenSide) -> SideRead:
            return await read_side(
                side,
                self.feature,
                kinds,
                resolver=self.tools.resolver,
                clock=self.tools.clock,
                on_progress=lambda done, total: self.progress.part(side.side, done, total),
            )

        async with asyncio.TaskGroup() as tasks:
            reading = {name: tasks.create_task(one(side)) for name, side in self.sides.items()}
        return {name: task.result() for name, task in reading.items()}

    def _count_reads(self, reads: Mapping[Side, SideRead]) -> None:
        for side, read in reads.items():
            self.counts.read[side.value] = read.rows
            self.counts.gap[side.value] = read.end.gap
            if not read.end.whole:
                self.counts.incomplete[side.value] = read.end.reason

    async def _views(self, reads: Mapping[Side, SideRead]) -> dict[Side, SideView]:
        def load(connection: Connection) -> dict[Side, SideView]:
            views = {}
            for name, side in self.sides.items():
                read, capability = reads[name], side.capability(self.feature)
                uid = side.account.uid
                views[name] = SideView.of(
                    capability,
                    listed=read.listed,
                    whole=read.end.whole,
                    taken_at=read.taken_at,
                    last_writes=journal.last_writes(connection, uid, self.feature),
                    in_doubt=in_doubt(journal.unsettled(connection, uid), self.feature),
                )
            self.answers = attention.answers(connection, self.lane.id)
            return views

        return await self.tools.database.read(load)

    async def _prove(
        self, rows: Mapping[Key, BaseRow], views: Mapping[Side, SideView], reads: Mapping[Side, SideRead]
    ) -> None:
        """Puts the services' own word on unlisted titles among the readings."""
        wanted = to_look_up(rows, views[Side.SOURCE], views[Side.TARGET])
        hidden = await self.tools.database.read(self._may_be_hidden)
        for name, keys in wanted.items():
            listed, there = reads[name].listed, reads[name.other].listed
            keys += [key for key in sorted(hidden - set(keys)) if key not in listed and key in there]
            natives = {key: row.agreed(name).native_id for key in keys if (row := rows.get(key))}
            proved = await prove(
                self.sides[name],
                self.feature,
                [key for key in keys if key not in reads[name].out_of_scope],
                natives,
                resolver=self.tools.resolver,
                clock=self.tools.clock,
            )
            reads[name].listed.update(proved)
            self.looked_up.extend(proved)

    def _may_be_hidden(self, connection: Connection) -> set[Key]:
        """Titles that a list lacks and a look did show: without another look each run would plan them in vain."""
        return journal.moved(connection, self.lane.id) | attention.titles(connection, self.lane.id)

    def _plan(self, rows: Mapping[Key, BaseRow], views: Mapping[Side, SideView]) -> Plan:
        settings = self.lane.settings
        rules = Rules(
            feature=self.feature,
            mode=self.pair.mode,
            add=settings.add,
            change=settings.change,
            remove=settings.remove,
            conflict=settings.conflict,
            own_dates=all(side.capability(self.feature).dates is Dates.OWN for side in self.sides.values()),
            answers=self.answers,
        )
        now = self.tools.clock.now_ms()
        made = plan(rows, views[Side.SOURCE], views[Side.TARGET], rules, now=now)
        ask_before_overwriting(made, set(rows), rules)
        return made

    def _count(self, made: Plan) -> None:
        self.counts.adopted, self.counts.left, self.counts.kept = made.adopted, made.left, made.kept
        self.counts.conflicts = len(made.conflicts)
        self.counts.why_held.update(held.why.value for held in made.held)

    def _check_grids(self, views: Mapping[Side, SideView]) -> None:
        """Refused ``grid_wrong`` before anything is stored: what we wrote would come back as the user's edits."""
        for name, view in views.items():
            if wrong := off_grid(view, self.tools.clock.now_ms()):
                side = self.sides[name]
                raise Refused("grid_wrong", account=str(side.account.name), count=len(wrong))

    async def _commit(
        self, made: Plan, reads: Mapping[Side, SideRead], views: Mapping[Side, SideView]
    ) -> list[Numbered]:
        """One transaction: what was read, the rows that agree, and every write as planned."""
        uids = {name: side.account.uid for name, side in self.sides.items()}

        def store(connection: Connection) -> list[Numbered]:
            check(connection, fences=self.fences, sides=tuple(self.sides.values()))
            if not base.has_lane(connection, self.lane.id):
                raise Refused("not_found", what="pair of that number any more")
            for name, read in reads.items():
                readings.keep(
                    connection,
                    self.sides[name].account.id,
                    self.feature,
                    read.readings(),
                    read.end,
                    taken_at=read.taken_at,
                    unclear=read.unclear(),
                )
            pairs.pin(
                connection, self.lane.id, self.sides[Side.SOURCE].account, self.sides[Side.TARGET].account
            )
            base.keep(connection, self.lane.id, made.rows)
            base.looked_up(connection, self.lane.id, self.looked_up, self.tools.clock.now_ms())
            for name, view in views.items():
                journal.confirm(connection, uids[name], self.feature, read_since(view))
            clashes = {clash.key: (clash.source, clash.target) for clash in made.conflicts}
            unclear = {held.key for held in made.held}
            unclear |= {write.key for write in made.writes if write.key in self.answers}
            attention.keep_conflicts(connection, self.lane.id, clashes, unclear, self.tools.clock.now_ms())
            aside = unmatched.waiting(connection, self.lane.id, self.tools.clock.now_ms())
            self.counts.set_aside = sum(write.key in aside for write in made.writes)
            writes = [write for write in made.writes if write.key not in aside]
            numbered = list(enumerate(writes, start=self.first_seq))
            journal.enter(connection, entries(self.run_id, self.lane.id, self.feature, numbered, uids))
            return numbered

        numbered = await self.tools.database.write(store)
        self.counts.planned, self.counts.decided = len(numbered), True
        return numbered

    async def _write(self, numbered: list[Numbered], reads: Mapping[Side, SideRead]) -> None:
        """Adds and changes of both sides before any removal."""
        self.progress.enter("writing", feature=self.feature, total=len(numbered))
        applying = {name: self._applying(name, reads[name]) for name in self.sides}
        try:
            for removals in (False, True):
                for name in (Side.TARGET, Side.SOURCE):
                    writes = [
                        one
                        for one in numbered
                        if one[1].side is name and (one[1].action is Action.REMOVE) is removals
                    ]
                    await applying[name].all(writes)
            for name in self.sides:
                await self._confirm(name, [write for _, write in numbered if write.side is name])
        finally:
            ended = sum(self.counts.done.values()) + sum(self.counts.outcomes.values())
            self.counts.not_sent(self.counts.planned - ended)

    async def _confirm(self, name: Side, writes: Sequence[PlannedWrite]) -> None:
        """Asks about one or two of what was just written: shown as sent, their like cannot come back off.

        Without it three edits of half a point, soon after a sync, would look like a grid that was declared wrongly.
        """
        side = self.sides[name]
        grid = side.capability(self.feature).grid
        sent = {write.key: write.wanted for write in writes if write.wanted is not None}
        groups = alike(sent, grid) if grid is not None else []
        if not groups or not side.manifest.lookup_batch or self.progress.stopping:
            return
        asked = [key for keys in groups for key in keys[:_ASKED_OF_EACH]]
        refs = await refs_for(side, asked, {}, resolver=self.tools.resolver)
        with contextlib.suppress(ServiceError):  # no answer confirms nothing, and the next reading says more
            states = await self.progress.unless_stopped(look_up(side, list(refs.values())))
            seen = {key: states.get(ref) for key, ref in refs.items()}
            good = {
                key
                for key, state in seen.items()
                if isinstance(state, TitleState) and value_of(state, self.feature) == sent[key]
            }
            shown = [key for keys in groups if good.intersection(keys) for key in keys]
            uid = side.account.uid
            await self.tools.database.write(
                lambda connection: journal.confirm(connection, uid, self.feature, shown)
            )

    def _applying(self, name: Side, read: SideRead) -> Applying:
        looks = Looks(
            side=self.sides[name],
            feature=self.feature,
            kinds=self.kinds(),
            resolver=self.tools.resolver,
            clock=self.tools.clock,
            progress=self.progress,
            read=read,
        )
        return Applying(
            run_id=self.run_id,
            lane_id=self.lane.id,
            feature=self.feature,
            side=self.sides[name],
            other=self.sides[name.other],
            database=self.tools.database,
            resolver=self.tools.resolver,
            clock=self.tools.clock,
            fences=self.fences,
            progress=self.progress,
            counts=self.counts,
            looks=looks,
        )
