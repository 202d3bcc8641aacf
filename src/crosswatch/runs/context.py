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

    ``planned``: the titles that each lane writes, or would write, on each side. ``ratings_read``: the sides whose
    whole list of ratings this run has stored.
    """

    tools: Tools
    run_id: int
    pair: PairRow
    sides: Both
    fences: leases.Fences
    progress: Progress
    next_seq: int = 1
    planned: dict[tuple[Feature, Side], frozenset[Key]] = field(default_factory=dict)
    ratings_read: set[Side] = field(default_factory=set)

    @property
    def uids(self) -> dict[Side, str]:
        """Who is behind each side."""
        return {name: side.account.uid for name, side in self.sides.items()}

    def planned_by_others(self, feature: Feature, side: Side) -> frozenset[Key]:
        """The titles that this run's other lanes write on a side."""
        return frozenset().union(
            *(keys for (lane, where), keys in self.planned.items() if lane is not feature and where is side)
        )

    def kinds(self, feature: Feature) -> frozenset[Kind]:
        """The kinds that the pair wants and both services hold."""
        kinds = self.pair.kinds
        for side in self.sides.values():
            kinds &= side.capability(feature).kinds
        return kinds
