"""Ratings that a person really gave (MovieLens), through the simulated TMDb into the tracker: each exactly as given."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from crosswatch.simulators.tmdb import Key, Simulator, fill_movielens_user
from crosswatch.simulators.tmdb.catalogue import well_known
from tests.system.world import World, lane, make_world

SHARED = Path(os.environ.get("CROSSWATCH_TEST_DATA") or Path(__file__).parents[3] / "shared")
FOLDER = SHARED / "data" / "movielens"
PERSON = 414
"""Who rated most: 2,698 films, in all ten steps from half a star to five."""


@pytest.fixture
def person() -> dict[Key, int]:
    """What the person gave, read here from the files themselves: key of TMDb -> hundredths of ten points."""
    if not (FOLDER / "ratings.csv").exists():
        pytest.skip(f"no MovieLens data in {FOLDER}: set CROSSWATCH_TEST_DATA")
    with (FOLDER / "links.csv").open(encoding="utf-8", newline="") as file:
        tmdb = {row["movieId"]: row["tmdbId"] for row in csv.DictReader(file)}
    given: dict[Key, tuple[int, int]] = {}
    with (FOLDER / "ratings.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if int(row["userId"]) == PERSON and tmdb[row["movieId"]]:
                key: Key = ("movie", int(tmdb[row["movieId"]]))
                rating = int(row["timestamp"]), int(Decimal(row["rating"]) * 200)
                given[key] = max(given.get(key, rating), rating, key=lambda one: one[0])
    return {key: value for key, (_, value) in given.items()}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with make_world(tmp_path, sim=Simulator(catalogue=well_known())) as made:
        yield made


def test_every_rating_arrives_exactly_as_it_was_given(world: World, person: dict[Key, int]) -> None:
    filled = fill_movielens_user(world.sim, world.user, PERSON, folder=FOLDER)
    report = world.sync()
    assert (report.run.status, lane(report)) == ("succeeded", {"added": len(person)})
    assert world.ratings == person
    values = sorted(set(person.values()))
    assert values == list(range(100, 1001, 100))
    print(
        f"MovieLens user {PERSON}: {filled.rows} rows, {len(person)} films of TMDb "
        f"({filled.without_tmdb_id} without an id, {filled.merged} merged), {report.run.requests} requests"
    )
    assert lane(world.sync()) == {}
    before = world.dump()
    assert lane(world.sync()) == {}
    assert world.dump() == before


def test_half_points_that_the_person_could_not_give_arrive_too(world: World, person: dict[Key, int]) -> None:
    """TMDb has twice as many steps as stars have: each film half a point up or down from what was given."""
    fill_movielens_user(world.sim, world.user, PERSON, folder=FOLDER)
    moved = {key: value - 50 if value == 1000 else value + 50 for key, value in person.items()}
    world.sim.fill_ratings(world.user, [(key, value / 100) for key, value in moved.items()])
    world.sync()
    assert world.ratings == moved
