"""Every service that CrossWatch knows; a new one adds itself here."""

from crosswatch.config.config import Config
from crosswatch.net.pacer import Pacers
from crosswatch.ports import Clock, Provider, TrackerBook
from crosswatch.providers.tmdb.provider import TmdbProvider
from crosswatch.providers.tracker.link import TrackerProvider


def tmdb(config: Config, clock: Clock) -> TmdbProvider:
    """TMDb, with one pacer for all its accounts."""
    return TmdbProvider(config, clock=clock, pacers=Pacers(clock))


def tracker(book: TrackerBook) -> TrackerProvider:
    """CrossWatch's own tracker."""
    return TrackerProvider(book)


def by_id(tmdb: TmdbProvider, tracker: TrackerProvider) -> dict[str, Provider]:
    """The providers by the name that people use; asks none of them for anything."""
    return {"tmdb": tmdb, "tracker": tracker}
