"""Sending writes: what may still leave, and what is known of each however the sending ends."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from crosswatch.engine.base import Key
from crosswatch.engine.planned import PlannedWrite
from crosswatch.errors import Cancelled, CrossWatchError, Refused, ServiceError
from crosswatch.model.kinds import Feature
from crosswatch.model.refs import Ref
from crosswatch.model.writes import Done, Outcome, Write
from crosswatch.ports import Clock
from crosswatch.runs.progress import Progress
from crosswatch.runs.sides import OpenSide
from crosswatch.store import accounts, leases
from crosswatch.store.database import Connection, Database

Numbered = tuple[int, PlannedWrite]
"""A planned write with its number in the journal of the run."""

Ending = tuple[Numbered, Outcome]

TOO_LATE = "too_late"
"""The code of a write that waited so long for its turn that the last look is too old: it is looked at again."""


class _TooLate(Exception):
    """The call did not leave in time."""


@dataclass(slots=True)
class Sending:
    """One call's worth of writes on their way. ``leave_by``: UTC ms after which they may not leave any more.

    ``places``: as many as the service has connections; first come, first served.
    """

    side: OpenSide
    other: OpenSide
    feature: Feature
    database: Database
    clock: Clock
    fences: leases.Fences
    progress: Progress
    places: asyncio.Semaphore
    leave_by: int
    refused: Refused | None = None
    _left: bool = field(default=False, init=False)

    async def outcomes(self, writes: Sequence[Numbered], refs: Mapping[Key, Ref]) -> list[Ending]:
        """Exactly one outcome for each write, whatever the service does; also when this is cancelled.

        What did not leave is NOT_SENT; what left without an answer is IN_DOUBT. ``refused`` says why nothing more
        may be sent by this run at all.
        """
        batch = [_write(seq, write, refs[write.key], self.other.account.uid) for seq, write in writes]
        try:
            async with self.places:
                said = await self.side.link.write(self.feature, batch, self._may_send)
            known = {outcome.write_id: outcome for outcome in said}
        except ServiceError as error:
            known = {write.id: _failed(write.id, error) for write in batch}
        except (Cancelled, _TooLate, Refused, asyncio.CancelledError) as stop:
            if isinstance(stop, Refused):
                self.refused = stop
            code = TOO_LATE if isinstance(stop, _TooLate) else "stopped"
            done = Done.IN_DOUBT if self._left else Done.NOT_SENT
            known = {write.id: Outcome(write.id, done, code) for write in batch}
        return [
            ((seq, write), known.get(seq, Outcome(seq, Done.IN_DOUBT, "no_answer"))) for seq, write in writes
        ]

    async def _may_send(self) -> None:
        """The last moment at which a call can be kept back."""
        self.progress.check_stop()
        if self.clock.now_ms() > self.leave_by:
            raise _TooLate
        await self.database.read(partial(check, fences=self.fences, sides=(self.side, self.other)))
        self._left = True


@dataclass(slots=True)
class Flight:
    """A window of writes that are marked as sent: first waiting to leave, then on their way.

    ``ended``: what was kept back when the window was made.
    """

    writes: Sequence[Numbered]
    batches: Sequence[tuple[Sending, Sequence[Numbered]]]
    refs: Mapping[Key, Ref]
    ended: Sequence[Ending]
    tasks: list[asyncio.Task[list[Ending]]] = field(default_factory=list, init=False)

    def start(self) -> None:
        """Sends all batches at once; the service's pace spreads them."""
        self.tasks = [
            asyncio.create_task(sending.outcomes(batch, self.refs)) for sending, batch in self.batches
        ]

    async def outcomes(self, progress: Progress, *, grace: float) -> list[Ending]:
        """How all writes of the window ended; ``grace``: seconds that calls get once the user asks to stop."""
        if not self.tasks:
            return [*self.ended, *((one, Outcome(one[0], Done.NOT_SENT, "stopped")) for one in self.writes)]
        await progress.ended_or_stopped(self.tasks, grace=grace)
        return [*self.ended, *(ending for task in self.tasks for ending in task.result())]

    @property
    def refused(self) -> Refused | None:
        """Why nothing more may be sent by this run at all, if so."""
        return next((sending.refused for sending, _ in self.batches if sending.refused), None)


def check(connection: Connection, *, fences: leases.Fences, sides: Sequence[OpenSide]) -> None:
    """Raises Refused where the accounts are not this run's any more: overtaken, disconnected, connected anew."""
    leases.check(connection, fences)
    accounts.check(connection, (side.account for side in sides))


def _write(seq: int, write: PlannedWrite, ref: Ref, origin: str) -> Write:
    return Write(
        id=seq,
        ref=ref,
        action=write.action,
        expected=write.expected,
        wanted=write.wanted,
        date=write.other.date,
        origin=origin,
    )


def _failed(write_id: int, error: CrossWatchError) -> Outcome:
    """For links that raise what should be an outcome."""
    if isinstance(error, ServiceError) and error.maybe_done:
        return Outcome(write_id, Done.IN_DOUBT, error.code)
    reconnect = error.reaction in ("reconnect", "fix_key")
    return Outcome(write_id, Done.RECONNECT if reconnect else Done.RETRY_LATER, error.code)
