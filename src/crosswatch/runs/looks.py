"""The last look: no rating is written over a value that was not seen within a minute, and no absence unproved."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

from crosswatch.engine.base import Key
from crosswatch.engine.planned import PlannedWrite
from crosswatch.model.kinds import Action, Feature, Kind
from crosswatch.model.readings import LookedUp, Reading, Seen, TitleState, Unknown, Verdict
from crosswatch.model.refs import Ref
from crosswatch.model.values import Value
from crosswatch.ports import Clock, Resolver
from crosswatch.runs.progress import Progress
from crosswatch.runs.sides import OpenSide, SideRead, look_up, read_side, value_of
from crosswatch.runs.sightings import Sightings

GOOD_FOR_MS = 60_000
"""How old a look may be when the call leaves."""

LOOK_AGAIN_MS = 40_000
"""How old it may be when a window begins, so that it does not get too old in the middle."""

_LONGEST_READ_MS = 20_000
"""A list that takes longer to read again is too old when it is there."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the side that is written showed of a title, and when (UTC ms). ``verdict``: why nothing is known."""

    taken_at: int
    value: Value | None = None
    verdict: Verdict | None = None


@dataclass(slots=True)
class Looks:
    """What is known of the titles that a lane writes on one side. ``read``: the side as it was planned on."""

    side: OpenSide
    feature: Feature
    kinds: frozenset[Kind]
    resolver: Resolver
    clock: Clock
    progress: Progress
    read: SideRead
    sightings: Sightings
    _looked: dict[Key, Look] = field(default_factory=dict)
    _absent_twice: bool = False
    _disagreed: set[Key] = field(default_factory=set)
    _late: bool = field(init=False)
    _trusted: bool = field(init=False)
    _sampled: bool = False
    _read_again: bool = True

    def __post_init__(self) -> None:
        """A list that may be late is not trusted before single lookups have agreed with it, and never for a value
        that is to be overwritten: nobody would learn what was there."""
        self._late = bool(
            self.side.capability(self.feature).visibility_delay and self.side.manifest.lookup_batch
        )
        self._trusted = not self._late

    def needed(self, write: PlannedWrite) -> bool:
        """Whether a write may not be made unseen. To put a title on a watchlist is harmless where it is there."""
        return self.feature is Feature.RATINGS or write.action is not Action.ADD

    def of(self, key: Key) -> Look | None:
        """The newest look at a title that is good enough for a window that begins now."""
        look = self._looked.get(key) or self._listed(key)
        if look is None or self.clock.now_ms() - look.taken_at > LOOK_AGAIN_MS:
            return None
        return look

    def _listed(self, key: Key) -> Look | None:
        if not self._trusted:
            return None
        reading = self.read.listed.get(key)
        if isinstance(reading, Reading) and not (self._late and reading.value is not None):
            return Look(reading.taken_at, reading.value)
        if reading is None and self._absent_twice and key not in self._disagreed:
            return Look(self.read.taken_at)
        return None

    async def take(
        self, window: Sequence[PlannedWrite], refs: Mapping[Key, Ref], *, to_come: Sequence[PlannedWrite]
    ) -> None:
        """Looks at the titles of a window that were not seen just now.

        By a lookup each; or, where that is cheaper for them and those ``to_come``, by reading the whole list again:
        two whole reads without a gap that agree are the proof of an absence. A late list fools both reads alike, so
        the first window of a service whose lists may be late is looked up, and held against the list.
        """
        missing = self._missing(window)
        if missing and self._list_is_cheaper(len(missing) + len(self._missing(to_come))):
            await self._take_list()
            missing = self._missing(window)
        asked = {write.key: refs[write.key] for write in missing if write.key in refs}
        if asked and self.side.manifest.lookup_batch:
            taken_at = self.clock.now_ms()
            states = await self.progress.unless_stopped(look_up(self.side, list(asked.values())))
            for key, ref in asked.items():
                self._looked[key] = self._look(states.get(ref, Verdict.UNKNOWN), taken_at)
            self._compare(asked)

    def distrust(self) -> None:
        """The list was seen to be late: from now on every title is looked up."""
        self._trusted, self._sampled = False, True

    def _compare(self, keys: Iterable[Key]) -> None:
        """Holds lookups against the list that was read before them; the first ones decide whether it is trusted."""
        agree = all(self._agrees(key, self._looked[key]) for key in keys)
        self._trusted = agree and (self._trusted or not self._sampled)
        self._sampled = True

    def _agrees(self, key: Key, look: Look) -> bool:
        reading = self.read.listed.get(key)
        if look.verdict is not None or isinstance(reading, Unknown):
            return look.verdict is not Verdict.UNKNOWN
        return look.value == (reading.value if reading is not None else None)

    def _look(self, state: LookedUp, taken_at: int) -> Look:
        if isinstance(state, TitleState):
            return Look(taken_at, value_of(state, self.feature))
        return Look(taken_at, verdict=state)

    def _missing(self, writes: Sequence[PlannedWrite]) -> list[PlannedWrite]:
        return [write for write in writes if self.needed(write) and self.of(write.key) is None]

    def _list_is_cheaper(self, titles: int) -> bool:
        """Counted in calls; of the titles to come only those that can be written while the list is good."""
        whole = self.read.end.whole and not self.read.end.gap
        pace, batch = self.side.manifest.pace, self.side.manifest.lookup_batch
        if not self._trusted or not self._read_again or not whole or self.read.took_ms > _LONGEST_READ_MS:
            return False
        soon = min(titles, round(pace.per_second * LOOK_AGAIN_MS / 1000) * max(1, batch))
        return not batch or ceil(soon / batch) > self.read.pages

    async def _take_list(self) -> None:
        """Reads the list once more. Where it is not whole or has a gap, single lookups are the only proof left."""
        again = await self.progress.unless_stopped(
            read_side(
                self.side,
                self.feature,
                self.kinds,
                resolver=self.resolver,
                clock=self.clock,
                on_progress=lambda _done, _total: None,
            )
        )
        await self.sightings.note(again)
        if not again.end.whole or again.end.gap:
            self._read_again = False
            return
        shown = {key for key, one in self.read.listed.items() if not _is_absent(one)}
        self._disagreed |= shown - again.listed.keys()
        self.read, self._absent_twice = again, True


def _is_absent(seen: Seen) -> bool:
    return isinstance(seen, Reading) and seen.value is None
