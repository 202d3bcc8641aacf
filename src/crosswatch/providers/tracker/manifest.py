"""What the tracker can do, as data."""

from crosswatch.model.capabilities import Capability, Dates, Manifest, Pace
from crosswatch.model.kinds import Feature, Kind
from crosswatch.model.values import Grid

BATCH = 500
"""Titles that are stored in one transaction."""

MANIFEST = Manifest(
    id="tracker",
    label="CrossWatch",
    config_key="tracker",
    connects=False,
    features={
        Feature.RATINGS: Capability(
            kinds=frozenset({Kind.MOVIE, Kind.SHOW, Kind.SEASON, Kind.EPISODE}),
            add=True,
            change=True,
            remove=True,
            batch=BATCH,
            grid=Grid(step=10, low=10, high=1000),
            dates=Dates.OWN,
        ),
        Feature.WATCHLIST: Capability(
            kinds=frozenset({Kind.MOVIE, Kind.SHOW}), add=True, remove=True, batch=BATCH, dates=Dates.OWN
        ),
    },
    understands=frozenset({"crosswatch"}),
    gives=frozenset({"crosswatch"}),
    pace=Pace(per_second=1_000, connections=1, time_limit=0),
    lookup_batch=BATCH,
    docs="providers/tracker.md",
)
"""``time_limit`` 0: a call happens within this process and ends with it, so nothing can arrive after its death."""
