"""What is the same for the whole life of a world, and how much it has met."""

from collections import Counter
from dataclasses import dataclass, field

from crosswatch.model.kinds import Conflict, Feature, Kind, Mode
from crosswatch.store.pairs import LaneSettings
from tests.protocol.script import What
from tests.protocol.services import FEW, Traits

NAMES = ("a", "b", "c")


@dataclass(frozen=True)
class Between:
    """A pair: two services by their place, and the rules of its lanes as they are in the beginning."""

    source: int
    target: int
    mode: Mode = Mode.TWO_WAY
    conflict: Conflict = Conflict.SOURCE
    kinds: tuple[Kind, ...] = (Kind.MOVIE, Kind.SHOW, Kind.EPISODE)
    remove: bool = False
    remove_when_rated: bool = False

    def rules(self, feature: Feature) -> LaneSettings:
        """The same in the words of the store."""
        rated = self.remove and self.remove_when_rated and feature is Feature.WATCHLIST
        return LaneSettings(conflict=self.conflict, remove=self.remove, remove_when_rated=rated)


@dataclass(frozen=True)
class Setting:
    """Services, the pairs between them, and how many titles there are."""

    services: tuple[Traits, ...]
    pairs: tuple[Between, ...]
    titles: int = FEW


@dataclass
class Figures:
    """How much worlds have met. ``most``: how often as much was removed unasked in a day as may be."""

    runs: int = 0
    writes: int = 0
    overwrites: int = 0
    removals: int = 0
    approved: int = 0
    most: int = 0
    rests: int = 0
    applied: int = 0
    stale: int = 0
    met: Counter[What] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    counted: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
