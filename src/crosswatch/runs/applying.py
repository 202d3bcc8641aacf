"""Carrying out planned writes: in windows, looked at once more before they are sent, journalled before and after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from crosswatch.engine.base import BaseRow
from crosswatch.engine.plan import PlannedWrite
from crosswatch.errors import CrossWatchError, ServiceError
from crosswatch.model.kinds import Feature, Side
from crosswatch.model.readings import LookedUp, Reading, TitleState, Verdict
from crosswatch.model.refs import Ref
from crosswatch.model.writes import Done, Outcome, Write
from crosswatch.ports import Clock, Resolver
from crosswatch.runs.counts import LaneCounts
from crosswatch.runs.progress import Progress
from crosswatch.runs.sides import OpenSide, refs_for, value_of
from crosswatch.store import accounts, base, journal, leases, readings, unmatched
from crosswatch.store.database import Connection, Database
from crosswatch.store.journal import Ended, Entry, State

Numbered = tuple[int, PlannedWrite]
"""A planned write with its number in the journal of the run."""


@dataclass(frozen=True, slots=True)
class Applying:
    """What is the same for all windows of one side of a lane in one run."""

    run_id: int
    lane_id: int
    feature: Feature
    side: OpenSide
    other: OpenSide
    database: Database
    resolver: Resolver
    clock: Clock
    fences: leases.Fences
    progress: Progress
    counts: LaneCounts

    async def all(self, writes: Sequence[Numbered]) -> None:
        """Carries out the writes, window by window, until all are done or the user asks to stop.

        Raises what ends the whole lane (session ended, key rejected, lease lost); what was not sent is dropped by
        the run and planned again.
        """
        capability = self.side.capability(self.feature)
        size = capability.batch * self.side.manifest.pace.connections
        for start in range(0, len(writes), size):
            self.progress.check_stop()
            await self._window(writes[start : start + size], capability.batch)

    async def _window(self, writes: Sequence[Numbered], batch: int) -> None:
        keys = [write.key for _, write in writes]
        natives = {write.key: write.native_id for _, write in writes}
        refs = await refs_for(self.side, keys, natives, resolver=self.resolver)
        states = await self._look(list(refs.values()))
        to_send, ended = self._sort(writes, refs, states)
        if to_send:
            sent_at = self.clock.now_ms()
            await self.database.write(lambda connection: self._mark_sent(connection, to_send, sent_at))
        try:
            for start in range(0, len(to_send), batch):
                ended.extend(await self._send(to_send[start : start + batch], refs))
            await self.database.write(lambda connection: self._store(connection, ended))
        except CrossWatchError:
            self._count_unknown(to_send, ended)
            raise
        self.progress.advance(len(writes))
        for write, outcome in ended:
            self.counts.ended(write[1].side, write[1].action, outcome.done)
        stopped = next((outcome for _, outcome in ended if outcome.done is Done.RECONNECT), None)
        if stopped is not None:
            raise ServiceError(stopped.code)

    def _count_unknown(self, sent: Sequence[Numbered], ended: Sequence[tuple[Numbered, Outcome]]) -> None:
        """What was sent, and of which the end could not be stored, is in doubt: the next run looks it up."""
        seqs = {seq for seq, _ in sent}
        for _, write in sent:
            self.counts.ended(write.side, write.action, Done.IN_DOUBT)
        for (seq, write), outcome in ended:
            if seq not in seqs:
                self.counts.ended(write.side, write.action, outcome.done)

    async def _look(self, refs: list[Ref]) -> Mapping[Ref, LookedUp]:
        """The states of the titles just before they are written: nothing is overwritten unseen."""
        return await self.progress.unless_stopped(_lookup(self.side, refs))

    def _sort(
        self, writes: Sequence[Numbered], refs: Mapping[int, Ref], states: Mapping[Ref, LookedUp]
    ) -> tuple[list[Numbered], list[tuple[Numbered, Outcome]]]:
        """What may be sent, and the end of what may not: moved since the reading, unknown there, or no answer."""
        to_send: list[Numbered] = []
        ended: list[tuple[Numbered, Outcome]] = []
        for seq, write in writes:
            state = states.get(refs[write.key], Verdict.UNKNOWN) if write.key in refs else Verdict.GONE
            if state is Verdict.GONE:
                ended.append(((seq, write), Outcome(seq, Done.UNMATCHED, "gone")))
            elif not isinstance(state, TitleState):
                ended.append(((seq, write), Outcome(seq, Done.RETRY_LATER, "not_seen")))
            elif value_of(state, self.feature) not in (write.expected, write.wanted):
                ended.append(((seq, write), Outcome(seq, Done.MOVED, "moved")))
            else:
                to_send.append((seq, write))
        return to_send, ended

    def _mark_sent(self, connection: Connection, writes: Sequence[Numbered], now: int) -> None:
        leases.check(connection, self.fences)
        accounts.check(connection, (self.side.account, self.other.account))
        journal.mark_sent(connection, self.run_id, [seq for seq, _ in writes], now)

    async def _send(
        self, writes: Sequence[Numbered], refs: Mapping[int, Ref]
    ) -> list[tuple[Numbered, Outcome]]:
        """One call; exactly one outcome for each write, whatever the service does."""
        origin = self.other.account.uid
        batch = [
            Write(
                id=seq,
                ref=refs[write.key],
                action=write.action,
                expected=write.expected,
                wanted=write.wanted,
                date=write.other.date,
                origin=origin,
            )
            for seq, write in writes
        ]
        try:
            outcomes = {
                outcome.write_id: outcome
                for outcome in await self.side.link.write(self.feature, batch, self._may_send)
            }
        except ServiceError as error:
            done = Done.IN_DOUBT if error.maybe_done else _not_done(error)
            outcomes = {write.id: Outcome(write.id, done, error.code) for write in batch}
        return [
            ((seq, write), outcomes.get(seq, Outcome(seq, Done.IN_DOUBT, "no_answer")))
            for seq, write in writes
        ]

    async def _may_send(self) -> None:
        """The last look before a call leaves: the accounts are still ours."""
        await self.database.read(lambda connection: leases.check(connection, self.fences))

    def _store(self, connection: Connection, ended: Sequence[tuple[Numbered, Outcome]]) -> None:
        """Outcomes, base rows, readings and what was last written, in one transaction."""
        leases.check(connection, self.fences)
        now = self.clock.now_ms()
        states = {Done.IN_DOUBT: State.IN_DOUBT}
        journal.end(
            connection,
            self.run_id,
            [
                Ended(seq, states.get(end.done, State.DONE), end.done.value, end.code, end.words)
                for (seq, _), end in ended
            ],
            now,
        )
        good = [
            (write, outcome) for (_, write), outcome in ended if outcome.done in (Done.APPLIED, Done.ALREADY)
        ]
        rows = {write.key: self._row(write, outcome.native_id, now) for write, outcome in good}
        base.keep(connection, self.lane_id, rows)
        said = {
            write.key: Reading(write.wanted, now, date=write.other.date, native_id=outcome.native_id)
            for write, outcome in good
        }
        readings.learn(connection, self.side.account.id, self.feature, said)
        uid = self.side.account.uid
        wanted = {write.key: write.wanted for write, _ in good}
        journal.remember(connection, uid, self.feature, wanted, now)
        reasons = {write.key: end.code for (_, write), end in ended if end.done is Done.UNMATCHED}
        unmatched.set_aside(connection, self.lane_id, reasons, now)
        unmatched.matched(connection, self.lane_id, list(rows))

    def _row(self, write: PlannedWrite, native_id: str, now: int) -> BaseRow:
        """The base row of a write that succeeded, with the name that the service gave the title."""
        half = write.row.agreed(write.side)
        named = replace(half, native_id=native_id or half.native_id)
        if write.side is Side.SOURCE:
            return replace(write.row, source=named, since=now)
        return replace(write.row, target=named, since=now)


async def _lookup(side: OpenSide, refs: list[Ref]) -> Mapping[Ref, LookedUp]:
    return await side.link.lookup(refs)


def _not_done(error: CrossWatchError) -> Done:
    return Done.RECONNECT if error.reaction in ("reconnect", "fix_key") else Done.RETRY_LATER


def entries(
    run_id: int, lane_id: int, feature: Feature, writes: Sequence[Numbered], uids: Mapping[Side, str]
) -> list[Entry]:
    """The writes as they stand in the journal before anything is sent."""
    return [
        Entry(
            run=run_id,
            seq=seq,
            lane=lane_id,
            feature=feature,
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
        )
        for seq, write in writes
    ]
