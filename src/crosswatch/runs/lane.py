"""One lane of one run, from its plan to the last write."""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from crosswatch.engine.base import Key, Rules
from crosswatch.engine.grids import alike, read_since
from crosswatch.engine.guard import is_allowed
from crosswatch.engine.planned import PlannedWrite
from crosswatch.errors import Refused, ServiceError
from crosswatch.model.capabilities import Quirk
from crosswatch.model.kinds import Action, Feature, Side
from crosswatch.model.readings import Reading, TitleState
from crosswatch.runs.applying import Applying
from crosswatch.runs.context import Context
from crosswatch.runs.counts import LaneCounts
from crosswatch.runs.deriving import Derived
from crosswatch.runs.looks import Looks
from crosswatch.runs.proofs import Proofs
from crosswatch.runs.sending import Numbered, check
from crosswatch.runs.sides import OpenSide, SideRead, look_up, read_side, refs_for, value_of
from crosswatch.runs.sightings import Sightings
from crosswatch.store import attention, base, held, journal, leases, pairs, readings, unmatched
from crosswatch.store.database import Connection
from crosswatch.store.journal import Entry
from crosswatch.store.pairs import LaneRow, LaneSettings

_ASKED_OF_EACH = 2


@dataclass(slots=True)
class LaneRun:
    """A lane being carried out."""

    run: Context
    lane: LaneRow
    counts: LaneCounts

    @property
    def feature(self) -> Feature:
        return self.lane.feature

    async def carry_out(self, derived: Derived) -> None:
        """Stores the plan and does it. Raises Cancelled, a ServiceError, or Refused ``lease_lost``."""
        numbered = await self._commit(derived)
        try:
            await self._remember_watchlists([write for _, write in numbered])
            await self._write(numbered, derived.reads)
        finally:
            ended = sum(self.counts.done.values()) + sum(self.counts.outcomes.values())
            self.counts.not_sent(self.counts.planned - ended)

    async def _commit(self, derived: Derived) -> list[Numbered]:
        """One transaction: what was read, the rows that agree, what somebody has to decide, every write as planned."""
        run, made, tools = self.run, derived.made, self.run.tools

        def store(connection: Connection) -> list[Numbered]:
            check(connection, fences=run.fences, sides=tuple(run.sides.values()))
            if not base.has_lane(connection, self.lane.id):
                raise Refused("not_found", what="pair of that number any more")
            now = tools.clock.now_ms()
            self.counts.later += self._leave_what_was_answered(connection, derived, now)
            self.counts.later += self._leave_what_is_not_wanted(connection, derived)
            self._keep_readings(connection, derived)
            base.keep(connection, self.lane.id, made.rows)
            base.looked_up(connection, self.lane.id, derived.looked_up, now)
            self._keep_questions(connection, derived, now)
            aside = unmatched.waiting(connection, self.lane.id, now)
            out = unmatched.left_out(connection, self.lane.id) if aside else set()
            self.counts.put_aside([write.key for write in made.writes if write.key in aside], out)
            writes = [write for write in made.writes if write.key not in aside]
            numbered = list(enumerate(writes, start=run.next_seq))
            journal.enter(connection, self._entries(numbered, derived.rules))
            return numbered

        numbered = await tools.database.write(store)
        run.next_seq += len(numbered)
        self.counts.planned += len(numbered)
        self.counts.decided = True
        if self.feature is Feature.RATINGS:
            run.ratings_read |= {name for name, read in derived.reads.items() if read.end.whole}
        return numbered

    def _leave_what_was_answered(self, connection: Connection, derived: Derived, now: int) -> int:
        """Takes out of the plan the titles of which the user has said something else since it was made.

        Their answers are for the next run: nothing is done that was taken back, and no row is put over a refusal.
        """
        rules = derived.rules
        touched = derived.touched
        if not touched:
            return 0
        versions = base.versions(connection, self.lane.id)
        said: set[Key] = set()
        if rules.answers:
            answers = attention.answers(connection, self.lane.id)
            said |= {key for key, answer in rules.answers.items() if answers.get(key) != answer}
        if rules.approved:
            approved = held.approved(connection, self.lane.id, now)
            said |= {one[0] for one, leave in rules.approved.items() if approved.get(one) != leave}
        for key in touched:
            row = derived.rows.get(key)
            if versions.get(key, 0) != (row.version if row is not None else 0):
                said.add(key)
        return derived.leave(said) if said else 0

    def _leave_what_is_not_wanted(self, connection: Connection, derived: Derived) -> int:
        """Leaves all of the plan to the next run where the user has begun to let the lane do less since it was made."""
        now = pairs.find(connection, self.run.pair.id)
        lanes = {} if now is None or not now.enabled else {one.id: one.settings for one in now.lanes}
        settings = lanes.get(self.lane.id)
        fewer = now is None or bool(self.run.pair.kinds - now.kinds)
        if fewer or settings is None or _is_narrower(settings, self.lane.settings):
            return derived.leave(derived.touched)
        return 0

    def _keep_readings(self, connection: Connection, derived: Derived) -> None:
        run = self.run
        for name, read in derived.reads.items():
            readings.keep(
                connection,
                run.uids[name],
                self.feature,
                read.readings(),
                read.end,
                taken_at=read.taken_at,
                unclear=read.unclear(),
            )
            journal.confirm(connection, run.uids[name], self.feature, read_since(derived.views[name]))
        pairs.pin(connection, self.lane.id, run.sides[Side.SOURCE].account, run.sides[Side.TARGET].account)

    def _keep_questions(self, connection: Connection, derived: Derived, now: int) -> None:
        made, rules = derived.made, derived.rules
        clashes = {clash.key: (clash.source, clash.target) for clash in made.conflicts}
        unclear = {one.key for one in made.held} | derived.later
        answered = {write.key for write in made.writes if write.key in rules.answers}
        attention.keep_conflicts(connection, self.lane.id, clashes, unclear | answered, now)
        allowed = {(write.key, write.side) for write in made.writes if is_allowed(write, rules)}
        held.keep(connection, self.lane.id, made.waiting, allowed=allowed, unclear=unclear, now=now)
        derived_sides = {write.key: write.side for write in (*made.writes, *made.waiting)}
        unmatched.keep(connection, self.lane.id, derived_sides, unclear, now)

    def _entries(self, numbered: Iterable[Numbered], rules: Rules) -> list[Entry]:
        """The writes as they stand in the journal before anything is sent."""
        uids = self.run.uids
        return [
            Entry(
                run=self.run.run_id,
                seq=seq,
                lane=self.lane.id,
                feature=self.feature,
                side=write.side,
                account_uid=uids[write.side],
                title=write.key,
                native_id=write.native_id,
                action=write.action,
                before=write.expected,
                expected=write.expected,
                wanted=write.wanted,
                other_value=write.other.value,
                other_stamp=write.other.stamp,
                other_native=write.other.native_id,
                ours=write.row.ours,
                cause=write.cause.value,
                approved=is_allowed(write, rules),
            )
            for seq, write in numbered
        ]

    async def _remember_watchlists(self, writes: Sequence[PlannedWrite]) -> None:
        """Stores what our own ratings may take off a watchlist, before they do: nobody would have seen it there."""
        watched = any(
            lane.settings.enabled and lane.feature is Feature.WATCHLIST for lane in self.run.pair.lanes
        )
        if self.feature is not Feature.RATINGS or not watched:
            return
        for name, side in self.run.sides.items():
            rated = {write.key for write in writes if write.side is name and write.wanted is not None}
            if rated and Quirk.RATING_MAY_CLEAR_WATCHLIST in side.manifest.quirks:
                read = await self.run.progress.unless_stopped(self._read(side, Feature.WATCHLIST))
                there = {key: one for key, one in read.readings().items() if key in rated}
                await self.run.tools.database.write(partial(self._keep_listed, side, there))

    def _keep_listed(self, side: OpenSide, there: Mapping[Key, Reading], connection: Connection) -> None:
        leases.check(connection, self.run.fences)
        readings.learn(connection, side.account.uid, Feature.WATCHLIST, there)

    async def _read(self, side: OpenSide, feature: Feature) -> SideRead:
        return await read_side(
            side,
            feature,
            self.run.kinds(feature),
            resolver=self.run.tools.resolver,
            clock=self.run.tools.clock,
            on_progress=lambda _done, _total: None,
        )

    async def _write(self, numbered: list[Numbered], reads: Mapping[Side, SideRead]) -> None:
        """Adds and changes of both sides before any removal."""
        self.run.progress.enter("writing", feature=self.feature, total=len(numbered))
        sightings = {
            name: Sightings(side, self.lane.id, self.run.tools.database, self.run.fences)
            for name, side in self.run.sides.items()
        }
        applying = {name: self._applying(name, reads[name], sightings) for name in self.run.sides}
        for removals in (False, True):
            for name in (Side.TARGET, Side.SOURCE):
                writes = [
                    one
                    for one in numbered
                    if one[1].side is name and (one[1].action is Action.REMOVE) is removals
                ]
                await applying[name].all(writes)
        for name in self.run.sides:
            await self._confirm(name, [write for _, write in numbered if write.side is name])

    async def _confirm(self, name: Side, writes: Sequence[PlannedWrite]) -> None:
        """Asks about one or two of what was just written: shown as sent, their like cannot come back off.

        Without it three edits of half a point, soon after a sync, would look like a grid that was declared wrongly.
        """
        side, tools, progress = self.run.sides[name], self.run.tools, self.run.progress
        grid = side.capability(self.feature).grid
        sent = {write.key: write.wanted for write in writes if write.wanted is not None}
        groups = alike(sent, grid) if grid is not None else []
        if not groups or not side.manifest.lookup_batch or progress.stopping:
            return
        asked = [key for keys in groups for key in keys[:_ASKED_OF_EACH]]
        refs = await refs_for(side, asked, {}, resolver=tools.resolver)
        with contextlib.suppress(ServiceError):  # no answer confirms nothing, and the next reading says more
            states = await progress.unless_stopped(look_up(side, list(refs.values())))
            seen = {key: states.get(ref) for key, ref in refs.items()}
            good = {
                key
                for key, state in seen.items()
                if isinstance(state, TitleState) and value_of(state, self.feature) == sent[key]
            }
            shown = [key for keys in groups if good.intersection(keys) for key in keys]
            uid = side.account.uid
            await tools.database.write(
                lambda connection: journal.confirm(connection, uid, self.feature, shown)
            )

    def _applying(self, name: Side, read: SideRead, sightings: Mapping[Side, Sightings]) -> Applying:
        run, kinds = self.run, self.run.kinds(self.feature)
        tools = run.tools
        looks = Looks(
            side=run.sides[name],
            feature=self.feature,
            kinds=kinds,
            resolver=tools.resolver,
            clock=tools.clock,
            progress=run.progress,
            read=read,
            sightings=sightings[name],
        )
        proofs = Proofs(
            side=run.sides[name.other],
            feature=self.feature,
            kinds=kinds,
            resolver=tools.resolver,
            clock=tools.clock,
            progress=run.progress,
            sightings=sightings[name.other],
        )
        return Applying(
            run_id=run.run_id,
            lane_id=self.lane.id,
            feature=self.feature,
            side=run.sides[name],
            other=run.sides[name.other],
            database=tools.database,
            resolver=tools.resolver,
            clock=tools.clock,
            fences=run.fences,
            progress=run.progress,
            counts=self.counts,
            looks=looks,
            proofs=proofs,
        )


def _is_narrower(now: LaneSettings, then: LaneSettings) -> bool:
    """Whether a lane may no longer do something that it might, or decides conflicts in another way."""
    might = (then.enabled, then.add, then.change, then.remove, then.remove_when_rated)
    may = (now.enabled, now.add, now.change, now.remove, now.remove_when_rated)
    return now.conflict is not then.conflict or any(
        before > after for before, after in zip(might, may, strict=True)
    )
