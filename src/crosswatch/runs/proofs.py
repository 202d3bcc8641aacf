"""The last proof: a title is taken off one side only while the other side's own word is that it has it no more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crosswatch.engine.base import Key
from crosswatch.engine.planned import PlannedWrite
from crosswatch.model.kinds import Action, Feature, Kind
from crosswatch.model.readings import Reading, Seen
from crosswatch.model.writes import Done
from crosswatch.ports import Clock, Resolver
from crosswatch.runs.looks import GOOD_FOR_MS, LOOK_AGAIN_MS
from crosswatch.runs.progress import Progress
from crosswatch.runs.sides import OpenSide, prove, read_side
from crosswatch.runs.sightings import Sightings


@dataclass(slots=True)
class Proofs:
    """What the side from which titles are gone says of them, not older than a minute when a call leaves.

    ``sightings``: what lists of that side showed meanwhile, for whatever reason they were read. They stand against any
    proof until the next run: of two copies that contradict each other nobody knows the newer one.
    """

    side: OpenSide
    feature: Feature
    kinds: frozenset[Kind]
    resolver: Resolver
    clock: Clock
    progress: Progress
    sightings: Sightings
    _shown: dict[Key, Seen] = field(default_factory=dict)

    async def take(self, window: Sequence[PlannedWrite]) -> None:
        """Asks again about the titles of a window that shall be removed and were not asked about just now."""
        missing = [write for write in window if write.action is Action.REMOVE and not self._fresh(write)]
        if not missing:
            return
        if self.side.manifest.lookup_batch:
            self._shown |= await self.progress.unless_stopped(self._look_up(missing))
        else:
            self._shown |= await self.progress.unless_stopped(self._read_again(missing))

    async def _look_up(self, missing: Sequence[PlannedWrite]) -> Mapping[Key, Seen]:
        keys = [write.key for write in missing]
        natives = {write.key: write.other.native_id for write in missing}
        return await prove(self.side, self.feature, keys, natives, resolver=self.resolver, clock=self.clock)

    async def _read_again(self, missing: Sequence[PlannedWrite]) -> dict[Key, Seen]:
        """For a service that cannot be asked about single titles: its whole list, hiding no more than it did."""
        again = await read_side(
            self.side,
            self.feature,
            self.kinds,
            resolver=self.resolver,
            clock=self.clock,
            on_progress=lambda _done, _total: None,
        )
        await self.sightings.note(again)
        shown: dict[Key, Seen] = {}
        for write in missing:
            if (listed := again.listed.get(write.key)) is not None:
                shown[write.key] = listed
            elif again.end.whole and again.end.gap <= write.row.agreed(self.side.side).gap:
                shown[write.key] = Reading(None, again.taken_at)
        return shown

    def why_not(self, write: PlannedWrite) -> tuple[Done, str] | None:
        """Why a removal may not be made now, None where it may: the title is back, or nothing is known of it."""
        if write.key in self.sightings:
            return Done.MOVED, "came_back"
        shown = self._reading(write)
        if shown is None or self.clock.now_ms() - shown.taken_at > GOOD_FOR_MS:
            return Done.RETRY_LATER, "not_proved"
        if shown.value is not None:
            return Done.MOVED, "came_back"
        if shown.mark != write.other.mark:
            return Done.MOVED, "rated_meanwhile"
        return None

    def leave_by(self, write: PlannedWrite) -> int:
        """UTC ms after which the proof is too old."""
        shown = self._reading(write)
        return (shown.taken_at if shown is not None else 0) + GOOD_FOR_MS

    def _fresh(self, write: PlannedWrite) -> bool:
        shown = self._reading(write)
        return shown is not None and self.clock.now_ms() - shown.taken_at <= LOOK_AGAIN_MS

    def _reading(self, write: PlannedWrite) -> Reading | None:
        shown = self._shown.get(write.key, write.other)
        return shown if isinstance(shown, Reading) else None
