"""Carrying out planned writes: in windows, nothing over what was not seen, journalled before and after."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from crosswatch.engine.base import BaseRow, Key
from crosswatch.engine.planned import PlannedWrite
from crosswatch.errors import CrossWatchError, RateLimited, Refused, ServiceError
from crosswatch.model.kinds import Action, Feature, Side
from crosswatch.model.readings import Reading, Verdict
from crosswatch.model.refs import Ref
from crosswatch.model.writes import REPLACED, Done, Outcome
from crosswatch.ports import Clock, Resolver
from crosswatch.runs.counts import LaneCounts
from crosswatch.runs.looks import GOOD_FOR_MS, Looks
from crosswatch.runs.progress import Progress
from crosswatch.runs.proofs import Proofs
from crosswatch.runs.sending import TOO_LATE, Ending, Flight, Numbered, Sending, check
from crosswatch.runs.sides import OpenSide, refs_for
from crosswatch.store import base, journal, leases, readings, unmatched
from crosswatch.store.database import Connection, Database
from crosswatch.store.journal import Ended, State

PATIENCE_MS = 300_000
"""How long a run goes on without any success while a service asks to wait."""

_SILENT_CALLS = 8
"""Calls in a row without an answer that can be understood, after which a service has a bad day."""

_GRACE_SECONDS = 1.0
"""How long calls that have left are waited for once the user asks to stop."""

_STATES = {Done.IN_DOUBT: State.IN_DOUBT, Done.NOT_SENT: State.DROPPED}


@dataclass(slots=True)
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
    looks: Looks
    proofs: Proofs
    _silent: int = field(default=0, init=False)
    _refused_since: int | None = field(default=None, init=False)
    _places: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._places = asyncio.Semaphore(self.side.manifest.pace.connections)

    async def all(self, writes: Sequence[Numbered]) -> None:
        """Carries out the writes, window by window, until all are done or the user asks to stop.

        A window is what the service takes at once. The next one is made while one is on its way, and its calls leave
        as places become free, so that none waits for the slowest answer. Raises what ends the whole lane (session
        ended, key rejected, lease lost, too long a wait); what was not sent is dropped by the run and planned again.
        """
        capability = self.side.capability(self.feature)
        size = capability.batch * self.side.manifest.pace.connections
        queue = deque(writes)
        flights: deque[Flight] = deque()
        try:
            while queue or flights:
                self.progress.check_stop()
                if queue:
                    window = [queue.popleft() for _ in range(min(size, len(queue)))]
                    flights.append(await self._begin(window, [write for _, write in queue], capability.batch))
                    flights[-1].start()
                if len(flights) > 1 or not queue:
                    again = await self._finish(flights.popleft())
                    queue.extendleft(reversed([numbered for numbered, _ in again]))
                    await self._wait(_seconds_to_wait(again))
        finally:
            await self._finish_all(flights)

    async def _wait(self, seconds: float) -> None:
        """Waits as the service asks, if it does; the writes that it refused surely did nothing."""
        if not seconds:
            return
        now = self.clock.now_ms()
        since = self._refused_since = self._refused_since or now
        if now + seconds * 1000 > since + PATIENCE_MS:
            raise RateLimited(self.side.manifest.id, seconds)
        self.progress.wait_for(f"{self.side.manifest.label}: {max(1, round(seconds))} s")
        await self.progress.unless_stopped(_sleep(self.clock, seconds))

    async def _begin(self, writes: Sequence[Numbered], to_come: Sequence[PlannedWrite], batch: int) -> Flight:
        """A window that is looked at and marked as sent, and may leave from now on."""
        planned = [write for _, write in writes]
        natives = {write.key: write.native_id for write in planned}
        refs = await refs_for(self.side, list(natives), natives, resolver=self.resolver)
        await self.looks.take(planned, refs, to_come=to_come)
        await self.proofs.take(planned)
        to_send, ended = self._sort(writes, refs)
        now = self.clock.now_ms()
        if to_send:
            await self.database.write(lambda connection: self._mark_sent(connection, to_send, now))
        leave_by = self._leave_by(to_send, now)
        batches = [
            (self._sending(leave_by), to_send[start : start + batch])
            for start in range(0, len(to_send), batch)
        ]
        return Flight(to_send, batches, refs, ended)

    async def _finish(self, flight: Flight) -> list[Ending]:
        """Waits for a window's answers and stores them; gives the writes that are to be tried again."""
        ended: list[Ending] = []
        try:
            ended = await flight.outcomes(self.progress, grace=_GRACE_SECONDS)
            again = [ending for ending in ended if _is_to_be_repeated(ending[1])]
            final = [ending for ending in ended if not _is_to_be_repeated(ending[1])]
            await self.database.write(lambda connection: self._store(connection, final, again))
        except (CrossWatchError, asyncio.CancelledError):
            self._count_unknown(flight)
            raise
        self._count(final)
        _raise_what_ends_the_lane(final, flight.refused)
        if not self.progress.stopping:
            self._check_silence(flight, ended)
        return again

    def _check_silence(self, flight: Flight, ended: Sequence[Ending]) -> None:
        """ServiceError ``no_answers``: each more write would be one more that has to be looked up afterwards."""
        sent = {seq for seq, _ in flight.writes}
        if any(_is_answer(outcome) for (seq, _), outcome in ended if seq in sent):
            self._silent = 0
        else:
            self._silent += len(flight.batches)
        if self._silent >= _SILENT_CALLS:
            raise ServiceError("no_answers", account=str(self.side.account.name), count=self._silent)

    async def _finish_all(self, flights: deque[Flight]) -> None:
        """What is on its way when a lane ends too early; the first error counts, and none leaves one out."""
        if not flights:
            return
        try:
            await self._finish(flights.popleft())
        finally:
            await self._finish_all(flights)

    def _count(self, final: Sequence[Ending]) -> None:
        if any(outcome.done is Done.APPLIED for _, outcome in final):
            self._refused_since = None
        self.progress.advance(len(final))
        for (_, write), outcome in final:
            self.counts.ended(write.side, write.action, outcome.done)
            if outcome.code == REPLACED:
                self.counts.replaced += 1
                self.looks.distrust()

    def _count_unknown(self, flight: Flight) -> None:
        """What was sent, and of which the end could not be stored, is in doubt: the next run looks it up."""
        for _, write in flight.writes:
            self.counts.ended(write.side, write.action, Done.IN_DOUBT)
        for (_, write), outcome in flight.ended:
            self.counts.ended(write.side, write.action, outcome.done)

    def _leave_by(self, writes: Sequence[Numbered], now: int) -> int:
        """Before the last look is too old, and before anybody else may take a write for lost (see settle)."""
        taken = [
            look.taken_at + GOOD_FOR_MS
            for _, write in writes
            if self.looks.needed(write) and (look := self.looks.of(write.key)) is not None
        ]
        taken += [self.proofs.leave_by(write) for _, write in writes if write.action is Action.REMOVE]
        limit = round(self.side.manifest.pace.time_limit * 1000)
        return min([*taken, now + (limit or GOOD_FOR_MS)])

    def _sort(
        self, writes: Sequence[Numbered], refs: Mapping[Key, Ref]
    ) -> tuple[list[Numbered], list[Ending]]:
        """What may be sent, and the end of what may not: moved since the reading, unknown there, or not seen."""
        to_send: list[Numbered] = []
        ended: list[Ending] = []
        for seq, write in writes:
            end = self._kept_back(seq, write) if write.key in refs else Outcome(seq, Done.UNMATCHED, "no_id")
            if end is None:
                to_send.append((seq, write))
            else:
                ended.append(((seq, write), end))
        return to_send, ended

    def _kept_back(self, seq: int, write: PlannedWrite) -> Outcome | None:
        """Why a write is not sent, None where it is."""
        if not self.looks.needed(write):
            return None
        look = self.looks.of(write.key)
        if look is None or look.verdict is Verdict.UNKNOWN:
            return Outcome(seq, Done.RETRY_LATER, "not_seen")
        if look.verdict is Verdict.GONE:
            return Outcome(seq, Done.UNMATCHED, "gone")
        if look.value not in (write.expected, write.wanted):
            return Outcome(seq, Done.MOVED, "moved")
        why_not = self.proofs.why_not(write) if write.action is Action.REMOVE else None
        return None if why_not is None else Outcome(seq, *why_not)

    def _mark_sent(self, connection: Connection, writes: Sequence[Numbered], now: int) -> None:
        check(connection, fences=self.fences, sides=(self.side, self.other))
        journal.mark_sent(connection, self.run_id, [seq for seq, _ in writes], now)

    def _sending(self, leave_by: int) -> Sending:
        return Sending(
            self.side,
            self.other,
            self.feature,
            self.database,
            self.clock,
            self.fences,
            self.progress,
            self._places,
            leave_by,
        )

    def _store(self, connection: Connection, final: Sequence[Ending], again: Sequence[Ending]) -> None:
        """Outcomes, base rows, readings and what was last written, in one transaction."""
        leases.check(connection, self.fences)
        now = self.clock.now_ms()
        ended = [
            Ended(seq, _STATES.get(end.done, State.DONE), end.done.value, end.code, end.words)
            for (seq, _), end in final
        ]
        ended += [Ended(seq, State.PLANNED) for (seq, _), _ in again]
        journal.end(connection, self.run_id, ended, now)
        good = [
            (write, outcome) for (_, write), outcome in final if outcome.done in (Done.APPLIED, Done.ALREADY)
        ]
        rows = {write.key: self._row(write, outcome, now) for write, outcome in good}
        base.keep(connection, self.lane_id, rows)
        said = {
            write.key: Reading(write.wanted, now, date=write.other.date, native_id=outcome.native_id)
            for write, outcome in good
        }
        readings.learn(connection, self.side.account.uid, self.feature, said)
        uid = self.side.account.uid
        wanted = {write.key: write.wanted for write, _ in good}
        journal.remember(connection, uid, self.feature, wanted, now)
        reasons = {write.key: end.code for (_, write), end in final if end.done is Done.UNMATCHED}
        unmatched.set_aside(connection, self.lane_id, self.side.side, reasons, now)
        unmatched.matched(connection, self.lane_id, list(rows))

    def _row(self, write: PlannedWrite, outcome: Outcome, now: int) -> BaseRow:
        """The base row of a write that succeeded, with the name that the service gave the title.

        What was on the target already when we wanted to put it there is not ours to take off again.
        """
        half = write.row.agreed(write.side)
        named = replace(half, native_id=outcome.native_id or half.native_id)
        was_there = outcome.done is Done.ALREADY or outcome.code == REPLACED
        put = write.side is Side.TARGET and write.action is Action.ADD
        ours = write.row.ours and not (put and was_there)
        return replace(write.row.with_half(write.side, named), since=now, ours=ours)


def _is_to_be_repeated(outcome: Outcome) -> bool:
    """Whether a write surely did nothing, and can be tried once more within this run."""
    if outcome.done is Done.NOT_SENT:
        return outcome.code == TOO_LATE
    return outcome.done is Done.RETRY_LATER and outcome.code == "rate_limited"


def _is_answer(outcome: Outcome) -> bool:
    """Whether the service itself said something that could be understood."""
    return outcome.code == "rate_limited" or outcome.done not in (
        Done.IN_DOUBT,
        Done.RETRY_LATER,
        Done.NOT_SENT,
    )


def _seconds_to_wait(again: Sequence[Ending]) -> float:
    """What the service asked for, a second at least where it refused; 0 where it did not refuse."""
    refused = [outcome for _, outcome in again if outcome.done is Done.RETRY_LATER]
    return max((max(1.0, outcome.retry_after or 0.0) for outcome in refused), default=0.0)


def _raise_what_ends_the_lane(ended: Sequence[Ending], refused: Refused | None) -> None:
    if refused is not None:
        raise refused
    for _, outcome in ended:
        if outcome.done is Done.RECONNECT:
            raise ServiceError(outcome.code)


async def _sleep(clock: Clock, seconds: float) -> None:
    await clock.sleep(seconds)
