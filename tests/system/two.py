"""Two accounts of TMDb that are kept in step, and what truly happened to them."""

from __future__ import annotations

from crosswatch.model.kinds import Conflict, Feature, Mode
from crosswatch.simulators.tmdb import Key
from crosswatch.store.pairs import LaneSettings, PairRow
from tests.system.world import SECOND, TMDB, World


def both(world: World, mode: Mode = Mode.TWO_WAY, conflict: Conflict = Conflict.ASK) -> PairRow:
    """A pair of the two accounts."""
    settings = LaneSettings(conflict=conflict)
    return world.add_pair(TMDB, SECOND, mode=mode, features=dict.fromkeys(Feature, settings))


def equal(world: World) -> None:
    """Both accounts truly hold the same."""
    assert world.sim.ratings("alice") == world.sim.ratings("bob")
    assert set(world.sim.watchlist("alice")) == set(world.sim.watchlist("bob"))


def edit(world: World, user: str, action: str, key: Key, points: float = 0.0) -> None:
    world.user = user
    world.edit(action, key, points)
    world.user = "alice"


def writes_sent(world: World) -> list[tuple[str, str, object]]:
    """Every call that may have changed something, as TMDb saw it."""
    entries = world.sim.traffic.entries()
    return [
        (one.method, one.path, one.body)
        for one in entries
        if one.method != "GET" and "authentication" not in one.path
    ]
