"""What is the same for all lanes of one run, and what they tell each other."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from crosswatch.engine.base import Key
from crosswatch.model.kinds import Feature, Kind, Side
from crosswatch.ports import Clock, Resolver
from crosswatch.runs.progress import Progress
from crosswatch.runs.sides import OpenSide
from crosswatch.store import leases
from crosswatch.store.database import Database
from crosswatch.store.pairs import PairRow

Both = Mapping[Side, OpenSide]


@dataclass(frozen=True, slots=True)
class Tools:
    """What every run needs of the house."""

    database: Database
    resolver: Resolver
    clock: Clock


@dataclass(slots=True)
class Context:
    """One run. ``next_seq``: the journal's next free number.

    ``ratings_read``: the sides whose whole list of ratings this run has stored. ``was_listed``: what a side's
    watchlist held before this run wrote ratings there.
    """

    tools: Tools
    run_id: int
    pair: PairRow
    sides: Both
    fences: leases.Fences
    progress: Progress
    next_seq: int = 1
    ratings_read: set[Side] = field(default_factory=set)
    was_listed: dict[Side, frozenset[Key]] = field(default_factory=dict)

    @property
    def uids(self) -> dict[Side, str]:
        """Who is behind each side."""
        return {name: side.account.uid for name, side in self.sides.items()}

    def kinds(self, feature: Feature) -> frozenset[Kind]:
        """The kinds that the pair wants and both services hold."""
        kinds = self.pair.kinds
        for side in self.sides.values():
            kinds &= side.capability(feature).kinds
        return kinds
