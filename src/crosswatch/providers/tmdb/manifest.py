"""What TMDb can do, as data."""

from crosswatch.model.capabilities import Capability, Manifest, Pace, Quirk
from crosswatch.model.kinds import Feature, Kind
from crosswatch.model.values import Grid

GRID = Grid(step=50, low=50, high=1000)
"""Half points from 0.5 to 10 (official docs; refusals of others seen live by others)."""

PACE = Pace(per_second=35, connections=8, time_limit=20.0)
"""TMDb limits by address "somewhere in the 40 requests per second range" (official docs)."""


def manifest(visibility_delay: int) -> Manifest:
    """The provider on one page; ``visibility_delay`` in seconds comes from the configuration.

    Movies and shows have one watchlist; movies, shows and episodes can be rated, seasons cannot. No dates, no
    stamps (OpenAPI document). Rating a title may take it off the watchlist (told by a user, not verified).
    """
    return Manifest(
        id="tmdb",
        label="TMDb",
        config_key="tmdb_sync",
        connects=True,
        features={
            Feature.RATINGS: Capability(
                kinds=frozenset({Kind.MOVIE, Kind.SHOW, Kind.EPISODE}),
                add=True,
                change=True,
                remove=True,
                grid=GRID,
                visibility_delay=visibility_delay,
            ),
            Feature.WATCHLIST: Capability(
                kinds=frozenset({Kind.MOVIE, Kind.SHOW}),
                add=True,
                remove=True,
                visibility_delay=visibility_delay,
            ),
        },
        understands=frozenset({"tmdb"}),
        gives=frozenset({"tmdb"}),
        pace=PACE,
        lookup_batch=1,
        quirks=frozenset({Quirk.RATING_MAY_CLEAR_WATCHLIST}),
        docs="providers/tmdb.md",
    )
